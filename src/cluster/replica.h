/* What a node of a cluster keeps beside its peers, and how it merges the records of other nodes.
 * Not locked: one thread at a time. Merging allocates only when a set or the counters grow, within
 * their limits. */
#ifndef SKEP_CLUSTER_REPLICA_H
#define SKEP_CLUSTER_REPLICA_H

#include "base/keyed_hash.h"
#include "cluster/counter_table.h"
#include "cluster/peer_rules.h"
#include "cluster/stamp_set.h"
#include "store/cluster_rows.h"

enum { RECORD_BATCH_MAX = 16 };

/* The peers of a node, by key. */
struct peer_table {
    void *context;
    /* Puts a peer at its key, or removes the one there, as `rule` decides. With a put, it also sets
     * the download count of the torrent (NULL: it stays). False if there is no room for the peer,
     * or the node's registry rejects it; then both stay. */
    bool (*merge)(void *context, const struct peer_key *key, const struct held_peer *peer,
                  merge_rule *rule, void *decision, const uint32_t *downloaded);
    /* Removes the peer at a key, unless it has changed after `stamp`. */
    void (*remove)(void *context, const struct peer_key *key, uint64_t stamp);
    /* Up to RECORD_BATCH_MAX records will be merged next: only to save time. May be NULL. */
    void (*prefetch)(void *context, const struct record *records, size_t count);
    /* The download count of a torrent has changed; `stamp`: of its last change. May be NULL. */
    void (*count)(void *context, const uint8_t info_hash[static INFO_HASH_LEN], uint32_t downloaded,
                  uint64_t stamp);
};

struct replica_options {
    uint64_t node;
    uint64_t counting;        /* a new id with the low bits of `node`: see replica_join */
    uint64_t site;            /* hash of its name */
    struct hash_key secret;   /* of the cluster */
    uint32_t tombstones_max;  /* per generation */
    uint32_t completions_max; /* the same */
    uint32_t counters_max;
    struct cluster_rows *rows; /* keep counters and completions over a restart; NULL: none do */
};

struct replica {
    struct replica_options options;
    struct stamp_set tombstones;
    struct stamp_set completions; /* the smallest stamp of each */
    struct counter_table counters;
};

struct replica replica_create(const struct replica_options *options, uint64_t now_ms);
void replica_free(struct replica *replica);

/* Forgets what is older than the lifetime of a tombstone; `interval_max_s` is the longest in the
 * cluster. */
void replica_age(struct replica *replica, uint32_t interval_max_s, uint64_t now_ms);

/* Hash of a peer's key, in the set of tombstones. */
uint64_t replica_hash_peer(const struct replica *replica, const struct peer_key *key);

/* Hash of the client of a torrent, in the set of completions: by peer_id and key, or, without a
 * key, by peer_id and address (IPv6: its /64). */
uint64_t replica_hash_client(const struct replica *replica, const struct peer_key *key,
                             const struct peer_state *state);

/* Hash of a torrent, in the counters. */
uint64_t replica_hash_torrent(const struct replica *replica,
                              const uint8_t info_hash[static INFO_HASH_LEN]);

/* Hashes of what a record is about; 0: it needs none. */
struct record_hashes {
    uint64_t peer;
    uint64_t client;
    uint64_t torrent;
};

struct record_hashes replica_hash_record(const struct replica *replica,
                                         const struct record *record);

/* Records to send in answer to one: about its completion, and about its count. */
struct replica_answers {
    struct record list[2];
    size_t count;
};

enum replica_effect {
    REPLICA_NOTHING,
    REPLICA_CHANGED,
    REPLICA_REJECTED, /* by the table */
};

/* Loads what up to RECORD_BATCH_MAX records will read into the processor's cache. Their hashes are
 * written to `hashes`. */
void replica_prefetch(const struct replica *replica, const struct peer_table *table,
                      const struct record *records, size_t count, struct record_hashes *hashes);

/* Merges a put, remove, completion, counter or tombstone, which has these hashes; other kinds do
 * nothing. `site`: of the node that has sent it. Past answers are dropped. */
enum replica_effect replica_merge(struct replica *replica, const struct peer_table *table,
                                  uint64_t site, const struct record *record,
                                  const struct record_hashes *hashes, uint64_t now_ms,
                                  struct replica_answers *answers);

/* Stamp of the peer's last removal that is known; 0: none is. A tombstone in a snapshot does not
 * remove the peer, since it is a hash only: at the end of a snapshot, look for peers with one. */
uint64_t replica_removal(const struct replica *replica, const struct peer_key *key);

/* Notes that the node itself has removed a peer because it stopped or moved. */
void replica_note_removal(struct replica *replica, const struct peer_key *key, uint64_t stamp);

/* Smallest known stamp of a completion; 0: unknown. `client`: see replica_hash_client. */
uint64_t replica_completion(const struct replica *replica, uint64_t client);

/* The record of a completion that is in the set. */
void replica_write_completion(struct record *record, const struct stamped_hash *completion);

/* Passes the download count of a torrent to the table. */
void replica_show_count(const struct replica *replica, const struct peer_table *table,
                        const uint8_t info_hash[static INFO_HASH_LEN], uint64_t stamp);

/* Counts a completion that a client reports to this node. Returns what the node has counted of the
 * torrent then, under the id that it counts with; its node is 0 if the completion is known already.
 */
struct node_count replica_count_completion(struct replica *replica,
                                           const uint8_t info_hash[static INFO_HASH_LEN],
                                           uint64_t client, uint64_t stamp);

/* Raises the numbers of a node's pair. False if there is no room. */
bool replica_merge_pair(struct replica *replica, const uint8_t info_hash[static INFO_HASH_LEN],
                        uint64_t node, struct counter_pair pair);

/* Forgets the counters of a torrent. */
void replica_forget_torrent(struct replica *replica, const uint8_t info_hash[static INFO_HASH_LEN]);

/* Restores a pair from the store. */
void replica_restore_pair(struct replica *replica, const uint8_t info_hash[static INFO_HASH_LEN],
                          uint64_t node, struct counter_pair pair);

/* Restores a completion from the store, unless a smaller stamp of it is known. It is not marked as
 * counted here, as it may have been taken back since it was written. */
void replica_restore_completion(struct replica *replica, const struct stamped_hash *completion);

/* A snapshot of a whole node has ended: the node knows its counters, and counts under its own id.
 * Until then what it has counted before its start may be lost, and it counts under the id
 * `counting`; unless the torrent has many pairs, of earlier starts, since they are never forgotten.
 */
void replica_join(struct replica *replica);

#endif
