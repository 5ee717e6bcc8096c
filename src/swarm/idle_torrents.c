#include "swarm/idle_torrents.h"

#include <string.h>

#include "base/clock.h"

static void keep_torrent(struct tracker *tracker, const struct tracker_options *options,
                         struct swarm *swarm) {
    struct address_counts *addresses = tracker->idle.addresses;
    const struct endpoint *keeper = &swarm->completed_by;
    const uint32_t max = options->address_idle_torrents_max;
    if (swarm->downloaded == 0 || keeper->family == FAMILY_NONE)
        return;
    if (max > 0 && tracker_state_limits(tracker, keeper) &&
        address_counts_reach(addresses, keeper, max)) {
        swarm->idle_share = IDLE_OVER_SHARE;
        return;
    }
    address_counts_add(addresses, keeper);
    swarm->idle_share = IDLE_COUNTED;
}

void idle_torrents_release(struct tracker *tracker, struct swarm *swarm) {
    if (swarm->idle_share == IDLE_COUNTED)
        address_counts_remove(tracker->idle.addresses, &swarm->completed_by);
    swarm->idle_share = IDLE_UNCOUNTED;
}

void idle_torrents_update(struct tracker *tracker, const struct tracker_options *options,
                          struct swarm *swarm, uint32_t peers_before) {
    const uint32_t peers = swarm_peers(swarm);
    if (peers_before == 0 && peers > 0)
        idle_torrents_release(tracker, swarm);
    else if (peers_before > 0 && peers == 0)
        keep_torrent(tracker, options, swarm);
}

/* Less than an eighth is free. */
static bool torrents_nearly_full(const struct tracker *tracker, uint32_t torrents_max) {
    return counter_read(&tracker->torrents) >= torrents_max - torrents_max / 8;
}

/* Since the last measurement, or young then. */
static bool is_recently_idle(const struct idle_torrents *idle, const struct swarm *swarm) {
    return idle->measured &&
           (clock_elapsed_s(idle->measured_s, swarm->idle_since_s) > 0 ||
            clock_elapsed_s(swarm->idle_since_s, idle->measured_s) < idle->young_s);
}

bool idle_torrents_can_forget(const struct tracker *tracker, const struct tracker_options *options,
                              const struct swarm *swarm, uint32_t now_s) {
    if (swarm_peers(swarm) > 0)
        return false;
    if (swarm->downloaded == 0 || swarm->idle_share == IDLE_OVER_SHARE ||
        clock_elapsed_s(swarm->idle_since_s, now_s) >= options->idle_torrent_s)
        return true;
    return torrents_nearly_full(tracker, options->torrents_max) &&
           is_recently_idle(&tracker->idle, swarm);
}

/* Eight classes between two powers of two: a class is an eighth to a sixteenth of its ages wide. */
static uint32_t age_class(uint32_t age_s) {
    uint32_t shift = 0;
    while (age_s >> shift >= 16)
        shift++;
    return 8 * shift + (age_s >> shift);
}

/* The lowest age above the class. */
static uint32_t age_above(uint32_t class) {
    const uint32_t shift = class < 16 ? 0 : class / 8 - 1;
    return (class - 8 * shift + 1) << shift;
}

void idle_torrents_begin_round(struct tracker *tracker, uint32_t now_s) {
    tracker->idle.began_s = now_s;
    memset(tracker->idle.ages, 0, sizeof tracker->idle.ages);
}

void idle_torrents_measure(struct tracker *tracker, const struct swarm *swarm) {
    struct idle_torrents *idle = &tracker->idle;
    if (swarm_peers(swarm) == 0)
        idle->ages[age_class(clock_elapsed_s(swarm->idle_since_s, idle->began_s))]++;
}

void idle_torrents_end_round(struct tracker *tracker, uint32_t torrents_max) {
    struct idle_torrents *idle = &tracker->idle;
    const uint32_t roomy = torrents_max - torrents_max / 8;
    const uint32_t torrents = counter_read(&tracker->torrents);
    idle->measured = true;
    idle->measured_s = idle->began_s;
    idle->young_s = 0;
    uint32_t excess = torrents >= roomy ? torrents - roomy + 1 : 0;
    for (uint32_t class = 0; class < IDLE_AGE_CLASSES && excess > 0; class ++) {
        const uint32_t count = idle->ages[class];
        excess -= count < excess ? count : excess;
        idle->young_s = age_above(class);
    }
}
