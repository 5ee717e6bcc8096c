#include "cluster/replica.h"

/* Of a torrent; beyond, a node counts under its own id even before it has joined. */
enum { PAIRS_MAX = 32 };

struct replica replica_create(const struct replica_options *options, uint64_t now_ms) {
    return (struct replica){
        .options = *options,
        .tombstones = stamp_set_create(options->tombstones_max, false, now_ms),
        .completions = stamp_set_create(options->completions_max, true, now_ms),
        .counters = counter_table_create(options->counters_max),
    };
}

void replica_free(struct replica *replica) {
    stamp_set_free(&replica->tombstones);
    stamp_set_free(&replica->completions);
    counter_table_free(&replica->counters);
}

void replica_age(struct replica *replica, uint32_t interval_max_s, uint64_t now_ms) {
    const uint64_t lifetime_ms = UINT64_C(1000) * peer_lifetime_s(interval_max_s);
    stamp_set_age(&replica->tombstones, now_ms, lifetime_ms);
    stamp_set_age(&replica->completions, now_ms, lifetime_ms);
    if (replica->options.rows != NULL && now_ms > 2 * lifetime_ms)
        cluster_rows_forget_before(replica->options.rows, stamp_at(now_ms - 2 * lifetime_ms, 0));
}

uint64_t replica_hash_peer(const struct replica *replica, const struct peer_key *key) {
    uint8_t data[INFO_HASH_LEN + 1 + ENDPOINT_MAX_LEN + 8] = { 0 };
    memcpy(data, key->info_hash, INFO_HASH_LEN);
    data[INFO_HASH_LEN] = key->endpoint.family;
    memcpy(data + INFO_HASH_LEN + 1, key->endpoint.wire, endpoint_len(key->endpoint.family));
    store_u64(data + INFO_HASH_LEN + 1 + ENDPOINT_MAX_LEN, key->on_lan ? replica->options.site : 0);
    return keyed_hash(&replica->options.secret, data, sizeof data);
}

uint64_t replica_hash_client(const struct replica *replica, const struct peer_key *key,
                             const struct peer_state *state) {
    enum { SCOPE_LEN = 8 };
    uint8_t data[INFO_HASH_LEN + PEER_ID_LEN + 4 + 1 + SCOPE_LEN] = { 0 };
    memcpy(data, key->info_hash, INFO_HASH_LEN);
    memcpy(data + INFO_HASH_LEN, state->peer_id, PEER_ID_LEN);
    store_u32(data + INFO_HASH_LEN + PEER_ID_LEN, state->key);
    if (state->key == 0) {
        uint8_t *scope = data + INFO_HASH_LEN + PEER_ID_LEN + 4;
        scope[0] = key->endpoint.family;
        memcpy(scope + 1, key->endpoint.wire, key->endpoint.family == FAMILY_V6 ? SCOPE_LEN : 4);
    }
    return keyed_hash(&replica->options.secret, data, sizeof data);
}

uint64_t replica_hash_torrent(const struct replica *replica,
                              const uint8_t info_hash[static INFO_HASH_LEN]) {
    return keyed_hash(&replica->options.secret, info_hash, INFO_HASH_LEN);
}

/* Of a record with a count. */
static const uint8_t *counted_torrent(const struct record *record) {
    return record->kind == RECORD_COUNTER ? record->counter.info_hash : record->peer.info_hash;
}

struct record_hashes replica_hash_record(const struct replica *replica,
                                         const struct record *record) {
    const bool is_put = record->kind == RECORD_PUT;
    struct record_hashes hashes = { 0 };
    if (is_put || record->kind == RECORD_REMOVE)
        hashes.peer = replica_hash_peer(replica, &record->peer);
    if (is_put && record->state.completed != 0)
        hashes.client = replica_hash_client(replica, &record->peer, &record->state);
    if (record->count.node != 0)
        hashes.torrent = replica_hash_torrent(replica, counted_torrent(record));
    return hashes;
}

static bool merge_pair(struct replica *replica, const uint8_t *info_hash, uint64_t torrent,
                       uint64_t node, struct counter_pair pair) {
    if (!counter_table_merge(&replica->counters, torrent, node, pair))
        return false;
    if (replica->options.rows == NULL)
        return true;
    pair = counter_table_find(&replica->counters, torrent, node);
    struct counter_row row = {
        .node = node,
        .counted = pair.counted,
        .taken_back = pair.taken_back,
    };
    memcpy(row.info_hash, info_hash, INFO_HASH_LEN);
    cluster_rows_put_counter(replica->options.rows, &row);
    return true;
}

