#include "dht/peer_store.h"

#include <stdlib.h>

#define NONE UINT32_MAX

/* A counter of each row is an upper bound of an address's peers; the least one counts. */
enum { COUNT_ROWS = 2, COUNT_COLUMNS = 16384, CHAIN_LEN = 2 };

struct stored_peer {
    uint64_t torrent;               /* keyed hash of the info_hash */
    uint32_t next;                  /* in the same chain, or in the list of free ones */
    uint16_t stamp_s;               /* of the last announce, low bits */
    uint8_t wire[ENDPOINT_MAX_LEN]; /* IPv4: mapped, as the address of IPv6 would be */
};

_Static_assert(sizeof(struct stored_peer) == 32, "a stored peer has 32 bytes");

struct peer_store {
    struct peer_store_limits limits;
    struct hash_key key;
    uint32_t count;
    uint32_t chain_mask;
    uint32_t first_free;
    uint32_t swept; /* chains before this one are done in this round */
    uint16_t counts[COUNT_ROWS][COUNT_COLUMNS];
    uint32_t *chains; /* first peer of each */
    struct stored_peer *peers;
};

static uint32_t chains_for(uint32_t peers) {
    uint32_t chains = 16;
    while (chains < peers / CHAIN_LEN)
        chains *= 2;
    return chains;
}

struct peer_store *peer_store_create(const struct peer_store_limits *limits,
                                     const struct hash_key *key) {
    struct peer_store *store = calloc(1, sizeof *store);
    const uint32_t chains = chains_for(limits->peers);
    if (store == NULL)
        return NULL;
    store->limits = *limits;
    store->key = *key;
    store->chain_mask = chains - 1;
    store->chains = malloc(chains * sizeof *store->chains);
    store->peers = calloc(limits->peers, sizeof *store->peers);
    if (store->chains == NULL || store->peers == NULL) {
        peer_store_delete(store);
        return NULL;
    }
    memset(store->chains, 0xff, chains * sizeof *store->chains);
    for (uint32_t i = 0; i < limits->peers; i++)
        store->peers[i].next = i + 1 < limits->peers ? i + 1 : NONE;
    return store;
}

void peer_store_delete(struct peer_store *store) {
    if (store == NULL)
        return;
    free(store->chains);
    free(store->peers);
    free(store);
}

static void pack_endpoint(uint8_t wire[static ENDPOINT_MAX_LEN], const struct endpoint *peer) {
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    if (peer->family == FAMILY_V6) {
        memcpy(wire, peer->wire, ENDPOINT_V6_LEN);
        return;
    }
    memcpy(wire, mapped, sizeof mapped);
    memcpy(wire + sizeof mapped, peer->wire, ENDPOINT_V4_LEN);
}

static struct endpoint unpack_endpoint(const struct stored_peer *peer) {
    const struct endpoint v6 = endpoint_from_wire(FAMILY_V6, peer->wire);
    return node_id_is_mapped(&v6) ? endpoint_from_wire(FAMILY_V4, peer->wire + 12) : v6;
}

static uint32_t *chain_of(const struct peer_store *store, uint64_t torrent) {
    return &store->chains[torrent & store->chain_mask];
}

static uint64_t hash_torrent(const struct peer_store *store, const uint8_t *info_hash) {
    return keyed_hash(&store->key, info_hash, NODE_ID_LEN);
}

/* The counter of a row for the IPv4 address, or the /64 of an IPv6 address. */
static uint16_t *address_count(struct peer_store *store, const uint8_t *wire, unsigned row) {
    const struct endpoint v6 = endpoint_from_wire(FAMILY_V6, wire);
    const uint64_t hash = keyed_hash(&store->key, wire, node_id_is_mapped(&v6) ? 16 : 8);
    return &store->counts[row][(hash >> 32 * row) % COUNT_COLUMNS];
}

static bool address_is_full(struct peer_store *store, const uint8_t *wire) {
    for (unsigned row = 0; row < COUNT_ROWS; row++) {
        if (*address_count(store, wire, row) < store->limits.per_address)
            return false;
    }
    return true;
}

/* A counter that has reached its largest value stays too low afterwards; so it stops there. */
static void count_address(struct peer_store *store, const uint8_t *wire, bool more) {
    for (unsigned row = 0; row < COUNT_ROWS; row++) {
        uint16_t *count = address_count(store, wire, row);
        if (more && *count < UINT16_MAX)
            ++*count;
        if (!more && *count > 0)
            --*count;
    }
}

