/* What happens to the swarms, as log lines for people: a reader of the change feed. */
#ifndef SKEP_CMD_EVENT_LOG_H
#define SKEP_CMD_EVENT_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "swarm/feed.h"

struct event_log {
    uint32_t per_s; /* lines a second; more are counted, and the count is logged */
    uint32_t left;
    uint64_t second;
    uint64_t unsaid;
};

/* One line for each peer that joined, completed, left, expired or moved. */
void event_log_changes(struct event_log *log, const struct change *changes, size_t count,
                       uint64_t now_ms);

#endif
