#include "swarm/peer_sending.h"

uint16_t peer_recorded_interval_s(uint32_t interval_s, uint32_t peer_timeout_min_s) {
    const uint32_t half = (peer_timeout_min_s + 1) / 2;
    const uint32_t recorded = interval_s > half ? interval_s : half;
    return (uint16_t)(recorded < INTERVAL_LIMIT_S ? recorded : INTERVAL_LIMIT_S);
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
