/* Limits of the probe plan for each address: how many peers it may have, and how many probes in an
 * interval. An IPv6 peer counts for its address and for its /64, which may have
 * PROBE_QUOTA_PER_NETWORK times as much, since a /64 may be one machine with many addresses or a
 * whole LAN. Not locked. */
#ifndef SKEP_PROBE_PROBE_QUOTA_H
#define SKEP_PROBE_PROBE_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/keyed_hash.h"
#include "probe/queue_table.h"

enum { PROBE_QUOTA_PER_NETWORK = 64 };

struct probe_quota {
    struct hash_key key;
    struct queue_table table; /* one entry for each address and /64, in the queues below */
};

/* Entries with and without peers; the latter are ordered by when they lost their last peer. */
enum { PROBE_QUOTA_USED, PROBE_QUOTA_UNUSED, PROBE_QUOTA_QUEUES };

/* The limits of one address. */
struct probe_quota_limits {
    uint32_t peers_max;
    uint32_t probes_max; /* in `interval_ms` */
    uint64_t interval_ms;
};

/* Where one peer is counted. */
struct probe_quota_share {
    uint32_t address;
    uint32_t network;
};

/* NULL if out of memory. */
struct probe_quota *probe_quota_create(const struct hash_key *key);
void probe_quota_delete(struct probe_quota *quota); /* NULL is ignored */

/* Counts one more peer and fills `*share`. False, without counting it, if its address or /64 is at
 * its limit, or if out of memory. */
bool probe_quota_enter(struct probe_quota *quota, const struct endpoint *peer,
                       const struct probe_quota_limits *limits, struct probe_quota_share *share);

/* Counts one peer less; `share` is invalid afterwards. */
void probe_quota_leave(struct probe_quota *quota, const struct probe_quota_share *share);

/* Counts a probe. False, without counting it, if its address or /64 is at its limit. */
bool probe_quota_spend(struct probe_quota *quota, const struct probe_quota_share *share,
                       const struct probe_quota_limits *limits, uint64_t now_ms);

/* Removes the addresses without peers whose last interval has ended. */
void probe_quota_expire(struct probe_quota *quota, const struct probe_quota_limits *limits,
                        uint64_t now_ms);

#endif
