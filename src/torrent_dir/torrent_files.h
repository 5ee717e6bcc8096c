/* The .torrent files of a directory, with what is known of each. Not thread-safe. */
#ifndef SKEP_TORRENT_DIR_TORRENT_FILES_H
#define SKEP_TORRENT_DIR_TORRENT_FILES_H

#include "swarm/registry.h"
#include "torrent_dir/dir_scan.h"

enum { TORRENT_FILE_SETTLE_MS = 900 };

enum torrent_file_state {
    TORRENT_FILE_GOOD,
    TORRENT_FILE_UNSETTLED, /* invalid, maybe being written; described as it was when it was good */
    TORRENT_FILE_BAD,       /* invalid, and unchanged for TORRENT_FILE_SETTLE_MS */
};

struct torrent_file {
    char *path; /* relative to the root */
    struct stat status;
    enum torrent_file_state state;
    bool unreadable;   /* it is bad because it cannot be read, which the next scan tries again */
    uint64_t since_ms; /* of UNSETTLED: when it was first seen as it is, monotonic */
    size_t hash_count; /* 0: it registers nothing */
    uint8_t info_hashes[2][INFO_HASH_LEN];
    uint64_t size; /* of the torrent's content in bytes */
    bool is_private;
    char name[REGISTRY_TEXT_LEN];
};

/* A torrent, and which file registers it: of several, the first by path. */
struct file_of_torrent {
    uint8_t info_hash[INFO_HASH_LEN];
    uint32_t file;
};

struct torrent_files {
    char *root;
    struct torrent_file *list; /* sorted by path */
    size_t count;
    size_t capacity;
    struct file_of_torrent *torrents; /* sorted by info_hash, without duplicates */
    size_t torrent_count;
};

struct torrent_files_changes {
    size_t added;
    size_t changed;
    size_t removed;
    bool unsettled; /* some files must be read again after TORRENT_FILE_SETTLE_MS */
};

/* Called once for each file that is invalid, with the reason. */
typedef void (*torrent_files_report)(void *context, const char *path, const char *reason);

/* Lists the files of `scan->root` in `files`, which must be zero, and reads those that differ from
 * `known`, a list of the same root or empty. Sets the fields `add` and `context` of `scan`. False,
 * with one line in `error` and `files` empty, if the directory cannot be read or if out of memory.
 * `now_ms` is monotonic. */
bool torrent_files_scan(struct torrent_files *files, struct dir_scan *scan,
                        const struct torrent_files *known, uint64_t now_ms,
                        torrent_files_report report, void *context,
                        struct torrent_files_changes *changes, char error[static ERROR_LEN]);

/* Frees all memory; the list is empty afterwards. */
void torrent_files_free(struct torrent_files *files);

/* The file that registers a torrent; NULL: none. */
const struct torrent_file *torrent_files_find(const struct torrent_files *files,
                                              const uint8_t info_hash[static INFO_HASH_LEN]);

/* The row of the torrent at a position of `torrents`. */
struct registry_row torrent_files_row(const struct torrent_files *files, size_t position);

/* Reads a .torrent file of at most 64 MiB; the caller frees it. NULL, with the reason in `error`,
 * if it cannot be read. */
uint8_t *torrent_files_read(const char *path, size_t *len, char error[static ERROR_LEN]);

#endif
