#include "cluster/node_snapshots.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cluster/node_link.h"
#include "cluster/node_merging.h"
#include "cluster/node_sending.h"

enum { CHUNKS_MAX = 8, SOURCE_PATIENCE_MS = ENGINE_KEYS_EXPIRE_MS - 5000 };

/* A node that is alone need not send the counts: the next node gets a snapshot. */
static void adopt_counts(struct node *node, bool confirmed) {
    if (node->has_adopted)
        return;
    node->has_adopted = true;
    if (node->table.adopt_counts(node->table.context, &node->replica, confirmed) &&
        node->status.members.count > 0)
        node_sending_begin_walk(node, true, 0);
}

static void note_received(struct node *node) {
    node->status.counts.snapshots_received++;
    node->status.snapshot_received_ms = node->now_ms;
}

static const char *describe_reason(enum snapshot_reason reason) {
    static const char *const texts[] = {
        [SNAPSHOT_NONE] = "",
        [SNAPSHOT_STARTED] = ", requested at the start",
        [SNAPSHOT_MISSING] = ", requested because changes had been missing",
        [SNAPSHOT_NO_ROOM] = ", requested because there had been no room for all peers",
        [SNAPSHOT_BY_TIME] = ", requested because this node had joined without one",
    };
    return texts[reason];
}

static const char *describe_end(const struct joining *joining) {
    if (joining->whole)
        return "this node has all peers";
    return joining->has_room ? "changes are missing again" : "there is no room for all of them";
}

static void end_snapshot(struct node *node, enum joining_chunk chunk) {
    node->removing = (struct removing){ .running = true };
    replica_join(&node->replica);
    if (chunk == CHUNK_FIRST_SNAPSHOT)
        node->table.end_join(node->table.context, true);
    adopt_counts(node, true);
    note_received(node);
    log_info("cluster: received a copy of all peers%s; %s",
             describe_reason(node->joining.requested_for), describe_end(&node->joining));
}

/* The others must know that this node is no longer empty before they read the next request. */
static void end_partial(struct node *node) {
    node->must_beat = true;
    note_received(node);
    log_info("cluster: received the peers of a node that does not have all");
}

static void read_chunk(void *context, struct bytes rest) {
    struct node *node = context;
    struct chunk_header header;
    node->moved_chunk = true;
    node_lock(node);
    node->status.counts.bytes_read += rest.len;
    if (!chunk_header_read(&rest, &header)) {
        node->status.counts.invalid++;
    } else {
        const enum joining_chunk chunk = joining_note_chunk(&node->joining, &header, node->now_ms);
        if (chunk != CHUNK_IGNORED)
            node_merging_records(node, header.site, rest);
        if (chunk == CHUNK_PARTIAL)
            end_partial(node);
        if (chunk == CHUNK_FIRST_SNAPSHOT || chunk == CHUNK_LAST)
            end_snapshot(node, chunk);
    }
    node_unlock(node);
}

void node_snapshots_read(struct node *node) {
    const bool behind = node->table.is_behind != NULL && node->table.is_behind(node->table.context);
    if (node->joining.request != 0 && !behind)
        (void)node_link_is_done(
            node, engine_take_chunk(node->engine, node->joining.request, read_chunk, node));
}

/* The node reads all entries from its first connection on, so none after the request is missed. */
static void request_snapshot(struct node *node) {
    node_lock(node);
    outbox_add(&node->outbox, &(struct record){
                                  .kind = RECORD_REQUEST,
                                  .request = node->joining.request,
                              });
    node->status.counts.snapshots_requested++;
    node->status.snapshot_requested_ms = node->now_ms;
    node->status.snapshot_received_ms = 0;
    node_unlock(node);
}

static enum joining_step next_joining_step(struct node *node) {
    node_lock(node);
    if (gaps_take_hole(&node->gaps, node->now_ms)) {
        node->status.counts.holes++;
        joining_lost(&node->joining);
    }
    if (outbox_take_lost(&node->outbox))
        node->joining.sent_lasting = false;
    const bool has_room = node->table.has_room(node->table.context);
    if (has_room != node->joining.has_room)
        joining_set_room(&node->joining, has_room);
    node->joining.read_ms = node->at_end_ms;
    const enum joining_step step = joining_tick(
        &node->joining, engine_is_connected(node->engine), random_next(&node->random) | 1,
        members_interval_max_s(&node->status.members, node->interval_max_s, node->now_ms),
        node->now_ms);
    if (step == JOINING_GAVE_UP)
        node->table.end_join(node->table.context, false);
    if (step == JOINING_WHOLE)
        adopt_counts(node, false);
    if (step == JOINING_SEND_LASTING)
        node_sending_begin_walk(node, true, 0);
    node_unlock(node);
    return step;
}

