#include "cluster/stored_counts.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "cluster/node.h"
#include "store/store.h"
#include "swarm/tracker_cluster.h"

enum {
    REST_MAX = 1 << 24,
    STEP = 64,       /* torrents that are stored with one lock */
    STEPS_MAX = 100, /* of one call */
};

/* The rest is counted under this id. All nodes share it, since their stores have mostly the same;
 * the greatest count wins. */
#define REST_ID (UINT64_C(1) << STAMP_NODE_BITS)
/* In the table of the rest: the whole count of the store. */
#define TOTAL_ID (UINT64_C(2) << STAMP_NODE_BITS)

/* Hash of a torrent in the table of the rest, which outlives a change of the cluster's secret. */
static uint64_t hash_rest(const uint8_t info_hash[static INFO_HASH_LEN]) {
    static const struct hash_key key = { { 0, 0 } };
    return keyed_hash(&key, info_hash, INFO_HASH_LEN);
}

struct loading {
    struct stored_counts *counts;
    struct replica *replica;
    uint64_t now_ms;
    enum cluster_counts state;        /* of what the store has */
    bool any;                         /* counter was loaded */
    bool known;                       /* to the tracker: the torrent of the last one */
    uint8_t info_hash[INFO_HASH_LEN]; /* of that */
};

/* A count of 0 creates no torrent. */
static bool is_known(const struct loading *loading, const uint8_t *info_hash) {
    struct tracker *tracker = loading->counts->tracker;
    return tracker_scrape(tracker, info_hash).downloaded > 0 ||
           tracker_merge_downloaded(tracker, info_hash, &(struct merged_count){ 0 }, 0,
                                    loading->now_ms);
}

/* Rows of torrents that the tracker has forgotten would stay for ever. */
static void load_counter(void *context, const struct counter_row *row) {
    struct loading *loading = context;
    if (!loading->any || memcmp(loading->info_hash, row->info_hash, INFO_HASH_LEN) != 0) {
        loading->any = true;
        memcpy(loading->info_hash, row->info_hash, INFO_HASH_LEN);
        loading->known = is_known(loading, row->info_hash);
        if (!loading->known)
            cluster_rows_forget_torrent(loading->counts->rows, row->info_hash);
    }
    if (loading->known)
        replica_restore_pair(loading->replica, row->info_hash, row->node,
                             (struct counter_pair){ row->counted, row->taken_back });
}

static void load_completion(void *context, const struct completion_row *row) {
    const struct loading *loading = context;
    replica_restore_completion(loading->replica, &(struct stamped_hash){
                                                     .hash = row->identity,
                                                     .stamp = row->stamp,
                                                     .info_hash = row->info_hash,
                                                 });
}

static void show_sum(struct tracker *tracker, const struct change *change, uint32_t sum,
                     uint64_t now_ms) {
    const struct merged_count count = { .downloaded = sum };
    if (sum != change->downloaded)
        (void)tracker_merge_downloaded(tracker, change->info_hash, &count, change->age_s, now_ms);
}

/* What no node has counted. In a complete store it is zero, although a download count may have been
 * stored before that of its node. In an outdated one it was counted without a cluster, so it is
 * known at once. */
static void note_rest(struct loading *loading, const struct change *change) {
    struct stored_counts *counts = loading->counts;
    const struct counter_table *counters = &loading->replica->counters;
    const uint64_t torrent = replica_hash_torrent(loading->replica, change->info_hash);
    const uint64_t hash = hash_rest(change->info_hash);
    const uint32_t sum = counter_table_sum(counters, torrent);
    struct counter_pair rest = counter_table_find(counters, torrent, REST_ID);
    if (loading->state == COUNTS_COMPLETE || sum >= change->downloaded) {
        show_sum(counts->tracker, change, sum, loading->now_ms);
        return;
    }
    rest.counted += change->downloaded - sum;
    if (loading->state == COUNTS_OUTDATED) {
        (void)replica_merge_pair(loading->replica, change->info_hash, REST_ID, rest);
        return;
    }
    (void)counter_table_merge(&counts->rest, hash, REST_ID, rest);
    (void)counter_table_merge(&counts->rest, hash, TOTAL_ID,
                              (struct counter_pair){ .counted = change->downloaded });
}

