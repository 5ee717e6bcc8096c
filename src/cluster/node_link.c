#include "cluster/node_link.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/keyed_hash.h"
#include "base/log.h"

enum {
    RECONNECT_MS = 200,
    RETRY_MS = 1000, /* if it fails, or the engine refuses a command */
    UPDATE_MS = 1000,
    CURRENT_MS = 30000, /* after the end of the stream was read */
    CLOCK_TOOK_MS = 50,
    CLOCK_KEPT_MS = 60000,
    REPORTED_MS = 60000,      /* until the same failure is logged again, if it ended in between */
    SECRETS_REPLACED_MAX = 3, /* in a row */
    SECRET_NEW_MS = 2 * NODE_HEARTBEAT_MS + 2000, /* by then, the others have put theirs back */
};

void node_link_update_table(struct node *node) {
    const struct node_facts facts = {
        .node = node->options.replica.node,
        .clock = node->clock,
        .merged_ms = node->merged_ms,
        .current_until_ms = node->at_end_ms == 0 ? 0 : node->at_end_ms + CURRENT_MS,
        .budget_per_s =
            members_budget_per_s(&node->status.members, node->budget_per_s, node->now_ms),
        .connected = node->has_connected,
        .foreign = node->foreign,
        .unsure = node->made_secret && node->secret_until_ms > node->now_ms,
        .has_others = node->status.members.count > 0,
        .secret = node->options.replica.secret,
    };
    node->update_ms = node->now_ms + UPDATE_MS;
    node->table.update(node->table.context, &facts);
}

void node_link_create_replica(struct node *node) {
    node->replica = replica_create(&node->options.replica, node_cluster_ms(node));
}

/* Different commands may fail alternately: each error is logged once in REPORTED_MS. */
static void report_error(struct node *node, const char *error) {
    static const struct hash_key key = { { 0, 0 } };
    const uint64_t hash = keyed_hash(&key, error, strlen(error));
    for (size_t i = 0; i < NODE_REPORTS_MAX; i++) {
        const struct report *report = &node->reports[i];
        if (report->hash == hash && node->now_ms < report->at_ms + REPORTED_MS)
            return;
    }
    node->reports[node->next_report] = (struct report){ .hash = hash, .at_ms = node->now_ms };
    node->next_report = (node->next_report + 1) % NODE_REPORTS_MAX;
    node->reported = true;
    log_warning("cluster: changes wait: %s", error);
}

/* An empty text: all is well again. */
static void note_error(struct node *node, const char *error) {
    node_lock(node);
    const bool is_new = strcmp(node->status.error, error) != 0;
    snprintf(node->status.error, sizeof node->status.error, "%s", error);
    node->status.connected = engine_is_connected(node->engine);
    node_unlock(node);
    if (is_new && *error != '\0')
        report_error(node, error);
}

void node_link_note_success(struct node *node) {
    note_error(node, "");
    if (node->reported)
        log_info("cluster: the engine takes changes again");
    node->reported = false;
}

/* Whether a call to the engine has succeeded. After a failure, nothing is written for a while. */
bool node_link_is_done(struct node *node, enum engine_result result) {
    if (result == ENGINE_DONE)
        return true;
    note_error(node, engine_error(node->engine));
    node->retry_ms = node->now_ms + (result == ENGINE_LOST ? RECONNECT_MS : RETRY_MS);
    return false;
}

/* A step may have waited since it began. The engine's answer is as old as half the time it took. A
 * slow answer is inexact, so it is used only if there was no fast one for CLOCK_KEPT_MS. */
