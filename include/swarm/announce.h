/* Requests and responses of the tracker core. Plain data, independent of the transport: HTTP and
 * UDP decode into these structs and encode from them. */
#ifndef SKEP_SWARM_ANNOUNCE_H
#define SKEP_SWARM_ANNOUNCE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/digest.h"
#include "base/endpoint.h"
#include "base/id_lengths.h"

enum {
    REFUSAL_DETAIL_LEN = 96,
    NUMWANT_LIMIT = 1000, /* upper bound of the setting numwant_max; bounds every reply buffer */
};

#define NUMWANT_DEFAULT (-1)
#define LEFT_UNKNOWN UINT64_MAX

/* EVENT_PAUSED is sent by a partial seed, which downloads nothing more but does not have all pieces
 * (BEP 21). */
enum announce_event {
    EVENT_NONE,
    EVENT_COMPLETED,
    EVENT_STARTED,
    EVENT_STOPPED,
    EVENT_PAUSED,
};

/* SHA-256 of the key in the announce URL. The passkey itself is not kept. */
struct passkey {
    bool given;
    uint8_t digest[SHA256_LEN];
};

/* A peer that the DHT found (swarm/tracker_dht.h) has no peer_id; this is in its place. It contains
 * the endpoint, so that no two such peers are one client. No client has one like it. */
static inline void dht_peer_id(uint8_t peer_id[static PEER_ID_LEN], const struct endpoint *peer) {
    memset(peer_id, 0, PEER_ID_LEN);
    peer_id[1] = 'D';
    memcpy(peer_id + 2, peer->wire, endpoint_len(peer->family));
}

static inline bool dht_peer_id_is(const uint8_t peer_id[static PEER_ID_LEN]) {
    return peer_id[0] == 0 && peer_id[1] == 'D';
}

struct announce_request {
    uint8_t info_hash[INFO_HASH_LEN];
    uint8_t peer_id[PEER_ID_LEN];
    struct endpoint peer;    /* address of the socket, port of the announce */
    struct endpoint reached; /* where the client reached the tracker; FAMILY_NONE: unknown */
    /* Addresses that the client gives for itself; FAMILY_NONE if absent. */
    struct endpoint claimed;    /* parameter ip (BEP 3) */
    struct endpoint claimed_v4; /* ipv4 and ipv6 (BEP 7) */
    struct endpoint claimed_v6;
    uint64_t uploaded;
    uint64_t downloaded;
    uint64_t left; /* bytes; LEFT_UNKNOWN counts as a leecher */
    uint32_t key;  /* 0: none */
    int32_t numwant;
    enum announce_event event;
    bool may_be_proxy; /* `peer` may be the address of a proxy that forwarded the announce */
    struct passkey passkey;
};

/* The caller provides `peers` and `peer_ids`; tracker_announce fills in the rest. */
struct announce_response {
    uint8_t *peers;    /* room for `peers_max` wire endpoints, of either family for HTTP */
    uint8_t *peer_ids; /* room for `peers_max` ids of 20 bytes; NULL if not wanted */
    uint32_t peers_max;

    uint8_t family; /* of the requesting client, and so of the peers */
    uint32_t peer_count;
    uint8_t other_family; /* FAMILY_NONE unless the client has both (BEP 7) */
    uint32_t other_count; /* peers of it, behind the others */
    uint32_t seeders;
    uint32_t leechers;
    uint32_t downloaded; /* completions of the torrent */
    uint32_t interval_s;
    uint32_t min_interval_s;
    struct endpoint client;          /* source address, or the claimed one if accepted */
    char detail[REFUSAL_DETAIL_LEN]; /* detail of a refusal; may be empty */
};

/* Result of an announce. The text of a refusal is in wire/refusal.h. */
enum announce_result {
    ANNOUNCE_OK,
    ANNOUNCE_TORRENTS_FULL,
    ANNOUNCE_SWARM_FULL,
    ANNOUNCE_PEERS_FULL,
    ANNOUNCE_MEMORY_FULL, /* limits.memory_max_mib */
    ANNOUNCE_NO_MEMORY,
    ANNOUNCE_BANNED, /* `detail` is the ban's reason */
    ANNOUNCE_ADDRESS_DENIED,
    ANNOUNCE_CLIENT_DENIED,
    ANNOUNCE_PASSKEY_MISSING,
    ANNOUNCE_PASSKEY_UNKNOWN,
    ANNOUNCE_TORRENT_NOT_LISTED,
    ANNOUNCE_TORRENT_BLOCKED, /* `detail` is the reason */
    ANNOUNCE_TOO_FAST,
    ANNOUNCE_ADDRESS_FULL,       /* limits.address_peers_max */
    ANNOUNCE_ADDRESS_SWARM_FULL, /* limits.address_torrent_peers_max */
    ANNOUNCE_NETWORK_FULL,       /* limits.network_peers_permille */
    ANNOUNCE_RESULTS,
};

/* Counts of one torrent (BEP 48; `downloaders` from BEP 21). Zeros for an unknown torrent. */
struct scrape_entry {
    uint32_t seeders;
    uint32_t downloaded;
    uint32_t leechers;
    uint32_t downloaders; /* leechers without partial seeds */
};

#endif
