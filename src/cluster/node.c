#include "cluster/node.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cluster/node_link.h"
#include "cluster/node_merging.h"
#include "cluster/node_sending.h"
#include "cluster/node_snapshots.h"
#include "cluster/tracker_table.h"

enum { AWAY_MS = 5000 }; /* after a loss of the connection, until peers expire without it */

struct node *node_create(const struct node_options *options, const struct node_table *table,
                         uint64_t now_ms) {
    struct node *node = calloc(1, sizeof *node);
    if (node == NULL)
        return NULL;
    pthread_mutex_init(&node->lock, NULL);
    node->options = *options;
    node->table = *table;
    snprintf(node->name, sizeof node->name, "%s", options->name);
    node->now_ms = now_ms;
    node->interval_max_s = node->budget_per_s = 1;
    node->read_max = NODE_READ_BYTES / NODE_ENTRY_LEN;
    node->clock = cluster_clock_begin(options->clock_ms, now_ms);
    node->first_secret = options->replica.secret;
    node->joining = joining_begin(now_ms);
    node->joining.patience_ms = options->join_timeout_ms;
    node->joining.empty = options->empty;
    node->engine = engine_create(&options->engine);
    node->flight.data = calloc(NODE_FLIGHT_MAX, sizeof *node->flight.data);
    if (node->engine == NULL || node->flight.data == NULL ||
        !random_secret(&node->random, sizeof node->random) ||
        !outbox_create(&node->outbox, &options->queues)) {
        node_delete(node);
        return NULL;
    }
    node->answers.key.half[0] = random_next(&node->random);
    node->answers.key.half[1] = random_next(&node->random);
    node_link_create_replica(node);
    node->merged_ms = now_ms;
    node_link_update_table(node);
    return node;
}

void node_delete(struct node *node) {
    if (node == NULL)
        return;
    replica_free(&node->replica);
    outbox_free(&node->outbox);
    engine_delete(node->engine);
    free(node->flight.data);
    free(node->chunk);
    pthread_mutex_destroy(&node->lock);
    free(node);
}

void node_note_changes(struct node *node, const struct peer_table *peers,
                       const struct change *changes, size_t count) {
    struct record record;
    node_lock(node);
    const bool was_empty = outbox_is_empty(&node->outbox);
    for (size_t i = 0; i < count; i++) {
        if (replica_note_change(&node->replica, peers, &changes[i], &record))
            outbox_add(&node->outbox, &record);
    }
    const bool wake = was_empty && !outbox_is_empty(&node->outbox);
    node_unlock(node);
    if (wake)
        engine_wake(node->engine);
}

void node_send(struct node *node, const struct record *record) {
    node_lock(node);
    const bool was_empty = outbox_is_empty(&node->outbox);
    outbox_add(&node->outbox, record);
    node_unlock(node);
    if (was_empty)
        engine_wake(node->engine);
}

void node_note_lost(struct node *node, uint64_t stamp) {
    node_lock(node);
    outbox_note_dropped(&node->outbox, stamp);
    node_unlock(node);
}

/* Whether there is more to do at once. */
static bool is_busy(const struct node *node) {
    return node->moved_chunk || (node->now_ms >= node->retry_ms &&
                                 (node->walk.running || node->removing.running ||
                                  node->must_resend != RESEND_NONE || node->flight.count > 0));
}

static uint32_t wait_until(const struct node *node, uint64_t then_ms, uint32_t wait_ms) {
    if (then_ms <= node->now_ms)
        return 0;
    return then_ms - node->now_ms < wait_ms ? (uint32_t)(then_ms - node->now_ms) : wait_ms;
}

/* How long a read may wait for entries. New records wake it, other tasks do not. */
static uint32_t reading_time(struct node *node, uint32_t wait_ms) {
    const bool snapshot =
        node->joining.request != 0 || node->source.request != 0 || node->request_count > 0;
    if (is_busy(node))
        return 0;
    if (node->now_ms < node->retry_ms)
        return wait_until(node, node->retry_ms, wait_ms);
    if (node_sending_waiting(node) > 0)
        wait_ms = wait_until(node, node->send_ms, wait_ms);
    if (snapshot && wait_ms > NODE_SEND_MS)
        return NODE_SEND_MS;
    return wait_until(node, node->heartbeat_ms, wait_ms);
}

static void read_all(struct node *node, uint32_t wait_ms) {
    wait_ms = wait_ms == 0 ? 0 : reading_time(node, wait_ms);
    node->moved_chunk = false;
    node_merging_read(node, wait_ms);
    node_snapshots_read(node);
}

static void send_all(struct node *node) {
    node_sending_step(node);
    node_merging_remove(node);
    node_snapshots_serve(node);
}

/* After a pause, the stream is read before peers expire. */
static void note_progress(struct node *node) {
    const bool reads = engine_is_connected(node->engine) && node->read_retry_ms == 0;
    const bool away = !reads && node->now_ms >= node->read_ms + AWAY_MS;
    const uint64_t merged_ms = away ? node->now_ms : node->at_end_ms;
    if (merged_ms > node->merged_ms && node->now_ms >= node->hold_until_ms)
        node->merged_ms = merged_ms;
    if (node->now_ms < node->update_ms)
        return;
    node_lock(node);
    node_link_update_table(node);
    node_unlock(node);
}

void node_stop(struct node *node) {
    engine_stop(node->engine);
}

static bool may_read(const struct node *node) {
    return engine_is_connected(node->engine) && node->now_ms >= node->read_retry_ms;
}

bool node_step(struct node *node, uint64_t now_ms, uint32_t wait_ms) {
    node_lock(node);
    node->now_ms = now_ms;
    node_unlock(node);
    node->began_ns = clock_now_ns();
    node_link_connect(node);
    if (may_read(node))
        read_all(node, wait_ms);
    node_snapshots_tick(node);
    if (engine_is_connected(node->engine) && now_ms >= node->retry_ms)
        send_all(node);
    note_progress(node);
    return may_read(node);
}

void node_set_load(struct node *node, uint32_t interval_max_s, uint32_t budget_per_s) {
    node_lock(node);
    node->interval_max_s = interval_max_s;
    node->budget_per_s = budget_per_s;
    node_unlock(node);
}

void node_visit_replica(struct node *node, void (*visit)(void *context, struct replica *replica),
                        void *context) {
    node_lock(node);
    visit(context, &node->replica);
    node_unlock(node);
}

uint64_t node_id(struct node *node) {
    node_lock(node);
    const uint64_t id = node->options.replica.node;
    node_unlock(node);
    return id;
}

struct hash_key node_secret(struct node *node) {
    node_lock(node);
    const struct hash_key secret = node->options.replica.secret;
    node_unlock(node);
    return secret;
}

struct node_status node_status(struct node *node) {
    node_lock(node);
    struct node_status status = node->status;
    status.node = node->options.replica.node;
    status.incarnation = node->options.incarnation;
    status.joined = node->joining.joined;
    status.whole = node->joining.whole;
    status.has_room = node->joining.has_room;
    status.receiving = node->joining.request != 0;
    status.sending = node->source.request != 0;
    status.waiting = node_sending_queued(node) + node->in_flight;
    status.lost = node->outbox.lost;
    status.snapshot_reason = node->joining.requested_for;
    node_unlock(node);
    return status;
}