void node_link_follow_clock(struct node *node) {
    uint64_t engine_ms = 0;
    const uint64_t asked_ns = clock_now_ns();
    if (!node_link_is_done(node, engine_time(node->engine, &engine_ms)))
        return;
    const uint64_t took_ns = clock_now_ns() - asked_ns;
    const uint64_t answered_ns = asked_ns + took_ns / 2;
    const uint64_t answered_ms = node->now_ms + (answered_ns - node->began_ns) / 1000000;
    if (took_ns > CLOCK_TOOK_MS * UINT64_C(1000000) && node->now_ms < node->clock_until_ms)
        return;
    node->clock_until_ms = node->now_ms + CLOCK_KEPT_MS;
    node_lock(node);
    const bool jumped = cluster_clock_follow(&node->clock, engine_ms, answered_ms);
    node->status.clock_offset_ms = (int64_t)engine_ms - clock_unix_ms();
    if (jumped)
        node->hold_until_ms = node->now_ms + UINT64_C(1000) * node->interval_max_s;
    node_link_update_table(node);
    node_unlock(node);
}

void node_link_trim(struct node *node, uint64_t bytes_max) {
    const uint64_t age_ms = UINT64_C(1000) * node->options.stream_age_max_s;
    const uint64_t now_ms = node_cluster_ms(node);
    uint64_t bytes;
    const uint64_t oldest_ms = now_ms > age_ms ? now_ms - age_ms : 0;
    if (!node_link_is_done(node, engine_trim(node->engine, bytes_max, oldest_ms, &bytes)))
        return;
    node_lock(node);
    node->status.stream_bytes = bytes;
    node_unlock(node);
}

/* The first time, its size may be unknown. */
void node_link_make_room(struct node *node) {
    const uint64_t bytes = node->status.stream_bytes;
    const uint64_t bytes_max = node->options.stream_bytes_max;
    node_link_trim(node, bytes == 0 || bytes > bytes_max ? bytes_max : bytes / 4 * 3);
}

/* The stream is another one: its end is read again, and what it may lack is sent again. The ids of
 * a promoted replica may be smaller than this node's position. Entries older than SENT_KEPT_MS are
 * not read again: other nodes may have forgotten them. */
static void begin_again(struct node *node, const struct engine_stream *stream,
                        enum resend_reason reason) {
    const bool ahead = stream_id_before(stream->last, node->position);
    const uint64_t end_ms = ahead ? stream->last.ms : node->position.ms;
    node->position = (struct stream_id){ .ms = end_ms > SENT_KEPT_MS ? end_ms - SENT_KEPT_MS : 0 };
    node->must_resend = reason;
    stream_lag_begin(&node->lag, stream);
}

static void note_lag(struct node *node, const struct engine_stream *stream, bool at_end) {
    const uint64_t since_end_ms =
        node->at_end_ms == 0 ? UINT64_MAX : node->now_ms - node->at_end_ms;
    node_lock(node);
    node->status.behind_entries = stream_lag_entries(&node->lag, stream, at_end);
    node->status.behind_ms = node->status.behind_entries == 0
                                 ? 0
                                 : stream_lag_ms(node->position, stream->last, since_end_ms);
    node_unlock(node);
}

void node_link_look_at_stream(struct node *node) {
    struct engine_stream stream;
    bool at_end = node->at_end_ms == node->now_ms;
    if (!node_link_is_done(node, engine_stream(node->engine, &stream)))
        return;
    const char *run = engine_info(node->engine)->run;
    const bool is_other = strcmp(node->run, run) != 0;
    const bool lost_own = stream_id_before(stream.last, node->last);
    if (node->run[0] == '\0') {
        node->position = stream.last;
    } else if (is_other || stream.ever_added < node->ever_added || lost_own ||
               stream_id_before(stream.last, node->position)) {
        begin_again(node, &stream, is_other ? RESEND_ENGINE : RESEND_STREAM);
        at_end = false;
    }
    snprintf(node->run, sizeof node->run, "%s", run);
    node->ever_added = stream.ever_added;
    node->last = (struct stream_id){ 0 };
    note_lag(node, &stream, at_end || !stream_id_before(node->position, stream.last));
}

