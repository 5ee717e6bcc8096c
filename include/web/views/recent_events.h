/* The latest events of peers, for the API: a reader of the change feed that keeps the last
 * RECENT_EVENTS_KEPT of them, and apart from these the clients whose announces were refused, merged
 * by address and reason. */
#ifndef SKEP_WEB_VIEWS_RECENT_EVENTS_H
#define SKEP_WEB_VIEWS_RECENT_EVENTS_H

#include "swarm/change_feed.h"
#include "swarm/refused_clients.h"

enum {
    RECENT_EVENTS_KEPT = 1000,
    REFUSED_CLIENTS_KEPT = 256,
    REFUSED_CLIENT_S = 3600, /* forgotten so long after the last refusal */
    REFUSED_EVENT_MS = 5000, /* an entry becomes a new event at most this often */
    REFUSED_EVENTS_PER_CALL =
        10, /* new events of recent_events_add_refused(), which is called once a second */
};

struct recent_event {
    uint64_t id;          /* greater than that of any earlier event, also of earlier runs */
    int64_t at_ms;        /* Unix time */
    struct change change; /* if `refused`: only the peer's address, its peer_id and the info_hash */
    bool refused;
    /* Of a refused client: */
    enum announce_result result;
    char detail[REFUSAL_DETAIL_LEN];
    int64_t since_ms; /* Unix time of the first announce */
    uint64_t count;   /* refused announces; 1 for other events */
    bool after_gap;   /* events before it are missing: see recent_events_read() */
};

struct recent_events;

/* Keeps addresses with this precision. `first` is the id of the first event, at least 1: if it
 * grows from run to run faster than there are events, no id is used twice. NULL if out of memory.
 */
struct recent_events *recent_events_create(enum address_precision addresses, uint64_t first);
void recent_events_delete(struct recent_events *events); /* NULL is fine */

/* Adds those changes that have a name: see change_kind_name(). `events` is a struct recent_events.
 * Any thread. */
void recent_events_add(void *events, const struct change *changes, size_t count);

/* Adds refused clients. An entry whose count has grown gets a new id, and so replaces the event
 * with its earlier one. Any thread. */
void recent_events_add_refused(void *events, const struct refused_client *clients, size_t count);

/* Gives entries new ids and forgets old ones; `refused` is the number of announces refused since
 * the start. To be called once a second, after recent_events_add_refused(). */
void recent_events_tick(struct recent_events *events, uint64_t refused);

/* Announces refused in the last hour. */
uint64_t recent_events_refused(struct recent_events *events);

/* Copies up to `max` refused clients, the latest first, and returns their number. `address`: only
 * those of this address; NULL: all. */
size_t recent_events_refused_clients(struct recent_events *events, const struct endpoint *address,
                                     struct recent_event *list, size_t max);

/* An id after which the newest `max` or more events follow; `max` is at most RECENT_EVENTS_KEPT.
 * Any thread. */
uint64_t recent_events_before(struct recent_events *events, size_t max);

/* Copies up to `max` events with ids greater than `after`, oldest first, and returns their number.
 * If `after` is 0 or not yet reached, copies the newest events instead. If events after `after` are
 * no longer kept, the first event is `after_gap`. Any thread. */
size_t recent_events_read(struct recent_events *events, uint64_t after, struct recent_event *list,
                          size_t max);

/* Is called after events were added. The owner must not move it while it is listed. */
struct recent_events_listener {
    void (*wake)(void *context); /* must not call functions of this header */
    void *context;
    struct recent_events_listener *previous;
    struct recent_events_listener *next;
};

/* Lists the listener, or ends that: it is not called once recent_events_unlisten returns. Any
 * thread. */
void recent_events_listen(struct recent_events *events, struct recent_events_listener *listener);
void recent_events_unlisten(struct recent_events *events, struct recent_events_listener *listener);

/* Calls all listeners. Any thread. */
void recent_events_wake(struct recent_events *events);

#endif
