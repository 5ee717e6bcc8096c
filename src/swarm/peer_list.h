/* The peers of one torrent in one address family.
 * A structure of arrays in one block of memory. The packed wire endpoints are contiguous, so that a
 * compact reply is one or two copies of a window. They are kept in four zones, in this order:
 *
 * seeders outside | seeders on our LAN | leechers on our LAN | leechers outside
 *
 * All peers are one window, leechers are one, and a client that must not see LAN addresses skips
 * one run in the middle. The deadlines, which the sweep reads, and the records follow in the same
 * block; so do the tags of the peers' passkeys and their stamps, 8 bytes each, once one peer has
 * one. Beyond a few peers, two open-addressing indexes find a peer by endpoint and by identity
 * (peer_id and key); below that a scan is faster. Positions change with every put and removal. Not
 * locked: the caller holds the shard's lock. */
#ifndef SKEP_SWARM_PEER_LIST_H
#define SKEP_SWARM_PEER_LIST_H

#include "base/bytes.h"
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

static inline bool peer_zone_is_seeder(enum peer_zone zone) {
    return zone <= ZONE_SEEDER_LAN;
}

static inline bool peer_zone_is_lan(enum peer_zone zone) {
    return zone == ZONE_SEEDER_LAN || zone == ZONE_LEECHER_LAN;
}

#define PEER_NOWHERE UINT32_MAX

/* Deadline of a peer that does not expire. */
#define PEER_DEADLINE_NEVER UINT32_MAX

/* Optional arrays of 8 bytes per peer, which are 0 at first. */
enum peer_word {
    WORD_TAG,   /* of its passkey, in private mode; 0: unknown */
    WORD_STAMP, /* of its last change, in a cluster; 0: none since it was restored */
};

enum { PEER_WORDS = 2 };

struct peer_indexes;

struct peer_list {
    const struct hash_key *key;
    uint8_t *block;
    struct peer_indexes *indexes;  /* NULL while the list is small */
    uint32_t zone_end[PEER_ZONES]; /* positions; the last one is the count */
    uint32_t capacity;
    uint32_t expected;    /* count after additions that it makes room for; 0: none */
    uint32_t loopback;    /* peers with a loopback address */
    uint32_t unreachable; /* peers with port 1: see peer_is_unreachable */
    uint32_t twins;       /* peers with PEER_TWIN */
    uint8_t family;
    bool has_word[PEER_WORDS]; /* by enum peer_word */
    uint8_t walk_mark; /* PEER_WALKED of the peers that the present walk does not have to visit */
};

/* Port 1 is the convention of clients that cannot be connected to; no client is given them. */
static inline bool peer_is_unreachable(uint8_t family, const uint8_t *wire) {
    return load_u16(wire + address_len(family)) == 1;
}

/* Starts an empty list. Borrows `key` as long as it is used. */
void peer_list_init(struct peer_list *list, uint8_t family, const struct hash_key *key);

/* Frees the memory and leaves the list empty. */
void peer_list_clear(struct peer_list *list);

static inline uint32_t peer_list_count(const struct peer_list *list) {
    return list->zone_end[PEER_ZONES - 1];
}

static inline uint32_t peer_list_seeders(const struct peer_list *list) {
    return list->zone_end[ZONE_SEEDER_LAN];
}

/* Position of the peer at `wire` (6 or 18 bytes), or PEER_NOWHERE. */
uint32_t peer_list_find(const struct peer_list *list, const uint8_t *wire);

/* Loads what an announce of the peer at `wire` reads into the processor's cache. The address of
 * each read depends on the one before, so there are PEER_LIST_FETCHES steps, from 0 on; other lists
 * are fetched between two steps of this one. */
enum { PEER_LIST_FETCHES = 3 };
void peer_list_prefetch(const struct peer_list *list, const uint8_t *wire, int step);

