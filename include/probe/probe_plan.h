/* Which peer to probe next: selects peers, keeps the result of the last probe of each, and limits
 * the rate. Does no I/O and reads no clock: the caller runs the probes and passes the time, in
 * milliseconds of any monotonic clock.
 *
 * A peer is an endpoint; one in several torrents is probed once. New peers come first, in order of
 * arrival; then peers whose last probe was `interval_s` ago, the oldest first. A token bucket of
 * `per_s` tokens a second limits both, also after a restart, when all peers are new. One
 * address may have `address_peers_max` peers here and gets as many probes in `interval_s`, so a
 * client that announces many ports can neither use skepd as a port scanner nor delay the probes of
 * others. For IPv6 this limit holds for each address, and 64 times as much for each /64. Ports
 * below 1024 are never probed: they belong to services of the machine, not to BitTorrent clients.
 *
 * Each call takes constant time, or bounded time if many peers wait. Not locked. */
#ifndef SKEP_PROBE_PROBE_PLAN_H
#define SKEP_PROBE_PROBE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/keyed_hash.h"
#include "swarm/announce.h"

/* Result of the last probe. */
enum reach {
    REACH_UNKNOWN, /* not probed yet, or the probe failed on this machine */
    REACH_OPEN,    /* connection accepted */
    REACH_REFUSED, /* rejected: port closed, or a firewall that answers */
    REACH_SILENT,  /* no answer before the timeout */
};

enum { REACHES = REACH_SILENT + 1 };

struct reach_state {
    enum reach reach;
    uint64_t probed_ms; /* end of the last probe; 0: never */
    bool pending;       /* a probe is running, or queued among the new peers */
};

struct probe_limits {
    struct networks networks; /* only peers in these are probed */
    uint32_t per_s;
    uint32_t interval_s;
    uint32_t peers_max;
    uint32_t address_peers_max;
};

struct probe_counts {
    uint32_t peers[REACHES]; /* known peers, by result of the last probe */
    uint32_t waiting;        /* of these, peers whose probe is running or queued as new */
};

enum { PROBE_PLAN_BATCH_MAX = 32 };

struct probe_plan;

/* NULL if out of memory. */
struct probe_plan *probe_plan_create(const struct probe_limits *limits, const struct hash_key *key);
void probe_plan_delete(struct probe_plan *plan); /* NULL is ignored */

/* Replaces the limits. Peers outside the new networks are removed; lower maximums apply only to
 * peers that join later. */
void probe_plan_apply(struct probe_plan *plan, const struct probe_limits *limits);

/* Requests what joins and leaves of these peers read for the cache; at most PROBE_PLAN_BATCH_MAX.
 */
void probe_plan_prefetch(const struct probe_plan *plan, const struct endpoint *const *peers,
                         size_t count);

/* Adds the peer to this torrent; no effect if it is in it already. Ignored if the plan is full, the
 * peer is not eligible, or if out of memory. */
void probe_plan_join(struct probe_plan *plan, const struct endpoint *peer,
                     const uint8_t info_hash[static INFO_HASH_LEN], uint64_t now_ms);

/* Removes the peer from this torrent; without a torrent it is no longer probed. */
void probe_plan_leave(struct probe_plan *plan, const struct endpoint *peer,
                      const uint8_t info_hash[static INFO_HASH_LEN]);

/* The page or the API shows this peer: it is probed if it never was. A peer without a known torrent
 * is kept for `interval_s` after the last request. */
void probe_plan_request(struct probe_plan *plan, const struct endpoint *peer, uint64_t now_ms);

/* Joins or leaves were lost: clears the torrents of all peers. A peer is then removed after
 * `interval_s`, unless it joins again or is requested. */
void probe_plan_clear_torrents(struct probe_plan *plan, uint64_t now_ms);

/* The same for one torrent. */
void probe_plan_clear_torrent(struct probe_plan *plan,
                              const uint8_t info_hash[static INFO_HASH_LEN], uint64_t now_ms);

/* Takes a token and returns the peer to probe now. False if no peer is due, or no token is left. */
bool probe_plan_next(struct probe_plan *plan, uint64_t now_ms, struct endpoint *peer);

/* When to call probe_plan_next again; UINT64_MAX: not before another call changes the plan. */
uint64_t probe_plan_next_ms(const struct probe_plan *plan, uint64_t now_ms);

/* The result of a probe that probe_plan_next started. */
void probe_plan_finish(struct probe_plan *plan, const struct endpoint *peer, enum reach reach,
                       uint64_t now_ms);

/* A probe that probe_plan_next started did not take place: queues the peer again, and keeps its
 * last result. */
void probe_plan_retry(struct probe_plan *plan, const struct endpoint *peer, uint64_t now_ms);

/* REACH_UNKNOWN if the peer is not known. */
struct reach_state probe_plan_state(const struct probe_plan *plan, const struct endpoint *peer);
struct probe_counts probe_plan_counts(const struct probe_plan *plan);

#endif
