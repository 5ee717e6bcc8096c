#include "server/http_server.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/ticker.h"
#include "server/http_connection.h"

enum {
    SHARERS_MAX = 64,
    FINISH_MAX_MS = 500,
    FINISH_POLL_US = 5000,
};

/* A listening socket with its libmicrohttpd daemon. */
struct listener {
    int fd;
    bool tls;
    bool shared; /* inherited: other processes may listen on it, too, so it is never shut down */
    struct MHD_Daemon *daemon;
};

struct http_server {
    struct http_connections connections;
    struct ticker *ticker; /* checks the timeouts */
    size_t count;
    struct listener listeners[2 * LISTEN_MAX + SHARERS_MAX];
};

static void log_library_message(void *cls, const char *format, va_list arguments) {
    (void)cls;
    char text[256];
    if (!log_enabled(LOG_LEVEL_DEBUG))
        return;
    vsnprintf(text, sizeof text, format, arguments);
    text[strcspn(text, "\n")] = '\0';
    log_debug("libmicrohttpd: %s", text);
}

static size_t count_sockets(const struct http_server_options *options) {
    const size_t count =
        options->inherited.count > 0 ? options->inherited.count : options->listen.count;
    return count > 0 ? count : 1;
}

/* Daemons for each shared socket: one per thread, see quiesce_shared. */
static unsigned count_sharers(const struct http_server_options *options) {
    const unsigned threads = listen_threads(options->threads);
    const unsigned max = SHARERS_MAX / (unsigned)count_sockets(options);
    return threads < max ? threads : max;
}

/* Of one daemon. request_timeouts enforces `connections_max` for all of them together;
 * libmicrohttpd stops accepting at its own limit, which each thread has a share of. */
static unsigned library_limit(const struct http_server_options *options, unsigned threads) {
    const uint32_t max = http_server_connections_max(options);
    return (max + request_timeouts_reserve(max) + 1) * threads;
}

static struct MHD_Daemon *start_daemon(const struct listener *listener,
                                       const struct http_server_options *options,
                                       struct http_server *server) {
    const bool tls = listener->tls;
    const unsigned threads = listener->shared ? 1 : listen_threads(options->threads);
    /* ITC is needed by MHD_quiesce_daemon. TURBO saves four system calls per connection: it reads a
     * new connection before it asks epoll, and closes without a shutdown. */
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG |
                           MHD_USE_SUPPRESS_DATE_NO_CLOCK | MHD_USE_ITC | MHD_USE_TURBO |
                           MHD_ALLOW_SUSPEND_RESUME;
    const struct MHD_OptionItem limits[] = {
        /* libmicrohttpd rejects a pool of one thread. */
        { MHD_OPTION_THREAD_POOL_SIZE, threads > 1 ? (intptr_t)threads : 0, NULL },
        { MHD_OPTION_CONNECTION_LIMIT, (intptr_t)library_limit(options, threads), NULL },
        { MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)options->idle_timeout_s, NULL },
        { MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)options->header_max, NULL },
#if MHD_VERSION >= 0x00097701
        /* Rejects folded header lines. By default, newer versions join them unnoticed. */
        { MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1, NULL },
#endif
        { MHD_OPTION_END, 0, NULL },
    };
    const struct MHD_OptionItem plain[] = { { MHD_OPTION_END, 0, NULL } };
    const struct MHD_OptionItem secure[] = {
        { MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)tls_certificate_retrieve },
        { MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_CERTIFICATE_PRIORITIES },
        { MHD_OPTION_END, 0, NULL },
    };
    struct http_connections *all = &server->connections;
    return MHD_start_daemon(
        tls ? flags | MHD_USE_TLS : flags, 0, http_connection_accept, all, http_connection_handle,
        all, MHD_OPTION_EXTERNAL_LOGGER, log_library_message, NULL, MHD_OPTION_LISTEN_SOCKET,
        listener->fd, MHD_OPTION_NOTIFY_CONNECTION, http_connection_notify, all,
        MHD_OPTION_NOTIFY_COMPLETED, http_connection_complete, all, MHD_OPTION_URI_LOG_CALLBACK,
        http_connection_read_url, all, MHD_OPTION_ARRAY, limits, MHD_OPTION_ARRAY,
        tls ? secure : plain, MHD_OPTION_END);
}

