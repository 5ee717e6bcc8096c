/* What each address has in the probe plan: how many peers, and how many checks it got lately. An
 * IPv6 peer counts for its address and for its /64, which holds HOMES_PER_NETWORK times as much,
 * since that may be one machine with many addresses or a whole LAN. Not locked. */
#ifndef SKEP_PROBE_PROBE_QUOTA_H
#define SKEP_PROBE_PROBE_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/keyed_hash.h"

enum { HOMES_PER_NETWORK = 64 };

struct probe_quota;

/* What one address may have. */
struct probe_quota_limits {
    uint32_t peers_max;
    uint32_t checks_max; /* within the interval */
    uint64_t interval_ms;
};

/* The accounts in which one peer counts: its address's, and its /64's where it has one. */
struct probe_share {
    uint32_t home;
    uint32_t network;
};

/* NULL without memory. */
struct probe_quota *probe_quota_create(const struct hash_key *key);
void probe_quota_delete(struct probe_quota *quota);

/* One peer more. False, and nothing counted, if its address has enough or memory is short. */
bool probe_quota_enter(struct probe_quota *accounts, const struct endpoint *peer,
                       const struct probe_quota_limits *limits, struct probe_share *share);

/* One peer less; `share` is not to be used any more. */
void probe_quota_leave(struct probe_quota *quota, const struct probe_share *share);

/* Counts a check. False, and nothing counted, if its address has had enough of them. */
bool probe_quota_spend(struct probe_quota *accounts, const struct probe_share *share,
                       const struct probe_quota_limits *limits, uint64_t now_ms);

/* Forgets the addresses that have no peers and whose checks are an interval ago. */
void probe_quota_expire(struct probe_quota *accounts, const struct probe_quota_limits *limits,
                        uint64_t now_ms);

/* How many there are. */
uint32_t probe_quota_count(const struct probe_quota *quota);

#endif
