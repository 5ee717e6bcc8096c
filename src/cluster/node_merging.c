#include "cluster/node_merging.h"

#include "base/log.h"
#include "cluster/node_link.h"
#include "cluster/node_sending.h"
#include "swarm/stamp.h"

enum {
    READ_COUNT_MAX = 4096, /* entries of a read */
    /* Between two sendings of what lasts: to nodes that wait for it, and to those that have joined,
     * and request a snapshot again and again. */
    LASTING_JOINING_MS = 2000,
    LASTING_MS = 60000,
};

static void read_positions(struct node *node, struct bytes rest) {
    struct position position;
    while (position_read(&rest, &position)) {
        if (position.node == node->options.replica.node)
            continue;
        if (node->header == NULL)
            gaps_cover(&node->gaps, &position, node->now_ms);
        else if (node->joining.joined)
            gaps_expect(&node->gaps, &position, node->now_ms);
    }
}

static void note_heartbeat(struct node *node, const struct heartbeat *heartbeat) {
    if (node->header != NULL)
        members_note(&node->status.members, node->header, heartbeat, node->now_ms);
    read_positions(node, heartbeat->positions);
}

static bool may_serve(const struct node *node) {
    const struct member own = {
        .node = node->options.replica.node,
        .incarnation = node->options.incarnation,
        .empty = node->joining.empty,
    };
    if (node->joining.whole || !node->joining.joined || node->header == NULL)
        return node->joining.whole;
    return members_may_serve(&node->status.members, node->header->node, &own, node->now_ms);
}

/* Peers are announced again, counters and the registry are not. So the nodes that are not whole
 * send theirs if another one asks: there may be no whole node. */
static void note_request(struct node *node, uint64_t request) {
    if (may_serve(node) && node->request_count < NODE_REQUESTS_MAX)
        node->requests[node->request_count++] = (struct request){ request, node->now_ms };
    const bool has_joined =
        node->header != NULL && members_has_joined(&node->status.members, node->header);
    const uint64_t pause_ms = has_joined ? LASTING_MS : LASTING_JOINING_MS;
    if (!node->joining.whole && node->joining.joined &&
        (node->lasting_ms == 0 || node->now_ms >= node->lasting_ms + pause_ms)) {
        node->lasting_ms = node->now_ms;
        node_sending_begin_walk(node, true, 0);
    }
}

/* A peer that the table has, although a snapshot brought a tombstone for it. */
static void note_removed(void *context, const struct peer_key *key, const struct held_peer *peer) {
    struct node *node = context;
    struct removing *removing = &node->removing;
    const uint64_t stamp = replica_removal(&node->replica, key);
    if (stamp >= peer->stamp && removing->count < TABLE_STEP)
        removing->found[removing->count++] =
            (struct record){ .kind = RECORD_REMOVE, .stamp = stamp, .peer = *key };
}

static void skip_torrent(void *context, const uint8_t info_hash[static INFO_HASH_LEN],
                         uint64_t stamp) {
    (void)context;
    (void)info_hash;
    (void)stamp;
}

static void skip_registry(void *context, const struct record *record) {
    (void)context;
    (void)record;
}

/* Peers that stay will expire. */
static void skip_missing(void *context) {
    (void)context;
}

void node_merging_remove(struct node *node) {
    const struct table_visitor visitor = {
        .context = node,
        .torrent = skip_torrent,
        .peer = note_removed,
        .registry = skip_registry,
        .missing = skip_missing,
    };
    struct removing *removing = &node->removing;
    struct replica_answers answers;
    node_lock(node);
    for (int i = 0; i < NODE_WALK_STEPS && removing->running; i++) {
        removing->count = 0;
        removing->running = node->table.walk(node->table.context, &removing->cursor, &visitor);
        for (size_t found = 0; found < removing->count; found++) {
            const struct record *remove = &removing->found[found];
            const struct record_hashes hashes = replica_hash_record(&node->replica, remove);
            (void)replica_merge(&node->replica, &node->table.peers, node->options.replica.site,
                                remove, &hashes, node_cluster_ms(node), &answers);
        }
    }
    node_unlock(node);
}

static void send_answers(struct node *node, const struct replica_answers *answers) {
    for (size_t i = 0; i < answers->count; i++) {
        if (answers_add(&node->answers, &answers->list[i], node->own_read, node->number + 1))
            outbox_add(&node->outbox, &answers->list[i]);
    }
}