/* Owns the socket, even on failure. */
static bool start_listener(struct http_server *server, struct listener listener,
                           const struct http_server_options *options,
                           char error[static ERROR_LEN]) {
    const uint16_t port = listener.tls ? options->https.port : options->port;
    listener.daemon = listener.fd < 0 ? NULL : start_daemon(&listener, options, server);
    if (listener.daemon == NULL) {
        error_set(error, "cannot start the %s server on port %u", listener.tls ? "HTTPS" : "HTTP",
                  port);
        if (listener.fd >= 0)
            close(listener.fd);
        return false;
    }
    server->listeners[server->count++] = listener;
    return true;
}

static bool open_listener(struct http_server *server, const struct endpoint *address, bool tls,
                          const struct http_server_options *options, char error[static ERROR_LEN]) {
    const int fd = listen_tcp(address, tls ? options->https.port : options->port, error);
    return fd >= 0 &&
           start_listener(server, (struct listener){ .fd = fd, .tls = tls }, options, error);
}

static bool open_listeners(struct http_server *server, bool tls,
                           const struct http_server_options *options,
                           char error[static ERROR_LEN]) {
    if (options->listen.count == 0)
        return open_listener(server, NULL, tls, options, error);
    bool ok = true;
    for (size_t i = 0; i < options->listen.count && ok; i++)
        ok = open_listener(server, &options->listen.list[i], tls, options, error);
    return ok;
}

static bool start_sharers(struct http_server *server, int fd,
                          const struct http_server_options *options, char error[static ERROR_LEN]) {
    bool ok = true;
    for (unsigned i = 1; i < count_sharers(options) && ok; i++) {
        const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        ok =
            start_listener(server, (struct listener){ .fd = copy, .shared = true }, options, error);
    }
    if (ok)
        return start_listener(server, (struct listener){ .fd = fd, .shared = true }, options,
                              error);
    close(fd);
    return false;
}

static bool start_http(struct http_server *server, const struct http_server_options *options,
                       char error[static ERROR_LEN]) {
    const struct listen_sockets *inherited = &options->inherited;
    if (inherited->count == 0)
        return open_listeners(server, false, options, error);
    bool ok = true;
    for (size_t i = 0; i < inherited->count && ok; i++)
        ok = start_sharers(server, inherited->list[i], options, error);
    return ok;
}

static bool read_certificate(struct http_server *server, const struct tls_certificate_files *files,
                             char error[static ERROR_LEN]) {
    struct tls_certificate *certificate = tls_certificate_read(files, error);
    if (certificate == NULL)
        return false;
    atomic_store(&server->connections.counters->certificate_expires_s,
                 tls_certificate_expires_s(certificate));
    tls_certificate_replace(&server->connections.certificate, certificate);
    return true;
}

static void check_timeouts(void *context) {
    const struct http_server *server = context;
    request_timeouts_check(server->connections.timeouts, clock_now_ms());
}

static bool start_timeouts(struct http_server *server, const struct http_server_options *options) {
    const struct request_timeouts_options timeouts = {
        .timeout_s = options->request_timeout_s,
        .connections_max = http_server_connections_max(options),
    };
    server->connections.timeouts = request_timeouts_create(&timeouts, server->connections.counters);
    if (server->connections.timeouts != NULL)
        server->ticker = ticker_start("timeouts", REQUEST_TIMEOUT_CHECK_MS, check_timeouts, server);
    return server->ticker != NULL;
}

