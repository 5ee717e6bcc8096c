#include "cluster/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"

enum {
    ARGUMENTS_MAX = 12,
    NUMBER_LEN = 24,
    KEY_LEN = ENGINE_PREFIX_LEN + 32,
    READ_BLOCK_MS = 1000, /* how long the server keeps a read without entries */
};

struct engine {
    struct engine_options options;
    char password_file[PATH_MAX];
    char prefix[ENGINE_PREFIX_LEN];
    char stream[KEY_LEN];
    redisContext *connection;
    redisContext *reading; /* a second connection, for reads that wait */
    bool asked;            /* a read is waiting */
    uint64_t asked_ms;
    int wake; /* eventfd */
    _Atomic bool stopping;
    size_t next; /* in the list of URLs: where to look first */
    struct engine_info info;
    char error[ERROR_LEN];
};

/* A command: text or bytes, which it borrows. */
struct command {
    int count;
    const char *arguments[ARGUMENTS_MAX];
    size_t lens[ARGUMENTS_MAX];
};

static void add_bytes(struct command *command, struct bytes bytes) {
    command->arguments[command->count] = (const char *)bytes.data;
    command->lens[command->count++] = bytes.len;
}

static void add_text(struct command *command, const char *text) {
    add_bytes(command, bytes_of(text));
}

/* Of texts. The last argument is NULL. */
static struct command command_of(const char *const *texts) {
    struct command command = { 0 };
    for (; *texts != NULL; texts++)
        add_text(&command, *texts);
    return command;
}

#define COMMAND(...) command_of((const char *const[]){ __VA_ARGS__, NULL })

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
    if (engine->connection != NULL)
        redisFree(engine->connection);
    if (engine->reading != NULL)
        redisFree(engine->reading);
    engine->connection = engine->reading = NULL;
    engine->asked = false;
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
    const uint64_t one = 1;
    (void)!write(engine->wake, &one, sizeof one);
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

/* Failures. */

static enum engine_result lose_connection(struct engine *engine) {
    const bool reads = engine->reading != NULL && engine->reading->err != 0;
    const redisContext *connection = reads ? engine->reading : engine->connection;
    if (connection->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK))
        error_set(engine->error, "%s: no reply within %u ms", engine->info.url,
                  engine->options.timeout_ms);
    else
        error_set(engine->error, "%s: %s", engine->info.url,
                  connection->err == 0 ? "out of memory" : connection->errstr);
    engine_disconnect(engine);
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

static enum engine_result note_error(struct engine *engine, const redisReply *reply) {
    error_set(engine->error, "%s: %s", engine->info.url,
              reply->type == REDIS_REPLY_ERROR ? reply->str : "unexpected reply");
    if (is_wrong_server(reply)) {
        engine_disconnect(engine);
        engine->next++;
        return ENGINE_LOST;
    }
    return is_error(reply, "OOM") ? ENGINE_FULL : ENGINE_REFUSED;
}

/* Commands. */

static bool append(struct engine *engine, const struct command *command) {
    return engine->connection != NULL &&
           redisAppendCommandArgv(engine->connection, command->count,
                                  (const char **)command->arguments, command->lens) == REDIS_OK;
}

/* The reply of the next command that was appended; the caller frees it. `*reply` is NULL unless
 * the result is ENGINE_DONE. */
static enum engine_result next_reply(struct engine *engine, redisReply **reply) {
    void *found = NULL;
    *reply = NULL;
    if (engine->connection == NULL)
        return ENGINE_LOST;
    if (redisGetReply(engine->connection, &found) != REDIS_OK)
        return lose_connection(engine);
    *reply = found;
    if ((*reply)->type != REDIS_REPLY_ERROR)
        return ENGINE_DONE;
    const enum engine_result result = note_error(engine, *reply);
    freeReplyObject(*reply);
    *reply = NULL;
    return result;
}

static enum engine_result run(struct engine *engine, const struct command *command,
                              redisReply **reply) {
    *reply = NULL;
    if (engine->connection == NULL)
        return ENGINE_LOST;
    if (!append(engine, command))
        return lose_connection(engine);
    return next_reply(engine, reply);
}

