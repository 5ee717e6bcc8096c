#include "cluster/node_sending.h"

#include <string.h>

#include "base/log.h"
#include "cluster/node_link.h"

enum {
    RESEND_COUNT = 256, /* entries that are sent again at once, and their bytes, about */
    RESEND_BYTES = 1 << 20,
    /* Room in the queues for a step of a walk. */
    PUTS_ROOM = TABLE_STEP * RECORD_MAX,
    OTHER_ROOM = TABLE_STEP * 64 * 64,       /* a torrent may have up to 64 counts, of 64 bytes */
    RECORDS_PER_ENTRY = NODE_ENTRY_LEN / 80, /* about */
};

static void end_resend(struct node *node) {
    const enum resend_reason reason = node->must_resend;
    node->must_resend = RESEND_NONE;
    node_lock(node);
    node->status.counts.resends++;
    node->status.resend_reason = reason;
    node->status.resent_ms = node->now_ms;
    node_unlock(node);
    log_info("cluster: sent the changes of the last two minutes again: %s",
             reason == RESEND_ENGINE ? "the engine restarted or was replaced"
                                     : "the engine lost changes");
}

static void send_again(struct node *node) {
    struct blob_cursor cursor = { 0 };
    struct blob blob;
    struct bytes entries[RESEND_COUNT];
    size_t count = 0, bytes = 0, added;
    struct stream_id last;
    /* Only this thread changes the sent entries. */
    bool more = blob_queue_next(&node->outbox.sent, &cursor, &blob);
    while (more || count > 0) {
        if (more && blob.time + SENT_KEPT_MS >= node->now_ms) {
            entries[count++] = blob.bytes;
            bytes += blob.bytes.len;
        }
        more = more && blob_queue_next(&node->outbox.sent, &cursor, &blob);
        if (count < RESEND_COUNT && bytes < RESEND_BYTES && more)
            continue;
        if (!node_link_is_done(node, engine_add(node->engine, entries, count, &added, &last)))
            return;
        count = bytes = 0;
    }
    end_resend(node);
}

void node_sending_write_heartbeat(const struct node *node, struct record *record,
                                  uint8_t positions[static RECORD_MAX]) {
    struct writer all = writer_on(positions, RECORD_MAX);
    gaps_write(&node->gaps, &all);
    position_write(&all, &(struct position){ .node = node->options.replica.node,
                                             .incarnation = node->options.incarnation,
                                             .number = node->number });
    *record = (struct record){
        .kind = RECORD_HEARTBEAT,
        .heartbeat = {
            .joined = node->joining.joined,
            .whole = node->joining.whole,
            .empty = node->joining.empty,
            .interval_max_s = node->interval_max_s,
            .budget_per_s = node->budget_per_s,
            .name = bytes_of(node->name),
            .positions = { .data = positions, .len = all.len },
            .version = bytes_of(node->options.version),
            .announces_per_s = (uint32_t)node->status.per_s[NODE_ANNOUNCES],
            .clock_offset_ms = node->status.clock_offset_ms,
            .has_lag = true,
            .behind_entries = node->status.behind_entries,
            .behind_ms = node->status.behind_ms,
        },
    };
}

static void add_heartbeat(struct node *node, struct writer *entry) {
    uint8_t positions[RECORD_MAX];
    struct record record;
    node_sending_write_heartbeat(node, &record, positions);
    record_write(entry, &record);
    node->must_beat = false;
}

size_t node_sending_queued(const struct node *node) {
    return node->outbox.puts.count + node->outbox.other.count;
}

