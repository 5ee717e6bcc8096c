#include "server/http_stream.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"

enum { PIECE_LEN = 32 * 1024 };

struct http_stream {
    struct http_waits *waits;
    struct MHD_Connection *connection;
    struct request_timeout *timeout;
    struct web_stream source;
    bool waited;          /* since the last piece; belongs to the connection's thread */
    pthread_mutex_t lock; /* guards the next two */
    bool suspended;
    bool woken; /* since it was last read */
};

static void wake_stream(void *context) {
    struct http_stream *stream = context;
    pthread_mutex_lock(&stream->lock);
    stream->woken = true;
    if (stream->suspended) {
        stream->suspended = false;
        MHD_resume_connection(stream->connection);
        http_waits_leave(stream->waits);
    }
    pthread_mutex_unlock(&stream->lock);
}

/* Returns false if the stream was woken since it was read, or the server is being stopped. */
static bool suspend_stream(struct http_stream *stream) {
    pthread_mutex_lock(&stream->lock);
    stream->suspended = !stream->woken && http_waits_enter(stream->waits);
    if (stream->suspended) {
        request_timeout_done(stream->timeout, clock_now_ms());
        MHD_suspend_connection(stream->connection);
    }
    const bool suspended = stream->suspended;
    pthread_mutex_unlock(&stream->lock);
    return suspended;
}

static long read_source(struct http_stream *stream, char *buffer, size_t max) {
    pthread_mutex_lock(&stream->lock);
    stream->woken = false;
    pthread_mutex_unlock(&stream->lock);
    return stream->source.read(stream->source.subject, (uint8_t *)buffer, max);
}

/* The time that the client may take begins after a wait. */
static void count_piece(struct http_stream *stream, size_t len) {
    const uint64_t now_ms = clock_now_ms();
    if (stream->waited)
        request_timeout_respond(stream->timeout, 0, now_ms);
    stream->waited = false;
    request_timeout_stream(stream->timeout, len, now_ms);
}

/* libmicrohttpd does not look at a suspended connection, and would notice its end only when a later
 * write fails. */
static bool client_has_left(const struct http_stream *stream) {
    struct pollfd socket = { .fd = stream->timeout->fd, .events = POLLRDHUP };
    return poll(&socket, 1, 0) > 0;
}

static ssize_t read_piece(void *cls, uint64_t position, char *buffer, size_t max) {
    (void)position;
    struct http_stream *stream = cls;
    if (stream->source.subject == NULL)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (stream->waited && client_has_left(stream))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    for (;;) {
        const long len = read_source(stream, buffer, max);
        if (len > 0) {
            count_piece(stream, (size_t)len);
            return len;
        }
        if (len == WEB_STREAM_WAIT && suspend_stream(stream)) {
            stream->waited = true;
            return 0;
        }
        if (len == WEB_STREAM_END || atomic_load(&stream->waits->stopping))
            return MHD_CONTENT_READER_END_OF_STREAM;
    }
}

static void free_stream(void *cls) {
    struct http_stream *stream = cls;
    if (stream->source.subject != NULL)
        stream->source.close(stream->source.subject);
    if (stream->source.listen != NULL)
        atomic_fetch_sub(&stream->waits->streams, 1);
    pthread_mutex_destroy(&stream->lock);
    free(stream);
}

struct MHD_Response *http_stream_create(struct http_waits *waits, struct MHD_Connection *connection,
                                        struct request_timeout *timeout,
                                        const struct web_stream *source) {
    struct http_stream *stream = malloc(sizeof *stream);
    if (stream == NULL) {
        if (source->subject != NULL)
            source->close(source->subject);
        return NULL;
    }
    *stream = (struct http_stream){
        .waits = waits,
        .connection = connection,
        .timeout = timeout,
        .source = *source,
    };
    pthread_mutex_init(&stream->lock, NULL);
    if (source->listen != NULL)
        atomic_fetch_add(&waits->streams, 1);
    struct MHD_Response *message = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, PIECE_LEN, read_piece, stream, free_stream);
    if (message == NULL) {
        free_stream(stream);
        return NULL;
    }
    /* libmicrohttpd would send a last chunk even to a HEAD; HTTP/1.0 has none. */
    if (source->subject == NULL)
        MHD_set_response_options(message, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    else if (source->listen != NULL)
        source->listen(source->subject, wake_stream, stream);
    return message;
}