/* For a command whose reply is a number, or nothing (0). */
static enum engine_result run_number(struct engine *engine, const struct command *command,
                                     uint64_t *number) {
    redisReply *reply;
    const enum engine_result result = run(engine, command, &reply);
    if (reply != NULL && reply->type == REDIS_REPLY_INTEGER && reply->integer > 0)
        *number = (uint64_t)reply->integer;
    else
        *number = 0;
    freeReplyObject(reply);
    return result;
}

/* Of a reply, which may be NULL. */
static struct bytes text_of(const redisReply *reply) {
    if (reply == NULL || (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS))
        return (struct bytes){ 0 };
    return (struct bytes){ .data = (const uint8_t *)reply->str, .len = reply->len };
}

static bool is_list(const redisReply *reply, size_t elements) {
    return reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements >= elements;
}

static void make_number(char text[static NUMBER_LEN], uint64_t number) {
    snprintf(text, NUMBER_LEN, "%" PRIu64, number);
}

static void make_key(const struct engine *engine, const char *what, uint64_t id,
                     char key[static KEY_LEN]) {
    snprintf(key, KEY_LEN, "%s:%s:%016" PRIx64, engine->prefix, what, id);
}

/* Connecting. */

static struct timeval timeout_of(const struct engine *engine) {
    const uint32_t ms = engine->options.timeout_ms;
    return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000L };
}

/* Waits until `fd` is ready, or until engine_wake; false: it is not ready. */
static bool wait_for(struct engine *engine, int fd, short events, uint64_t wait_ms) {
    uint64_t woken;
    struct pollfd polled[] = {
        { .fd = fd, .events = events },
        { .fd = engine->wake, .events = POLLIN },
    };
    if (poll(polled, 2, (int)wait_ms) > 0 && polled[1].revents != 0)
        (void)!read(engine->wake, &woken, sizeof woken);
    return polled[0].revents != 0;
}

/* Waits until the connection has been made, then makes it blocking. Returns an errno, or 0. */
static int finish_connecting(struct engine *engine) {
    const int fd = engine->connection->fd;
    const uint64_t until_ms = clock_now_ms() + engine->options.timeout_ms;
    uint64_t now_ms = clock_now_ms();
    int failure = 0;
    socklen_t len = sizeof failure;
    while (now_ms < until_ms && !wait_for(engine, fd, POLLOUT, until_ms - now_ms)) {
        if (atomic_load(&engine->stopping))
            return ECANCELED;
        now_ms = clock_now_ms();
    }
    if (now_ms >= until_ms)
        return ETIMEDOUT;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len) != 0)
        return errno;
    const int flags = fcntl(fd, F_GETFL);
    if (failure == 0 && (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0))
        return errno;
    engine->connection->flags |= REDIS_BLOCK;
    return failure;
}

/* `place` is an IP address, or the path of a Unix socket. */
static bool open_connection(struct engine *engine, const struct engine_url *url,
                            const char *place) {
    engine->connection =
        url->is_socket ? redisConnectUnixNonBlock(place) : redisConnectNonBlock(place, url->port);
    if (engine->connection == NULL)
        return error_set(engine->error, "out of memory");
    const int failure = engine->connection->err == 0 ? finish_connecting(engine) : 0;
    if (failure != 0)
        return error_set(engine->error, "%s: %s", engine->info.url, strerror(failure));
    if (engine->connection->err == 0 &&
        redisSetTimeout(engine->connection, timeout_of(engine)) == REDIS_OK &&
        (url->is_socket || redisEnableKeepAlive(engine->connection) == REDIS_OK))
        return true;
    (void)lose_connection(engine);
    return false;
}

