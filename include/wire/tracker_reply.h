/* What a tracker answers, read as a client reads it: HTTP's bencoded bodies and UDP's packets come
 * to the same structs. The tracker may be any, and hostile. Everything borrows the answer's bytes.
 * BEP 3, 7, 15, 23, 24, 31, 48. Pure; allocates nothing. */
#ifndef SKEP_WIRE_TRACKER_REPLY_H
#define SKEP_WIRE_TRACKER_REPLY_H

#include "base/bytes.h"
#include "swarm/announce.h"

#define REPLY_UNKNOWN (-1) /* a figure that the tracker does not tell */

struct announce_reply {
    struct bytes failure; /* `refused` and why; all else may still be there */
    struct bytes warning; /* empty: none */
    struct bytes tracker_id;
    struct bytes external_ip; /* 4 or 16 bytes; empty: not told */
    struct bytes retry_in;    /* as it is encoded: minutes, or "never" */
    struct bytes compact_v4;  /* the peers, in one or more of three forms */
    struct bytes compact_v6;
    struct bytes listed; /* the inside of a list of dictionaries */
    int64_t interval_s;  /* this and the next: REPLY_UNKNOWN where not told */
    int64_t min_interval_s;
    int64_t seeders;
    int64_t leechers;
    int64_t downloaded;
    bool refused;
};

struct reply_peer {
    struct endpoint endpoint; /* FAMILY_NONE where `host` is no address */
    struct bytes host;        /* as the tracker wrote it; empty in compact forms */
    struct bytes peer_id;     /* 20 bytes; empty: not told */
    uint16_t port;
};

/* Reads the body of an HTTP announce. NULL and `*reply` filled, or in words why it is none. */
const char *reply_parse_http_announce(struct bytes body, struct announce_reply *reply);

/* Takes the next peer off the reply; false at the end. What is no peer is passed over. */
bool reply_next_peer(struct announce_reply *reply, struct reply_peer *peer);

struct scrape_reply {
    struct bytes failure;
    struct bytes files; /* the inside of a dictionary by info_hash */
    bool refused;
};

struct scrape_counts {
    uint8_t info_hash[INFO_HASH_LEN];
    int64_t seeders; /* REPLY_UNKNOWN where not told */
    int64_t leechers;
    int64_t downloaded;
};

/* The same for the body of an HTTP scrape. */
const char *reply_parse_http_scrape(struct bytes body, struct scrape_reply *reply);
bool reply_next_counts(struct scrape_reply *reply, struct scrape_counts *counts);

#endif
