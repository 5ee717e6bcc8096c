/* The registry's tables in the database. skepd writes them behind its registry in memory; skepctl
 * writes them if it is given a database. One thread at a time. */
#ifndef SKEP_STORE_REGISTRY_ROWS_H
#define SKEP_STORE_REGISTRY_ROWS_H

#include "base/bytes.h"
#include "base/error.h"
#include "swarm/registry.h"

enum {
    REGISTRY_HASHES_MAX = 2,
    REGISTRY_FILE_MAX = 64 << 20, /* bytes of a .torrent file */

    /* Busy timeouts: how long a call waits for another writer, such as skepd's flush. The short one
     * is for threads that serve other clients. */
    REGISTRY_TIMEOUT_MS = 5000,
    REGISTRY_SHORT_TIMEOUT_MS = 250,
};

struct registry_rows;

/* Opens the existing database at `path` and migrates its schema. NULL and one line in `error` if it
 * cannot be used, or is not a database of skepd; then it is unchanged. */
struct registry_rows *registry_rows_open(const char *path, int timeout_ms,
                                         char error[static ERROR_LEN]);

/* Whether a running node of a cluster uses the database: then changes must be made through it. */
bool registry_rows_is_of_cluster(const char *path);

/* NULL is ignored. */
void registry_rows_close(struct registry_rows *rows);

/* Copies the name of a torrent or machine as it is stored and shown: valid UTF-8 of one line,
 * without control or bidirectional characters, which could misrepresent it, and cut to the size of
 * `text`. */
void registry_copy_name(struct bytes name, char text[static REGISTRY_TEXT_LEN]);

/* Each of the following calls returns false if it fails; the reason is in registry_rows_failure. */

/* A transaction over several calls. Putting a torrent with a file needs one; without one, any other
 * call is a transaction. */
bool registry_rows_begin(struct registry_rows *rows);
bool registry_rows_commit(struct registry_rows *rows);
void registry_rows_roll_back(struct registry_rows *rows);

/* Adds an entry or replaces the one with its key. `file` is the .torrent file of a torrent, or
 * empty. A torrent that is registered already keeps its size, file and privacy unless new ones are
 * given. A file is stored once for all info_hashes that share it, and is deleted with the last of
 * them. A passkey is only added: fails if there is one with its digest or label. */
bool registry_rows_put(struct registry_rows *rows, const struct registry_row *row,
                       struct bytes file);

/* Adds or replaces it as another node has it: labels of passkeys may occur twice. A torrent keeps
 * its file. */
bool registry_rows_merge(struct registry_rows *rows, const struct registry_row *row,
                         struct bytes file);

/* Removes the entry with the kind and key of `row`. `*found`: it existed. */
bool registry_rows_remove(struct registry_rows *rows, const struct registry_row *row, bool *found);
bool registry_rows_remove_label(struct registry_rows *rows, const char *label, bool *found);

/* Removes the bans that ended at `now_s`, Unix time. */
bool registry_rows_remove_ended(struct registry_rows *rows, int64_t now_s);

/* Reads the entry with the kind and key of `row`. */
bool registry_rows_find(struct registry_rows *rows, struct registry_row *row, bool *found);
bool registry_rows_has_label(struct registry_rows *rows, const char *label, bool *found);

/* `*file` is a copy of the .torrent file, which the caller frees; NULL if there is none. */
bool registry_rows_read_file(struct registry_rows *rows,
                             const uint8_t info_hash[static INFO_HASH_LEN], uint8_t **file,
                             size_t *len);

/* Calls `visit` for each, ordered by name, label, network or info_hash. The row is valid during the
 * call. */
bool registry_rows_visit(struct registry_rows *rows, enum registry_kind kind,
                         registry_visitor visit, void *context);

/* Marks, in a cluster. Write one after its entry. */
bool registry_rows_put_mark(struct registry_rows *rows, const struct registry_row *key,
                            const struct registry_mark *mark);

typedef void (*registry_rows_mark_visitor)(void *context, const struct registry_row *key,
                                           const struct registry_mark *mark);
bool registry_rows_visit_marks(struct registry_rows *rows, registry_rows_mark_visitor visit,
                               void *context);

/* Removes the marks of entries that were removed before this stamp; all marks but those of entries
 * that are set aside. */
bool registry_rows_forget_removed(struct registry_rows *rows, uint64_t before);
bool registry_rows_forget_marks(struct registry_rows *rows);

/* Reason of the last failure. */
const char *registry_rows_failure(const struct registry_rows *rows);

/* True if the last failure was a lock of another writer: retrying may succeed. */
bool registry_rows_busy(const struct registry_rows *rows);

#endif
