#include "cluster/engine/engine.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "cluster/engine/command.h"

enum { READ_BLOCK_MS = 1000 }; /* how long the server keeps a read without entries */

struct engine *engine_create(const struct engine_options *options) {
    struct engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL)
        return NULL;
    engine->options = *options;
    if (options->password_file != NULL)
        snprintf(engine->password_file, sizeof engine->password_file, "%s", options->password_file);
    snprintf(engine->prefix, sizeof engine->prefix, "%s", options->prefix);
    snprintf(engine->stream, sizeof engine->stream, "%s:stream", engine->prefix);
    engine->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (engine->wake >= 0)
        return engine;
    free(engine);
    return NULL;
}

void engine_disconnect(struct engine *engine) {
    engine_io_close(engine);
}

void engine_delete(struct engine *engine) {
    if (engine == NULL)
        return;
    engine_disconnect(engine);
    close(engine->wake);
    explicit_bzero(&engine->options, sizeof engine->options);
    free(engine);
}

bool engine_is_connected(const struct engine *engine) {
    return engine->connection != NULL;
}

void engine_wake(struct engine *engine) {
    engine_io_wake(engine);
}

void engine_stop(struct engine *engine) {
    atomic_store(&engine->stopping, true);
    engine_wake(engine);
}

const struct engine_info *engine_info(const struct engine *engine) {
    return &engine->info;
}

const char *engine_error(const struct engine *engine) {
    return engine->error;
}

/* Time and stream. */

enum engine_result engine_time(struct engine *engine, uint64_t *unix_ms) {
    redisReply *reply;
    uint64_t seconds, micros;
    const struct command command = COMMAND("TIME");
    enum engine_result result = command_run(engine, &command, &reply);
    if (reply == NULL)
        return result;
    if (command_reply_is_list(reply, 2) &&
        bytes_to_u64(command_reply_text(reply->element[0]), &seconds) &&
        bytes_to_u64(command_reply_text(reply->element[1]), &micros))
        *unix_ms = seconds * 1000 + micros / 1000;
    else
        result = command_refuse(engine, reply);
    freeReplyObject(reply);
    return result;
}

static bool read_id(struct bytes text, struct stream_id *id) {
    const struct bytes ms = bytes_split(&text, '-');
    return bytes_to_u64(ms, &id->ms) && bytes_to_u64(text, &id->number);
}

enum engine_result engine_add(struct engine *engine, const struct bytes *entries, size_t count,
                              size_t *added, struct stream_id *last) {
    enum engine_result result = engine->connection == NULL ? ENGINE_LOST : ENGINE_DONE;
    *added = 0;
    for (size_t i = 0; i < count && engine->connection != NULL; i++) {
        struct command command = COMMAND("XADD", engine->stream, "*", "d");
        command_add_bytes(&command, entries[i]);
        if (!command_append(engine, &command))
            return engine_io_lose(engine);
    }
    /* All replies are read, or the connection is closed. Entries after a refused one are sent
     * again, so they are not counted. */
    for (size_t i = 0; i < count && engine->connection != NULL; i++) {
        redisReply *reply;
        const enum engine_result next = command_reply(engine, &reply);
        if (result == ENGINE_DONE && next == ENGINE_DONE &&
            read_id(command_reply_text(reply), last))
            ++*added;
        else if (result == ENGINE_DONE || next == ENGINE_LOST)
            result = next;
        freeReplyObject(reply);
    }
    return result;
}

/* An entry is [id, [field, value]]. */
static void pass_entry(const redisReply *entry, struct stream_id *position,
                       engine_entry_reader reader, void *context) {
    if (!command_reply_is_list(entry, 2) ||
        !read_id(command_reply_text(entry->element[0]), position) ||
        !command_reply_is_list(entry->element[1], 2))
        return;
    const struct bytes value = command_reply_text(entry->element[1]->element[1]);
    if (value.len > 0)
        reader(context, value);
}

static void pass_entries(const redisReply *reply, struct stream_id *position,
                         engine_entry_reader reader, void *context) {
    if (!command_reply_is_list(reply, 1) || !command_reply_is_list(reply->element[0], 2))
        return;
    const redisReply *entries = reply->element[0]->element[1];
    for (size_t i = 0; command_reply_is_list(entries, i + 1); i++)
        pass_entry(entries->element[i], position, reader, context);
}

/* Text of the arguments of a read, which its command borrows. */
struct read_arguments {
    char position[2 * COMMAND_NUMBER_LEN];
    char count[COMMAND_NUMBER_LEN];
    char block[COMMAND_NUMBER_LEN];
};

