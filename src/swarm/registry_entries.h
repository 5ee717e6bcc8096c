/* Inside of the registry: its entries, which registry_entries.c keeps and finds; its edits, which
 * registry_edits.c queues; and loads of a whole source, in registry_load.c. */
#ifndef SKEP_SWARM_REGISTRY_ENTRIES_H
#define SKEP_SWARM_REGISTRY_ENTRIES_H

#include <pthread.h>
#include <stdatomic.h>

#include "swarm/entry_map.h"
#include "swarm/registry_key.h"
#include "swarm/registry_marks.h"

enum { REGISTRY_PREFIX_LENGTHS = 129 };

/* Does not change once readers can find it, apart from the first two fields, which the registry's
 * lock guards. */
struct entry {
    uint32_t edit;    /* number of the edit that put it; 0: it was loaded */
    uint32_t loading; /* number of the last load of its source that contained it */
    uint64_t size;    /* of a torrent */
    int64_t file_id;  /* of a torrent; 0: none */
    uint64_t file_node;
    int64_t since_s;
    int64_t until_s; /* of a ban */
    uint8_t kind;
    uint8_t privacy; /* of a torrent */
    uint8_t key[];   /* then text and reason, each with a terminating zero */
};

struct registry_edit {
    struct registry_edit *next; /* newer */
    struct registry *registry;
    atomic_int references;
    uint32_t number;
    bool merged; /* of other nodes: without an owner */
    struct registry_change *changes;
    size_t count;
    size_t capacity;
    uint8_t *file;
    size_t file_len;
    enum registry_state state;
    char reason[ERROR_LEN];
    void (*ready)(void *context);
    void *context;
};

struct registry {
    pthread_mutex_t lock; /* of everything that changes; never taken by an announce */
    struct entry_map maps[REGISTRY_KINDS];
    struct entry_map labels;                                  /* passkeys by label */
    struct entry_map files;                                   /* torrents by file_id */
    _Atomic uint32_t ban_lengths[2][REGISTRY_PREFIX_LENGTHS]; /* bans by prefix length; v4, v6 */
    _Atomic uint64_t versions[REGISTRY_KINDS];
    struct registry_edit *oldest;
    struct registry_edit *newest;
    size_t queued; /* edits from the oldest to the newest */
    uint32_t last_edit;
    uint32_t settled_edit;
    uint32_t loading[REGISTRY_SOURCES];
    struct registry_purge purge;
    void (*wake)(void *context);
    void *wake_context;

    /* In a cluster. */
    bool shared;
    bool adopts; /* see registry_set_adopts */
    struct registry_marks marks;
    uint64_t node;
    uint64_t clock_offset_ms;
    uint64_t forget_before; /* stamp: marks of older removals are to leave the database */
    struct registry_identity identity;
    void (*follow)(void *context, const struct registry_change *changes, size_t count);
    void *follow_context;
};

/* NULL if out of memory. The caller owns it. */
struct entry *entry_create(const struct registry_row *row);
const char *entry_text(const struct entry *entry);
const char *entry_reason(const struct entry *entry);

/* Ends all queued edits: the registry is about to be deleted. */
void registry_end_edits(struct registry *registry);

/* The following calls need the registry's lock. */

/* The entry with the kind and key of `row`. NULL: none. Valid while the lock is held. */
struct entry *registry_find_entry(struct registry *registry, const struct registry_row *row);

/* Adds the entry, or replaces the one with its key. Takes ownership of `entry`. False if out of
 * memory; then nothing has changed. */
bool registry_put_entry(struct registry *registry, struct entry *entry);

/* Adds a change to the edit and notes its mark; the caller then changes the entry. `given` is the
 * mark of another node's change; NULL: the registry draws one, in a cluster. NULL if out of memory.
 */
struct registry_change *registry_note_change(struct registry_edit *edit,
                                             const struct registry_row *row, bool removed,
                                             const struct registry_mark *given);

/* False if there is none. */
bool registry_remove_entry(struct registry *registry, enum registry_kind kind, const uint8_t *key);

#endif
