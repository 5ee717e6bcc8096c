#include "server/full_scrape.h"

#include <stdlib.h>
#include <string.h>

#include "wire/http_wire.h"

enum { PIECE_SIZE = 32 * 1024 };

struct stream {
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

static void write_next_part(struct stream *stream, struct writer *w) {
    if (!stream->opened) {
        http_write_scrape_open(w);
        stream->opened = true;
    } else if (stream->next < stream->count) {
        const uint8_t *hash = stream->hashes[stream->next++];
        const struct scrape_entry entry = tracker_scrape(stream->tracker, hash);
        http_write_scrape_entry(w, hash, &entry);
    } else {
        http_write_scrape_close(w, tracker_interval_s(stream->tracker) / 2);
        stream->closed = true;
    }
}

static ssize_t read_stream(void *cls, uint64_t position, char *buffer, size_t max) {
    (void)position;
    struct stream *stream = cls;
    size_t filled = 0;
    while (filled < max) {
        if (stream->pending_sent == stream->pending_len) {
            if (stream->closed)
                break;
            struct writer w = writer_on(stream->pending, sizeof stream->pending);
            write_next_part(stream, &w);
            stream->pending_len = w.len;
            stream->pending_sent = 0;
        }
        size_t len = stream->pending_len - stream->pending_sent;
        if (len > max - filled)
            len = max - filled;
        memcpy(buffer + filled, stream->pending + stream->pending_sent, len);
        stream->pending_sent += len;
        filled += len;
    }
    return filled > 0 ? (ssize_t)filled : MHD_CONTENT_READER_END_OF_STREAM;
}

static void free_stream(void *cls) {
    struct stream *stream = cls;
    free(stream->hashes);
    free(stream);
}

struct MHD_Response *full_scrape_response(struct tracker *tracker) {
    struct stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return NULL;
    stream->tracker = tracker;
    stream->hashes = tracker_info_hashes(tracker, &stream->count);
    struct MHD_Response *response = NULL;
    if (stream->hashes != NULL)
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE_SIZE, read_stream,
                                                     stream, free_stream);
    if (response == NULL)
        free_stream(stream);
    return response;
}
