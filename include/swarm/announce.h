/* The messages of the tracker's core: what an announce or a scrape asks and what is answered. Plain
 * data that knows no wire; HTTP and UDP decode into these and encode from them. */
#ifndef SKEP_SWARM_ANNOUNCE_H
#define SKEP_SWARM_ANNOUNCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/endpoint.h"
#include "base/id_lengths.h"

enum {
    REFUSAL_DETAIL_LEN = 96,
    NUMWANT_LIMIT = 1000, /* what `numwant_max` may be set to: bounds every reply buffer */
};

#define NUMWANT_DEFAULT (-1)
#define LEFT_UNKNOWN UINT64_MAX

/* EVENT_PAUSED is a partial seed: it needs nothing more, but has not everything (BEP 21). */
enum announce_event {
    EVENT_NONE,
    EVENT_COMPLETED,
    EVENT_STARTED,
    EVENT_STOPPED,
    EVENT_PAUSED,
};

/* What stood before "announce" in the path, as a digest: the key itself is kept nowhere. */
struct passkey {
    bool given;
    uint8_t digest[SHA256_LEN];
};

struct announce_request {
    uint8_t info_hash[INFO_HASH_LEN];
    uint8_t peer_id[PEER_ID_LEN];
    struct endpoint peer; /* the socket's address with the port that the client announced */
    struct endpoint
        claimed; /* addresses that the client claims, FAMILY_NONE where not: ip (BEP 3) */
    struct endpoint claimed_v4; /* and ipv4, ipv6 (BEP 7) */
    struct endpoint claimed_v6;
    uint64_t uploaded;
    uint64_t downloaded;
    uint64_t left; /* bytes; LEFT_UNKNOWN is a leecher's */
    uint32_t key;  /* 0: none */
    int32_t numwant;
    enum announce_event event;
    bool borrowed; /* `peer` may be the address of a proxy that passed the announce on */
    struct passkey passkey;
};

/* `peers` and `peer_ids` are the caller's; all else is filled in. */
struct announce_response {
    uint8_t *peers;    /* room for `peers_max` wire endpoints of `family` */
    uint8_t *peer_ids; /* room for `peers_max` ids of 20 bytes; NULL where they are not wanted */
    uint32_t peers_max;

    uint8_t family; /* of the asker, and so of the peers */
    uint32_t peer_count;
    uint32_t seeders;
    uint32_t leechers;
    uint32_t downloaded; /* how often the torrent was completed */
    uint32_t interval_s;
    uint32_t min_interval_s;
    struct endpoint asker;           /* the address that the tracker took the asker to have */
    char detail[REFUSAL_DETAIL_LEN]; /* of a refusal; empty where there is none */
};

/* Why an announce is refused; how that is worded is up to the wire. */
enum announce_result {
    ANNOUNCE_OK,
    ANNOUNCE_TORRENTS_FULL,
    ANNOUNCE_SWARM_FULL,
    ANNOUNCE_PEERS_FULL,
    ANNOUNCE_MEMORY_FULL, /* the ceiling that the configuration sets */
    ANNOUNCE_NO_MEMORY,
    ANNOUNCE_BANNED, /* with the ban's reason, if it has one, as `detail` */
    ANNOUNCE_ADDRESS_DENIED,
    ANNOUNCE_CLIENT_DENIED,
    ANNOUNCE_PASSKEY_MISSING,
    ANNOUNCE_PASSKEY_UNKNOWN,
    ANNOUNCE_TORRENT_NOT_LISTED,
    ANNOUNCE_TOO_FAST,
    ANNOUNCE_ADDRESS_FULL,       /* as many peers as one address may have */
    ANNOUNCE_ADDRESS_SWARM_FULL, /* the same, in one torrent */
    ANNOUNCE_RESULTS,
};

/* The counts of one torrent (BEP 48, and `downloaders` of BEP 21); zeros for an unknown one. */
struct scrape_entry {
    uint32_t seeders;
    uint32_t downloaded;
    uint32_t leechers;
    uint32_t downloaders; /* leechers that are no partial seeds */
};

#endif
