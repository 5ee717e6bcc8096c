/* What a node of a cluster replicates: peers and the registry, as the node sees them. The tracker
 * implements it; tests have plain tables. All functions are called with the node's lock held, by
 * its thread, so they must not call the node. */
#ifndef SKEP_CLUSTER_NODE_TABLE_H
#define SKEP_CLUSTER_NODE_TABLE_H

#include "cluster/cluster_clock.h"
#include "cluster/replica.h"

enum { TABLE_STEP = 64 }; /* torrents, peers and registry entries of one step */

/* Of a walk; zero at its start, and the table's own afterwards. */
struct table_cursor {
    uint64_t at[4];
};

struct table_visitor {
    void *context;
    /* `stamp`: of the torrent's last change; not 0. */
    void (*torrent)(void *context, const uint8_t info_hash[static INFO_HASH_LEN], uint64_t stamp);
    /* The peers of a torrent follow it. Not those with stamp 0, unless `restored`: then they have
     * the stamp by which they expire. */
    void (*peer)(void *context, const struct peer_key *key, const struct held_peer *peer);
    void (*registry)(void *context, const struct record *record);
    /* Torrents or peers are left out, for lack of memory. */
    void (*missing)(void *context);
    bool restored;
};

/* What the table has to know of the cluster. */
struct node_facts {
    uint64_t node; /* id, whose low bits are in stamps */
    struct cluster_clock clock;
    uint64_t merged_ms; /* changes of the others are merged up to this time: no later deadline has
                           passed. Monotonic */
    uint64_t current_until_ms; /* later, changes of the others may be missing. Monotonic */
    uint64_t budget_per_s;     /* announces of all nodes */
    bool connected;            /* it has been, since the start */
    bool foreign; /* the cluster's secret is another one than this node had at its start */
    bool unsure;  /* it has just made the secret, and may still have to take that of the others */
    bool has_others;
    struct hash_key secret;
};

struct node_table {
    struct peer_table peers;
    void *context; /* of the functions below */
    /* Passes up to TABLE_STEP more torrents, peers or registry entries; false at the end. What
     * changes its place during the walk is passed again, if it could be missed. */
    bool (*walk)(void *context, struct table_cursor *cursor, const struct table_visitor *visitor);
    void (*merge_registry)(void *context, const struct record *record);
    /* Whether changes of the registry wait for the database, so that a snapshot has to wait, too.
     * Without the node's lock. May be NULL. */
    bool (*is_behind)(void *context);
    /* Announces since the start. Without the node's lock. May be NULL. */
    uint64_t (*count_announces)(void *context);
    /* Whether a peer more is allowed. */
    bool (*has_room)(void *context);
    /* At the start, once a second, and when the id or the clock changes. */
    void (*update)(void *context, const struct node_facts *facts);
    /* The node has joined. By a snapshot (`confirmed`): restored peers, which have stamp 0, are
     * removed. Without one, they expire like peers whose last change was 1.5 intervals ago, and it
     * is called again at the end of the first snapshot. */
    void (*end_join)(void *context, bool confirmed);
    /* The node is whole for the first time, so it has the counts of the others: by a snapshot
     * (`confirmed`), or because there is no whole node. Download counts of the store that the
     * replica does not have are added to it; returns whether there are any. */
    bool (*adopt_counts)(void *context, struct replica *replica, bool confirmed);
    /* The cluster has another secret than this node, so there is a new replica, which must get the
     * counters of the past one. */
    void (*move_counts)(void *context, struct replica *past, struct replica *replica);
};

#endif
