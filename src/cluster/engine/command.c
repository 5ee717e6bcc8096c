#include "cluster/engine/command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

enum { STOP_WAIT_MS = 500 };

void command_add_bytes(struct command *command, struct bytes bytes) {
    command->arguments[command->count] = (const char *)bytes.data;
    command->lens[command->count++] = bytes.len;
}

void command_add_text(struct command *command, const char *text) {
    command_add_bytes(command, bytes_of(text));
}

struct command command_of(const char *const *texts) {
    struct command command = { 0 };
    for (; *texts != NULL; texts++)
        command_add_text(&command, *texts);
    return command;
}

void command_number(char text[static COMMAND_NUMBER_LEN], uint64_t number) {
    snprintf(text, COMMAND_NUMBER_LEN, "%" PRIu64, number);
}

void command_close(struct engine *engine) {
    if (engine->connection != NULL)
        redisFree(engine->connection);
    if (engine->reading != NULL)
        redisFree(engine->reading);
    engine->connection = engine->reading = NULL;
    engine->asked = false;
}

enum engine_result command_lose(struct engine *engine) {
    const bool reads = engine->reading != NULL && engine->reading->err != 0;
    const redisContext *connection = reads ? engine->reading : engine->connection;
    if (connection->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK))
        error_set(engine->error, "%s: no reply within %u ms", engine->info.url,
                  engine->options.timeout_ms);
    else
        error_set(engine->error, "%s: %s", engine->info.url,
                  connection->err == 0 ? "skepd is out of memory" : connection->errstr);
    command_close(engine);
    engine->next = 0;
    return ENGINE_LOST;
}

static bool is_error(const redisReply *reply, const char *code) {
    return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, code, strlen(code)) == 0;
}

/* The server is not, or is no longer, a master that takes writes: another one may be. */
static bool is_wrong_server(const redisReply *reply) {
    static const char *const codes[] = { "READONLY",   "LOADING", "MASTERDOWN",
                                         "NOREPLICAS", "MISCONF", "UNBLOCKED" };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (is_error(reply, codes[i]))
            return true;
    }
    return false;
}

enum engine_result command_refuse(struct engine *engine, const redisReply *reply) {
    error_set(engine->error, "%s: %s", engine->info.url,
              reply->type == REDIS_REPLY_ERROR ? reply->str : "unexpected reply");
    if (is_wrong_server(reply)) {
        command_close(engine);
        engine->next++;
        return ENGINE_LOST;
    }
    return is_error(reply, "OOM") ? ENGINE_FULL : ENGINE_REFUSED;
}

bool command_append(struct engine *engine, const struct command *command) {
    return engine->connection != NULL &&
           redisAppendCommandArgv(engine->connection, command->count,
                                  (const char **)command->arguments, command->lens) == REDIS_OK;
}

static bool send_appended(redisContext *connection) {
    int done = 0;
    while (done == 0) {
        if (redisBufferWrite(connection, &done) != REDIS_OK)
            return false;
    }
    return true;
}

enum engine_result command_time_out(struct engine *engine, uint32_t waited_ms) {
    error_set(engine->error, "%s: no reply within %u ms", engine->info.url, waited_ms);
    command_close(engine);
    engine->next = 0;
    return ENGINE_LOST;
}

/* Waits for the rest of the reply, less long if the process is being stopped: the engine may hang.
 */
static enum engine_result await_reply(struct engine *engine, void **reply) {
    uint64_t began_ms = clock_now_ms();
    bool woken = false;
    while (*reply == NULL) {
        const bool stopping = atomic_load(&engine->stopping);
        const uint32_t limit_ms = stopping && engine->options.timeout_ms > STOP_WAIT_MS
                                      ? STOP_WAIT_MS
                                      : engine->options.timeout_ms;
        const uint64_t waited_ms = clock_now_ms() - began_ms;
        if (waited_ms >= limit_ms)
            return command_time_out(engine, limit_ms);
        if (!command_wait(engine, engine->connection->fd, POLLIN, limit_ms - waited_ms)) {
            woken = true;
            continue;
        }
        if (redisBufferRead(engine->connection) != REDIS_OK ||
            redisGetReplyFromReader(engine->connection, reply) != REDIS_OK)
            return command_lose(engine);
        began_ms = clock_now_ms();
    }
    if (woken) /* for the next wait of a read */
        command_wake(engine);
    return ENGINE_DONE;
}

enum engine_result command_reply(struct engine *engine, redisReply **reply) {
    void *found = NULL;
    *reply = NULL;
    if (engine->connection == NULL)
        return ENGINE_LOST;
    if (redisGetReplyFromReader(engine->connection, &found) != REDIS_OK ||
        (found == NULL && !send_appended(engine->connection)))
        return command_lose(engine);
    if (await_reply(engine, &found) != ENGINE_DONE)
        return ENGINE_LOST;
    *reply = found;
    if ((*reply)->type != REDIS_REPLY_ERROR)
        return ENGINE_DONE;
    const enum engine_result result = command_refuse(engine, *reply);
    freeReplyObject(*reply);
    *reply = NULL;
    return result;
}

enum engine_result command_run(struct engine *engine, const struct command *command,
                               redisReply **reply) {
    *reply = NULL;
    if (engine->connection == NULL)
        return ENGINE_LOST;
    if (!command_append(engine, command))
        return command_lose(engine);
    return command_reply(engine, reply);
}

bool command_is_done(struct engine *engine, const struct command *command) {
    redisReply *reply;
    const bool done = command_run(engine, command, &reply) == ENGINE_DONE;
    freeReplyObject(reply);
    return done;
}

enum engine_result command_run_number(struct engine *engine, const struct command *command,
                                      uint64_t *number) {
    redisReply *reply;
    const enum engine_result result = command_run(engine, command, &reply);
    if (reply != NULL && reply->type == REDIS_REPLY_INTEGER && reply->integer > 0)
        *number = (uint64_t)reply->integer;
    else
        *number = 0;
    freeReplyObject(reply);
    return result;
}

struct bytes command_reply_text(const redisReply *reply) {
    if (reply == NULL || (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS))
        return (struct bytes){ 0 };
    return (struct bytes){ .data = (const uint8_t *)reply->str, .len = reply->len };
}

bool command_reply_is_list(const redisReply *reply, size_t elements) {
    return reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements >= elements;
}

void command_wake(struct engine *engine) {
    const uint64_t one = 1;
    (void)!write(engine->wake, &one, sizeof one);
}

bool command_wait(struct engine *engine, int fd, short events, uint64_t wait_ms) {
    uint64_t woken;
    struct pollfd polled[] = {
        { .fd = fd, .events = events },
        { .fd = engine->wake, .events = POLLIN },
    };
    if (poll(polled, 2, (int)wait_ms) > 0 && polled[1].revents != 0)
        (void)!read(engine->wake, &woken, sizeof woken);
    return polled[0].revents != 0;
}