static void fill_flight(struct node *node) {
    struct flight *flight = &node->flight;
    node_lock(node);
    while (flight->count < NODE_FLIGHT_MAX &&
           (node->must_beat || !outbox_is_empty(&node->outbox))) {
        struct writer w = writer_on(flight->data[flight->count], NODE_ENTRY_LEN);
        const size_t waiting = node_sending_queued(node);
        entry_header_write(&w, &(struct entry_header){
                                   .node = node->options.replica.node,
                                   .incarnation = node->options.incarnation,
                                   .number = ++node->number,
                                   .site = node->options.replica.site,
                               });
        if (node->must_beat)
            add_heartbeat(node, &w);
        outbox_take(&node->outbox, &w);
        flight->records[flight->count] = waiting - node_sending_queued(node);
        node->in_flight += flight->records[flight->count];
        flight->entries[flight->count++] = (struct bytes){ .data = w.data, .len = w.len };
    }
    node_unlock(node);
}

/* The first entries are in the stream. */
static void land_flight(struct node *node, size_t added) {
    struct flight *flight = &node->flight;
    node_lock(node);
    for (size_t i = 0; i < added; i++) {
        outbox_keep(&node->outbox, flight->entries[i], node->now_ms);
        node->status.counts.bytes_sent += flight->entries[i].len;
        node->status.counts.records_sent += flight->records[i];
        node->in_flight -= flight->records[i];
    }
    node_unlock(node);
    flight->count -= added;
    memmove(flight->records, flight->records + added, flight->count * sizeof *flight->records);
    for (size_t i = 0; i < flight->count; i++) {
        const struct bytes entry = flight->entries[i + added];
        memcpy(flight->data[i], entry.data, entry.len);
        flight->entries[i] = (struct bytes){ .data = flight->data[i], .len = entry.len };
    }
}

/* False if an entry waits because of a failure. */
static bool send_flight(struct node *node) {
    size_t added;
    if (node->flight.count == 0)
        return true;
    const enum engine_result result =
        engine_add(node->engine, node->flight.entries, node->flight.count, &added, &node->last);
    land_flight(node, added);
    if (node_link_is_done(node, result)) {
        node_link_note_success(node);
        return true;
    }
    if (result == ENGINE_FULL)
        node_link_make_room(node);
    return false;
}

size_t node_sending_waiting(struct node *node) {
    node_lock(node);
    const size_t waiting = node_sending_queued(node);
    node_unlock(node);
    return waiting;
}

static void send_waiting(struct node *node) {
    const size_t waiting = node_sending_waiting(node);
    const bool due = (waiting > 0 || node->must_beat) && node->now_ms >= node->send_ms;
    if (!due && waiting < RECORDS_PER_ENTRY && node->flight.count == 0)
        return;
    node->send_ms = node->now_ms + NODE_SEND_MS;
    do
        fill_flight(node);
    while (send_flight(node) && node_sending_waiting(node) >= RECORDS_PER_ENTRY);
}

/* What has come since the last heartbeat, a second. With the lock. */
static void measure_load(struct node *node, uint64_t announces) {
    const struct node_counts *counts = &node->status.counts;
    const uint64_t totals[NODE_RATES] = {
        [NODE_ANNOUNCES] = announces,           [NODE_RECORDS_SENT] = counts->records_sent,
        [NODE_BYTES_SENT] = counts->bytes_sent, [NODE_RECORDS_MERGED] = counts->records_merged,
        [NODE_BYTES_READ] = counts->bytes_read,
    };
    const uint64_t passed_ms = node->counted_ms == 0 ? 0 : node->now_ms - node->counted_ms;
    for (int i = 0; i < NODE_RATES; i++)
        node->status.per_s[i] =
            passed_ms == 0 ? 0 : (totals[i] - node->totals[i]) * 1000 / passed_ms;
    memcpy(node->totals, totals, sizeof totals);
    node->counted_ms = node->now_ms;
}

static uint64_t count_announces(const struct node *node) {
    return node->table.count_announces == NULL ? 0
                                               : node->table.count_announces(node->table.context);
}

