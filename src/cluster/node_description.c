#include "cluster/node_description.h"

#include <string.h>

#include "base/clock.h"

/* An incarnation has the Unix time of the start, by the clock of the node's machine. */
static uint32_t member_age_s(const struct member *member, int64_t own_offset_ms) {
    const int64_t started_s = (int64_t)(member->incarnation >> 32);
    const int64_t ahead_s = own_offset_ms / 1000 - member->clock_offset_ms / 1000;
    const int64_t age_s = clock_unix_s() + ahead_s - started_s;
    if (age_s < 0)
        return 0;
    return age_s > UINT32_MAX ? UINT32_MAX : (uint32_t)age_s;
}

static void describe_member(const struct member *member, uint64_t now_ms, int64_t own_offset_ms,
                            struct cluster_member *described) {
    *described = (struct cluster_member){
        .node = member->node,
        .alive = member_is_alive(member, now_ms),
        .ready = member->joined,
        .whole = member->whole,
        .since_s = member_age_s(member, own_offset_ms),
        .heard_s = (uint32_t)((now_ms - member->heard_ms) / 1000),
        .budget_per_s = member->budget_per_s,
        .announces_per_s = member->announces_per_s,
        .clock_offset_ms = member->clock_offset_ms,
        .has_lag = member->has_lag,
        .behind_entries = member->behind_entries,
        .behind_ms = member->behind_ms,
    };
    memcpy(described->name, member->name, sizeof member->name);
    memcpy(described->version, member->version, sizeof member->version);
}

_Static_assert((int)CLUSTER_NODES_MAX == (int)NODES_MAX &&
                   (int)CLUSTER_NAME_LEN == (int)NODE_NAME_MAX + 1 &&
                   (int)CLUSTER_VERSION_LEN == (int)NODE_VERSION_MAX + 1,
               "all members fit");

static uint32_t seconds_since(uint64_t then_ms, uint64_t now_ms) {
    return then_ms == 0 ? 0 : (uint32_t)((now_ms - then_ms) / 1000);
}

static const char *resend_reason_name(enum resend_reason reason) {
    static const char *const names[] = {
        [RESEND_ENGINE] = "engine",
        [RESEND_STREAM] = "stream",
    };
    return names[reason];
}

void node_description_fill(const struct node_status *node, uint64_t now_ms,
                           struct cluster_status *status) {
    *status = (struct cluster_status){
        .node = node->node,
        .ready = node->joined,
        .whole = node->whole,
        .full = !node->has_room,
        .receiving = node->receiving,
        .sending = node->sending,
        .connected = node->connected,
        .failing = node->error[0] != '\0',
        .is_valkey = node->engine.is_valkey,
        .stream_bytes = node->stream_bytes,
        .behind_entries = node->behind_entries,
        .behind_ms = node->behind_ms,
        .clock_offset_ms = node->clock_offset_ms,
        .announces_per_s = node->per_s[NODE_ANNOUNCES],
        .records_sent_per_s = node->per_s[NODE_RECORDS_SENT],
        .bytes_sent_per_s = node->per_s[NODE_BYTES_SENT],
        .records_merged_per_s = node->per_s[NODE_RECORDS_MERGED],
        .bytes_read_per_s = node->per_s[NODE_BYTES_READ],
        .waiting = node->waiting,
        .dropped = node->lost,
        .connects = node->counts.connects,
        .records_sent = node->counts.records_sent,
        .bytes_sent = node->counts.bytes_sent,
        .records_merged = node->counts.records_merged,
        .bytes_read = node->counts.bytes_read,
        .invalid = node->counts.invalid,
        .resends = node->counts.resends,
        .holes = node->counts.holes,
        .snapshots_received = node->counts.snapshots_received,
        .snapshots_sent = node->counts.snapshots_sent,
        .snapshot_reason = snapshot_reason_name(node->snapshot_reason),
        .snapshot_requested_s = seconds_since(node->snapshot_requested_ms, now_ms),
        .snapshot_received = node->snapshot_received_ms != 0,
        .snapshot_received_s = seconds_since(node->snapshot_received_ms, now_ms),
        .resend_reason = resend_reason_name(node->resend_reason),
        .resent_s = seconds_since(node->resent_ms, now_ms),
        .members = node->members.count,
    };
    memcpy(status->engine, node->engine.url, sizeof status->engine);
    memcpy(status->version, node->engine.version, sizeof status->version);
    memcpy(status->error, node->error, sizeof status->error);
    memcpy(status->warnings, node->engine.warnings, sizeof status->warnings);
    for (size_t i = 0; i < status->members; i++)
        describe_member(&node->members.list[i], now_ms, node->clock_offset_ms, &status->list[i]);
}
