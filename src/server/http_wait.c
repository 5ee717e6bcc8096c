#include "server/http_wait.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

enum { STOP_POLL_NS = 5 * 1000 * 1000, STREAMS_END_MS = 500 };

struct http_wait {
    struct http_waits *waits;
    struct MHD_Connection *connection;
    struct web_response response;
};

/* Counts before it looks, so that http_waits_stop sees the count, or this sees `stopping`. */
bool http_waits_enter(struct http_waits *waits) {
    atomic_fetch_add(&waits->suspended, 1);
    if (!atomic_load(&waits->stopping))
        return true;
    http_waits_leave(waits);
    return false;
}

void http_waits_leave(struct http_waits *waits) {
    atomic_fetch_sub(&waits->suspended, 1);
}

static void resume_connection(void *context) {
    struct http_wait *wait = context;
    struct http_waits *waits = wait->waits;
    MHD_resume_connection(wait->connection);
    http_waits_leave(waits);
}

struct http_wait *http_wait_begin(struct http_waits *waits, struct MHD_Connection *connection,
                                  struct web_response *response) {
    struct http_wait *wait = malloc(sizeof *wait);
    if (wait == NULL || !http_waits_enter(waits)) {
        free(wait);
        response->pending.finish(response->pending.subject, response);
        return NULL;
    }
    *wait = (struct http_wait){
        .waits = waits,
        .connection = connection,
        .response = *response,
    };
    MHD_suspend_connection(connection);
    response->pending.notify(response->pending.subject, resume_connection, wait);
    return wait;
}

void http_wait_end(struct http_wait *wait, struct web_response *response) {
    *response = wait->response;
    free(wait);
    response->pending.finish(response->pending.subject, response);
}

void http_wait_cancel(struct http_wait *wait) {
    struct web_response response;
    if (wait == NULL)
        return;
    http_wait_end(wait, &response);
    if (response.stream.subject != NULL)
        response.stream.close(response.stream.subject);
    if (response.owned)
        free((void *)(uintptr_t)response.body);
}

void http_waits_stop(struct http_waits *waits) {
    const struct timespec pause = { .tv_nsec = STOP_POLL_NS };
    const uint64_t until_ms = clock_now_ms() + STREAMS_END_MS;
    atomic_store(&waits->stopping, true);
    while (atomic_load(&waits->suspended) > 0 ||
           (atomic_load(&waits->streams) > 0 && clock_now_ms() < until_ms))
        nanosleep(&pause, NULL);
}
