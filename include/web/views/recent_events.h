/* The last things that happened to the swarms, for people to watch: a reader of the change feed
 * that keeps the newest RECENT_EVENTS_KEPT of them. */
#ifndef SKEP_WEB_VIEWS_RECENT_EVENTS_H
#define SKEP_WEB_VIEWS_RECENT_EVENTS_H

#include "swarm/change_feed.h"

enum { RECENT_EVENTS_KEPT = 1000 };

struct recent_event {
    uint64_t id;   /* from 1 on, each one more than that before */
    int64_t at_ms; /* Unix time */
    struct change change;
};

struct recent_events;

/* NULL without memory. */
struct recent_events *recent_events_create(void);
void recent_events_delete(struct recent_events *events);

/* Takes note of peers that joined, completed, left, expired or moved. `events` is a struct
 * recent_events. Any thread, one at a time. */
void recent_events_add(void *events, const struct change *changes, size_t count);

/* Copies up to `max` of those that follow the one of id `after`, oldest first, and returns how
 * many. Where `after` is 0, or no event's id up to now, they are the newest. Any thread. */
size_t recent_events_read(struct recent_events *events, uint64_t after, struct recent_event *list,
                          size_t max);

#endif
