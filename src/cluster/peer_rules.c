#include "cluster/peer_rules.h"

#include "swarm/registry_mark.h"

/* Order of two puts with one stamp, which nodes with one id have made before one of them took a new
 * one. Any order does, as long as each node uses the same. */
static int compare_states(const struct peer_state *a, const struct peer_state *b) {
    const int order = memcmp(a->peer_id, b->peer_id, PEER_ID_LEN);
    if (order != 0)
        return order;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    if ((a->left == 0) != (b->left == 0))
        return a->left == 0 ? 1 : -1;
    return a->interval_s - b->interval_s;
}

enum merge_effect peer_merge(const struct record *record, const struct held_peer *held,
                             uint64_t tombstone, uint64_t now_ms) {
    const uint64_t stamp = record->stamp;
    if (stamp_ms(stamp) > now_ms + STAMP_AHEAD_MAX_MS)
        return MERGE_NOTHING;
    if (stamp_is_guessed(stamp) && (held != NULL || tombstone != 0))
        return MERGE_NOTHING;
    /* A snapshot may have brought the tombstone of a peer before its removal arrives. */
    const bool removes = held == NULL ? stamp > tombstone : stamp >= held->stamp;
    if (record->kind == RECORD_REMOVE)
        return removes ? MERGE_REMOVE : MERGE_NOTHING;
    if (stamp <= tombstone || peer_deadline_ms(stamp, record->state.interval_s) < now_ms)
        return MERGE_NOTHING;
    if (held == NULL || stamp > held->stamp)
        return MERGE_PUT;
    const bool greater = stamp == held->stamp && compare_states(&record->state, &held->state) > 0;
    return greater ? MERGE_PUT : MERGE_NOTHING;
}

static struct registry_mark mark_of(const struct record *record) {
    return (struct registry_mark){
        .stamp = record->stamp,
        .restriction = record->registry.restriction,
        .restricts = record->registry.restricts,
    };
}

bool registry_beats(const struct record *a, const struct record *b) {
    const struct registry_mark mark_a = mark_of(a);
    const struct registry_mark mark_b = mark_of(b);
    return registry_mark_beats(&mark_a, &mark_b);
}