bool replica_merge_pair(struct replica *replica, const uint8_t info_hash[static INFO_HASH_LEN],
                        uint64_t node, struct counter_pair pair) {
    return merge_pair(replica, info_hash, replica_hash_torrent(replica, info_hash), node, pair);
}

void replica_forget_torrent(struct replica *replica,
                            const uint8_t info_hash[static INFO_HASH_LEN]) {
    counter_table_forget(&replica->counters, replica_hash_torrent(replica, info_hash));
    if (replica->options.rows != NULL)
        cluster_rows_forget_torrent(replica->options.rows, info_hash);
}

static void note_completion(struct replica *replica, const struct stamped_hash *completion) {
    stamp_set_put(&replica->completions, completion);
    if (replica->options.rows == NULL)
        return;
    struct completion_row row = { .identity = completion->hash, .stamp = completion->stamp };
    memcpy(row.info_hash, completion->info_hash, INFO_HASH_LEN);
    cluster_rows_put_completion(replica->options.rows, &row);
}

/* Id under which the node counts the torrent. */
static uint64_t counting_id(const struct replica *replica, uint64_t torrent) {
    const struct replica_options *options = &replica->options;
    uint32_t cursor = 0;
    int pairs = 0;
    const struct counter_slot *slot;
    while ((slot = counter_table_next(&replica->counters, torrent, &cursor)) != NULL) {
        if (slot->node == options->counting)
            return options->counting;
        pairs++;
    }
    return pairs < PAIRS_MAX ? options->counting : options->node;
}

static struct node_count count_of(const struct replica *replica, uint64_t torrent, uint64_t node) {
    const struct counter_pair pair = counter_table_find(&replica->counters, torrent, node);
    return (struct node_count){ node, pair.counted, pair.taken_back };
}

/* Returns what the node has counted then. */
static struct node_count add_to_own(struct replica *replica, const uint8_t *info_hash,
                                    struct counter_pair more) {
    const uint64_t torrent = replica_hash_torrent(replica, info_hash);
    const uint64_t id = counting_id(replica, torrent);
    struct counter_pair pair = counter_table_find(&replica->counters, torrent, id);
    pair.counted += more.counted;
    pair.taken_back += more.taken_back;
    (void)merge_pair(replica, info_hash, torrent, id, pair);
    return count_of(replica, torrent, id);
}

struct node_count replica_count_completion(struct replica *replica,
                                           const uint8_t info_hash[static INFO_HASH_LEN],
                                           uint64_t client, uint64_t stamp) {
    if (stamp_set_find(&replica->completions, client) != 0)
        return (struct node_count){ 0 };
    note_completion(replica, &(struct stamped_hash){ client, stamp, info_hash, true });
    return add_to_own(replica, info_hash, (struct counter_pair){ .counted = 1 });
}

uint64_t replica_completion(const struct replica *replica, uint64_t client) {
    return stamp_set_find(&replica->completions, client);
}

static void show_count(const struct replica *replica, const struct peer_table *table,
                       const uint8_t *info_hash, uint64_t torrent, uint64_t stamp) {
    if (table->count != NULL)
        table->count(table->context, info_hash, counter_table_sum(&replica->counters, torrent),
                     stamp);
}

void replica_show_count(const struct replica *replica, const struct peer_table *table,
                        const uint8_t info_hash[static INFO_HASH_LEN], uint64_t stamp) {
    show_count(replica, table, info_hash, replica_hash_torrent(replica, info_hash), stamp);
}

static void write_counter(struct record *record, const uint8_t *info_hash,
                          const struct node_count *count, uint64_t stamp) {
    *record = (struct record){ .kind = RECORD_COUNTER, .stamp = stamp, .count = *count };
    memcpy(record->counter.info_hash, info_hash, INFO_HASH_LEN);
}

void replica_write_completion(struct record *record, const struct stamped_hash *completion) {
    *record = (struct record){
        .kind = RECORD_COMPLETION,
        .stamp = completion->stamp,
        .completion.identity = completion->hash,
    };
    memcpy(record->completion.info_hash, completion->info_hash, INFO_HASH_LEN);
}

static struct record *add_answer(struct replica_answers *answers) {
    return &answers->list[answers->count++];
}

/* Several nodes may have counted one completion: all but the one with the smallest stamp take it
 * back, each once. A node may have taken back a completion of before its start already, and its
 * store may be too old to know. So it never takes back what it counted before its start. */
