/* The latest events of peers, for the API: a reader of the change feed that keeps the last
 * RECENT_EVENTS_KEPT of them. */
#ifndef SKEP_WEB_VIEWS_RECENT_EVENTS_H
#define SKEP_WEB_VIEWS_RECENT_EVENTS_H

#include "swarm/change_feed.h"

enum { RECENT_EVENTS_KEPT = 1000 };

struct recent_event {
    uint64_t id;   /* counts from 1, without gaps */
    int64_t at_ms; /* Unix time */
    struct change change;
};

struct recent_events;

/* Keeps addresses with this precision. NULL if out of memory. */
struct recent_events *recent_events_create(enum address_precision addresses);
void recent_events_delete(struct recent_events *events); /* NULL is fine */

/* Adds those changes in which a peer joined, completed, left, expired or moved. `events` is a
 * struct recent_events. Any thread. */
void recent_events_add(void *events, const struct change *changes, size_t count);

/* Copies up to `max` events with ids greater than `after`, oldest first, and returns their number.
 * If `after` is 0 or not yet reached, as after a restart, copies the newest events instead. Any
 * thread. */
size_t recent_events_read(struct recent_events *events, uint64_t after, struct recent_event *list,
                          size_t max);

#endif