static bool is_expired(const struct peer_store *store, const struct stored_peer *peer,
                       uint32_t now_s) {
    return (uint16_t)(now_s - peer->stamp_s) >= store->limits.ttl_s;
}

/* Removes the peer that `link` leads to. */
static void remove_peer(struct peer_store *store, uint32_t *link) {
    const uint32_t position = *link;
    struct stored_peer *peer = &store->peers[position];
    count_address(store, peer->wire, false);
    *link = peer->next;
    peer->next = store->first_free;
    store->first_free = position;
    store->count--;
}

static void remove_expired(struct peer_store *store, uint32_t *link, uint32_t now_s) {
    while (*link != NONE) {
        struct stored_peer *peer = &store->peers[*link];
        if (is_expired(store, peer, now_s))
            remove_peer(store, link);
        else
            link = &peer->next;
    }
}

static void add_peer(struct peer_store *store, uint64_t torrent, const uint8_t *wire,
                     uint32_t now_s) {
    uint32_t *chain = chain_of(store, torrent);
    const uint32_t position = store->first_free;
    struct stored_peer *peer = &store->peers[position];
    store->first_free = peer->next;
    *peer = (struct stored_peer){ .torrent = torrent, .next = *chain, .stamp_s = (uint16_t)now_s };
    memcpy(peer->wire, wire, sizeof peer->wire);
    *chain = position;
    store->count++;
    count_address(store, wire, true);
}

bool peer_store_put(struct peer_store *store, const uint8_t info_hash[static NODE_ID_LEN],
                    const struct endpoint *peer, uint32_t now_s) {
    uint8_t wire[ENDPOINT_MAX_LEN];
    const uint64_t torrent = hash_torrent(store, info_hash);
    uint32_t of_torrent = 0;
    pack_endpoint(wire, peer);
    remove_expired(store, chain_of(store, torrent), now_s);
    for (uint32_t at = *chain_of(store, torrent); at != NONE; at = store->peers[at].next) {
        struct stored_peer *known = &store->peers[at];
        if (known->torrent != torrent)
            continue;
        of_torrent++;
        if (memcmp(known->wire, wire, sizeof wire) == 0) {
            known->stamp_s = (uint16_t)now_s;
            return true;
        }
    }
    if (store->first_free == NONE || of_torrent >= store->limits.per_torrent ||
        address_is_full(store, wire))
        return false;
    add_peer(store, torrent, wire, now_s);
    return true;
}

static bool is_for(const struct peer_store *store, const struct stored_peer *stored,
                   uint64_t torrent, const struct endpoint *requester, uint32_t now_s) {
    if (stored->torrent != torrent || is_expired(store, stored, now_s))
        return false;
    const struct endpoint peer = unpack_endpoint(stored);
    return peer.family == requester->family && node_id_reachable(&peer, requester);
}

void peer_store_pick(const struct peer_store *store, const uint8_t info_hash[static NODE_ID_LEN],
                     const struct endpoint *requester, uint32_t start, uint32_t now_s,
                     struct writer *peers) {
    const uint64_t torrent = hash_torrent(store, info_hash);
    const size_t len = endpoint_len(requester->family);
    const uint32_t first = *chain_of(store, torrent);
    uint32_t matching = 0;
    for (uint32_t at = first; at != NONE; at = store->peers[at].next)
        matching += is_for(store, &store->peers[at], torrent, requester, now_s);
    if (matching == 0)
        return;
    const uint32_t room = (uint32_t)((peers->capacity - peers->len) / len);
    uint32_t distance = matching - start % matching; /* from the first one to give, in a circle */
    for (uint32_t at = first; at != NONE; at = store->peers[at].next) {
        if (!is_for(store, &store->peers[at], torrent, requester, now_s))
            continue;
        if (distance++ % matching >= room)
            continue;
        const struct endpoint peer = unpack_endpoint(&store->peers[at]);
        writer_put(peers, peer.wire, len);
    }
}

void peer_store_expire(struct peer_store *store, uint32_t now_s) {
    const uint32_t chains = store->chain_mask + 1;
    for (uint32_t left = chains / store->limits.ttl_s + 1; left > 0; left--) {
        remove_expired(store, &store->chains[store->swept], now_s);
        store->swept = (store->swept + 1) & store->chain_mask;
    }
}

uint32_t peer_store_count(const struct peer_store *store) {
    return store->count;
}

size_t peer_store_memory(const struct peer_store *store) {
    return sizeof *store + (store->chain_mask + 1) * sizeof *store->chains +
           store->limits.peers * sizeof *store->peers;
}
