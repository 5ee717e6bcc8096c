/* The files of a new torrent: the contents of a path, in torrent order. Symbolic links are
 * followed. */
#ifndef SKEP_CTL_FILE_LIST_H
#define SKEP_CTL_FILE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct listed_file {
    char *path;       /* path to open it */
    const char *name; /* part of `path` below the directory; "" for a single file */
    struct stat seen; /* when it was listed */
};

struct file_list {
    struct listed_file *files;
    size_t count;
    size_t capacity;
    uint64_t size;   /* bytes, all files */
    size_t links;    /* symbolic links that were followed */
    size_t empty;    /* empty directories, which a torrent cannot contain */
    bool single;     /* the path is a single file */
    size_t base_len; /* length of the part of each path before `name` */
};

/* Lists the file or directory at `path`. False if it contains anything that cannot be shared, which
 * is printed. Call file_list_free afterwards, whatever the result. */
bool file_list_read(struct file_list *list, const char *path);
void file_list_free(struct file_list *list);

#endif