static void note_torrents(void *context, const struct change *changes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (changes[i].peer.family == FAMILY_NONE)
            note_rest(context, &changes[i]);
    }
}

static void set_adopted(struct stored_counts *counts) {
    atomic_store(&counts->adopted, true);
    counter_table_free(&counts->rest);
    if (counts->rows != NULL)
        cluster_rows_set_complete(counts->rows);
}

bool stored_counts_load(struct stored_counts *counts, struct store *store, struct replica *replica,
                        uint64_t now_ms) {
    struct loading loading = { .counts = counts, .replica = replica, .now_ms = now_ms };
    const struct cluster_rows_reader reader = {
        .context = &loading,
        .counter = load_counter,
        .completion = load_completion,
    };
    const bool good = store == NULL || store_read_cluster(store, &reader, &loading.state);
    loading.state = good ? loading.state : COUNTS_PARTIAL;
    counts->rest = counter_table_create(REST_MAX);
    if (tracker_dump(counts->tracker, 0, TRACKER_SHARDS, now_ms, note_torrents, &loading) &&
        counts->rest.count == 0)
        set_adopted(counts);
    return good;
}

struct move {
    const struct replica *past;
    struct replica *replica;
};

static void move_torrent(const struct move *move, const uint8_t *info_hash) {
    const uint64_t torrent = replica_hash_torrent(move->past, info_hash);
    uint32_t cursor = 0;
    const struct counter_slot *slot;
    while ((slot = counter_table_next(&move->past->counters, torrent, &cursor)) != NULL)
        replica_restore_pair(move->replica, info_hash, slot->node, slot->pair);
}

static void move_torrents(void *context, const struct change *changes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (changes[i].peer.family == FAMILY_NONE)
            move_torrent(context, changes[i].info_hash);
    }
}

void stored_counts_move(const struct stored_counts *counts, struct replica *past,
                        struct replica *replica, uint64_t now_ms) {
    struct move move = { .past = past, .replica = replica };
    const struct stamp_set completions = replica->completions;
    (void)tracker_dump(counts->tracker, 0, TRACKER_SHARDS, now_ms, move_torrents, &move);
    replica->completions = past->completions;
    past->completions = completions;
}

struct adoption {
    struct stored_counts *counts;
    struct replica *replica;
    uint64_t now_ms;
    bool confirmed;
    bool any;
};

/* By a snapshot, a node knows what the others had counted before its start, which may be a part of
 * the count in its store, so that only what is greater is added. Without one, what the others tell
 * may all have been counted since, so the rest is what it was at the start. */
static uint32_t count_rest(const struct adoption *adoption, const uint8_t *info_hash,
                           uint64_t torrent, uint32_t present) {
    const struct counter_table *rest = &adoption->counts->rest;
    const struct counter_table *counters = &adoption->replica->counters;
    const uint64_t hash = hash_rest(info_hash);
    if (!adoption->confirmed)
        return counter_table_find(rest, hash, REST_ID).counted;
    const struct counter_pair own =
        counter_table_find(counters, torrent, adoption->counts->counting);
    const int64_t known =
        (int64_t)counter_table_sum(counters, torrent) - own.counted + own.taken_back;
    const int64_t total = counter_table_find(rest, hash, TOTAL_ID).counted;
    return total > known ? present + (uint32_t)(total - known) : present;
}

static void adopt_count(struct adoption *adoption, const struct change *change) {
    struct replica *replica = adoption->replica;
    const uint64_t torrent = replica_hash_torrent(replica, change->info_hash);
    struct counter_pair pair = counter_table_find(&replica->counters, torrent, REST_ID);
    const uint32_t counted = count_rest(adoption, change->info_hash, torrent, pair.counted);
    if (counted > pair.counted) {
        pair.counted = counted;
        if (replica_merge_pair(replica, change->info_hash, REST_ID, pair))
            adoption->any = true;
    }
    show_sum(adoption->counts->tracker, change, counter_table_sum(&replica->counters, torrent),
             adoption->now_ms);
}

