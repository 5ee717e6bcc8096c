#include "dht/peer_store.h"

#include <stdlib.h>

#define NONE UINT32_MAX

/* A counter of each row is an upper bound of an address's peers; the least one counts. */
enum { COUNT_ROWS = 2, COUNT_COLUMNS = 16384 };

enum { SWEEP_S = 60 }; /* the whole store once in this time */

struct peer_entry {
    uint32_t next;                  /* of the same torrent, or in the list of free ones */
    uint16_t stamp_s;               /* of the last announce, low bits */
    uint8_t wire[ENDPOINT_MAX_LEN]; /* IPv4: mapped, as the address of IPv6 would be */
};

/* With at least one peer. */
struct torrent_entry {
    uint8_t info_hash[NODE_ID_LEN];
    uint32_t next; /* in the same chain, or in the list of free ones */
    uint32_t peers;
};

_Static_assert(sizeof(struct peer_entry) == 24, "a stored peer has 24 bytes");
_Static_assert(sizeof(struct torrent_entry) == 28, "a torrent of stored peers has 28 bytes");

struct peer_store {
    struct dht_limits limits;
    struct hash_key key;
    uint32_t count;
    uint32_t torrent_count;
    uint32_t chain_mask;
    uint32_t free_torrents, free_peers; /* first one of each list */
    uint32_t swept;                     /* chains before this one are done in this round */
    uint16_t counts[COUNT_ROWS][COUNT_COLUMNS];
    uint32_t *chains; /* first torrent of each */
    struct torrent_entry *torrents;
    struct peer_entry *peers;
};

static uint32_t chains_for(uint32_t torrents) {
    uint32_t chains = 16;
    while (chains < torrents)
        chains *= 2;
    return chains;
}

static uint32_t next_free(uint32_t position, uint32_t count) {
    return position + 1 < count ? position + 1 : NONE;
}

struct peer_store *peer_store_create(const struct dht_limits *limits, const struct hash_key *key) {
    struct peer_store *store = calloc(1, sizeof *store);
    const uint32_t chains = chains_for(limits->torrents);
    if (store == NULL)
        return NULL;
    store->limits = *limits;
    store->key = *key;
    store->chain_mask = chains - 1;
    store->chains = malloc(chains * sizeof *store->chains);
    store->torrents = calloc(limits->torrents, sizeof *store->torrents);
    store->peers = calloc(limits->peers, sizeof *store->peers);
    if (store->chains == NULL || store->torrents == NULL || store->peers == NULL) {
        peer_store_delete(store);
        return NULL;
    }
    memset(store->chains, 0xff, chains * sizeof *store->chains);
    for (uint32_t i = 0; i < limits->torrents; i++)
        store->torrents[i].next = next_free(i, limits->torrents);
    for (uint32_t i = 0; i < limits->peers; i++)
        store->peers[i].next = next_free(i, limits->peers);
    return store;
}

