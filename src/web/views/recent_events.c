#include "web/views/recent_events.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum {
    MINUTES = 60,
    MINUTE_S = 60,
    ANY_PORT = 1, /* of an entry for all ports of an address; 0 is that of a reduced address */
};

struct ring_event {
    uint64_t id;
    int64_t at_ms;
    struct change change;
};

struct refused_entry {
    struct recent_event event; /* at_ms 0: a free entry; id 0: not an event yet */
    int64_t numbered_ms;       /* when it got its id */
    bool grown;                /* since then */
};

struct recent_events {
    enum address_precision addresses;
    pthread_mutex_t lock; /* guards all below */
    uint64_t last;        /* id of the newest event; without one, the first id - 1 */
    uint64_t dropped;     /* the greatest id that left the ring; without one, the same */
    uint64_t written;     /* events ever put into the ring */
    struct ring_event ring[RECENT_EVENTS_KEPT];
    struct refused_entry refused[REFUSED_CLIENTS_KEPT];
    uint64_t refused_total;                  /* announces, at the last tick */
    uint64_t minutes[MINUTES];               /* refused announces of each minute; a ring */
    int64_t minute;                          /* of the last tick, since 1970 */
    struct recent_events_listener listeners; /* head of the list, which is a ring */
};

struct recent_events *recent_events_create(enum address_precision addresses, uint64_t first) {
    struct recent_events *events = calloc(1, sizeof *events);
    if (events == NULL)
        return NULL;
    events->addresses = addresses;
    events->last = first - 1;
    events->dropped = first - 1;
    events->listeners.previous = &events->listeners;
    events->listeners.next = &events->listeners;
    pthread_mutex_init(&events->lock, NULL);
    return events;
}

void recent_events_delete(struct recent_events *events) {
    if (events == NULL)
        return;
    pthread_mutex_destroy(&events->lock);
    free(events);
}

/* The lock is held, so that no listener is called after it was unlisted. */
static void wake_listeners(struct recent_events *events) {
    struct recent_events_listener *const head = &events->listeners;
    for (struct recent_events_listener *one = head->next; one != head; one = one->next)
        one->wake(one->context);
}

void recent_events_add(void *context, const struct change *changes, size_t count) {
    struct recent_events *events = context;
    const int64_t now_ms = clock_unix_ms();
    pthread_mutex_lock(&events->lock);
    for (size_t i = 0; i < count; i++) {
        if (change_kind_name(changes[i].kind) == NULL)
            continue;
        struct ring_event *event = &events->ring[events->written % RECENT_EVENTS_KEPT];
        if (events->written++ >= RECENT_EVENTS_KEPT)
            events->dropped = event->id;
        *event = (struct ring_event){ ++events->last, now_ms, changes[i] };
        event->change.peer = endpoint_reduced(&changes[i].peer, events->addresses);
    }
    wake_listeners(events);
    pthread_mutex_unlock(&events->lock);
}

/* The entry of this client or, if it has none, the free or oldest one. */
static struct refused_entry *find_entry(struct recent_events *events,
                                        const struct endpoint *address,
                                        enum announce_result result) {
    struct refused_entry *oldest = &events->refused[0];
    for (size_t i = 0; i < REFUSED_CLIENTS_KEPT; i++) {
        struct refused_entry *entry = &events->refused[i];
        const struct recent_event *event = &entry->event;
        if (event->at_ms != 0 && event->result == result &&
            endpoint_same_address(&event->change.peer, address))
            return entry;
        if (event->at_ms < oldest->event.at_ms)
            oldest = entry;
    }
    *oldest = (struct refused_entry){
        .event = { .refused = true, .result = result, .change.peer = *address },
    };
    return oldest;
}

