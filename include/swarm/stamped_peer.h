/* A peer as the nodes of a cluster know it. Plain data. See swarm/stamp.h. */
#ifndef SKEP_SWARM_STAMPED_PEER_H
#define SKEP_SWARM_STAMPED_PEER_H

#include "swarm/announce.h"

/* Identifies a peer. Peers of a LAN are of the site in the header of their entry. */
struct peer_key {
    uint8_t info_hash[INFO_HASH_LEN];
    struct endpoint endpoint;
    bool on_lan;
};

/* State of a peer after an announce. */
struct peer_state {
    uint8_t peer_id[PEER_ID_LEN];
    uint32_t key;  /* 0: none */
    uint64_t left; /* bytes; LEFT_UNKNOWN possible */
    uint64_t uploaded_kib;
    uint64_t downloaded_kib;
    uint64_t passkey_tag; /* as registry_passkey_tag(); 0: none */
    uint64_t completed;   /* smallest known stamp of its completion; 0: unknown */
    uint16_t interval_s;  /* interval of its last response; 1 to INTERVAL_LIMIT_S */
    bool paused;          /* a partial seed */
    bool counted;         /* its completion is in the download count */
    bool own_address;     /* it announced from this very address */
    bool from_dht;
};

/* A peer that is held. `stamp` 0: restored from the store, any record replaces it. */
struct held_peer {
    uint64_t stamp;
    struct peer_state state;
};

#endif
