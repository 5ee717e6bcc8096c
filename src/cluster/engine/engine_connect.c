#include "cluster/engine/engine.h"

#include <errno.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/first_line.h"
#include "cluster/engine/command.h"
#include "cluster/engine/server_checks.h"

/* Waits until the connection has been made. Returns an errno, or 0. */
static int finish_connecting(struct engine *engine) {
    const int fd = engine->connection->fd;
    const uint64_t until_ms = clock_now_ms() + engine->options.timeout_ms;
    uint64_t now_ms = clock_now_ms();
    int failure = 0;
    socklen_t len = sizeof failure;
    while (now_ms < until_ms && !engine_io_wait(engine, fd, POLLOUT, until_ms - now_ms)) {
        if (atomic_load(&engine->stopping))
            return ECANCELED;
        now_ms = clock_now_ms();
    }
    if (now_ms >= until_ms)
        return ETIMEDOUT;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len) != 0)
        return errno;
    return failure;
}

/* `place` is an IP address, or the path of a Unix socket. */
static bool open_connection(struct engine *engine, const struct engine_url *url,
                            const char *place) {
    engine->connection =
        url->is_socket ? redisConnectUnixNonBlock(place) : redisConnectNonBlock(place, url->port);
    if (engine->connection == NULL)
        return error_set(engine->error, "skepd is out of memory");
    const int failure = engine->connection->err == 0 ? finish_connecting(engine) : 0;
    if (failure != 0)
        return error_set(engine->error, "%s: %s", engine->info.url, strerror(failure));
    if (engine->connection->err == 0 &&
        (url->is_socket || redisEnableKeepAlive(engine->connection) == REDIS_OK))
        return true;
    (void)engine_io_lose(engine);
    return false;
}

static bool log_in(struct engine *engine, const struct engine_url *url) {
    char password[ENGINE_PASSWORD_LEN];
    const char *path = engine->password_file;
    memcpy(password, url->password, sizeof password);
    const char *reason = path[0] == '\0' ? NULL : first_line_read(path, password, sizeof password);
    if (reason != NULL)
        error_set(engine->error, "cluster.password_file %s: %s", path, reason);
    if (reason != NULL || (password[0] == '\0' && url->user[0] == '\0')) {
        explicit_bzero(password, sizeof password);
        return reason == NULL;
    }
    struct command command = COMMAND("AUTH");
    if (url->user[0] != '\0')
        command_add_text(&command, url->user);
    command_add_text(&command, password);
    const bool done = command_is_done(engine, &command);
    explicit_bzero(password, sizeof password);
    return done;
}

static bool select_database(struct engine *engine, const struct engine_url *url) {
    char number[COMMAND_NUMBER_LEN];
    command_number(number, url->database);
    const struct command command = COMMAND("SELECT", number);
    return url->database == 0 || command_is_done(engine, &command);
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
        if (open_database(engine, url, place) && server_checks_facts(engine) &&
            server_checks_rights(engine))
            return true;
    }
    engine_io_close(engine);
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