static void adopt_torrents(void *context, const struct change *changes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (changes[i].peer.family == FAMILY_NONE)
            adopt_count(context, &changes[i]);
    }
}

bool stored_counts_adopt(struct stored_counts *counts, struct replica *replica, bool confirmed,
                         uint64_t now_ms) {
    struct adoption adoption = {
        .counts = counts,
        .replica = replica,
        .now_ms = now_ms,
        .confirmed = confirmed,
    };
    if (atomic_load(&counts->adopted))
        return false;
    atomic_store(&counts->adopted, true);
    (void)tracker_dump(counts->tracker, 0, TRACKER_SHARDS, now_ms, adopt_torrents, &adoption);
    set_adopted(counts);
    return adoption.any;
}

/* After a loss. */

static void note_hashes(void *context, const struct change *changes, size_t count) {
    struct stored_counts *counts = context;
    for (size_t i = 0; i < count; i++) {
        if (changes[i].peer.family != FAMILY_NONE)
            continue;
        uint8_t(*hashes)[INFO_HASH_LEN] = array_grow(counts->hashes, &counts->hash_capacity,
                                                     counts->hash_count + 1, sizeof *hashes);
        if (hashes == NULL) {
            cluster_rows_lose(counts->rows);
            return;
        }
        counts->hashes = hashes;
        memcpy(hashes[counts->hash_count++], changes[i].info_hash, INFO_HASH_LEN);
    }
}

static void store_torrent(struct replica *replica, const uint8_t *info_hash) {
    const uint64_t torrent = replica_hash_torrent(replica, info_hash);
    uint32_t cursor = 0;
    const struct counter_slot *slot;
    while ((slot = counter_table_next(&replica->counters, torrent, &cursor)) != NULL)
        (void)replica_merge_pair(replica, info_hash, slot->node, slot->pair);
}

static void store_torrents(void *context, struct replica *replica) {
    struct stored_counts *counts = context;
    for (int i = 0; i < STEP && counts->next_hash < counts->hash_count; i++)
        store_torrent(replica, counts->hashes[counts->next_hash++]);
}

static void store_completions(void *context, struct replica *replica) {
    struct stored_counts *counts = context;
    struct stamped_hash found;
    for (int i = 0; i < STEP && counts->storing; i++) {
        counts->storing = stamp_set_next(&replica->completions, &counts->next_completion, &found);
        struct completion_row row = { .identity = found.hash, .stamp = found.stamp };
        if (!counts->storing)
            break;
        memcpy(row.info_hash, found.info_hash, INFO_HASH_LEN);
        cluster_rows_put_completion(counts->rows, &row);
    }
    if (!counts->storing && atomic_load(&counts->adopted))
        cluster_rows_set_complete(counts->rows);
}

static void load_shard(struct stored_counts *counts, uint64_t now_ms) {
    counts->next_hash = counts->hash_count = 0;
    if (!tracker_dump(counts->tracker, counts->next_shard++, 1, now_ms, note_hashes, counts))
        cluster_rows_lose(counts->rows);
}

static void store_more(struct stored_counts *counts, struct node *node, uint64_t now_ms) {
    if (counts->next_hash < counts->hash_count)
        node_visit_replica(node, store_torrents, counts);
    else if (counts->next_shard < TRACKER_SHARDS)
        load_shard(counts, now_ms);
    else
        node_visit_replica(node, store_completions, counts);
}

void stored_counts_step(struct stored_counts *counts, struct node *node, uint64_t now_ms) {
    if (counts->rows == NULL)
        return;
    if (cluster_rows_take_loss(counts->rows)) {
        counts->storing = true;
        counts->hash_count = counts->next_hash = 0;
        counts->next_shard = 0;
        counts->next_completion = (struct stamp_cursor){ 0 };
    }
    for (int i = 0; i < STEPS_MAX && counts->storing && cluster_rows_has_room(counts->rows); i++)
        store_more(counts, node, now_ms);
}

void stored_counts_free(struct stored_counts *counts) {
    counter_table_free(&counts->rest);
    free(counts->hashes);
}
