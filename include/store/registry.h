/* The registry in the database: registered torrents, passkeys and bans. skepctl and the API write
 * it; skepd polls registry_version and loads the registry again when it has changed. Each struct
 * registry has a connection of its own. One thread at a time. */
#ifndef SKEP_STORE_REGISTRY_H
#define SKEP_STORE_REGISTRY_H

#include "base/bytes.h"
#include "base/error.h"
#include "swarm/access.h"

enum {
    REGISTRY_TEXT_LEN = 128,
    REGISTRY_PASSKEY_LEN = 33, /* 32 hexadecimal digits and a terminating zero */
    REGISTRY_HASHES_MAX = 2,
    REGISTRY_EMPTY_VERSION = 1,   /* version of a registry that was never changed */
    REGISTRY_FILE_MAX = 64 << 20, /* bytes of a .torrent file */

    /* Busy timeouts: how long a call waits for another writer, such as skepd's flush. The short one
     * is for threads that serve other clients. */
    REGISTRY_TIMEOUT_MS = 5000,
    REGISTRY_SHORT_TIMEOUT_MS = 250,
};

struct registry;

/* True if the file at `path` exists and is not empty. */
bool registry_exists(const char *path);

/* Opens the existing database at `path` and migrates its schema. NULL and one line in `error` if it
 * cannot be used. */
struct registry *registry_open(const char *path, int timeout_ms, char error[static ERROR_LEN]);

/* NULL is ignored. */
void registry_close(struct registry *registry);

/* Reads a number that increases with each change. False if it cannot be read. */
bool registry_version(struct registry *registry, int64_t *version);

/* Adds the whole registry to `access`, without bans that have expired at `now_s` (Unix time).
 * `*next_end_s` is when the next ban expires; 0: none does. */
bool registry_load(struct registry *registry, int64_t now_s, struct access *access,
                   int64_t *next_end_s);

/* A torrent to register. A hybrid torrent (BEP 52) has two info_hashes. Borrows `name`, `file`. */
struct registry_torrent {
    size_t hash_count;
    uint8_t info_hashes[REGISTRY_HASHES_MAX][INFO_HASH_LEN];
    const char *name;
    uint64_t size;     /* of the content, in bytes; 0: unknown */
    struct bytes file; /* the .torrent file; empty: none */
};

/* Copies a torrent's name as it is stored and shown: valid UTF-8 of one line, without control or
 * bidirectional characters, which could misrepresent it, and cut to the size of `text`. */
void registry_copy_name(struct bytes name, char text[static REGISTRY_TEXT_LEN]);

/* Each of the following calls is a transaction. False if it fails; the reason is in
 * registry_failure. */

/* A torrent that is registered already gets the new name, and the new size and file if given. A
 * file is stored once for all info_hashes that share it, and is deleted with the last of them. */
bool registry_add_torrent(struct registry *registry, const struct registry_torrent *torrent,
                          int64_t now_s);

/* Renames all info_hashes that share this one's file. */
bool registry_rename_torrent(struct registry *registry,
                             const uint8_t info_hash[static INFO_HASH_LEN], const char *name,
                             bool *found);

/* `*file` is a copy of the .torrent file, which the caller frees; NULL if there is none. */
bool registry_read_file(struct registry *registry, const uint8_t info_hash[static INFO_HASH_LEN],
                        uint8_t **file, size_t *len);

/* Makes a random passkey, adds its digest and stores the passkey in `key`. `*taken` as below. */
bool registry_create_passkey(struct registry *registry, const char *label, int64_t now_s,
                             char key[static REGISTRY_PASSKEY_LEN], bool *taken);

/* `*taken`: the label exists already; nothing was changed. */
bool registry_add_passkey(struct registry *registry, const uint8_t digest[static SHA256_LEN],
                          const char *label, int64_t now_s, bool *taken);

/* `until_s` is Unix time; 0: permanent. A ban of the same network is replaced. */
bool registry_add_ban(struct registry *registry, const struct network *network, const char *reason,
                      int64_t until_s, int64_t now_s);

/* `*found`: it existed. */
bool registry_remove_torrent(struct registry *registry,
                             const uint8_t info_hash[static INFO_HASH_LEN], bool *found);
bool registry_remove_passkey(struct registry *registry, const char *label, bool *found);
bool registry_remove_ban(struct registry *registry, const struct network *network, bool *found);

/* A torrent, a passkey or a ban. Fields of another kind are zero. */
struct registry_row {
    uint8_t info_hash[INFO_HASH_LEN]; /* this and the next three: of a torrent */
    uint64_t size;                    /* bytes; 0: unknown */
    bool has_file;
    int64_t file_id;                 /* equal for info_hashes that share a file; 0: none */
    char text[REGISTRY_TEXT_LEN];    /* its name, a passkey's label or a ban's network */
    char reason[REFUSAL_DETAIL_LEN]; /* a ban's */
    int64_t since_s;                 /* Unix time of its creation */
    int64_t until_s;                 /* a ban's expiry, Unix time; 0: permanent */
};

typedef void (*registry_visitor)(void *context, const struct registry_row *row);

/* Reads one torrent. */
bool registry_find_torrent(struct registry *registry, const uint8_t info_hash[static INFO_HASH_LEN],
                           struct registry_row *row, bool *found);

/* Calls `visit` for each, ordered by name, label or network. The row is valid during the call. */
bool registry_visit_torrents(struct registry *registry, registry_visitor visit, void *context);
bool registry_visit_passkeys(struct registry *registry, registry_visitor visit, void *context);
bool registry_visit_bans(struct registry *registry, registry_visitor visit, void *context);

/* Reason of the last failure. */
const char *registry_failure(const struct registry *registry);

/* True if the last failure was a lock of another writer: retrying may succeed. */
bool registry_is_busy(const struct registry *registry);

#endif
