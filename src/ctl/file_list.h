/* Lists the files of a new torrent, in the order of the torrent. Follows symbolic links. */
#ifndef SKEP_CTL_FILE_LIST_H
#define SKEP_CTL_FILE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct listed_file {
    char *path;       /* to open it */
    const char *name; /* the part of `path` below the directory; "" for a single file */
    struct stat seen; /* its state when it was listed */
};

struct file_list {
    struct listed_file *files;
    size_t count;
    size_t capacity;
    uint64_t size;   /* sum of all, in bytes */
    size_t links;    /* symbolic links followed */
    size_t empty;    /* empty directories, which a torrent cannot contain */
    bool single;     /* the path is a file */
    size_t base_len; /* length of the part of each path before `name` */
};

/* Lists the file at `path`, or all files of the directory. Returns false and prints the error if
 * one cannot be part of a torrent. The caller frees `list` even on failure. */
bool file_list_read(struct file_list *list, const char *path);
void file_list_free(struct file_list *list);

#endif
