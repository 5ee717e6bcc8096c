#include "server/http_wait.h"

#include <stdlib.h>
#include <time.h>

enum { STOP_POLL_NS = 5 * 1000 * 1000 };

struct http_wait {
    struct http_waits *waits;
    struct MHD_Connection *connection;
    struct web_response response;
};

static void resume_connection(void *context) {
    struct http_wait *wait = context;
    struct http_waits *waits = wait->waits;
    MHD_resume_connection(wait->connection);
    atomic_fetch_sub(&waits->suspended, 1);
}

struct http_wait *http_wait_begin(struct http_waits *waits, struct MHD_Connection *connection,
                                  struct web_response *response) {
    struct http_wait *wait = atomic_load(&waits->stopping) ? NULL : malloc(sizeof *wait);
    if (wait == NULL) {
        response->pending.finish(response->pending.subject, response);
        return NULL;
    }
    *wait = (struct http_wait){
        .waits = waits,
        .connection = connection,
        .response = *response,
    };
    atomic_fetch_add(&waits->suspended, 1);
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
    if (response.owned)
        free((void *)(uintptr_t)response.body);
}

void http_waits_stop(struct http_waits *waits) {
    const struct timespec pause = { .tv_nsec = STOP_POLL_NS };
    atomic_store(&waits->stopping, true);
    while (atomic_load(&waits->suspended) > 0)
        nanosleep(&pause, NULL);
}
