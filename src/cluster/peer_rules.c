#include "cluster/peer_rules.h"

#include "cluster/stamp.h"

uint16_t peer_recorded_interval_s(uint32_t interval_s, uint32_t peer_timeout_min_s) {
    const uint32_t half = (peer_timeout_min_s + 1) / 2;
    const uint32_t recorded = interval_s > half ? interval_s : half;
    return (uint16_t)(recorded < INTERVAL_LIMIT_S ? recorded : INTERVAL_LIMIT_S);
}

uint64_t peer_deadline_ms(uint64_t stamp, uint32_t recorded_interval_s) {
    return stamp_ms(stamp) + UINT64_C(1000) * peer_lifetime_s(recorded_interval_s);
}

/* The next announce could come later than 1.5 intervals after the stamp. */
static bool peer_is_due(const struct send_facts *facts) {
    return facts->interval_s + facts->recorded_s + DEADLINE_SLACK_S > facts->remaining_s;
}

/* It may have stopped at another node, whose removal has not arrived. */
static bool peer_starts_again(const struct send_facts *facts) {
    return facts->event == EVENT_STARTED &&
           facts->remaining_s + STARTED_AGAIN_S < peer_lifetime_s(facts->recorded_s);
}

enum send_what peer_what_to_send(const struct send_facts *facts) {
    if (facts->event == EVENT_STOPPED)
        return facts->known || !facts->has_tombstone ? SEND_REMOVE : SEND_NOTHING;
    if (!facts->known || facts->changed || peer_starts_again(facts) || peer_is_due(facts))
        return SEND_PUT;
    return SEND_NOTHING;
}

/* Order of two puts with one stamp. Any order does, as long as each node uses the same. */
static int compare_states(const struct peer_state *a, const struct peer_state *b) {
    const int order = memcmp(a->peer_id, b->peer_id, PEER_ID_LEN);
    if (order != 0)
        return order;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return (a->left == 0) - (b->left == 0);
}

enum merge_effect peer_merge(const struct record *record, const struct held_peer *held,
                             uint64_t tombstone, uint64_t now_ms) {
    const uint64_t stamp = record->stamp;
    if (stamp_ms(stamp) > now_ms + STAMP_AHEAD_MAX_MS || stamp <= tombstone)
        return MERGE_NOTHING;
    if (record->kind == RECORD_REMOVE)
        return held == NULL || stamp >= held->stamp ? MERGE_REMOVE : MERGE_NOTHING;
    if (peer_deadline_ms(stamp, record->state.interval_s) < now_ms)
        return MERGE_NOTHING;
    if (held == NULL || stamp > held->stamp)
        return MERGE_PUT;
    const bool greater = stamp == held->stamp && compare_states(&record->state, &held->state) > 0;
    return greater ? MERGE_PUT : MERGE_NOTHING;
}

static uint64_t known_restriction(const struct record *record) {
    return record->registry.restricts ? record->stamp : record->registry.restriction;
}

bool registry_beats(const struct record *a, const struct record *b) {
    const uint64_t restriction_a = known_restriction(a);
    const uint64_t restriction_b = known_restriction(b);
    if (restriction_a != restriction_b)
        return restriction_a > restriction_b;
    if (a->registry.restricts != b->registry.restricts)
        return b->registry.restricts;
    return a->stamp > b->stamp;
}
