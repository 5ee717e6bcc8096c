/* The rules of a cluster about one peer: which of two records of one key wins. Pure. Each node
 * decides alone, from what it holds; since the greater stamp wins, records may arrive late, twice,
 * or in any order. See swarm/peer_sending.h for when a node sends a peer, and when it expires. */
#ifndef SKEP_CLUSTER_PEER_RULES_H
#define SKEP_CLUSTER_PEER_RULES_H

#include "cluster/record.h"
#include "swarm/peer_sending.h"
#include "swarm/tracker_cluster.h"

enum { STAMP_AHEAD_MAX_MS = 24 * 3600 * 1000 }; /* records from further in the future are invalid */

/* What a put or a remove does to its key. `held`: the peer at the key, or NULL; `tombstone`: stamp
 * of its last removal, or 0. A put with a guessed stamp only adds a peer that is unknown. After
 * MERGE_REMOVE the key has a tombstone with the record's stamp. */
enum merge_effect peer_merge(const struct record *record, const struct held_peer *held,
                             uint64_t tombstone, uint64_t now_ms);

/* Whether record `a` of a registry entry beats record `b` of the same key. A permit beats the
 * restrictions that its node knew; a restriction beats all other permits. */
bool registry_beats(const struct record *a, const struct record *b);

#endif