/* The first line of the password file. */
static bool read_password(struct engine *engine, char password[static ENGINE_PASSWORD_LEN]) {
    FILE *file = fopen(engine->password_file, "re");
    if (file == NULL)
        return error_set(engine->error, "%s: %s", engine->password_file, strerror(errno));
    password[0] = '\0';
    const bool read = fgets(password, ENGINE_PASSWORD_LEN, file) != NULL;
    fclose(file);
    password[strcspn(password, "\r\n")] = '\0';
    return (read && password[0] != '\0') ||
           error_set(engine->error, "%s: the first line is empty", engine->password_file);
}

static bool is_done(struct engine *engine, const struct command *command) {
    redisReply *reply;
    const bool done = run(engine, command, &reply) == ENGINE_DONE;
    freeReplyObject(reply);
    return done;
}

static bool log_in(struct engine *engine, const struct engine_url *url) {
    char password[ENGINE_PASSWORD_LEN];
    memcpy(password, url->password, sizeof password);
    if (engine->password_file[0] != '\0' && !read_password(engine, password))
        return false;
    if (password[0] == '\0')
        return true;
    struct command command = COMMAND("AUTH");
    if (url->user[0] != '\0')
        add_text(&command, url->user);
    add_text(&command, password);
    const bool done = is_done(engine, &command);
    explicit_bzero(password, sizeof password);
    return done;
}

static bool select_database(struct engine *engine, const struct engine_url *url) {
    char number[NUMBER_LEN];
    make_number(number, url->database);
    const struct command command = COMMAND("SELECT", number);
    return url->database == 0 || is_done(engine, &command);
}

/* Value of a line "NAME:VALUE" of INFO; empty if there is none. */
static struct bytes find_info(struct bytes info, const char *name) {
    while (info.len > 0) {
        struct bytes value = bytes_split(&info, '\n');
        const struct bytes found = bytes_split(&value, ':');
        if (bytes_equal(found, bytes_of(name)))
            return utf8_trim(value);
    }
    return bytes_of("");
}

static uint64_t find_number(struct bytes info, const char *name) {
    uint64_t number = 0;
    (void)bytes_to_u64(find_info(info, name), &number);
    return number;
}

static bool info_is(struct bytes info, const char *name, const char *value) {
    return bytes_equal(find_info(info, name), bytes_of(value));
}

static void copy_info(struct bytes info, const char *name, char *text, size_t size) {
    const struct bytes value = find_info(info, name);
    snprintf(text, size, "%.*s", (int)value.len, (const char *)value.data);
}

/* The first two numbers of a version. */
static uint64_t version_number(const char *version) {
    struct bytes rest = bytes_of(version);
    uint64_t major = 0, minor = 0;
    (void)bytes_to_u64(bytes_split(&rest, '.'), &major);
    (void)bytes_to_u64(bytes_split(&rest, '.'), &minor);
    return major * 1000 + minor;
}

static void warn(struct engine_info *info, const char *text) {
    const size_t len = strlen(info->warnings);
    snprintf(info->warnings + len, sizeof info->warnings - len, "%s%s", len > 0 ? "; " : "", text);
}

static void check_settings(struct engine_info *found, struct bytes info) {
    found->warnings[0] = '\0';
    if (!info_is(info, "maxmemory_policy", "noeviction"))
        warn(found, "maxmemory-policy must be noeviction, or keys of the cluster are evicted");
    if (!info_is(info, "aof_enabled", "1"))
        warn(found, "appendonly is not enabled, so entries are lost when the engine restarts");
    if (found->replicas > 0 && find_info(info, "min_slaves_good_slaves").len == 0)
        warn(found, "min-replicas-to-write is not set, so a failover may lose entries");
}

