/* Finds the .torrent files in a directory and below. */
#ifndef SKEP_TORRENT_DIR_DIR_SCAN_H
#define SKEP_TORRENT_DIR_DIR_SCAN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/error.h"

struct dir_scan {
    const char *root;
    int inotify;             /* watches each directory before it is read; -1: none */
    const atomic_bool *stop; /* ends the scan, which then fails */

    /* Called for each file, in no order. `path` is relative to the root. False ends the scan. */
    bool (*add)(void *context, const char *path, const struct stat *status);
    void *context;

    /* Set by the scan. */
    bool unwatched;       /* a directory could not be watched */
    char unreadable[256]; /* a directory that may not be read, for the log; empty: none */
};

/* Follows links, except for one to a directory that it is in. Skips names that begin with a dot,
 * and directories below the root that may not be read. False, with one line in `error`, if the
 * files cannot all be listed. */
bool dir_scan_run(struct dir_scan *scan, char error[static ERROR_LEN]);

/* Whether a file name ends with ".torrent", in any case, and does not begin with a dot. Pure. */
bool dir_scan_is_torrent(const char *name);

#endif