static struct command read_command(const struct engine *engine, struct stream_id position,
                                   uint32_t count, bool block, struct read_arguments *arguments) {
    snprintf(arguments->position, sizeof arguments->position, "%" PRIu64 "-%" PRIu64, position.ms,
             position.number);
    command_number(arguments->count, count);
    command_number(arguments->block, READ_BLOCK_MS);
    struct command command = COMMAND("XREAD", "COUNT", arguments->count);
    if (block) {
        command_add_text(&command, "BLOCK");
        command_add_text(&command, arguments->block);
    }
    command_add_text(&command, "STREAMS");
    command_add_text(&command, engine->stream);
    command_add_text(&command, arguments->position);
    return command;
}

static bool ask_for_entries(struct engine *engine, struct stream_id position, uint32_t count) {
    struct read_arguments arguments = { 0 };
    const struct command command = read_command(engine, position, count, true, &arguments);
    if (redisAppendCommandArgv(engine->reading, command.count, (const char **)command.arguments,
                               command.lens) != REDIS_OK) {
        (void)engine_io_lose(engine);
        return false;
    }
    if (!engine_io_send(engine, engine->reading))
        return false;
    engine->asked = true;
    engine->asked_ms = clock_now_ms();
    return true;
}

/* The reply to the read that waits; `*reply` is NULL until it is complete. */
static enum engine_result take_reply(struct engine *engine, redisReply **reply) {
    void *found = NULL;
    *reply = NULL;
    if (!engine_io_receive(engine, engine->reading, &found))
        return ENGINE_LOST;
    *reply = found;
    if (found == NULL)
        return ENGINE_DONE;
    engine->asked = false;
    return (*reply)->type == REDIS_REPLY_ERROR ? command_refuse(engine, *reply) : ENGINE_DONE;
}

static enum engine_result read_later(struct engine *engine, struct stream_id *position,
                                     uint32_t count, uint32_t wait_ms, engine_entry_reader reader,
                                     void *context) {
    redisReply *reply;
    if (!engine->asked && !ask_for_entries(engine, *position, count))
        return ENGINE_LOST;
    if (!engine_io_wait(engine, engine->reading->fd, POLLIN, wait_ms)) {
        if (clock_now_ms() < engine->asked_ms + READ_BLOCK_MS + engine->options.timeout_ms)
            return ENGINE_DONE;
        return engine_io_time_out(engine, READ_BLOCK_MS + engine->options.timeout_ms);
    }
    const enum engine_result result = take_reply(engine, &reply);
    pass_entries(reply, position, reader, context);
    freeReplyObject(reply);
    return result;
}

bool engine_is_reading(const struct engine *engine) {
    return engine->asked;
}

enum engine_result engine_read(struct engine *engine, struct stream_id *position, uint32_t count,
                               uint32_t wait_ms, engine_entry_reader reader, void *context) {
    redisReply *reply;
    struct read_arguments arguments = { 0 };
    if (engine->connection != NULL && (engine->asked || wait_ms > 0))
        return read_later(engine, position, count, wait_ms, reader, context);
    const struct command command = read_command(engine, *position, count, false, &arguments);
    const enum engine_result result = command_run(engine, &command, &reply);
    pass_entries(reply, position, reader, context);
    freeReplyObject(reply);
    return result;
}

/* The reply is a list of names and values. */
static void read_stream_facts(const redisReply *reply, struct engine_stream *stream) {
    for (size_t i = 0; command_reply_is_list(reply, i + 2); i += 2) {
        const struct bytes name = command_reply_text(reply->element[i]);
        const redisReply *value = reply->element[i + 1];
        if (bytes_equal(name, bytes_of("length")))
            stream->length = (uint64_t)value->integer;
        else if (bytes_equal(name, bytes_of("entries-added")))
            stream->ever_added = (uint64_t)value->integer;
        else if (bytes_equal(name, bytes_of("last-generated-id")))
            (void)read_id(command_reply_text(value), &stream->last);
    }
}

enum engine_result engine_stream(struct engine *engine, struct engine_stream *stream) {
    redisReply *reply;
    const struct command command = COMMAND("XINFO", "STREAM", engine->stream);
    const enum engine_result result = command_run(engine, &command, &reply);
    *stream = (struct engine_stream){ 0 };
    read_stream_facts(reply, stream);
    freeReplyObject(reply);
    if (result == ENGINE_REFUSED && strstr(engine->error, "no such key") != NULL)
        return ENGINE_DONE;
    return result;
}

/* Entries are of similar size, so the stream is cut in proportion. MINID removes by age. */
static enum engine_result trim_by(struct engine *engine, const char *how, uint64_t limit) {
    char number[COMMAND_NUMBER_LEN];
    uint64_t removed;
    command_number(number, limit);
    const struct command command = COMMAND("XTRIM", engine->stream, how, number);
    return command_run_number(engine, &command, &removed);
}