static void add_refused(struct recent_events *events, const struct refused_client *client,
                        int64_t now_ms) {
    struct endpoint address = client->address;
    endpoint_set_port(&address, ANY_PORT);
    address = endpoint_reduced(&address, events->addresses);
    struct refused_entry *entry = find_entry(events, &address, client->result);
    struct recent_event *event = &entry->event;
    if (event->since_ms == 0)
        event->since_ms = now_ms;
    event->at_ms = now_ms;
    event->count += client->count;
    memcpy(event->detail, client->detail, sizeof event->detail);
    memcpy(event->change.info_hash, client->info_hash, INFO_HASH_LEN);
    memcpy(event->change.peer_id, client->peer_id, PEER_ID_LEN);
    entry->grown = true;
}

void recent_events_add_refused(void *context, const struct refused_client *clients, size_t count) {
    struct recent_events *events = context;
    const int64_t now_ms = clock_unix_ms();
    pthread_mutex_lock(&events->lock);
    for (size_t i = 0; i < count; i++)
        add_refused(events, &clients[i], now_ms);
    pthread_mutex_unlock(&events->lock);
}

/* Few at a time: a flood from many addresses must not bury the other events. */
static void number_entries(struct recent_events *events, int64_t now_ms) {
    int numbered = 0;
    for (size_t i = 0; i < REFUSED_CLIENTS_KEPT && numbered < REFUSED_EVENTS_PER_CALL; i++) {
        struct refused_entry *entry = &events->refused[i];
        if (!entry->grown ||
            (entry->event.id != 0 && now_ms - entry->numbered_ms < REFUSED_EVENT_MS))
            continue;
        entry->event.id = ++events->last;
        entry->numbered_ms = now_ms;
        entry->grown = false;
        numbered++;
    }
}

static void forget_entries(struct recent_events *events, int64_t now_ms) {
    for (size_t i = 0; i < REFUSED_CLIENTS_KEPT; i++) {
        struct refused_entry *entry = &events->refused[i];
        if (entry->event.at_ms != 0 &&
            now_ms - entry->event.at_ms > (int64_t)REFUSED_CLIENT_S * 1000)
            *entry = (struct refused_entry){ .grown = false };
    }
}

static void count_refused(struct recent_events *events, uint64_t refused, int64_t minute) {
    if (minute - events->minute >= MINUTES || minute < events->minute)
        memset(events->minutes, 0, sizeof events->minutes);
    else
        while (events->minute < minute)
            events->minutes[++events->minute % MINUTES] = 0;
    events->minute = minute;
    events->minutes[minute % MINUTES] += refused - events->refused_total;
    events->refused_total = refused;
}

void recent_events_tick(struct recent_events *events, uint64_t refused) {
    const int64_t now_ms = clock_unix_ms();
    pthread_mutex_lock(&events->lock);
    count_refused(events, refused, now_ms / 1000 / MINUTE_S);
    forget_entries(events, now_ms);
    number_entries(events, now_ms);
    wake_listeners(events);
    pthread_mutex_unlock(&events->lock);
}

uint64_t recent_events_refused(struct recent_events *events) {
    uint64_t refused = 0;
    pthread_mutex_lock(&events->lock);
    for (size_t i = 0; i < MINUTES; i++)
        refused += events->minutes[i];
    pthread_mutex_unlock(&events->lock);
    return refused;
}

struct entry_pointer {
    const struct recent_event *event;
};

/* Entries in an order. */
struct entry_list {
    struct entry_pointer list[REFUSED_CLIENTS_KEPT];
    size_t count;
};

static int compare_times(const void *a, const void *b) {
    const struct recent_event *one = ((const struct entry_pointer *)a)->event;
    const struct recent_event *other = ((const struct entry_pointer *)b)->event;
    return one->at_ms > other->at_ms ? -1 : one->at_ms < other->at_ms;
}

static int compare_ids(const void *a, const void *b) {
    const struct recent_event *one = ((const struct entry_pointer *)a)->event;
    const struct recent_event *other = ((const struct entry_pointer *)b)->event;
    return one->id < other->id ? -1 : one->id > other->id;
}

static void sort_entries(struct entry_list *entries, int (*compare)(const void *a, const void *b)) {
    if (entries->count > 1)
        qsort(entries->list, entries->count, sizeof entries->list[0], compare);
}

