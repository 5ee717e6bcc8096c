/* The files of a torrent that is to be made: what lies at a path, in the order that torrents have.
 * Symbolic links count as what they lead to. */
#ifndef SKEP_CTL_FILE_LIST_H
#define SKEP_CTL_FILE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct listed_file {
    char *path;       /* where it is */
    const char *name; /* the part of `path` that is below the folder; "" for a single file */
    struct stat seen; /* as it was found */
};

struct file_list {
    struct listed_file *files;
    size_t count;
    size_t capacity;
    uint64_t size;   /* bytes of all */
    size_t links;    /* symbolic links that were followed */
    size_t empty;    /* folders with nothing in them, which a torrent cannot have */
    bool single;     /* the path is a file itself */
    size_t base_len; /* of the part of each path that is above `name` */
};

/* Lists what lies at `path`, a file or a folder. False if any of it cannot be shared, which has
 * been said. Afterwards, file_list_free, whatever the result. */
bool file_list_read(struct file_list *list, const char *path);
void file_list_free(struct file_list *list);

#endif