static bool learn_completion(struct replica *replica, const struct peer_table *table,
                             const uint8_t *info_hash, uint64_t client, uint64_t stamp,
                             struct replica_answers *answers) {
    const struct stamped_hash known = stamp_set_look(&replica->completions, client);
    if (known.stamp == stamp)
        return false;
    if (known.stamp != 0 && known.stamp < stamp) {
        replica_write_completion(add_answer(answers), &known);
        return false;
    }
    note_completion(replica, &(struct stamped_hash){ client, stamp, info_hash, false });
    if (!known.counted_here)
        return false;
    const struct node_count own =
        add_to_own(replica, info_hash, (struct counter_pair){ .taken_back = 1 });
    write_counter(add_answer(answers), info_hash, &own, stamp);
    replica_show_count(replica, table, info_hash, stamp);
    return true;
}

static void note_tombstone(struct replica *replica, uint64_t hash, uint64_t stamp) {
    if (stamp > stamp_set_find(&replica->tombstones, hash))
        stamp_set_put(&replica->tombstones, &(struct stamped_hash){ .hash = hash, .stamp = stamp });
}

void replica_note_removal(struct replica *replica, const struct peer_key *key, uint64_t stamp) {
    note_tombstone(replica, replica_hash_peer(replica, key), stamp);
}

uint64_t replica_removal(const struct replica *replica, const struct peer_key *key) {
    return stamp_set_find(&replica->tombstones, replica_hash_peer(replica, key));
}

struct decision {
    const struct record *record;
    uint64_t tombstone;
    uint64_t now_ms;
    bool found;          /* a peer at the key */
    uint64_t held_stamp; /* of that; 0: there is none */
    enum merge_effect effect;
};

static enum merge_effect decide(void *context, const struct held_peer *held) {
    struct decision *decision = context;
    decision->found = held != NULL;
    decision->held_stamp = held == NULL ? 0 : held->stamp;
    decision->effect = peer_merge(decision->record, held, decision->tombstone, decision->now_ms);
    return decision->effect;
}

/* `hash`: of the peer; `downloaded`: as in struct peer_table. */
static enum replica_effect merge_peer(struct replica *replica, const struct peer_table *table,
                                      const struct record *record, uint64_t hash,
                                      const uint32_t *downloaded, uint64_t now_ms) {
    const struct peer_key *key = &record->peer;
    const struct held_peer peer = { .stamp = record->stamp, .state = record->state };
    struct decision decision = {
        .record = record,
        .tombstone = stamp_set_find(&replica->tombstones, hash),
        .now_ms = now_ms,
    };
    const bool good = table->merge(table->context, key, &peer, decide, &decision, downloaded);
    switch (decision.effect) {
    case MERGE_PUT:
        return good ? REPLICA_CHANGED : REPLICA_REJECTED;
    case MERGE_REMOVE:
        note_tombstone(replica, hash, record->stamp);
        return decision.found ? REPLICA_CHANGED : REPLICA_NOTHING;
    case MERGE_NOTHING:
        /* A still older put may be read once the newer one has expired. */
        if (record->kind == RECORD_REMOVE && record->stamp < decision.held_stamp)
            note_tombstone(replica, hash, record->stamp);
        break;
    }
    return REPLICA_NOTHING;
}

/* A node with a smaller pair than the one here has lost it, or forgotten the torrent. */
static enum replica_effect merge_count(struct replica *replica, const uint8_t *info_hash,
                                       uint64_t torrent, const struct node_count *count,
                                       uint64_t stamp, struct replica_answers *answers) {
    const struct node_count held = count_of(replica, torrent, count->node);
    const struct counter_pair pair = { count->counted, count->taken_back };
    if (pair.counted < held.counted || pair.taken_back < held.taken_back)
        write_counter(add_answer(answers), info_hash, &held, stamp);
    if (pair.counted <= held.counted && pair.taken_back <= held.taken_back)
        return REPLICA_NOTHING;
    return merge_pair(replica, info_hash, torrent, count->node, pair) ? REPLICA_CHANGED
                                                                      : REPLICA_REJECTED;
}

/* Even if nothing changes: the other node may know of a later change of the torrent. */
static enum replica_effect merge_counter(struct replica *replica, const struct peer_table *table,
                                         const struct record *record, uint64_t torrent,
                                         struct replica_answers *answers) {
    const uint8_t *info_hash = counted_torrent(record);
    const enum replica_effect effect =
        merge_count(replica, info_hash, torrent, &record->count, record->stamp, answers);
    if (effect != REPLICA_REJECTED)
        show_count(replica, table, info_hash, torrent, record->stamp);
    return effect;
}