size_t recent_events_refused_clients(struct recent_events *events, const struct endpoint *address,
                                     struct recent_event *list, size_t max) {
    struct entry_list found = { .count = 0 };
    pthread_mutex_lock(&events->lock);
    for (size_t i = 0; i < REFUSED_CLIENTS_KEPT; i++) {
        const struct recent_event *event = &events->refused[i].event;
        if (event->at_ms != 0 &&
            (address == NULL || endpoint_same_address(&event->change.peer, address)))
            found.list[found.count++].event = event;
    }
    sort_entries(&found, compare_times);
    const size_t count = found.count < max ? found.count : max;
    for (size_t i = 0; i < count; i++)
        list[i] = *found.list[i].event;
    pthread_mutex_unlock(&events->lock);
    return count;
}

/* Refused clients that became events after the event `after`, in order. */
static void find_refused_after(const struct recent_events *events, uint64_t after,
                               struct entry_list *found) {
    for (size_t i = 0; i < REFUSED_CLIENTS_KEPT; i++) {
        if (events->refused[i].event.id > after)
            found->list[found->count++].event = &events->refused[i].event;
    }
    sort_entries(found, compare_ids);
}

static const struct ring_event *ring_event_at(const struct recent_events *events, uint64_t number) {
    return &events->ring[number % RECENT_EVENTS_KEPT];
}

/* Number of the first event in the ring after the event `after`. */
static uint64_t first_after(const struct recent_events *events, uint64_t after) {
    uint64_t number =
        events->written > RECENT_EVENTS_KEPT ? events->written - RECENT_EVENTS_KEPT : 0;
    while (number < events->written && ring_event_at(events, number)->id <= after)
        number++;
    return number;
}

static struct recent_event plain_event(const struct ring_event *event) {
    return (struct recent_event){
        .id = event->id,
        .at_ms = event->at_ms,
        .change = event->change,
        .count = 1,
    };
}

uint64_t recent_events_before(struct recent_events *events, size_t max) {
    pthread_mutex_lock(&events->lock);
    const uint64_t before = events->written > max
                                ? ring_event_at(events, events->written - max)->id - 1
                                : events->dropped;
    pthread_mutex_unlock(&events->lock);
    return before;
}

size_t recent_events_read(struct recent_events *events, uint64_t after, struct recent_event *list,
                          size_t max) {
    struct entry_list refused = { .count = 0 };
    size_t count = 0;
    pthread_mutex_lock(&events->lock);
    const bool newest = after == 0 || after > events->last;
    const bool gap = after > events->last || (after != 0 && after < events->dropped);
    if (newest)
        after = 0;
    uint64_t number = first_after(events, after);
    find_refused_after(events, after, &refused);
    const uint64_t total = events->written - number + refused.count;
    uint64_t skipped = newest && total > max ? total - max : 0;
    for (size_t i = 0; count < max && (i < refused.count || number < events->written);) {
        const struct ring_event *event = ring_event_at(events, number);
        const bool is_refused = i < refused.count && (number == events->written ||
                                                      refused.list[i].event->id < event->id);
        if (skipped > 0)
            skipped--;
        else if (is_refused)
            list[count++] = *refused.list[i].event;
        else
            list[count++] = plain_event(event);
        if (is_refused)
            i++;
        else
            number++;
    }
    if (count > 0)
        list[0].after_gap = gap;
    pthread_mutex_unlock(&events->lock);
    return count;
}

void recent_events_listen(struct recent_events *events, struct recent_events_listener *listener) {
    pthread_mutex_lock(&events->lock);
    listener->previous = events->listeners.previous;
    listener->next = &events->listeners;
    listener->previous->next = listener;
    listener->next->previous = listener;
    pthread_mutex_unlock(&events->lock);
}

void recent_events_unlisten(struct recent_events *events, struct recent_events_listener *listener) {
    pthread_mutex_lock(&events->lock);
    listener->previous->next = listener->next;
    listener->next->previous = listener->previous;
    pthread_mutex_unlock(&events->lock);
}

void recent_events_wake(struct recent_events *events) {
    pthread_mutex_lock(&events->lock);
    wake_listeners(events);
    pthread_mutex_unlock(&events->lock);
}
