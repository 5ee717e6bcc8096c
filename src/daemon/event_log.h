/* Logs the peer events of the change feed, at most a number of lines per second. */
#ifndef SKEP_DAEMON_EVENT_LOG_H
#define SKEP_DAEMON_EVENT_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "swarm/change_feed.h"

struct event_log {
    enum address_precision addresses;
    uint32_t per_s;      /* lines per second; further events are counted */
    uint32_t left;       /* lines left in this second */
    uint64_t second;     /* monotonic */
    uint64_t suppressed; /* events of this second without a line */
};

/* The functions of a feed subscriber; `context` is a struct event_log. One thread. */

/* At each new second, logs how many events the last one suppressed. */
void event_log_tick(void *context, uint64_t now_ms);

/* One line for each peer that joined, changed, completed, left, expired or moved. */
void event_log_read(void *context, const struct change *changes, size_t count);

#endif