/* Loads what a peer changes places with if it becomes a seeder or a leecher. */
void peer_list_prefetch_swap(const struct peer_list *list, uint32_t position);

/* Position of the peer with this peer_id and key, or PEER_NOWHERE. Key 0 matches no peer. */
uint32_t peer_list_find_identity(const struct peer_list *list,
                                 const uint8_t peer_id[static PEER_ID_LEN], uint32_t identity_key);

/* The same of a record, only among the peers that are marked as twins (PEER_TWIN), or among the
 * others. */
uint32_t peer_list_find_twin(const struct peer_list *list, const struct peer_record *record,
                             bool paired);

/* From the next addition on, has room for as many more peers, so that it grows once. 0 ends this.
 */
void peer_list_expect(struct peer_list *list, uint32_t more);

/* Adds a peer that is not in the list. Returns its position, or PEER_NOWHERE if out of memory. */
uint32_t peer_list_add(struct peer_list *list, enum peer_zone zone, const uint8_t *wire,
                       const struct peer_record *record, uint32_t deadline_s);

/* Replaces a peer's record and deadline, and moves it to `zone`. Returns its new position. */
uint32_t peer_list_update(struct peer_list *list, uint32_t position, enum peer_zone zone,
                          const struct peer_record *record, uint32_t deadline_s);

/* Makes room for such an array. False if out of memory. */
bool peer_list_make_words(struct peer_list *list, enum peer_word word);

/* 0 without the array. peer_list_set_word needs peer_list_make_words. */
uint64_t peer_list_word(const struct peer_list *list, enum peer_word word, uint32_t position);
void peer_list_set_word(struct peer_list *list, enum peer_word word, uint32_t position,
                        uint64_t value);

/* Removes the peer at `position`; frees memory if much of it is unused. */
void peer_list_remove(struct peer_list *list, uint32_t position);

enum peer_zone peer_list_zone(const struct peer_list *list, uint32_t position);
const uint8_t *peer_list_wire(const struct peer_list *list, uint32_t position);
const struct peer_record *peer_list_record(const struct peer_list *list, uint32_t position);
uint32_t peer_list_deadline(const struct peer_list *list, uint32_t position);

/* Time since the peer's last announce; after an extended deadline, since the extension. */
uint32_t peer_list_silent_s(const struct peer_list *list, uint32_t position, uint32_t now_s);

/* Extends a deadline to one interval from now, with jitter: the peer's own interval, or
 * `interval_s` if that is longer. */
void peer_list_extend_deadline(struct peer_list *list, uint32_t position, uint32_t now_s,
                               uint32_t interval_s);

/* Makes a merged peer like a restored one: it has no stamp and, until it announces or is merged
 * again, not PEER_STAMPED. Its deadline stays. */
void peer_list_take_stamp(struct peer_list *list, uint32_t position);

/* Gives each peer without PEER_STAMPED a deadline: now or, if not `now`, as if its last announce
 * had been 1.5 intervals ago, by the rule of a cluster. */
void peer_list_end_lasting(struct peer_list *list, uint32_t now_s, bool now);

/* First position at or after `from` whose deadline has passed, or PEER_NOWHERE. */
uint32_t peer_list_next_expired(const struct peer_list *list, uint32_t from, uint32_t now_s);

/* Number of peers whose address starts with the first `len` bytes (1 to 8) of `wire`; stops at
 * `enough`. Reads the whole list. */
uint32_t peer_list_count_address(const struct peer_list *list, const uint8_t *wire, size_t len,
                                 uint32_t enough);

/* A walk that may be interrupted by changes of the list: it visits positions until peer_list_walk
 * was false for all of them. Peers that join during the walk need no visit. */
void peer_list_begin_walk(struct peer_list *list);

/* Marks the peer at `position` as visited. False if it was visited before. */
bool peer_list_walk(struct peer_list *list, uint32_t position);

/* Bytes of memory, without the struct itself. */
size_t peer_list_memory(const struct peer_list *list);

#endif
