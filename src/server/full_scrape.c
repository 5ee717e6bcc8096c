#include "server/full_scrape.h"

#include <stdlib.h>
#include <string.h>

#include "wire/http_wire.h"

struct full_scrape {
    struct tracker *tracker;
    uint8_t (*hashes)[INFO_HASH_LEN];
    size_t count;
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
    } else if (scrape->next < scrape->count) {
        const uint8_t *hash = scrape->hashes[scrape->next++];
        const struct scrape_entry entry = tracker_scrape(scrape->tracker, hash);
        http_write_scrape_entry(w, hash, &entry);
    } else {
        http_write_scrape_close(w, tracker_interval_s(scrape->tracker) / 2);
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

struct full_scrape *full_scrape_create(struct tracker *tracker) {
    struct full_scrape *scrape = calloc(1, sizeof *scrape);
    if (scrape == NULL)
        return NULL;
    scrape->tracker = tracker;
    scrape->hashes = tracker_info_hashes(tracker, &scrape->count);
    if (scrape->hashes != NULL)
        return scrape;
    full_scrape_delete(scrape);
    return NULL;
}

void full_scrape_delete(struct full_scrape *scrape) {
    if (scrape == NULL)
        return;
    free(scrape->hashes);
    free(scrape);
}
