/* The connections of an engine: bytes out and in, without waiting longer than the engine's timeout,
 * or half a second if it is being stopped. A failure is described in the engine's error. */
#ifndef SKEP_CLUSTER_ENGINE_ENGINE_IO_H
#define SKEP_CLUSTER_ENGINE_ENGINE_IO_H

#include <hiredis/hiredis.h>
#include <limits.h>
#include <poll.h>

#include "cluster/engine/engine_types.h"

enum { ENGINE_KEY_LEN = ENGINE_PREFIX_LEN + 32 };

struct engine {
    struct engine_options options;
    char password_file[PATH_MAX];
    char prefix[ENGINE_PREFIX_LEN];
    char stream[ENGINE_KEY_LEN];
    redisContext *connection; /* its socket does not block */
    redisContext *reading;    /* a second connection, for reads that wait */
    bool asked;               /* a read is waiting */
    uint64_t asked_ms;
    int wake; /* eventfd */
    _Atomic bool stopping;
    size_t next; /* in the list of URLs: where to look first */
    struct engine_info info;
    char error[ERROR_LEN];
};

/* Sends the appended commands of a connection. False after engine_io_lose. */
bool engine_io_send(struct engine *engine, redisContext *connection);

/* Waits for the rest of the next reply; `*reply` may have been there already. False after
 * engine_io_lose. */
bool engine_io_await(struct engine *engine, redisContext *connection, void **reply);

/* Reads the bytes that have arrived; `*reply` is NULL until the reply is complete. False after
 * engine_io_lose. */
bool engine_io_receive(struct engine *engine, redisContext *connection, void **reply);

/* A connection has failed: closes both. Always ENGINE_LOST. */
enum engine_result engine_io_lose(struct engine *engine);

/* There was no reply for so long: the same. */
enum engine_result engine_io_time_out(struct engine *engine, uint32_t waited_ms);

/* Closes the connections, if there are any. */
void engine_io_close(struct engine *engine);

/* Ends the wait of engine_io_wait, or of the next one. Any thread. */
void engine_io_wake(struct engine *engine);

/* Waits until `fd` is ready, or until engine_io_wake; false: it is not ready. */
bool engine_io_wait(struct engine *engine, int fd, short events, uint64_t wait_ms);

#endif
