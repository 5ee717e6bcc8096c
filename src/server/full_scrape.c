#include "server/full_scrape.h"

#include <stdlib.h>
#include <string.h>

#include "wire/http_wire.h"

enum { LISTS_MAX = 2 };

/* Sorted; does not change. */
struct hash_list_copy {
    struct tracker *tracker;
    size_t memory; /* reserved, bytes */
    uint8_t (*hashes)[INFO_HASH_LEN];
    size_t count;
    uint64_t made_ms;
    unsigned readers;
};

struct full_scrape {
    struct full_scrapes *scrapes;
    struct hash_list_copy *list;
    size_t next;
    bool opened;
    bool closed;
    uint8_t pending[HTTP_SCRAPE_ENTRY_MAX]; /* encoded part, not sent completely */
    size_t pending_len;
    size_t pending_sent;
};

static void write_next_part(struct full_scrape *scrape, struct writer *w) {
    if (!scrape->opened) {
        http_write_scrape_open(w);
        scrape->opened = true;
    } else if (scrape->next < scrape->list->count) {
        const uint8_t *hash = scrape->list->hashes[scrape->next++];
        const struct scrape_entry entry = tracker_scrape(scrape->scrapes->tracker, hash);
        http_write_scrape_entry(w, hash, &entry);
    } else {
        http_write_scrape_close(w, tracker_interval_s(scrape->scrapes->tracker) / 2);
        scrape->closed = true;
    }
}

size_t full_scrape_read(struct full_scrape *scrape, uint8_t *buffer, size_t max) {
    size_t filled = 0;
    while (filled < max) {
        if (scrape->pending_sent == scrape->pending_len) {
            if (scrape->closed)
                break;
            struct writer w = writer_on(scrape->pending, sizeof scrape->pending);
            write_next_part(scrape, &w);
            scrape->pending_len = w.len;
            scrape->pending_sent = 0;
        }
        size_t len = scrape->pending_len - scrape->pending_sent;
        if (len > max - filled)
            len = max - filled;
        memcpy(buffer + filled, scrape->pending + scrape->pending_sent, len);
        scrape->pending_sent += len;
        filled += len;
    }
    return filled;
}

void full_scrapes_init(struct full_scrapes *scrapes, struct tracker *tracker) {
    *scrapes = (struct full_scrapes){ .tracker = tracker };
    pthread_mutex_init(&scrapes->lock, NULL);
}

static void free_list(struct hash_list_copy *list) {
    if (list == NULL)
        return;
    tracker_release_memory(list->tracker, list->memory);
    free(list->hashes);
    free(list);
}

static struct hash_list_copy *make_list(struct tracker *tracker, uint64_t now_ms) {
    const size_t memory = tracker_stats(tracker).torrents * (size_t)INFO_HASH_LEN;
    struct hash_list_copy *list = calloc(1, sizeof *list);
    if (list == NULL || !tracker_reserve_memory(tracker, memory)) {
        free(list);
        return NULL;
    }
    list->tracker = tracker;
    list->memory = memory;
    list->made_ms = now_ms;
    list->hashes = tracker_info_hashes(tracker, &list->count);
    if (list->hashes != NULL)
        return list;
    free_list(list);
    return NULL;
}

/* Under the lock. The list to share; NULL: the caller makes a new one, or waits for the first. */
static struct hash_list_copy *find_list(const struct full_scrapes *scrapes, uint64_t now_ms) {
    struct hash_list_copy *newest = scrapes->newest;
    if (newest == NULL || scrapes->making || scrapes->lists == LISTS_MAX)
        return newest;
    return now_ms - newest->made_ms < FULL_SCRAPE_FRESH_MS ? newest : NULL;
}

static enum full_scrape_result take_list(struct full_scrapes *scrapes, uint64_t now_ms,
                                         struct full_scrape *scrape) {
    pthread_mutex_lock(&scrapes->lock);
    scrape->list = find_list(scrapes, now_ms);
    const bool busy =
        scrapes->readers == FULL_SCRAPES_MAX || (scrape->list == NULL && scrapes->making);
    const bool make = !busy && scrape->list == NULL;
    scrapes->making = scrapes->making || make;
    if (!busy)
        scrapes->readers++;
    if (!busy && !make)
        scrape->list->readers++;
    pthread_mutex_unlock(&scrapes->lock);
    if (!make)
        return busy ? FULL_SCRAPE_BUSY : FULL_SCRAPE_OK;

    scrape->list = make_list(scrapes->tracker, now_ms);
    pthread_mutex_lock(&scrapes->lock);
    scrapes->making = false;
    if (scrape->list != NULL) {
        scrape->list->readers = 1;
        scrapes->newest = scrape->list;
        scrapes->lists++;
    } else {
        scrapes->readers--;
    }
    pthread_mutex_unlock(&scrapes->lock);
    return scrape->list != NULL ? FULL_SCRAPE_OK : FULL_SCRAPE_BUSY;
}

enum full_scrape_result full_scrape_begin(struct full_scrapes *scrapes, uint64_t now_ms,
                                          struct full_scrape **scrape) {
    struct full_scrape *made = calloc(1, sizeof *made);
    if (made == NULL)
        return FULL_SCRAPE_NO_MEMORY;
    made->scrapes = scrapes;
    const enum full_scrape_result result = take_list(scrapes, now_ms, made);
    if (result == FULL_SCRAPE_OK)
        *scrape = made;
    else
        free(made);
    return result;
}

void full_scrape_delete(struct full_scrape *scrape) {
    if (scrape == NULL)
        return;
    struct full_scrapes *scrapes = scrape->scrapes;
    pthread_mutex_lock(&scrapes->lock);
    scrapes->readers--;
    const bool unused = --scrape->list->readers == 0;
    if (unused)
        scrapes->lists--;
    if (unused && scrapes->newest == scrape->list)
        scrapes->newest = NULL;
    pthread_mutex_unlock(&scrapes->lock);
    if (unused)
        free_list(scrape->list);
    free(scrape);
}
