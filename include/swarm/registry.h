/* The registry in memory: registered and blocked torrents, passkeys, bans and names of machines.
 * Announces look entries up in constant time, each under the lock of a 64th of its kind.
 *
 * Changes are made by edits. An edit changes memory at once and is queued for the database, whose
 * writer settles it: written, or rolled back. Unless noted otherwise, any thread may call each
 * function at any time. */
#ifndef SKEP_SWARM_REGISTRY_H
#define SKEP_SWARM_REGISTRY_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"
#include "swarm/announce.h"
#include "swarm/registry_mark.h"

enum registry_kind {
    REGISTRY_TORRENT, /* registered; its key is the info_hash */
    REGISTRY_BLOCK,   /* a blocked torrent; its key is the info_hash */
    REGISTRY_PASSKEY, /* its key is the SHA-256 of the passkey */
    REGISTRY_BAN,     /* its key is the network */
    REGISTRY_MACHINE, /* the name of an address, which is its key */
    REGISTRY_STORED_KINDS,
    /* Not in the database: registered by a file of access.torrent_dir. A torrent may be registered
     * by hand, too. */
    REGISTRY_TORRENT_FILE = REGISTRY_STORED_KINDS,
    REGISTRY_KINDS,
};

/* Whether a torrent is private (BEP 27), as its .torrent file says. */
enum registry_privacy { PRIVACY_UNKNOWN, PRIVACY_PUBLIC, PRIVACY_PRIVATE };

enum { REGISTRY_TEXT_LEN = 256, REGISTRY_PARTS = 64, REGISTRY_PURGE_MAX = 64 };

/* An entry. Fields of other kinds are zero. */
struct registry_row {
    enum registry_kind kind;
    union {
        uint8_t info_hash[INFO_HASH_LEN];
        uint8_t digest[SHA256_LEN];
        struct network network;
    };
    uint64_t size;                 /* of a torrent, bytes; 0: unknown */
    int64_t file_id;               /* equal for info_hashes that share a .torrent file; 0: none */
    uint64_t file_node;            /* id of the node of a cluster that has the file; 0: this one */
    enum registry_privacy privacy; /* of a torrent */
    char text[REGISTRY_TEXT_LEN];  /* name of a torrent or machine, label, or a ban's network */
    char reason[REFUSAL_DETAIL_LEN]; /* of a ban or a blocked torrent; shown to clients */
    int64_t since_s;                 /* Unix time of its creation */
    int64_t until_s;                 /* a ban's expiry, Unix time; 0: permanent */
};

/* Whether a change of an entry of this kind restricts (swarm/registry_mark.h); `removed`: it
 * removes the entry. */
bool registry_restricts(enum registry_kind kind, bool removed);

struct registry;

/* An empty registry. NULL if out of memory or randomness. */
struct registry *registry_create(void);
void registry_delete(struct registry *registry);

/* A number that increases with each change of entries of this kind. */
uint64_t registry_version(const struct registry *registry, enum registry_kind kind);
size_t registry_count(const struct registry *registry, enum registry_kind kind);

/* Lookups of the announce path; they allocate nothing. */

/* The narrowest ban in force that contains the address: copies its reason to `reason`. `now_s` is
 * Unix time. */
bool registry_is_banned(struct registry *registry, const struct endpoint *address, int64_t now_s,
                        char reason[static REFUSAL_DETAIL_LEN]);
/* Whether it is registered, by hand or by a file. */
bool registry_has_torrent(struct registry *registry, const uint8_t info_hash[static INFO_HASH_LEN]);
/* Copies the reason, which may be empty. */
bool registry_is_blocked(struct registry *registry, const uint8_t info_hash[static INFO_HASH_LEN],
                         char reason[static REFUSAL_DETAIL_LEN]);
bool registry_has_passkey(struct registry *registry, const uint8_t digest[static SHA256_LEN]);
/* Whether a passkey's digest begins with these 8 bytes. */
bool registry_has_passkey_tag(struct registry *registry, uint64_t tag);
uint64_t registry_passkey_tag(const uint8_t digest[static SHA256_LEN]);

/* Of a registered torrent, by hand or by a file; private if either says so. Unknown if it is not
 * registered. */
enum registry_privacy registry_torrent_privacy(struct registry *registry,
                                               const uint8_t info_hash[static INFO_HASH_LEN]);

/* Copies the entry with the key of `row` and its kind to `row`. False if there is none. */
bool registry_find(struct registry *registry, struct registry_row *row);

/* Copies the narrowest ban in force that contains the address. */
bool registry_find_ban(struct registry *registry, const struct endpoint *address, int64_t now_s,
                       struct registry_row *row);

/* An entry with the key of the machine at this address. */
struct registry_row registry_machine(const struct endpoint *address);

/* Copies the name of the machine at this address; empty if it has none. */
void registry_find_machine(struct registry *registry, const struct endpoint *address,
                           char name[static REGISTRY_TEXT_LEN]);

/* Copies the passkey with this label. Labels are unique. */
bool registry_find_label(struct registry *registry, const char *label, struct registry_row *row);