void node_snapshots_tick(struct node *node) {
    switch (next_joining_step(node)) {
    case JOINING_REQUEST:
        request_snapshot(node);
        break;
    case JOINING_GAVE_UP:
        if (!node->joining.served)
            log_info(
                "cluster: no other node has sent a copy of all peers; using those of the "
                "database");
        break;
    case JOINING_WHOLE:
        log_info("cluster: every client has announced again; this node has all peers");
        break;
    case JOINING_SEND_LASTING:
    case JOINING_WAIT:
        break;
    }
}

static void begin_source(struct node *node) {
    bool claimed;
    const struct request request = node->requests[0];
    node->request_count--;
    memmove(node->requests, node->requests + 1, node->request_count * sizeof *node->requests);
    if (node->now_ms >= request.read_ms + SOURCE_PATIENCE_MS ||
        !node_link_is_done(node, engine_claim_snapshot(node->engine, request.id, &claimed)) ||
        !claimed)
        return;
    node->chunk = malloc(SNAPSHOT_BUFFER_LEN);
    if (node->chunk == NULL)
        return;
    node->chunk_len = 0;
    node->chunk_request = request.id;
    node->chunk_ms = node->now_ms;
    node_lock(node);
    node->source = (struct snapshot_source){
        .request = request.id,
        .node = node->options.replica.node,
        .site = node->options.replica.site,
        .whole = node->joining.whole,
        .partial = !node->joining.whole,
    };
    node_unlock(node);
}

static void end_source(struct node *node) {
    node_lock(node);
    node->source.request = 0;
    node_unlock(node);
    free(node->chunk);
    node->chunk = NULL;
}

static void write_chunk(struct node *node) {
    uint8_t positions[RECORD_MAX];
    struct record heartbeat;
    struct writer w = writer_on(node->chunk, SNAPSHOT_BUFFER_LEN);
    node_lock(node);
    node->source.whole = node->source.whole && node->joining.whole;
    node_sending_write_heartbeat(node, &heartbeat, positions);
    snapshot_source_write(&node->source, &node->replica, &node->table, &heartbeat, &w);
    node->status.counts.bytes_sent += w.len;
    node_unlock(node);
    node->chunk_len = w.len;
}

static void note_sent_chunk(struct node *node) {
    const bool last = node->source.request == 0;
    node->chunk_len = 0;
    node->chunk_ms = node->now_ms;
    node->moved_chunk = true;
    if (!last)
        return;
    node_lock(node);
    node->status.counts.snapshots_sent++;
    node_unlock(node);
    end_source(node);
}

static bool is_source_late(const struct node *node) {
    return node->now_ms >= node->chunk_ms + SOURCE_PATIENCE_MS;
}

/* A full engine gets room when the other node takes the `waiting` chunks. If there are none, the
 * stream is trimmed, unless it is too small to be what fills the engine. */
static void send_chunk(struct node *node, uint32_t waiting) {
    if (node->chunk_len == 0)
        write_chunk(node);
    const struct bytes chunk = { .data = node->chunk, .len = node->chunk_len };
    const enum engine_result result = engine_push_chunk(node->engine, node->chunk_request, chunk);
    if (node_link_is_done(node, result))
        note_sent_chunk(node);
    else if (result != ENGINE_FULL || is_source_late(node))
        end_source(node);
    else if (waiting == 0 && node->status.stream_bytes > chunk.len)
        node_link_make_room(node);
}

void node_snapshots_serve(struct node *node) {
    uint32_t waiting;
    if (node->chunk == NULL && node->request_count > 0)
        begin_source(node);
    if (node->chunk == NULL ||
        !node_link_is_done(node, engine_count_chunks(node->engine, node->chunk_request, &waiting)))
        return;
    if (waiting < CHUNKS_MAX)
        send_chunk(node, waiting);
    else if (is_source_late(node))
        end_source(node);
}
