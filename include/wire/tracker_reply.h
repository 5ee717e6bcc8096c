/* Responses of any tracker, read as a client reads them: HTTP bodies and UDP packets become the
 * same structs. The tracker may be hostile. Everything borrows the response's bytes. BEP 3, 7, 15,
 * 23, 24, 31, 48. Pure; no allocation. */
#ifndef SKEP_WIRE_TRACKER_REPLY_H
#define SKEP_WIRE_TRACKER_REPLY_H

#include "base/bytes.h"
#include "swarm/announce.h"

#define REPLY_UNKNOWN (-1) /* the tracker did not send this number */

struct announce_reply {
    struct bytes failure; /* refused, with the reason; other fields may still be set */
    struct bytes warning; /* empty: none */
    struct bytes tracker_id;
    struct bytes external_ip; /* 4 or 16 bytes; empty: absent */
    struct bytes retry_in;    /* as encoded: minutes, or "never" */
    struct bytes compact_v4;  /* the peers, in one or more of three forms */
    struct bytes compact_v6;
    struct bytes listed; /* contents of a list of dictionaries */
    int64_t interval_s;  /* this and the next: REPLY_UNKNOWN if absent */
    int64_t min_interval_s;
    int64_t seeders;
    int64_t leechers;
    int64_t downloaded;
    bool refused;
};

struct reply_peer {
    struct endpoint endpoint; /* FAMILY_NONE if `host` is not an IP address */
    struct bytes host;        /* as sent by the tracker; empty in compact forms */
    struct bytes peer_id;     /* 20 bytes; empty: absent */
    uint16_t port;
};

/* Parses the body of an HTTP announce. Returns NULL and fills `*reply`, or returns the reason why
 * it is invalid. */
const char *reply_parse_http_announce(struct bytes body, struct announce_reply *reply);

/* Takes the next peer from the reply; false at the end. Invalid entries are skipped. */
bool reply_next_peer(struct announce_reply *reply, struct reply_peer *peer);

struct scrape_reply {
    struct bytes failure;
    struct bytes files; /* contents of a dictionary by info_hash */
    bool refused;
};

struct scrape_counts {
    uint8_t info_hash[INFO_HASH_LEN];
    int64_t seeders; /* REPLY_UNKNOWN if absent */
    int64_t leechers;
    int64_t downloaded;
};

/* The same for the body of an HTTP scrape. */
const char *reply_parse_http_scrape(struct bytes body, struct scrape_reply *reply);
bool reply_next_counts(struct scrape_reply *reply, struct scrape_counts *counts);

#endif
