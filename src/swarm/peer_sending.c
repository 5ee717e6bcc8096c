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

enum send_what peer_what_to_send(const struct send_facts *facts) {
    /* Of an unknown peer, too, and if it has stopped here before: it may have started again at
     * another node, whose put has not arrived. */
    if (facts->event == EVENT_STOPPED)
        return SEND_REMOVE;
    /* It may have stopped at another node, whose removal has not arrived. */
    if (facts->event == EVENT_STARTED)
        return SEND_PUT;
    /* Another node may have recorded a shorter interval, which this one has not read. */
    if (!facts->known || facts->changed || facts->outdated || peer_is_due(facts))
        return SEND_PUT;
    return SEND_NOTHING;
}
