#include "engine_server.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum { ARGUMENTS_MAX = 64, ATTEMPTS = 20 };

static uint16_t find_port(void) {
    struct sockaddr_storage address;
    const struct endpoint any = endpoint_at("127.0.0.1", 0);
    socklen_t len = endpoint_to_sockaddr(&any, &address);
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    close(listener);
    const struct endpoint bound = endpoint_from_sockaddr((struct sockaddr *)&address);
    return endpoint_port(&bound);
}

static _Noreturn void become_server(const struct engine_server *server,
                                    const char *const *options) {
    char port[8];
    snprintf(port, sizeof port, "%u", server->port);
    const char *arguments[ARGUMENTS_MAX] = {
        "redis-server",
        "--port",
        port,
        "--bind",
        "127.0.0.1",
        "--unixsocket",
        server->socket,
        "--dir",
        server->directory.path,
        "--save",
        "",
        "--logfile",
        "/dev/null",
        "--repl-diskless-sync-delay",
        "0",
    };
    size_t count = 0;
    while (arguments[count] != NULL)
        count++;
    for (; options != NULL && *options != NULL; options++)
        arguments[count++] = *options;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp("redis-server", (char *const *)arguments);
    execvp("valkey-server", (char *const *)arguments);
    perror("redis-server");
    _exit(127);
}

static int connect_to(const struct engine_server *server) {
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path, server->socket, strlen(server->socket));
    const int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(connection, (const struct sockaddr *)&address, sizeof address) == 0)
        return connection;
    close(connection);
    return -1;
}

/* Whether it runs: it ends if another process has taken the port. */
static bool is_up(struct engine_server *server) {
    const uint64_t until_ms = clock_now_ms() + patience_ms;
    while (clock_now_ms() < until_ms) {
        const int connection = connect_to(server);
        if (connection >= 0) {
            close(connection);
            return true;
        }
        int status;
        if (waitpid(server->pid, &status, WNOHANG) == server->pid) {
            ck_assert_msg(!WIFEXITED(status) || WEXITSTATUS(status) != 127,
                          "neither redis-server nor valkey-server is installed");
            return false;
        }
        poll(NULL, 0, 2);
    }
    return false;
}

static void start(struct engine_server *server, const char *const *options) {
    for (int i = 0; i < ATTEMPTS; i++) {
        server->port = find_port();
        fflush(NULL);
        server->pid = fork();
        ck_assert_int_ge(server->pid, 0);
        if (server->pid == 0)
            become_server(server, options);
        if (is_up(server))
            return;
    }
    ck_abort_msg("redis-server does not start");
}

struct engine_server engine_server_start(const char *const *options) {
    struct engine_server server = { .directory = directory_create() };
    signal(SIGPIPE, SIG_IGN);
    snprintf(server.socket, sizeof server.socket, "%s/redis.sock", server.directory.path);
    start(&server, options);
    return server;
}

static void end(struct engine_server *server) {
    kill(server->pid, SIGKILL);
    ck_assert_int_eq(waitpid(server->pid, NULL, 0), server->pid);
    unlink(server->socket);
}

void engine_server_stop(struct engine_server *server) {
    end(server);
    directory_remove(&server->directory);
}

void engine_server_restart(struct engine_server *server) {
    end(server);
    start(server, NULL);
}

/* Whether `text` is a whole reply: a line, or a string. */
static bool is_whole(const char *text, size_t len) {
    const char *line = strstr(text, "\r\n");
    if (line == NULL)
        return false;
    const long string = text[0] == '$' ? strtol(text + 1, NULL, 10) : -1;
    return string < 0 || len >= (size_t)(line + 2 - text) + (size_t)string + 2;
}

const char *engine_server_run(const struct engine_server *server, const char *command) {
    static char reply[1 << 16];
    size_t len = 0;
    const int connection = connect_to(server);
    ck_assert_int_ge(connection, 0);
    ck_assert_int_eq(dprintf(connection, "%s\r\n", command), (int)strlen(command) + 2);
    reply[0] = '\0';
    while (!is_whole(reply, len)) {
        const ssize_t got = read(connection, reply + len, sizeof reply - 1 - len);
        if (got <= 0)
            break;
        len += (size_t)got;
        reply[len] = '\0';
    }
    close(connection);
    return reply;
}

void engine_server_await(const struct engine_server *server, const char *command,
                         const char *text) {
    const uint64_t until_ms = clock_now_ms() + patience_ms;
    const char *reply = engine_server_run(server, command);
    while (strstr(reply, text) == NULL && clock_now_ms() < until_ms) {
        poll(NULL, 0, 5);
        reply = engine_server_run(server, command);
    }
    ck_assert_msg(strstr(reply, text) != NULL, "%s: %s, not %s", command, reply, text);
}

void engine_server_follow(const struct engine_server *server, const struct engine_server *master) {
    char command[64];
    snprintf(command, sizeof command, "REPLICAOF 127.0.0.1 %u", master->port);
    ck_assert_str_eq(engine_server_run(server, command), "+OK\r\n");
    engine_server_await(server, "INFO replication", "master_link_status:up");
}

struct engine_url engine_server_url(const struct engine_server *server) {
    struct engine_url url = { .is_socket = true };
    memcpy(url.place, server->socket, strlen(server->socket) + 1);
    return url;
}
