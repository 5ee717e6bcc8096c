/* The tracker as a node of a cluster (tracker_options.cluster).
 *
 * Each peer has the stamp of its last change. An announce that changes a peer, or comes when the
 * others would soon expire it (swarm/peer_sending.h), draws a stamp, moves the deadline and puts a
 * change with ORIGIN_SENT into the feed; any other announce changes nothing. Changes of other nodes
 * are merged by key: they have ORIGIN_MERGED in the feed. Any thread, unless noted otherwise.
 * `now_ms` is clock_now_ms(). */
#ifndef SKEP_SWARM_TRACKER_CLUSTER_H
#define SKEP_SWARM_TRACKER_CLUSTER_H

#include "swarm/stamp.h"
#include "swarm/stamped_peer.h"
#include "swarm/tracker.h"

/* What the tracker has to know of its cluster. */
struct tracker_cluster {
    uint64_t node;            /* its low bits are in the stamps */
    uint64_t clock_offset_ms; /* the cluster's clock - clock_now_ms(), modulo 2^64 */
    /* Changes of other nodes are merged up to this time: peers with a later deadline stay. */
    uint64_t merged_ms;
    /* Later, changes of other nodes may be missing, so each announce is sent. */
    uint64_t current_until_ms;
    uint32_t budget_per_s; /* announces of all nodes, instead of the option; not 0 */
};

/* To be called before the first announce, and then whenever any of it has changed. Before the first
 * call no peer expires. One thread at a time. */
void tracker_set_cluster(struct tracker *tracker, const struct tracker_cluster *cluster);

/* Download count of a torrent, as the nodes know it. */
struct merged_count {
    uint32_t downloaded;
    bool only_raises; /* a greater one here stays */
};

/* What becomes of the peer at a key. */
enum merge_effect { MERGE_NOTHING, MERGE_PUT, MERGE_REMOVE };

/* Decides it. `held`: the peer at the key, NULL: there is none; its `completed` is 0, since the
 * tracker does not keep it. Called with the lock of the key's torrent: it must not call the
 * tracker. */
typedef enum merge_effect merge_rule(void *context, const struct held_peer *held);

/* Puts a peer that another node knows, or removes the one at its key (of `peer`, only the stamp
 * counts then), as the rule decides. Returns ANNOUNCE_OK, or why a put is refused: by the access
 * rules or, if the peer is new, by the limits, except those per address. A put that is not refused
 * sets the download count, too, unless `count` is NULL. */
enum announce_result tracker_merge_peer(struct tracker *tracker, const struct peer_key *key,
                                        const struct held_peer *peer, merge_rule *rule,
                                        void *context, const struct merged_count *count,
                                        uint64_t now_ms);

/* Removes the peer at a key, unless it has a later stamp. */
void tracker_merge_removal(struct tracker *tracker, const struct peer_key *key, uint64_t stamp,
                           uint64_t now_ms);

/* Sets the download count of a torrent, which is created if it is unknown and the count is not 0;
 * `idle_s`: for how long it has had no peers. Returns whether the torrent is known. */
bool tracker_merge_downloaded(struct tracker *tracker,
                              const uint8_t info_hash[static INFO_HASH_LEN],
                              const struct merged_count *count, uint32_t idle_s, uint64_t now_ms);

/* The join has ended. Until then, restored peers that no announce or merge has confirmed do not
 * expire; now they do so at once, or, if not `confirmed`, after the time that a peer has whose last
 * change was 1.5 intervals ago; then it is called again at the end of the first snapshot. One
 * thread at a time. */
void tracker_end_join(struct tracker *tracker, bool confirmed, uint64_t now_ms);

#endif
