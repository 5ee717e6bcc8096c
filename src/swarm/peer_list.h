/* The peers of one info_hash and one address family.
 *
 * A structure of arrays in one block of memory. The packed wire endpoints stand side by side, so
 * that a compact reply is a copy of a window or two. They are kept in four zones, in this order:
 *
 *     seeders outside | seeders on our LAN | leechers on our LAN | leechers outside
 *
 * All peers are one window, leechers are one, and an asker who must not see the LAN's addresses
 * skips one run in the middle. Behind the endpoints stand the deadlines, which the sweep reads, and
 * the records. Past a few peers, two open-addressing indexes find a peer by its endpoint and by who
 * it is (peer_id and key); below that a scan is faster.
 *
 * Positions move with every put and drop. Not locked: the caller holds the shard's lock. */
#ifndef SKEP_SWARM_PEER_LIST_H
#define SKEP_SWARM_PEER_LIST_H

#include "base/keyed_hash.h"
#include "base/random.h"
#include "swarm/peer_record.h"

enum peer_zone {
    ZONE_SEEDER_OUTSIDE,
    ZONE_SEEDER_LAN,
    ZONE_LEECHER_LAN,
    ZONE_LEECHER_OUTSIDE,
};

enum { PEER_ZONES = 4 };

#define PEER_NOWHERE UINT32_MAX

struct peer_indexes;

struct peer_list {
    const struct hash_key *key;
    uint8_t *block;
    struct peer_indexes *indexes;  /* NULL while the list is small */
    uint32_t zone_end[PEER_ZONES]; /* positions; the last one is the count */
    uint32_t capacity;
    uint8_t family;
};

/* An empty list; borrows `key` for as long as it is used. */
void peer_list_init(struct peer_list *list, uint8_t family, const struct hash_key *key);

/* Frees what the list holds and leaves it empty. */
void peer_list_clear(struct peer_list *list);

static inline uint32_t peer_list_count(const struct peer_list *list) {
    return list->zone_end[PEER_ZONES - 1];
}

static inline uint32_t peer_list_seeders(const struct peer_list *list) {
    return list->zone_end[ZONE_SEEDER_LAN];
}

/* The position of the peer at `wire` (6 or 18 bytes), or PEER_NOWHERE. */
uint32_t peer_list_find(const struct peer_list *list, const uint8_t *wire);

/* The position of the peer that is `peer_id` with the same `key`, or PEER_NOWHERE. A key of 0 is
 * nobody's. */
uint32_t peer_list_find_identity(const struct peer_list *list,
                                 const uint8_t peer_id[static PEER_ID_LEN], uint32_t identity_key);

/* Adds a peer that is not in the list. Returns its position, or PEER_NOWHERE without memory. */
uint32_t peer_list_add(struct peer_list *list, enum peer_zone zone, const uint8_t *wire,
                       const struct peer_record *record, uint32_t deadline_s);

/* Replaces a peer's record and deadline, and moves it to `zone`. Returns its new position. */
uint32_t peer_list_update(struct peer_list *list, uint32_t position, enum peer_zone zone,
                          const struct peer_record *record, uint32_t deadline_s);

/* Removes the peer at `position`; gives memory back once much of it is unused. */
void peer_list_remove(struct peer_list *list, uint32_t position);

enum peer_zone peer_list_zone(const struct peer_list *list, uint32_t position);
const uint8_t *peer_list_wire(const struct peer_list *list, uint32_t position);
const struct peer_record *peer_list_record(const struct peer_list *list, uint32_t position);
uint32_t peer_list_deadline(const struct peer_list *list, uint32_t position);

/* How long the peer has been silent; where it was given a grace, since then. */
uint32_t peer_list_silent_s(const struct peer_list *list, uint32_t position, uint32_t now_s);

/* Gives each peer one interval from now, with its jitter: its own, or `interval_s` if that is
 * longer. */
void peer_list_extend_deadlines(struct peer_list *list, uint32_t now_s, uint32_t interval_s);

/* The first position at or behind `from` whose deadline has passed, or PEER_NOWHERE. */
uint32_t peer_list_next_expired(const struct peer_list *list, uint32_t from, uint32_t now_s);

/* How many peers have the address of `wire`, or its /64; stops counting at `enough`. Looks at all.
 */
uint32_t peer_list_count_address(const struct peer_list *list, const uint8_t *wire,
                                 uint32_t enough);

/* Bytes that the list holds, its own struct aside. */
size_t peer_list_memory(const struct peer_list *list);

#endif