/* The peer and the download count are changed together. */
static enum replica_effect merge_completed(struct replica *replica, const struct peer_table *table,
                                           const struct record *record,
                                           const struct record_hashes *hashes, uint64_t now_ms,
                                           struct replica_answers *answers) {
    const uint8_t *info_hash = record->peer.info_hash;
    if (merge_count(replica, info_hash, hashes->torrent, &record->count, record->stamp, answers) ==
        REPLICA_REJECTED)
        return merge_peer(replica, table, record, hashes->peer, NULL, now_ms);
    const uint32_t downloaded = counter_table_sum(&replica->counters, hashes->torrent);
    const enum replica_effect effect =
        merge_peer(replica, table, record, hashes->peer, &downloaded, now_ms);
    if (effect != REPLICA_CHANGED)
        show_count(replica, table, info_hash, hashes->torrent, record->stamp);
    return effect;
}

static enum replica_effect merge_put(struct replica *replica, const struct peer_table *table,
                                     const struct record *record,
                                     const struct record_hashes *hashes, uint64_t now_ms,
                                     struct replica_answers *answers) {
    if (record->state.completed != 0)
        (void)learn_completion(replica, table, record->peer.info_hash, hashes->client,
                               record->state.completed, answers);
    if (record->count.node != 0)
        return merge_completed(replica, table, record, hashes, now_ms, answers);
    return merge_peer(replica, table, record, hashes->peer, NULL, now_ms);
}

static bool is_of_other_site(const struct replica *replica, uint64_t site,
                             const struct record *record) {
    const bool of_peer = record->kind == RECORD_PUT || record->kind == RECORD_REMOVE;
    return of_peer && record->peer.on_lan && site != replica->options.site;
}

void replica_prefetch(const struct replica *replica, const struct peer_table *table,
                      const struct record *records, size_t count, struct record_hashes *hashes) {
    if (table->prefetch != NULL)
        table->prefetch(table->context, records, count);
    for (size_t i = 0; i < count; i++) {
        hashes[i] = replica_hash_record(replica, &records[i]);
        if (hashes[i].peer != 0)
            stamp_set_prefetch(&replica->tombstones, hashes[i].peer);
        if (hashes[i].client != 0)
            stamp_set_prefetch(&replica->completions, hashes[i].client);
        if (hashes[i].torrent != 0)
            counter_table_prefetch(&replica->counters, hashes[i].torrent);
    }
}

enum replica_effect replica_merge(struct replica *replica, const struct peer_table *table,
                                  uint64_t site, const struct record *record,
                                  const struct record_hashes *hashes, uint64_t now_ms,
                                  struct replica_answers *answers) {
    answers->count = 0;
    if (is_of_other_site(replica, site, record))
        return record->count.node == 0
                   ? REPLICA_NOTHING
                   : merge_counter(replica, table, record, hashes->torrent, answers);
    switch (record->kind) {
    case RECORD_PUT:
        return merge_put(replica, table, record, hashes, now_ms, answers);
    case RECORD_REMOVE:
        return merge_peer(replica, table, record, hashes->peer, NULL, now_ms);
    case RECORD_COMPLETION:
        return learn_completion(replica, table, record->completion.info_hash,
                                record->completion.identity, record->stamp, answers)
                   ? REPLICA_CHANGED
                   : REPLICA_NOTHING;
    case RECORD_COUNTER:
        return merge_counter(replica, table, record, hashes->torrent, answers);
    case RECORD_TOMBSTONE:
        note_tombstone(replica, record->hash, record->stamp);
        return REPLICA_NOTHING;
    case RECORD_REGISTRY:
    case RECORD_HEARTBEAT:
    case RECORD_REQUEST:
    case RECORD_NONE:
    case RECORD_UNKNOWN:
        break;
    }
    return REPLICA_NOTHING;
}

void replica_restore_pair(struct replica *replica, const uint8_t info_hash[static INFO_HASH_LEN],
                          uint64_t node, struct counter_pair pair) {
    (void)counter_table_merge(&replica->counters, replica_hash_torrent(replica, info_hash), node,
                              pair);
}

void replica_restore_completion(struct replica *replica, const struct stamped_hash *completion) {
    const uint64_t known = stamp_set_find(&replica->completions, completion->hash);
    if (known == 0 || known > completion->stamp)
        stamp_set_put(&replica->completions, completion);
}

void replica_join(struct replica *replica) {
    replica->options.counting = replica->options.node;
}
