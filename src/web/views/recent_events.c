#include "web/views/recent_events.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"

struct recent_events {
    enum address_precision addresses;
    pthread_mutex_t lock; /* guards all below */
    uint64_t last;        /* id of the newest event; 0: none */
    struct recent_event ring[RECENT_EVENTS_KEPT];
};

struct recent_events *recent_events_create(enum address_precision addresses) {
    struct recent_events *events = calloc(1, sizeof *events);
    if (events == NULL)
        return NULL;
    events->addresses = addresses;
    pthread_mutex_init(&events->lock, NULL);
    return events;
}

void recent_events_delete(struct recent_events *events) {
    if (events == NULL)
        return;
    pthread_mutex_destroy(&events->lock);
    free(events);
}

static bool is_event(enum change_kind kind) {
    return kind == CHANGE_PEER_JOINED || kind == CHANGE_PEER_COMPLETED ||
           kind == CHANGE_PEER_LEFT || kind == CHANGE_PEER_EXPIRED || kind == CHANGE_PEER_MOVED;
}

void recent_events_add(void *context, const struct change *changes, size_t count) {
    struct recent_events *events = context;
    const int64_t now_ms = clock_unix_ms();
    pthread_mutex_lock(&events->lock);
    for (size_t i = 0; i < count; i++) {
        if (!is_event(changes[i].kind))
            continue;
        const uint64_t id = ++events->last;
        struct recent_event *event = &events->ring[id % RECENT_EVENTS_KEPT];
        *event = (struct recent_event){ id, now_ms, changes[i] };
        event->change.peer = endpoint_reduced(&changes[i].peer, events->addresses);
    }
    pthread_mutex_unlock(&events->lock);
}

size_t recent_events_read(struct recent_events *events, uint64_t after, struct recent_event *list,
                          size_t max) {
    pthread_mutex_lock(&events->lock);
    const uint64_t last = events->last;
    const uint64_t oldest = last > RECENT_EVENTS_KEPT ? last - RECENT_EVENTS_KEPT : 0;
    if (after == 0 || after > last)
        after = last > max ? last - max : 0;
    if (after < oldest)
        after = oldest;
    size_t count = 0;
    while (count < max && after < last)
        list[count++] = events->ring[++after % RECENT_EVENTS_KEPT];
    pthread_mutex_unlock(&events->lock);
    return count;
}