/* With the lock. Tombstones and completions have hashes by the secret: the past ones are lost. */
static void take_secret(struct node *node, const struct hash_key *secret) {
    struct replica past = node->replica;
    node->options.replica.secret = *secret;
    node->foreign = !hash_key_equal(secret, &node->first_secret);
    node_link_create_replica(node);
    if (past.options.counting == past.options.node)
        replica_join(&node->replica);
    node->table.move_counts(node->table.context, &past, &node->replica);
    replica_free(&past);
}

/* Two clusters that have met in one engine would replace each other's secret for ever. */
static bool gives_way(const struct node *node, const struct hash_key *secret) {
    return node->now_ms < node->secret_until_ms ||
           (node->replaced >= SECRETS_REPLACED_MAX &&
            memcmp(secret, &node->options.replica.secret, sizeof *secret) < 0);
}

static enum engine_result replace_secret(struct node *node, const struct hash_key *secret) {
    const enum engine_result result =
        engine_replace_secret(node->engine, (const uint8_t *)secret, sizeof *secret);
    if (!node_link_is_done(node, result))
        return result;
    log_warning("cluster: the engine had another secret: replaced it with that of this cluster");
    return ENGINE_DONE;
}

/* The first node of a cluster makes the secret. A node that has another one takes the cluster's
 * when it connects, or until it has joined. If the engine loses the secret, or gets another one
 * later, the nodes put theirs back. Until they do, a new node may have made another one, which
 * gives way to theirs. */
enum engine_result node_link_share_secret(struct node *node) {
    const struct hash_key own = node->options.replica.secret;
    struct hash_key secret = own;
    bool made;
    const enum engine_result result =
        engine_share_secret(node->engine, (uint8_t *)&secret, sizeof secret, &made);
    if (result == ENGINE_INVALID && node->has_connected)
        return replace_secret(node, &own);
    if (!node_link_is_done(node, result))
        return result;
    const bool differs = !hash_key_equal(&secret, &own);
    const bool takes =
        differs && (!node->has_connected || !node->joining.joined || gives_way(node, &secret));
    if (!node->has_connected && (made || takes))
        node->secret_until_ms = node->now_ms + SECRET_NEW_MS;
    node_lock(node);
    node->made_secret = node->has_connected ? node->made_secret : made;
    node->has_connected = true;
    if (takes)
        take_secret(node, &secret);
    node_link_update_table(node);
    node_unlock(node);
    node->replaced = differs && !takes ? node->replaced + 1 : 0;
    return differs && !takes ? replace_secret(node, &own) : ENGINE_DONE;
}

static void note_connection(struct node *node) {
    const struct engine_info *info = engine_info(node->engine);
    log_info("cluster: connected to %s, %s %s", info->url, info->is_valkey ? "Valkey" : "Redis",
             info->version);
    if (info->warnings[0] != '\0')
        log_warning("cluster: engine %s: %s", info->url, info->warnings);
    node_lock(node);
    node->status.engine = *info;
    node->status.counts.connects++;
    node_unlock(node);
    note_error(node, "");
    node->reported = false;
}

/* An engine that refuses even the secret is not used: without it, this node's records would be of
 * another cluster. */
static bool join_engine(struct node *node) {
    node_link_follow_clock(node);
    const enum engine_result result = node_link_share_secret(node);
    if (result == ENGINE_FULL)
        node_link_make_room(node);
    if (result == ENGINE_DONE) {
        node_link_look_at_stream(node);
    } else {
        engine_disconnect(node->engine);
        note_error(node, engine_error(node->engine));
    }
    return engine_is_connected(node->engine);
}

void node_link_connect(struct node *node) {
    if (engine_is_connected(node->engine) || node->now_ms < node->retry_ms)
        return;
    if (!engine_connect(node->engine)) {
        note_error(node, engine_error(node->engine));
        node->retry_ms = node->now_ms + RETRY_MS;
        return;
    }
    if (join_engine(node))
        note_connection(node);
}