static void beat(struct node *node) {
    if (node->now_ms < node->heartbeat_ms)
        return;
    const uint64_t announces = count_announces(node);
    node->heartbeat_ms = node->now_ms + NODE_HEARTBEAT_MS;
    node_link_follow_clock(node);
    node_link_look_at_stream(node);
    (void)node_link_share_secret(node);
    node_link_trim(node, node->options.stream_bytes_max);
    node_lock(node);
    const uint32_t interval_s =
        members_interval_max_s(&node->status.members, node->interval_max_s, node->now_ms);
    replica_age(&node->replica, interval_s, node_cluster_ms(node));
    outbox_drop_old(&node->outbox,
                    node_cluster_ms(node) - UINT64_C(1000) * peer_lifetime_s(interval_s));
    measure_load(node, announces);
    node->must_beat = true;
    node_unlock(node);
}

static void send_record(void *context, const struct record *record) {
    struct node *node = context;
    outbox_add(&node->outbox, record);
}

static void send_torrent(void *context, const uint8_t info_hash[static INFO_HASH_LEN],
                         uint64_t stamp) {
    struct node *node = context;
    if (node->walk.lasting)
        snapshot_counters(&node->replica, info_hash, stamp, send_record, node);
}

static void send_peer(void *context, const struct peer_key *key, const struct held_peer *peer) {
    struct node *node = context;
    const struct record record = {
        .kind = RECORD_PUT,
        .stamp = peer->stamp,
        .peer = *key,
        .state = peer->state,
    };
    if (node->walk.peers_from != 0 && peer->stamp >= node->walk.peers_from)
        outbox_add(&node->outbox, &record);
}

static void send_registry(void *context, const struct record *record) {
    const struct node *node = context;
    if (node->walk.lasting)
        send_record(context, record);
}

/* The walk is done again. */
static void note_missing(void *context) {
    struct node *node = context;
    if (node->walk.peers_from != 0)
        outbox_note_dropped(&node->outbox, node->walk.peers_from);
    if (node->walk.lasting)
        node->walk.again = true;
}

/* False at the end. */
static bool send_completion(struct node *node) {
    struct stamped_hash found;
    if (!stamp_set_next(&node->replica.completions, &node->walk.completion, &found))
        return false;
    struct record record;
    replica_write_completion(&record, &found);
    outbox_add(&node->outbox, &record);
    return true;
}

/* What lasts is sent to its end before it is sent again: if others request it again and again, it
 * would never end. */
void node_sending_begin_walk(struct node *node, bool lasting, uint64_t peers_from) {
    struct walk *walk = &node->walk;
    if (lasting && walk->running && walk->lasting) {
        walk->again = true;
        return;
    }
    if (walk->running && peers_from == 0)
        peers_from = walk->peers_from;
    *walk = (struct walk){ .running = true, .lasting = lasting, .peers_from = peers_from };
}

static bool has_room_to_walk(const struct node *node) {
    return blob_queue_has_room(&node->outbox.puts, PUTS_ROOM) &&
           blob_queue_has_room(&node->outbox.other, OTHER_ROOM);
}

static void continue_walk(struct node *node) {
    const struct table_visitor visitor = {
        .context = node,
        .torrent = send_torrent,
        .peer = send_peer,
        .registry = send_registry,
        .missing = note_missing,
    };
    node_lock(node);
    const uint64_t dropped = node->walk.running ? 0 : outbox_take_dropped(&node->outbox);
    if (dropped != 0)
        node_sending_begin_walk(node, false, dropped);
    while (node->walk.running && node->walk.lasting && has_room_to_walk(node) &&
           send_completion(node))
        continue;
    for (int i = 0; i < NODE_WALK_STEPS && node->walk.running && has_room_to_walk(node); i++)
        node->walk.running = node->table.walk(node->table.context, &node->walk.cursor, &visitor);
    if (!node->walk.running && node->walk.again)
        node_sending_begin_walk(node, true, 0);
    node_unlock(node);
}

void node_sending_step(struct node *node) {
    if (node->must_resend != RESEND_NONE)
        send_again(node);
    beat(node);
    send_waiting(node);
    continue_walk(node);
}