/* Fills the facts; false if the server cannot be used. */
static bool read_info(struct engine *engine, struct bytes info) {
    struct engine_info *found = &engine->info;
    found->is_valkey = info_is(info, "server_name", "valkey");
    copy_info(info, found->is_valkey ? "valkey_version" : "redis_version", found->version,
              sizeof found->version);
    copy_info(info, "run_id", found->run, sizeof found->run);
    found->used_memory = find_number(info, "used_memory");
    found->replicas = (uint32_t)find_number(info, "connected_slaves");
    check_settings(found, info);
    if (info_is(info, "loading", "1"))
        return error_set(engine->error, "%s: is loading its data", found->url);
    if (!info_is(info, "role", "master"))
        return error_set(engine->error, "%s: is a replica, not a master", found->url);
    if (info_is(info, "redis_mode", "cluster"))
        return error_set(engine->error, "%s: Redis Cluster is not supported", found->url);
    if (version_number(found->version) < (found->is_valkey ? 7002 : 7000))
        return error_set(engine->error, "%s: %s %s is too old: Redis 7 or Valkey 7.2 is required",
                         found->url, found->is_valkey ? "Valkey" : "Redis", found->version);
    return true;
}

static bool check_server(struct engine *engine) {
    redisReply *reply;
    const struct command command = COMMAND("INFO");
    if (run(engine, &command, &reply) != ENGINE_DONE)
        return false;
    const bool good = read_info(engine, text_of(reply));
    freeReplyObject(reply);
    return good;
}

static enum engine_result run_and_look(struct engine *engine, const struct command *command,
                                       struct writer *denied) {
    redisReply *reply;
    const enum engine_result result = run(engine, command, &reply);
    freeReplyObject(reply);
    if (result != ENGINE_REFUSED || strstr(engine->error, ": NOPERM") == NULL)
        return result;
    if (denied->len > 0)
        writer_put_text(denied, ", ");
    writer_put_text(denied, command->arguments[0]);
    return ENGINE_DONE;
}

/* Tries each command on a key of a wrong type, so that those that change something fail without
 * doing so. Rights are checked first. */
static bool check_rights(struct engine *engine) {
    char key[KEY_LEN];
    char text[ERROR_LEN];
    struct writer denied = writer_on((uint8_t *)text, sizeof text - 1);
    snprintf(key, sizeof key, "%s:rights", engine->prefix);
    const struct command commands[] = {
        COMMAND("SET", key, "1", "NX", "PX", "10000", "GET"),
        COMMAND("TIME"),
        COMMAND("PEXPIRE", key, "10000"),
        COMMAND("XADD", key, "NOMKSTREAM", "*", "d", ""),
        COMMAND("XREAD", "COUNT", "1", "STREAMS", key, "0"),
        COMMAND("XINFO", "STREAM", key),
        COMMAND("XTRIM", key, "MAXLEN", "1000000"),
        COMMAND("MEMORY", "USAGE", key),
        COMMAND("RPUSH", key, ""),
        COMMAND("LLEN", key),
        COMMAND("LPOP", key),
    };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (run_and_look(engine, &commands[i], &denied) == ENGINE_LOST)
            return false;
    }
    text[denied.len] = '\0';
    return denied.len == 0 ||
           error_set(engine->error, "%s: the user has no right to run %s with keys %s:*",
                     engine->info.url, text, engine->prefix);
}

static bool open_database(struct engine *engine, const struct engine_url *url, const char *place) {
    return open_connection(engine, url, place) && log_in(engine, url) &&
           select_database(engine, url);
}

static bool connect_to_place(struct engine *engine, const struct engine_url *url,
                             const char *place) {
    if (open_database(engine, url, place)) {
        engine->reading = engine->connection;
        engine->connection = NULL;
        if (open_database(engine, url, place) && check_server(engine) && check_rights(engine))
            return true;
    }
    engine_disconnect(engine);
    return false;
}

static bool connect_to_address(struct engine *engine, const struct engine_url *url,
                               const struct addrinfo *address) {
    char text[NI_MAXHOST];
    const int failure = getnameinfo(address->ai_addr, address->ai_addrlen, text, sizeof text, NULL,
                                    0, NI_NUMERICHOST);
    if (failure != 0)
        return error_set(engine->error, "%s: %s", engine->info.url, gai_strerror(failure));
    return connect_to_place(engine, url, text);
}

/* Adds engine->error, unless it is what the last address has failed with. */
static void add_failure(struct engine *engine, struct writer *failures) {
    const struct bytes error = bytes_of(engine->error);
    if (failures->len >= error.len &&
        memcmp(failures->data + failures->len - error.len, error.data, error.len) == 0)
        return;
    if (failures->len > 0)
        writer_put_text(failures, "; ");
    writer_put(failures, error.data, error.len);
}