void peer_store_delete(struct peer_store *store) {
    if (store == NULL)
        return;
    free(store->chains);
    free(store->torrents);
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

static struct endpoint unpack_endpoint(const struct peer_entry *peer) {
    const struct endpoint v6 = endpoint_from_wire(FAMILY_V6, peer->wire);
    return node_id_is_mapped(&v6) ? endpoint_from_wire(FAMILY_V4, peer->wire + 12) : v6;
}

static uint32_t *chain_of(const struct peer_store *store, const uint8_t *info_hash) {
    return &store->chains[keyed_hash(&store->key, info_hash, NODE_ID_LEN) & store->chain_mask];
}

/* NULL: no peer of it is stored. */
static struct torrent_entry *find_torrent(const struct peer_store *store,
                                          const uint8_t *info_hash) {
    for (uint32_t at = *chain_of(store, info_hash); at != NONE; at = store->torrents[at].next) {
        if (memcmp(store->torrents[at].info_hash, info_hash, NODE_ID_LEN) == 0)
            return &store->torrents[at];
    }
    return NULL;
}

static uint32_t first_of(const struct torrent_entry *torrent) {
    return torrent == NULL ? NONE : torrent->peers;
}

/* The counter of a row for the IPv4 address, or the /64 of an IPv6 address. */
static uint16_t *address_count(struct peer_store *store, const uint8_t *wire, unsigned row) {
    const struct endpoint v6 = endpoint_from_wire(FAMILY_V6, wire);
    const uint64_t hash = keyed_hash(&store->key, wire, node_id_is_mapped(&v6) ? 16 : 8);
    return &store->counts[row][(hash >> 32 * row) % COUNT_COLUMNS];
}

static bool address_is_full(struct peer_store *store, const uint8_t *wire) {
    for (unsigned row = 0; row < COUNT_ROWS; row++) {
        if (*address_count(store, wire, row) < store->limits.peers_per_address)
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

static uint32_t age_s(const struct peer_entry *peer, uint32_t now_s) {
    return (uint16_t)(now_s - peer->stamp_s);
}

static bool is_expired(const struct peer_store *store, const struct peer_entry *peer,
                       uint32_t now_s) {
    return age_s(peer, now_s) >= store->limits.peer_ttl_s;
}

/* Removes the peer that `link` leads to. */
static void remove_peer(struct peer_store *store, uint32_t *link) {
    const uint32_t position = *link;
    struct peer_entry *peer = &store->peers[position];
    count_address(store, peer->wire, false);
    *link = peer->next;
    peer->next = store->free_peers;
    store->free_peers = position;
    store->count--;
}

static void remove_expired_peers(struct peer_store *store, uint32_t *link, uint32_t now_s) {
    while (*link != NONE) {
        struct peer_entry *peer = &store->peers[*link];
        if (is_expired(store, peer, now_s))
            remove_peer(store, link);
        else
            link = &peer->next;
    }
}

/* Removes the torrent that `link` leads to. */
static void remove_torrent(struct peer_store *store, uint32_t *link) {
    const uint32_t position = *link;
    struct torrent_entry *torrent = &store->torrents[position];
    *link = torrent->next;
    torrent->next = store->free_torrents;
    store->free_torrents = position;
    store->torrent_count--;
}

static void remove_expired(struct peer_store *store, uint32_t *link, uint32_t now_s) {
    while (*link != NONE) {
        struct torrent_entry *torrent = &store->torrents[*link];
        remove_expired_peers(store, &torrent->peers, now_s);
        if (torrent->peers == NONE)
            remove_torrent(store, link);
        else
            link = &torrent->next;
    }
}

static struct torrent_entry *add_torrent(struct peer_store *store, const uint8_t *info_hash) {
    uint32_t *chain = chain_of(store, info_hash);
    const uint32_t position = store->free_torrents;
    if (position == NONE)
        return NULL;
    struct torrent_entry *torrent = &store->torrents[position];
    store->free_torrents = torrent->next;
    *torrent = (struct torrent_entry){ .next = *chain, .peers = NONE };
    memcpy(torrent->info_hash, info_hash, NODE_ID_LEN);
    *chain = position;
    store->torrent_count++;
    return torrent;
}

static void add_peer(struct peer_store *store, struct torrent_entry *torrent, const uint8_t *wire,
                     uint32_t now_s) {
    const uint32_t position = store->free_peers;
    struct peer_entry *peer = &store->peers[position];
    store->free_peers = peer->next;
    *peer = (struct peer_entry){ .next = torrent->peers, .stamp_s = (uint16_t)now_s };
    memcpy(peer->wire, wire, sizeof peer->wire);
    torrent->peers = position;
    store->count++;
    count_address(store, wire, true);
}

bool peer_store_put(struct peer_store *store, const uint8_t info_hash[static NODE_ID_LEN],
                    const struct endpoint *peer, uint32_t now_s) {
    uint8_t wire[ENDPOINT_MAX_LEN];
    uint32_t of_torrent = 0;
    pack_endpoint(wire, peer);
    remove_expired(store, chain_of(store, info_hash), now_s);
    struct torrent_entry *torrent = find_torrent(store, info_hash);
    for (uint32_t at = first_of(torrent); at != NONE; at = store->peers[at].next) {
        struct peer_entry *known = &store->peers[at];
        of_torrent++;
        if (memcmp(known->wire, wire, sizeof wire) == 0) {
            known->stamp_s = (uint16_t)now_s;
            return true;
        }
    }
    if (store->free_peers == NONE || of_torrent >= store->limits.peers_per_torrent ||
        address_is_full(store, wire))
        return false;
    if (torrent == NULL)
        torrent = add_torrent(store, info_hash);
    if (torrent != NULL)
        add_peer(store, torrent, wire, now_s);
    return torrent != NULL;
}

static bool is_for(const struct peer_store *store, const struct peer_entry *stored,
                   const struct endpoint *requester, uint32_t now_s) {
    const struct endpoint peer = unpack_endpoint(stored);
    return !is_expired(store, stored, now_s) && peer.family == requester->family &&
           node_id_reachable(&peer, requester);
}

void peer_store_pick(const struct peer_store *store, const uint8_t info_hash[static NODE_ID_LEN],
                     const struct endpoint *requester, uint32_t start, uint32_t now_s,
                     struct writer *peers) {
    const size_t len = endpoint_len(requester->family);
    const uint32_t first = first_of(find_torrent(store, info_hash));
    uint32_t matching = 0;
    for (uint32_t at = first; at != NONE; at = store->peers[at].next)
        matching += is_for(store, &store->peers[at], requester, now_s);
    if (matching == 0)
        return;
    const uint32_t room = (uint32_t)((peers->capacity - peers->len) / len);
    uint32_t distance = matching - start % matching; /* from the first one to give, in a circle */
    for (uint32_t at = first; at != NONE; at = store->peers[at].next) {
        if (!is_for(store, &store->peers[at], requester, now_s))
            continue;
        if (distance++ % matching >= room)
            continue;
        const struct endpoint peer = unpack_endpoint(&store->peers[at]);
        writer_put(peers, peer.wire, len);
    }
}

void peer_store_expire(struct peer_store *store, uint32_t now_s) {
    const uint32_t chains = store->chain_mask + 1;
    for (uint32_t left = chains / SWEEP_S + 1; left > 0; left--) {
        remove_expired(store, &store->chains[store->swept], now_s);
        store->swept = (store->swept + 1) & store->chain_mask;
    }
}

static uint32_t count_peers(const struct peer_store *store, const struct torrent_entry *torrent,
                            uint32_t now_s) {
    uint32_t count = 0;
    for (uint32_t at = torrent->peers; at != NONE; at = store->peers[at].next)
        count += !is_expired(store, &store->peers[at], now_s);
    return count;
}

size_t peer_store_list_torrents(const struct peer_store *store, struct stored_torrent *torrents,
                                size_t max, uint32_t now_s) {
    size_t count = 0;
    for (uint32_t chain = 0; chain <= store->chain_mask; chain++) {
        for (uint32_t at = store->chains[chain]; at != NONE; at = store->torrents[at].next) {
            const struct torrent_entry *torrent = &store->torrents[at];
            const uint32_t peers = count_peers(store, torrent, now_s);
            if (peers == 0 || count == max)
                continue;
            torrents[count].peers = peers;
            memcpy(torrents[count++].info_hash, torrent->info_hash, NODE_ID_LEN);
        }
    }
    return count;
}

size_t peer_store_list_peers(const struct peer_store *store,
                             const uint8_t info_hash[static NODE_ID_LEN], struct stored_peer *peers,
                             size_t max, uint32_t now_s) {
    size_t count = 0;
    uint32_t at = first_of(find_torrent(store, info_hash));
    for (; at != NONE && count < max; at = store->peers[at].next) {
        const struct peer_entry *peer = &store->peers[at];
        if (!is_expired(store, peer, now_s))
            peers[count++] = (struct stored_peer){ unpack_endpoint(peer), age_s(peer, now_s) };
    }
    return count;
}

uint32_t peer_store_count(const struct peer_store *store) {
    return store->count;
}

uint32_t peer_store_torrent_count(const struct peer_store *store) {
    return store->torrent_count;
}

size_t peer_store_memory(const struct peer_store *store) {
    return sizeof *store + (store->chain_mask + 1) * sizeof *store->chains +
           store->limits.torrents * sizeof *store->torrents +
           store->limits.peers * sizeof *store->peers;
}