static void merge_record(struct node *node, uint64_t site, const struct record *record,
                         const struct record_hashes *hashes) {
    struct replica_answers answers;
    node->status.counts.records_merged++;
    switch (record->kind) {
    case RECORD_HEARTBEAT:
        note_heartbeat(node, &record->heartbeat);
        break;
    case RECORD_REQUEST:
        note_request(node, record->request);
        break;
    case RECORD_REGISTRY:
        node->table.merge_registry(node->table.context, record);
        break;
    default:
        (void)replica_merge(&node->replica, &node->table.peers, site, record, hashes,
                            node_cluster_ms(node), &answers);
        send_answers(node, &answers);
    }
}

/* Reads the next records, at most RECORD_BATCH_MAX; returns their number. */
static size_t read_batch(struct node *node, struct bytes *rest, struct record *batch) {
    size_t count = 0;
    while (count < RECORD_BATCH_MAX) {
        const enum record_kind kind = record_read(rest, &batch[count]);
        if (kind == RECORD_NONE)
            break;
        if (kind == RECORD_UNKNOWN)
            node->status.counts.invalid++;
        else
            count++;
    }
    return count;
}

void node_merging_records(struct node *node, uint64_t site, struct bytes rest) {
    struct record batch[RECORD_BATCH_MAX];
    struct record_hashes hashes[RECORD_BATCH_MAX];
    for (size_t count = read_batch(node, &rest, batch); count > 0;
         count = read_batch(node, &rest, batch)) {
        replica_prefetch(&node->replica, &node->table.peers, batch, count, hashes);
        for (size_t i = 0; i < count; i++)
            merge_record(node, site, &batch[i], &hashes[i]);
    }
}

/* Another node has the same id, or the same low bits of its stamps. */
static void take_new_id(struct node *node) {
    const uint64_t old = node->options.replica.node;
    uint64_t id;
    do
        id = random_next(&node->random) | 1;
    while (stamp_is_of(id, old) || members_share_bits(&node->status.members, id));
    log_warning(
        "cluster: another node has the id of this node, or its last 10 bits; this node takes a "
        "new one");
    node->options.replica.node = node->options.replica.counting = id;
    node->replica.options.node = node->replica.options.counting = id;
    node->number = node->own_read = 0;
    answers_clear(&node->answers);
    node_link_update_table(node);
}

static bool is_own(struct node *node, const struct entry_header *header) {
    const enum entry_origin origin =
        entry_origin(header, node->options.replica.node, node->options.incarnation);
    if (origin == ENTRY_OF_COPY)
        take_new_id(node);
    if (origin == ENTRY_OWN && header->number > node->own_read)
        node->own_read = header->number;
    return origin == ENTRY_OWN;
}

static void read_entry(void *context, struct bytes rest) {
    struct node *node = context;
    struct entry_header header;
    node->read_count++;
    node->read_bytes += rest.len;
    node_lock(node);
    node->status.counts.bytes_read += rest.len;
    if (!entry_header_read(&rest, &header)) {
        node->status.counts.invalid++;
    } else if (!is_own(node, &header)) {
        gaps_note(&node->gaps, &header, !node->joining.joined, node->now_ms);
        node->header = &header;
        node_merging_records(node, header.site, rest);
        node->header = NULL;
    }
    node_unlock(node);
}

/* Entries are small if few changes are made, and there may be many, as after a failover. */
static void set_read_max(struct node *node) {
    if (node->read_count == 0)
        return;
    const size_t count = NODE_READ_BYTES / (node->read_bytes / node->read_count + 1);
    node->read_max = count < READ_COUNT_MAX ? (uint32_t)count : READ_COUNT_MAX;
}

/* A reply tells what the stream had when the read was sent: the process may have paused since. If
 * the position has been moved back since, what the reply brings is read again. */
void node_merging_read(struct node *node, uint32_t wait_ms) {
    if (!engine_is_reading(node->engine)) {
        node->asked_ms = node->now_ms;
        node->asked = node->position;
    }
    struct stream_id position = node->asked;
    node->read_count = node->read_bytes = 0;
    if (!node_link_is_done(node, engine_read(node->engine, &position, node->read_max, wait_ms,
                                             read_entry, node))) {
        node->read_retry_ms = node->retry_ms;
        return;
    }
    if (stream_id_equal(node->position, node->asked)) {
        node->position = position;
        node->lag.read += node->read_count;
    }
    if (engine_is_reading(node->engine))
        return;
    node->read_retry_ms = 0;
    node->read_ms = node->asked_ms;
    if (node->read_count < node->read_max)
        node->at_end_ms = node->asked_ms;
    set_read_max(node);
}