/* Tries the addresses of the host in the order of the resolver, each for `timeout_ms`. */
static bool connect_to_host(struct engine *engine, const struct engine_url *url,
                            struct writer *failures) {
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    bool connected = false;
    const int failure = getaddrinfo(url->place, NULL, &hints, &found);
    if (failure != 0) {
        error_set(engine->error, "%s: %s", engine->info.url, gai_strerror(failure));
        add_failure(engine, failures);
        return false;
    }
    for (const struct addrinfo *at = found; at != NULL && !connected; at = at->ai_next) {
        if (at != found && atomic_load(&engine->stopping))
            break;
        connected = connect_to_address(engine, url, at);
        if (!connected)
            add_failure(engine, failures);
    }
    freeaddrinfo(found);
    return connected;
}

static bool connect_to(struct engine *engine, const struct engine_url *url,
                       struct writer *failures) {
    engine_url_text(url, engine->info.url);
    if (!url->is_socket)
        return connect_to_host(engine, url, failures);
    if (connect_to_place(engine, url, url->place))
        return true;
    add_failure(engine, failures);
    return false;
}

bool engine_connect(struct engine *engine) {
    char text[ERROR_LEN];
    struct writer failures = writer_on((uint8_t *)text, sizeof text - 1);
    const size_t first = engine->next;
    const size_t count = engine->options.urls.count;
    for (size_t i = 0; i < count && engine->connection == NULL; i++) {
        if (i > 0 && atomic_load(&engine->stopping))
            break;
        if (connect_to(engine, &engine->options.urls.list[(first + i) % count], &failures))
            break;
    }
    engine->next = engine->connection != NULL ? first : 0;
    text[failures.len] = '\0';
    return engine->connection != NULL || error_set(engine->error, "%s", text);
}

/* Time and stream. */

enum engine_result engine_time(struct engine *engine, uint64_t *unix_ms) {
    redisReply *reply;
    uint64_t seconds, micros;
    const struct command command = COMMAND("TIME");
    enum engine_result result = run(engine, &command, &reply);
    if (reply == NULL)
        return result;
    if (is_list(reply, 2) && bytes_to_u64(text_of(reply->element[0]), &seconds) &&
        bytes_to_u64(text_of(reply->element[1]), &micros))
        *unix_ms = seconds * 1000 + micros / 1000;
    else
        result = note_error(engine, reply);
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
        add_bytes(&command, entries[i]);
        if (!append(engine, &command))
            return lose_connection(engine);
    }
    /* All replies are read, or the connection is closed. Entries after a refused one are sent
     * again, so they are not counted. */
    for (size_t i = 0; i < count && engine->connection != NULL; i++) {
        redisReply *reply;
        const enum engine_result next = next_reply(engine, &reply);
        if (result == ENGINE_DONE && next == ENGINE_DONE && read_id(text_of(reply), last))
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
    if (!is_list(entry, 2) || !read_id(text_of(entry->element[0]), position) ||
        !is_list(entry->element[1], 2))
        return;
    const struct bytes value = text_of(entry->element[1]->element[1]);
    if (value.len > 0)
        reader(context, value);
}

static void pass_entries(const redisReply *reply, struct stream_id *position,
                         engine_entry_reader reader, void *context) {
    if (!is_list(reply, 1) || !is_list(reply->element[0], 2))
        return;
    const redisReply *entries = reply->element[0]->element[1];
    for (size_t i = 0; is_list(entries, i + 1); i++)
        pass_entry(entries->element[i], position, reader, context);
}

/* Text of the arguments of a read, which its command borrows. */
struct read_arguments {
    char position[2 * NUMBER_LEN];
    char count[NUMBER_LEN];
    char block[NUMBER_LEN];
};

