#include "swarm/peer_record.h"

#define TOTAL_MAX ((UINT64_C(1) << 40) - 1)
#define RATE_MAX ((UINT64_C(1) << 24) - 1)

static uint64_t clamp_to(uint64_t value, uint64_t most) {
    return value < most ? value : most;
}

struct peer_record peer_record_announced(const struct announce_request *request,
                                         const struct endpoint *peer, uint32_t now_s,
                                         uint16_t ttl_s) {
    struct peer_record record = {
        .key = request->key,
        .left = request->left,
        .uploaded_kib = clamp_to(request->uploaded >> 10, TOTAL_MAX) & TOTAL_MAX,
        .downloaded_kib = clamp_to(request->downloaded >> 10, TOTAL_MAX) & TOTAL_MAX,
        .joined_s = now_s,
        .ttl_s = ttl_s,
    };
    memcpy(record.peer_id, request->peer_id, PEER_ID_LEN);
    if (request->event == EVENT_PAUSED && request->left > 0)
        record.flags |= PEER_PAUSED;
    if (request->may_be_proxy || !endpoint_equal(peer, &request->peer))
        record.flags |= PEER_CLAIMED;
    return record;
}

struct peer_record peer_record_restored(const struct change *change, uint32_t now_s,
                                        uint16_t ttl_s) {
    struct peer_record record = {
        .key = change->key,
        .left = change->left,
        .joined_s = now_s - change->age_s,
        .ttl_s = change->interval_s > 0 ? (uint16_t)(2 * change->interval_s) : ttl_s,
        .flags = PEER_RESTORED,
    };
    memcpy(record.peer_id, change->peer_id, PEER_ID_LEN);
    if (change->paused && change->left > 0)
        record.flags |= PEER_PAUSED;
    if (change->counted)
        record.flags |= PEER_COMPLETED_COUNTED;
    return record;
}

struct peer_record peer_record_merged(const struct peer_state *state, uint32_t now_s) {
    struct peer_record record = {
        .key = state->key,
        .left = state->left,
        .uploaded_kib = clamp_to(state->uploaded_kib, TOTAL_MAX) & TOTAL_MAX,
        .downloaded_kib = clamp_to(state->downloaded_kib, TOTAL_MAX) & TOTAL_MAX,
        .joined_s = now_s,
        .ttl_s = state->interval_s,
        .flags = PEER_STAMPED,
    };
    memcpy(record.peer_id, state->peer_id, PEER_ID_LEN);
    if (state->paused && state->left > 0)
        record.flags |= PEER_PAUSED;
    if (state->counted)
        record.flags |= PEER_COMPLETED_COUNTED;
    if (!state->own_address)
        record.flags |= PEER_CLAIMED;
    return record;
}

/* A client whose totals decrease has restarted them; it gets no rate this time. */
static uint64_t rate_between(uint64_t past_kib, uint64_t kib, uint32_t elapsed_s) {
    return kib < past_kib ? 0 : clamp_to((kib - past_kib + elapsed_s / 2) / elapsed_s, RATE_MAX);
}

/* A client with both of our URLs announces twice within seconds, the second time with unchanged
 * totals: a short time span is weighted accordingly. */
static uint64_t rate_after(uint64_t past_rate, uint64_t past_kib, uint64_t kib,
                           uint32_t elapsed_s) {
    if (elapsed_s == 0)
        return past_rate;
    const uint64_t rate = rate_between(past_kib, kib, elapsed_s);
    if (elapsed_s >= RATE_SPAN_S || kib < past_kib)
        return rate;
    return (past_rate * (RATE_SPAN_S - elapsed_s) + rate * elapsed_s) / RATE_SPAN_S;
}

static void update_rates(struct peer_record *record, const struct peer_record *past,
                         uint32_t elapsed_s) {
    record->upload_rate =
        rate_after(past->upload_rate, past->uploaded_kib, record->uploaded_kib, elapsed_s) &
        RATE_MAX;
    record->download_rate =
        rate_after(past->download_rate, past->downloaded_kib, record->downloaded_kib, elapsed_s) &
        RATE_MAX;
}

void peer_record_copy_history(struct peer_record *record, const struct peer_record *past,
                              uint32_t elapsed_s) {
    if (memcmp(record->peer_id, past->peer_id, PEER_ID_LEN) != 0)
        return;
    record->joined_s = past->joined_s;
    record->flags |= past->flags & PEER_COMPLETED_COUNTED;
    /* The store does not keep totals, so a rate cannot be computed. */
    if ((past->flags & PEER_RESTORED) == 0)
        update_rates(record, past, elapsed_s);
}