static bool start_server(struct http_server *server, const struct http_server_options *options,
                         char error[static ERROR_LEN]) {
    const bool tls = options->https.port != 0;
    if (tls && !read_certificate(server, &options->https.files, error))
        return false;
    struct hash_key key;
    if (random_secret(&key, sizeof key))
        server->connections.address_counts = address_counts_create(&key);
    if (server->connections.address_counts == NULL || !start_timeouts(server, options))
        return error_set(error, "cannot start the HTTP server: out of memory or threads");
    return (!tls || open_listeners(server, true, options, error)) &&
           start_http(server, options, error);
}

struct http_server *http_server_start(const struct http_server_options *options,
                                      struct tracker *tracker, const struct web_handler *web,
                                      struct http_counters *counters,
                                      struct refused_families *malformed,
                                      char error[static ERROR_LEN]) {
    struct http_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    struct http_connections *connections = &server->connections;
    connections->context.tracker = tracker;
    connections->context.malformed = malformed;
    connections->context.web = *web;
    connections->context.full_scrapes = &connections->full_scrapes;
    full_scrapes_init(&connections->full_scrapes, tracker);
    connections->counters = counters;
    pthread_mutex_init(&connections->lock, NULL);
    tls_certificate_slot_init(&connections->certificate);
    http_server_apply(server, options);
    if (start_server(server, options, error))
        return server;
    http_server_stop(server);
    return NULL;
}

void http_server_apply(struct http_server *server, const struct http_server_options *options) {
    struct http_context *context = &server->connections.context;
    atomic_store(&server->connections.per_address_max, options->connections_per_address_max);
    atomic_store(&context->scrape_max, options->scrape_max);
    atomic_store(&context->full_scrape, options->full_scrape);
    atomic_store(&context->bodies.max, options->uploads_max);
    http_connections_trust(&server->connections, &options->proxies);
}

/* MHD_stop_daemon shuts the listening socket down, but the next process may need a shared one; so
 * MHD_quiesce_daemon removes it first. Version 0.9.75 may abort if that is done to a daemon with a
 * thread pool, which is why a shared socket has one daemon per thread. */
static bool quiesce_shared(struct http_server *server) {
    bool any = false;
    for (size_t i = 0; i < server->count; i++) {
        struct listener *listener = &server->listeners[i];
        if (listener->shared)
            listener->fd = MHD_quiesce_daemon(listener->daemon);
        any = any || listener->shared;
    }
    return any;
}

/* The client of an accepted connection cannot know that another process will serve the next one. */
static void finish_requests(struct http_server *server) {
    const uint64_t until_ms = clock_now_ms() + FINISH_MAX_MS;
    while (!request_timeouts_all_idle(server->connections.timeouts) && clock_now_ms() < until_ms)
        usleep(FINISH_POLL_US);
}

static void stop_listeners(struct http_server *server) {
    if (quiesce_shared(server))
        finish_requests(server);
    for (size_t i = 0; i < server->count; i++) {
        const struct listener *listener = &server->listeners[i];
        MHD_stop_daemon(listener->daemon);
        if (listener->shared && listener->fd >= 0)
            close(listener->fd);
    }
}

bool http_server_renew_certificate(struct http_server *server,
                                   const struct http_server_options *options,
                                   char error[static ERROR_LEN]) {
    struct tls_certificate *current = tls_certificate_acquire(&server->connections.certificate);
    const bool tls = current != NULL && options->https.port != 0;
    tls_certificate_release(current);
    return !tls || read_certificate(server, &options->https.files, error);
}

void http_server_stop(struct http_server *server) {
    if (server == NULL)
        return;
    http_waits_stop(&server->connections.waits);
    stop_listeners(server);
    ticker_stop(server->ticker);
    request_timeouts_delete(server->connections.timeouts);
    address_counts_delete(server->connections.address_counts);
    tls_certificate_replace(&server->connections.certificate, NULL);
    free(server);
}

uint32_t http_server_reserve(uint32_t connections_max) {
    return request_timeouts_reserve(connections_max);
}

const char *http_server_library_version(void) {
    return MHD_get_version();
}