/* Copies the other torrent that shares the file of this one: a hybrid torrent (BEP 52) has two
 * info_hashes. */
bool registry_find_sibling(struct registry *registry, const struct registry_row *torrent,
                           struct registry_row *sibling);

/* Calls `visit` for each entry, in no order, while holding a lock. The row is valid during the
 * call. */
typedef void (*registry_visitor)(void *context, const struct registry_row *row);
void registry_visit(struct registry *registry, enum registry_kind kind, registry_visitor visit,
                    void *context);

/* The same for one of REGISTRY_PARTS parts. */
void registry_visit_part(struct registry *registry, enum registry_kind kind, int part,
                         registry_visitor visit, void *context);

/* Identifies a .torrent file by its content; never 0. */
int64_t registry_file_id(struct bytes file);

/* Edits. One thread at a time is between begin and submit; others wait. */

struct registry_edit;

struct registry_change {
    struct registry_row row;
    struct registry_row before; /* if `existed` */
    bool existed;
    bool removed; /* `row` has the key only */
    /* In a cluster; else zero. */
    struct registry_mark mark;
    struct registry_mark mark_before; /* if `had_mark` */
    bool had_mark;
    bool merged; /* another node made the change */
};

/* NULL if out of memory. */
struct registry_edit *registry_edit_begin(struct registry *registry);

/* Adds an entry, or replaces the one with its key. False if out of memory; then abort the edit. */
bool registry_edit_put(struct registry_edit *edit, const struct registry_row *row);

/* Removes the entry with the kind and key of `row`. `*found`: it existed. False as above. */
bool registry_edit_remove(struct registry_edit *edit, const struct registry_row *row, bool *found);

/* Attaches the .torrent file of the torrents that the edit puts. Copies it. */
bool registry_edit_attach(struct registry_edit *edit, struct bytes file);

/* Undoes everything and frees the edit. */
void registry_edit_abort(struct registry_edit *edit);

/* Queues the edit for the database, and wakes the writer. The caller keeps a reference, and
 * releases it. */
void registry_edit_submit(struct registry_edit *edit);
void registry_edit_release(struct registry_edit *edit);

enum registry_state {
    REGISTRY_QUEUED,
    REGISTRY_WRITTEN,
    REGISTRY_FAILED, /* rolled back: it could not be written */
    REGISTRY_LOCKED, /* rolled back: another process locked the database for too long */
};

/* How far the edit is; if it was rolled back, copies the reason. */
enum registry_state registry_edit_state(struct registry_edit *edit, char reason[static ERROR_LEN]);

/* Calls `ready(context)` once, as soon as the edit is settled: on the writer's thread, or at once.
 */
void registry_edit_notify(struct registry_edit *edit, void (*ready)(void *context), void *context);

const struct registry_change *registry_edit_changes(const struct registry_edit *edit,
                                                    size_t *count);
struct bytes registry_edit_file(const struct registry_edit *edit);
const struct registry_edit *registry_edit_next(const struct registry_edit *edit);

/* For the writer: one thread. */

/* Sets the function that registry_edit_submit calls; NULL: there is no writer. */
void registry_set_writer(struct registry *registry, void (*wake)(void *context), void *context);
bool registry_has_writer(struct registry *registry);

/* All edits that are not settled, oldest first, linked by registry_edit_next. Valid until they are
 * settled. NULL: none. */
const struct registry_edit *registry_queued(struct registry *registry);

/* Settles the queued edits up to and including `last`: they are in the database. */
void registry_settle(struct registry *registry, const struct registry_edit *last);

/* Whether an edit made at this node is queued. */
bool registry_has_own_edits(struct registry *registry);

/* Rolls back the queued edits of this node, the newest first. `state` is REGISTRY_FAILED or
 * REGISTRY_LOCKED. Changes of other nodes stay queued, at most 1,024; with more of them, all stay
 * only in memory. */
void registry_roll_back(struct registry *registry, enum registry_state state, const char *reason);

/* Makes the entries equal to those of their source, apart from what queued edits have changed: call
 * begin, put for each row, and end, which removes all others of that source. put: false if out of
 * memory; then do not call end. One thread for each source. */
enum registry_source {
    REGISTRY_DATABASE,  /* of REGISTRY_STORED_KINDS */
    REGISTRY_DIRECTORY, /* of REGISTRY_TORRENT_FILE */
    REGISTRY_SOURCES,
};
void registry_load_begin(struct registry *registry, enum registry_source source);
bool registry_load_put(struct registry *registry, const struct registry_row *row);
void registry_load_end(struct registry *registry, enum registry_source source);

/* Removes the bans that ended at `now_s`, Unix time, from memory; returns their number. */
size_t registry_remove_ended(struct registry *registry, int64_t now_s);

/* What has left the registry, and so may have peers that must be removed. */
struct registry_purge {
    uint8_t torrents[REGISTRY_PURGE_MAX][INFO_HASH_LEN];
    size_t torrent_count;
    bool everything; /* a ban was added, a passkey removed, or there are too many torrents */
};

/* Moves the purge to `*purge`. False if it is empty. */
bool registry_take_purge(struct registry *registry, struct registry_purge *purge);

#endif
