#include "cluster/engine/command.h"

#include <inttypes.h>
#include <stdio.h>

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
        engine_io_close(engine);
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

enum engine_result command_reply(struct engine *engine, redisReply **reply) {
    void *found = NULL;
    *reply = NULL;
    if (engine->connection == NULL)
        return ENGINE_LOST;
    if (redisGetReplyFromReader(engine->connection, &found) != REDIS_OK)
        return engine_io_lose(engine);
    if (found == NULL && (!engine_io_send(engine, engine->connection) ||
                          !engine_io_await(engine, engine->connection, &found)))
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
        return engine_io_lose(engine);
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
