/* What an operator registers while the tracker runs: listed torrents, passkeys, bans. It lives in
 * the tracker's database; skepctl writes it, skepd sees that it changed and reads it anew. A
 * connection of its own; one thread at a time. */
#ifndef SKEP_STORE_REGISTRY_H
#define SKEP_STORE_REGISTRY_H

#include "base/bytes.h"
#include "base/error.h"
#include "swarm/access.h"

enum {
    REGISTRY_TEXT_LEN = 128,
    REGISTRY_PASSKEY_LEN = 33, /* 32 hexadecimal digits and a terminating zero */
    REGISTRY_HASHES_MAX = 2,
    REGISTRY_EMPTY_VERSION = 1,   /* nothing was ever registered */
    REGISTRY_FILE_MAX = 64 << 20, /* bytes of a .torrent file */

    /* How long a call waits for who else writes to the database, such as a flush of the tracker's:
     * where a person waits, and where others wait behind this thread. */
    REGISTRY_PATIENT_MS = 5000,
    REGISTRY_HURRIED_MS = 250,
};

struct registry;

/* Whether there is a file with anything in it at `path`. */
bool registry_is_there(const char *path);

/* Opens the database at `path`, which must be there. NULL and one line in `error` if it cannot be
 * used. */
struct registry *registry_open(const char *path, int patience_ms, char error[static ERROR_LEN]);
void registry_close(struct registry *registry);

/* A number that goes up with each change. False if it cannot be read. */
bool registry_version(struct registry *registry, int64_t *version);

/* Adds everything to `access`, but for bans that ended by `now_s` (Unix time). `*next_end_s` is
 * when the next ban ends; 0: none does. */
bool registry_load(struct registry *registry, int64_t now_s, struct access *access,
                   int64_t *next_end_s);

/* A torrent to be registered: by its one info_hash, or by the two of a hybrid one. */
struct registry_torrent {
    size_t hash_count;
    uint8_t info_hashes[REGISTRY_HASHES_MAX][INFO_HASH_LEN];
    const char *name;
    uint64_t size;     /* bytes of all that it shares; 0: not known */
    struct bytes file; /* the .torrent file; empty: there is none */
};

/* Copies a name, such as one that a .torrent file gives, as a torrent is registered by it and
 * shown: as much of it as there is room for, with nothing in it that could deceive whoever reads
 * it. */
void registry_copy_name(struct bytes name, char text[static REGISTRY_TEXT_LEN]);

/* The rest are the operator's; each is a transaction. False with the reason in registry_failure. */

/* One that is there already takes the new name; and the new size and file, where they are given.
 * The file is kept once for all info_hashes that have it, and goes with the last of them. */
bool registry_add_torrent(struct registry *registry, const struct registry_torrent *torrent,
                          int64_t now_s);

/* Of all info_hashes that have the same file as this one. */
bool registry_rename_torrent(struct registry *registry,
                             const uint8_t info_hash[static INFO_HASH_LEN], const char *name,
                             bool *found);

/* A copy of the .torrent file, which the caller frees; NULL where there is none. */
bool registry_read_file(struct registry *registry, const uint8_t info_hash[static INFO_HASH_LEN],
                        uint8_t **file, size_t *len);

/* Makes a random passkey, adds its digest and stores the passkey in `key`. `*taken` as below. */
bool registry_create_passkey(struct registry *registry, const char *label, int64_t now_s,
                             char key[static REGISTRY_PASSKEY_LEN], bool *taken);

/* `*taken`: the label exists already, and nothing was changed. */
bool registry_add_passkey(struct registry *registry, const uint8_t digest[static SHA256_LEN],
                          const char *label, int64_t now_s, bool *taken);

/* `until_s` 0: for good. A ban of the same network is replaced. */
bool registry_add_ban(struct registry *registry, const struct network *network, const char *reason,
                      int64_t until_s, int64_t now_s);

/* `*found` says whether there was one. */
bool registry_remove_torrent(struct registry *registry,
                             const uint8_t info_hash[static INFO_HASH_LEN], bool *found);
bool registry_remove_passkey(struct registry *registry, const char *label, bool *found);
bool registry_remove_ban(struct registry *registry, const struct network *network, bool *found);

struct registry_row {
    uint8_t info_hash[INFO_HASH_LEN]; /* a torrent's, as the next three */
    uint64_t size;                    /* bytes; 0: not known */
    bool has_file;
    int64_t file_id;                 /* the same for those that share a file; 0: there is none */
    char text[REGISTRY_TEXT_LEN];    /* its name, a passkey's label or a ban's network */
    char reason[REFUSAL_DETAIL_LEN]; /* a ban's */
    int64_t since_s;
    int64_t until_s; /* a ban's; 0: for good */
};

typedef void (*registry_visitor)(void *context, const struct registry_row *row);

/* One torrent. */
bool registry_find_torrent(struct registry *registry, const uint8_t info_hash[static INFO_HASH_LEN],
                           struct registry_row *row, bool *found);

/* Calls `visit` for each, in order. */
bool registry_visit_torrents(struct registry *registry, registry_visitor visit, void *context);
bool registry_visit_passkeys(struct registry *registry, registry_visitor visit, void *context);
bool registry_visit_bans(struct registry *registry, registry_visitor visit, void *context);

/* Why the last call failed. */
const char *registry_failure(const struct registry *registry);

/* Whether it failed because somebody else wrote all the time; it may go well soon. */
bool registry_is_busy(const struct registry *registry);

#endif