static struct command read_command(const struct engine *engine, struct stream_id position,
                                   uint32_t count, bool block, struct read_arguments *arguments) {
    snprintf(arguments->position, sizeof arguments->position, "%" PRIu64 "-%" PRIu64, position.ms,
             position.number);
    make_number(arguments->count, count);
    make_number(arguments->block, READ_BLOCK_MS);
    struct command command = COMMAND("XREAD", "COUNT", arguments->count);
    if (block) {
        add_text(&command, "BLOCK");
        add_text(&command, arguments->block);
    }
    add_text(&command, "STREAMS");
    add_text(&command, engine->stream);
    add_text(&command, arguments->position);
    return command;
}

static bool ask_for_entries(struct engine *engine, struct stream_id position, uint32_t count) {
    struct read_arguments arguments = { 0 };
    const struct command command = read_command(engine, position, count, true, &arguments);
    int done = 0;
    if (redisAppendCommandArgv(engine->reading, command.count, (const char **)command.arguments,
                               command.lens) != REDIS_OK)
        return false;
    while (done == 0) {
        if (redisBufferWrite(engine->reading, &done) != REDIS_OK)
            return false;
    }
    engine->asked = true;
    engine->asked_ms = clock_now_ms();
    return true;
}

/* The reply to the read that waits; `*reply` is NULL until it is complete. */
static enum engine_result take_reply(struct engine *engine, redisReply **reply) {
    void *found = NULL;
    *reply = NULL;
    if (redisBufferRead(engine->reading) != REDIS_OK ||
        redisGetReplyFromReader(engine->reading, &found) != REDIS_OK)
        return lose_connection(engine);
    *reply = found;
    if (found == NULL)
        return ENGINE_DONE;
    engine->asked = false;
    return (*reply)->type == REDIS_REPLY_ERROR ? note_error(engine, *reply) : ENGINE_DONE;
}

