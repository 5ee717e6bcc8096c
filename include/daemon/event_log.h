/* What happens to the swarms, as log lines for people: a reader of the change feed. */
#ifndef SKEP_DAEMON_EVENT_LOG_H
#define SKEP_DAEMON_EVENT_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "swarm/change_feed.h"

struct event_log {
    uint32_t per_s; /* lines a second; more are counted, and the count is logged */
    uint32_t left;
    uint64_t second;
    uint64_t unsaid;
};

/* To be called often: at each new second, says how many lines the last one went without. */
void event_log_tick(struct event_log *log, uint64_t now_ms);

/* One line for each peer that joined, completed, left, expired or moved. */
void event_log_changes(struct event_log *log, const struct change *changes, size_t count);

#endif
