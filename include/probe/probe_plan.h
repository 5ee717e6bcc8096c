/* Which peers to check next: whether they can be reached, when each was checked last, and how much
 * may be asked of whom. Knows no socket and no clock; its caller does the checks and tells the
 * time, in milliseconds of any clock that never steps.
 *
 * A peer is an endpoint here; that it has several torrents makes one check. Newcomers are first, in
 * the order in which they came; then those whose last check is `interval_s` ago, the longest ago
 * first. Both wait for tokens, of which there are `per_s` a second, so that after a restart, too,
 * checks are spread evenly. One address has at most `address_peers_max` peers here and gets at most
 * so many checks in `interval_s`: whoever announces a thousand ports has neither a thousand ports
 * knocked at nor keeps others waiting. For IPv6 that holds for each address, and 64 times as much
 * for each /64, since that may be one machine or a whole LAN. Ports below 1024 are never knocked
 * at: no client listens there, but much else does.
 *
 * Every call takes constant time or, where many wait, a bounded one. Not locked. */
#ifndef SKEP_PROBE_PROBE_PLAN_H
#define SKEP_PROBE_PROBE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/keyed_hash.h"
#include "swarm/announce.h"

/* What became of the last check. */
enum reach {
    REACH_UNKNOWN, /* none yet, or it failed on our side */
    REACH_OPEN,    /* accepted */
    REACH_REFUSED, /* turned away at once: nobody listens there, or a firewall says so */
    REACH_SILENT,  /* nothing came back in time */
};

enum { REACHES = REACH_SILENT + 1 };

struct reach_state {
    enum reach reach;
    uint64_t checked_ms; /* when the last check ended; 0: never */
    bool pending;        /* it is being checked, or its turn comes as soon as those before it */
};

struct probe_limits {
    struct networks networks; /* in which peers are checked */
    uint32_t per_s;
    uint32_t interval_s;
    uint32_t peers_max;
    uint32_t address_peers_max;
};

struct probe_counts {
    uint32_t peers[REACHES]; /* that are known here, by what became of their last check */
    uint32_t waiting;        /* of them, those whose check is under way or comes next */
};

struct probe_plan;

/* NULL without memory. */
struct probe_plan *probe_plan_create(const struct probe_limits *limits, const struct hash_key *key);
void probe_plan_delete(struct probe_plan *plan);

/* Takes new limits over. Peers outside of the new networks are forgotten; other bounds that became
 * narrower hold for those who come from then on. */
void probe_plan_apply(struct probe_plan *plan, const struct probe_limits *limits);

/* A peer is in this torrent, which may be known already; or no longer, and with its last torrent it
 * is forgotten. One for whom there is no room goes unchecked. */
void probe_plan_join(struct probe_plan *plan, const struct endpoint *peer,
                     const uint8_t info_hash[static INFO_HASH_LEN], uint64_t now_ms);
void probe_plan_leave(struct probe_plan *plan, const struct endpoint *peer,
                      const uint8_t info_hash[static INFO_HASH_LEN]);

/* Someone looks at this peer: it is checked if it never was. One of whom no torrent is known is
 * kept for as long as someone looks at it once in `interval_s`. */
void probe_plan_want(struct probe_plan *plan, const struct endpoint *peer, uint64_t now_ms);

/* Joins or leaves were missed: no peer is kept for the sake of those that were heard of before, but
 * only for those to come, and while someone looks at it. */
void probe_plan_doubt(struct probe_plan *plan, uint64_t now_ms);

/* The peer to check now, for whom a token is taken. False where there is none, or no token. */
bool probe_plan_next(struct probe_plan *plan, uint64_t now_ms, struct endpoint *peer);

/* When to ask for the next one; UINT64_MAX: not before something happens. */
uint64_t probe_plan_next_ms(const struct probe_plan *plan, uint64_t now_ms);

/* What became of a check that probe_plan_next asked for. */
void probe_plan_done(struct probe_plan *plan, const struct endpoint *peer, enum reach reach,
                     uint64_t now_ms);

/* The check that probe_plan_next asked for did not take place. It is the peer's turn again, and
 * what was known of it stands. */
void probe_plan_put_back(struct probe_plan *plan, const struct endpoint *peer, uint64_t now_ms);

struct reach_state probe_plan_state(const struct probe_plan *plan, const struct endpoint *peer);
struct probe_counts probe_plan_counts(const struct probe_plan *plan);

#endif
