/* The file lists of an info dictionary: `length` or `files` of version 1, `file tree` of version 2.
 * A walk takes one file after the other and checks it. Pure. */
#ifndef SKEP_TORRENT_TORRENT_FILES_H
#define SKEP_TORRENT_TORRENT_FILES_H

#include "base/bencode.h"
#include "base/error.h"

struct torrent_file {
    uint64_t size;     /* 0 for a symbolic link */
    uint64_t start;    /* version 1: offset of its first byte in the torrent */
    bool is_padding;   /* aligns the next file to a piece (BEP 47); no content */
    struct bytes root; /* version 2: root of its hash tree; empty if it has no content */
};

struct torrent_files {
    char *error;    /* of the caller; ERROR_LEN */
    bool failed;    /* `error` has the reason */
    uint64_t count; /* files taken */
    uint64_t size;  /* their sum */

    /* Version 1. */
    struct bencode_value single; /* the info dictionary, if it describes a single file */
    struct bytes list;           /* entries of `files` to come */
    struct bytes path;           /* bencoded names of the current file, if there is a list */

    /* Version 2. */
    size_t depth;
    struct bytes entries[BENCODE_DEPTH_MAX]; /* to come, in each directory from the top down */
    struct bytes names[BENCODE_DEPTH_MAX];   /* path of the current file */
};

/* Begin a walk. False, with the reason in `error`, if there is no such list. */
bool torrent_files_begin_v1(struct torrent_files *files, const struct bencode_value *info,
                            char error[static ERROR_LEN]);
bool torrent_files_begin_v2(struct torrent_files *files, const struct bencode_value *info,
                            char error[static ERROR_LEN]);

/* Take the next file. False at the end, and on failure with `files->failed` set. */
bool torrent_files_next_v1(struct torrent_files *files, struct torrent_file *file);
bool torrent_files_next_v2(struct torrent_files *files, struct torrent_file *file);

/* Whether the current files of both walks have the same path. `name` is the name of the torrent,
 * and of the file if there is no list. */
bool torrent_files_same_path(const struct torrent_files *v1, const struct torrent_files *v2,
                             struct bytes name);

/* Finds the name of a torrent: `name.utf-8` before `name`. */
bool torrent_files_find_name(const struct bencode_value *info, struct bytes *name);

/* Whether a name has nothing but control characters, and is not empty. */
bool torrent_files_is_control_only(struct bytes name);

/* Whether clients can make a file name of this: not if only control characters remain without
 * separators and direction marks, or only one or two dots. */
bool torrent_files_is_name(struct bytes name);

#endif