static enum engine_result read_later(struct engine *engine, struct stream_id *position,
                                     uint32_t count, uint32_t wait_ms, engine_entry_reader reader,
                                     void *context) {
    redisReply *reply;
    if (!engine->asked && !ask_for_entries(engine, *position, count))
        return lose_connection(engine);
    if (!wait_for(engine, engine->reading->fd, POLLIN, wait_ms)) {
        if (clock_now_ms() < engine->asked_ms + READ_BLOCK_MS + engine->options.timeout_ms)
            return ENGINE_DONE;
        error_set(engine->error, "%s: no reply within %u ms", engine->info.url,
                  READ_BLOCK_MS + engine->options.timeout_ms);
        engine_disconnect(engine);
        return ENGINE_LOST;
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
    const enum engine_result result = run(engine, &command, &reply);
    pass_entries(reply, position, reader, context);
    freeReplyObject(reply);
    return result;
}

/* The reply is a list of names and values. */
static void read_stream_facts(const redisReply *reply, struct engine_stream *stream) {
    for (size_t i = 0; is_list(reply, i + 2); i += 2) {
        const struct bytes name = text_of(reply->element[i]);
        const redisReply *value = reply->element[i + 1];
        if (bytes_equal(name, bytes_of("length")))
            stream->length = (uint64_t)value->integer;
        else if (bytes_equal(name, bytes_of("entries-added")))
            stream->ever_added = (uint64_t)value->integer;
        else if (bytes_equal(name, bytes_of("last-generated-id")))
            (void)read_id(text_of(value), &stream->last);
    }
}

enum engine_result engine_stream(struct engine *engine, struct engine_stream *stream) {
    redisReply *reply;
    const struct command command = COMMAND("XINFO", "STREAM", engine->stream);
    const enum engine_result result = run(engine, &command, &reply);
    *stream = (struct engine_stream){ 0 };
    read_stream_facts(reply, stream);
    freeReplyObject(reply);
    if (result == ENGINE_REFUSED && strstr(engine->error, "no such key") != NULL)
        return ENGINE_DONE;
    return result;
}

/* Entries are of similar size, so the stream is cut in proportion. MINID removes by age. */
static enum engine_result trim_by(struct engine *engine, const char *how, uint64_t limit) {
    char number[NUMBER_LEN];
    uint64_t removed;
    make_number(number, limit);
    const struct command command = COMMAND("XTRIM", engine->stream, how, number);
    return run_number(engine, &command, &removed);
}

enum engine_result engine_trim(struct engine *engine, uint64_t bytes_max, uint64_t oldest_ms,
                               uint64_t *bytes) {
    struct engine_stream stream;
    const struct command usage = COMMAND("MEMORY", "USAGE", engine->stream, "SAMPLES", "0");
    enum engine_result result = run_number(engine, &usage, bytes);
    if (result == ENGINE_DONE && *bytes > bytes_max) {
        result = engine_stream(engine, &stream);
        const double kept = (double)bytes_max / (double)*bytes;
        if (result == ENGINE_DONE)
            result = trim_by(engine, "MAXLEN", (uint64_t)(kept * (double)stream.length));
    }
    return result == ENGINE_DONE ? trim_by(engine, "MINID", oldest_ms) : result;
}

enum engine_result engine_share_secret(struct engine *engine, uint8_t *secret, size_t len) {
    char key[KEY_LEN];
    redisReply *reply;
    snprintf(key, sizeof key, "%s:secret", engine->prefix);
    struct command command = COMMAND("SET", key);
    add_bytes(&command, (struct bytes){ .data = secret, .len = len });
    add_text(&command, "NX");
    add_text(&command, "GET");
    const enum engine_result result = run(engine, &command, &reply);
    const struct bytes stored = text_of(reply);
    if (stored.data != NULL && stored.len == len)
        memcpy(secret, stored.data, len);
    freeReplyObject(reply);
    return result;
}

/* Snapshots. */

enum engine_result engine_claim_snapshot(struct engine *engine, uint64_t request, bool *claimed) {
    char key[KEY_LEN];
    char expire[NUMBER_LEN];
    redisReply *reply;
    make_key(engine, "source", request, key);
    make_number(expire, ENGINE_KEYS_EXPIRE_MS);
    const struct command command = COMMAND("SET", key, "1", "NX", "PX", expire);
    const enum engine_result result = run(engine, &command, &reply);
    *claimed = reply != NULL && reply->type == REDIS_REPLY_STATUS;
    freeReplyObject(reply);
    return result;
}

enum engine_result engine_count_chunks(struct engine *engine, uint64_t request, uint32_t *waiting) {
    char key[KEY_LEN];
    uint64_t number;
    make_key(engine, "chunks", request, key);
    const struct command command = COMMAND("LLEN", key);
    const enum engine_result result = run_number(engine, &command, &number);
    *waiting = (uint32_t)number;
    return result;
}

enum engine_result engine_push_chunk(struct engine *engine, uint64_t request, struct bytes chunk) {
    char chunks[KEY_LEN];
    char source[KEY_LEN];
    char expire[NUMBER_LEN];
    uint64_t number;
    make_key(engine, "chunks", request, chunks);
    make_key(engine, "source", request, source);
    make_number(expire, ENGINE_KEYS_EXPIRE_MS);
    struct command push = COMMAND("RPUSH", chunks);
    add_bytes(&push, chunk);
    const struct command expire_chunks = COMMAND("PEXPIRE", chunks, expire);
    const struct command expire_source = COMMAND("PEXPIRE", source, expire);
    enum engine_result result = run_number(engine, &push, &number);
    if (result == ENGINE_DONE)
        result = run_number(engine, &expire_chunks, &number);
    return result == ENGINE_DONE ? run_number(engine, &expire_source, &number) : result;
}

enum engine_result engine_take_chunk(struct engine *engine, uint64_t request,
                                     engine_entry_reader reader, void *context) {
    char key[KEY_LEN];
    redisReply *reply;
    make_key(engine, "chunks", request, key);
    const struct command command = COMMAND("LPOP", key);
    const enum engine_result result = run(engine, &command, &reply);
    if (text_of(reply).len > 0)
        reader(context, text_of(reply));
    freeReplyObject(reply);
    return result;
}
