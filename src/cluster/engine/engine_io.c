#include "cluster/engine/engine_io.h"

#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"

enum { STOP_WAIT_MS = 500 };

void engine_io_close(struct engine *engine) {
    if (engine->connection != NULL)
        redisFree(engine->connection);
    if (engine->reading != NULL)
        redisFree(engine->reading);
    engine->connection = engine->reading = NULL;
    engine->asked = false;
}

/* The next connect begins with the first of the URLs. */
static enum engine_result end_connections(struct engine *engine) {
    engine_io_close(engine);
    engine->next = 0;
    return ENGINE_LOST;
}

enum engine_result engine_io_lose(struct engine *engine) {
    const bool reads = engine->reading != NULL && engine->reading->err != 0;
    const redisContext *connection = reads ? engine->reading : engine->connection;
    error_set(engine->error, "%s: %s", engine->info.url,
              connection->err == 0 ? "skepd is out of memory" : connection->errstr);
    return end_connections(engine);
}

enum engine_result engine_io_time_out(struct engine *engine, uint32_t waited_ms) {
    error_set(engine->error, "%s: no reply within %u ms", engine->info.url, waited_ms);
    return end_connections(engine);
}

void engine_io_wake(struct engine *engine) {
    const uint64_t one = 1;
    (void)!write(engine->wake, &one, sizeof one);
}

bool engine_io_wait(struct engine *engine, int fd, short events, uint64_t wait_ms) {
    uint64_t woken;
    struct pollfd polled[] = {
        { .fd = fd, .events = events },
        { .fd = engine->wake, .events = POLLIN },
    };
    if (poll(polled, 2, (int)wait_ms) > 0 && polled[1].revents != 0)
        (void)!read(engine->wake, &woken, sizeof woken);
    return polled[0].revents != 0;
}

/* Waits until the server takes or sends more. False after engine_io_time_out: it hangs. */
static bool await_server(struct engine *engine, const redisContext *connection, short events) {
    const uint64_t began_ms = clock_now_ms();
    const uint32_t timeout_ms = engine->options.timeout_ms;
    bool woken = false;
    for (;;) {
        const bool stopping = atomic_load(&engine->stopping);
        const uint32_t limit_ms = stopping && timeout_ms > STOP_WAIT_MS ? STOP_WAIT_MS : timeout_ms;
        const uint64_t waited_ms = clock_now_ms() - began_ms;
        if (waited_ms >= limit_ms) {
            (void)engine_io_time_out(engine, limit_ms);
            return false;
        }
        if (engine_io_wait(engine, connection->fd, events, limit_ms - waited_ms))
            break;
        woken = true;
    }
    if (woken) /* for the next wait of a read */
        engine_io_wake(engine);
    return true;
}

bool engine_io_send(struct engine *engine, redisContext *connection) {
    int done = 0;
    while (redisBufferWrite(connection, &done) == REDIS_OK) {
        if (done != 0)
            return true;
        if (!await_server(engine, connection, POLLOUT))
            return false;
    }
    (void)engine_io_lose(engine);
    return false;
}

bool engine_io_receive(struct engine *engine, redisContext *connection, void **reply) {
    if (redisBufferRead(connection) == REDIS_OK &&
        redisGetReplyFromReader(connection, reply) == REDIS_OK)
        return true;
    (void)engine_io_lose(engine);
    return false;
}

bool engine_io_await(struct engine *engine, redisContext *connection, void **reply) {
    while (*reply == NULL) {
        if (!await_server(engine, connection, POLLIN) ||
            !engine_io_receive(engine, connection, reply))
            return false;
    }
    return true;
}