enum engine_result engine_trim(struct engine *engine, uint64_t bytes_max, uint64_t oldest_ms,
                               uint64_t *bytes) {
    struct engine_stream stream;
    const struct command usage = COMMAND("MEMORY", "USAGE", engine->stream, "SAMPLES", "0");
    enum engine_result result = command_run_number(engine, &usage, bytes);
    if (result == ENGINE_DONE && *bytes > bytes_max) {
        result = engine_stream(engine, &stream);
        const double kept = (double)bytes_max / (double)*bytes;
        if (result == ENGINE_DONE)
            result = trim_by(engine, "MAXLEN", (uint64_t)(kept * (double)stream.length));
    }
    return result == ENGINE_DONE ? trim_by(engine, "MINID", oldest_ms) : result;
}

static struct command secret_command(const struct engine *engine, char key[static ENGINE_KEY_LEN],
                                     const uint8_t *secret, size_t len) {
    snprintf(key, ENGINE_KEY_LEN, "%s:secret", engine->prefix);
    struct command command = COMMAND("SET", key);
    command_add_bytes(&command, (struct bytes){ .data = secret, .len = len });
    return command;
}

enum engine_result engine_share_secret(struct engine *engine, uint8_t *secret, size_t len,
                                       bool *made) {
    char key[ENGINE_KEY_LEN];
    redisReply *reply;
    struct command command = secret_command(engine, key, secret, len);
    command_add_text(&command, "NX");
    command_add_text(&command, "GET");
    enum engine_result result = command_run(engine, &command, &reply);
    const struct bytes stored = command_reply_text(reply);
    *made = reply != NULL && reply->type == REDIS_REPLY_NIL;
    if (stored.data != NULL && stored.len == len) {
        memcpy(secret, stored.data, len);
    } else if (result == ENGINE_DONE && !*made) {
        error_set(engine->error, "%s: the value of the key %s is not a secret: delete the key",
                  engine->info.url, key);
        result = ENGINE_INVALID;
    }
    freeReplyObject(reply);
    return result;
}

enum engine_result engine_replace_secret(struct engine *engine, const uint8_t *secret, size_t len) {
    char key[ENGINE_KEY_LEN];
    redisReply *reply;
    const struct command command = secret_command(engine, key, secret, len);
    const enum engine_result result = command_run(engine, &command, &reply);
    freeReplyObject(reply);
    return result;
}

/* Snapshots. */

static void make_key(const struct engine *engine, const char *what, uint64_t id,
                     char key[static ENGINE_KEY_LEN]) {
    snprintf(key, ENGINE_KEY_LEN, "%s:%s:%016" PRIx64, engine->prefix, what, id);
}

enum engine_result engine_claim_snapshot(struct engine *engine, uint64_t request, bool *claimed) {
    char key[ENGINE_KEY_LEN];
    char expire[COMMAND_NUMBER_LEN];
    redisReply *reply;
    make_key(engine, "source", request, key);
    command_number(expire, ENGINE_KEYS_EXPIRE_MS);
    const struct command command = COMMAND("SET", key, "1", "NX", "PX", expire);
    const enum engine_result result = command_run(engine, &command, &reply);
    *claimed = reply != NULL && reply->type == REDIS_REPLY_STATUS;
    freeReplyObject(reply);
    return result;
}

enum engine_result engine_count_chunks(struct engine *engine, uint64_t request, uint32_t *waiting) {
    char key[ENGINE_KEY_LEN];
    uint64_t number;
    make_key(engine, "chunks", request, key);
    const struct command command = COMMAND("LLEN", key);
    const enum engine_result result = command_run_number(engine, &command, &number);
    *waiting = (uint32_t)number;
    return result;
}

enum engine_result engine_push_chunk(struct engine *engine, uint64_t request, struct bytes chunk) {
    char chunks[ENGINE_KEY_LEN];
    char source[ENGINE_KEY_LEN];
    char expire[COMMAND_NUMBER_LEN];
    uint64_t number;
    make_key(engine, "chunks", request, chunks);
    make_key(engine, "source", request, source);
    command_number(expire, ENGINE_KEYS_EXPIRE_MS);
    struct command push = COMMAND("RPUSH", chunks);
    command_add_bytes(&push, chunk);
    const struct command expire_chunks = COMMAND("PEXPIRE", chunks, expire);
    const struct command expire_source = COMMAND("PEXPIRE", source, expire);
    enum engine_result result = command_run_number(engine, &push, &number);
    if (result == ENGINE_DONE)
        result = command_run_number(engine, &expire_chunks, &number);
    return result == ENGINE_DONE ? command_run_number(engine, &expire_source, &number) : result;
}

enum engine_result engine_take_chunk(struct engine *engine, uint64_t request,
                                     engine_entry_reader reader, void *context) {
    char key[ENGINE_KEY_LEN];
    redisReply *reply;
    make_key(engine, "chunks", request, key);
    const struct command command = COMMAND("LPOP", key);
    const enum engine_result result = command_run(engine, &command, &reply);
    if (command_reply_text(reply).len > 0)
        reader(context, command_reply_text(reply));
    freeReplyObject(reply);
    return result;
}
