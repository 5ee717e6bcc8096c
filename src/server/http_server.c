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
#include "server/http_reply.h"
#include "server/http_request.h"
#include "server/request_timeouts.h"
#include "server/tls_certificate.h"
#include "swarm/address_counts.h"

enum { SHARERS_MAX = 64, UPLOAD_BYTES_PER_S_MIN = 16 * 1024 };

/* A socket to listen on. One that is shared with other processes must outlive us as it is. */
struct listener {
    int fd;
    bool tls;
    bool shared;
    struct MHD_Daemon *daemon;
};

struct http_server {
    struct http_context context;
    struct request_timeouts *deadlines;
    struct address_counts *connections; /* of each address */
    _Atomic uint32_t connections_per_address_max;
    struct tls_certificate_slot certificate; /* empty without HTTPS */
    size_t count;
    struct listener listeners[2 * LISTEN_MAX + SHARERS_MAX];
};

/* What each connection has, from its first byte to its last. */
struct connection {
    struct http_request request;
    struct request_timeout deadline;
    struct tls_certificate *certificate; /* what a TLS session shows; NULL without TLS */
};

/* Whether an address may have one more connection. Threads that ask at the same time may let in one
 * more each. */
static enum MHD_Result on_accept(void *cls, const struct sockaddr *address, socklen_t len) {
    (void)len;
    struct http_server *server = cls;
    const uint32_t max = atomic_load(&server->connections_per_address_max);
    const struct endpoint client = endpoint_from_sockaddr(address);
    if (max == 0 || !tracker_limits_address(server->context.tracker, &client))
        return MHD_YES;
    if (address_counts_of(server->connections, &client) < max)
        return MHD_YES;
    atomic_fetch_add_explicit(&server->context.counters->connections_refused, 1,
                              memory_order_relaxed);
    return MHD_NO;
}

/* NULL without memory; then each request on it is refused. */
static struct connection *open_connection(struct http_server *server,
                                          struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *client =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const union MHD_ConnectionInfo *socket =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (client == NULL || socket == NULL)
        return NULL;
    struct connection *opened = calloc(1, sizeof *opened);
    if (opened == NULL)
        return NULL;
    opened->request.client = endpoint_from_sockaddr(client->client_addr);
    address_counts_add(server->connections, &opened->request.client);
    request_timeouts_add(server->deadlines, &opened->deadline, socket->connect_fd, clock_now_ms());
    return opened;
}

/* Its socket is still open. */
static void close_connection(struct http_server *server, struct connection *connection) {
    if (connection == NULL)
        return;
    request_timeouts_remove(server->deadlines, &connection->deadline);
    address_counts_remove(server->connections, &connection->request.client);
    tls_certificate_release(connection->certificate);
    http_request_clear(&connection->request);
    free(connection);
}

/* Where the connection speaks TLS, its session may show the certificate of now for as long as it
 * lasts. */
static void begin_tls(struct http_server *server, struct MHD_Connection *connection,
                      struct connection *own) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (info == NULL || info->tls_session == NULL)
        return;
    if (own != NULL) {
        own->certificate = tls_certificate_acquire(&server->certificate);
        own->request.secure = true;
    }
    tls_certificate_attach(own == NULL ? NULL : own->certificate, info->tls_session);
}

static void count_open(struct http_server *server, const struct connection *connection,
                       int difference) {
    if (connection != NULL)
        atomic_fetch_add_explicit(
            &server->context.counters->connections_open[connection->request.secure],
            (uint64_t)difference, memory_order_relaxed);
}

/* libmicrohttpd keeps one context for each connection and hands it to each request on it. */
static void on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code) {
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = open_connection(cls, connection);
        begin_tls(cls, connection, *socket_context);
        count_open(cls, *socket_context, 1);
    } else {
        count_open(cls, *socket_context, -1);
        close_connection(cls, *socket_context);
        *socket_context = NULL;
    }
}

/* libmicrohttpd goes on to split the query into a list of its own, which nobody here reads. A query
 * of more parameters than fit into the connection's memory makes 0.9.75 wait for headers without
 * room to read them, until the connection times out, instead of answering. The buffer is the
 * library's and writable; it is only shown to us as const. */
static void truncate_query(const char *url) {
    char *question_mark = strchr((char *)(uintptr_t)url, '?');
    if (question_mark != NULL)
        question_mark[1] = '\0';
}

/* The only place where the URL is to be had as it was sent; here it is read, once. */
static void *on_url(void *cls, const char *url, struct MHD_Connection *connection) {
    const struct http_context *context = cls;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct connection *own = info == NULL ? NULL : info->socket_context;
    if (own != NULL) {
        own->request.began_ns = clock_now_ns();
        http_request_read(&own->request, bytes_of(url), context->web.reserved_prefix,
                          atomic_load(&context->scrape_max));
    }
    truncate_query(url);
    return own;
}

/* A reply that is queued at the first call makes libmicrohttpd close the connection, which is right
 * only where a body is on its way that nobody wants. */
static enum MHD_Result on_headers(struct http_context *context, struct MHD_Connection *connection,
                                  const char *method, struct connection *own) {
    own->request.headers_seen = true;
    own->request.headers = http_headers_look(connection, own->request.outdated);
    if (http_reply_wants_body(context, connection, method, &own->request))
        return MHD_YES;
    request_timeout_done(&own->deadline);
    return http_reply(context, connection, method, &own->request);
}

/* A body that is wanted may take longer than a request otherwise, as long as it gets on. */
static bool take_body(struct connection *own, const char *data, size_t len) {
    struct http_body *body = &own->request.body;
    const bool goes_on = http_body_add(body, data, len);
    if (http_body_is_kept(body))
        request_timeout_extend(&own->deadline, len * 1000 / UPLOAD_BYTES_PER_S_MIN, clock_now_ms());
    return goes_on;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload_data,
                                  size_t *upload_data_size, void **request_context) {
    (void)url;
    struct http_context *context = cls;
    struct connection *own = *request_context;
    if (own == NULL)
        return MHD_NO;
    struct http_request *request = &own->request;
    request->outdated = strcmp(version, MHD_HTTP_VERSION_1_1) != 0;
    if (!request->headers_seen)
        return on_headers(context, connection, method, own);
    if (*upload_data_size > 0) {
        const bool goes_on = take_body(own, upload_data, *upload_data_size);
        *upload_data_size = 0;
        return goes_on ? MHD_YES : MHD_NO;
    }
    request_timeout_done(&own->deadline);
    const enum MHD_Result result = http_reply(context, connection, method, request);
    if (request->body.data != NULL)
        http_body_clear(&request->body);
    return result;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **request_context,
                         enum MHD_RequestTerminationCode code) {
    (void)cls;
    (void)connection;
    (void)code;
    struct connection *own = *request_context;
    if (own != NULL)
        request_timeout_begin(&own->deadline, clock_now_ms());
}

static void on_message(void *cls, const char *format, va_list arguments) {
    (void)cls;
    char text[256];
    if (!log_enabled(LOG_LEVEL_DEBUG))
        return;
    vsnprintf(text, sizeof text, format, arguments);
    text[strcspn(text, "\n")] = '\0';
    log_debug("libmicrohttpd: %s", text);
}

static size_t listeners_of(const struct http_server_options *options) {
    const size_t count =
        options->inherited.count > 0 ? options->inherited.count : options->listen.count;
    return count > 0 ? count : 1;
}

/* A shared socket has a daemon for each thread; see stop_listener. */
static unsigned sharers_of(const struct http_server_options *options) {
    const unsigned threads = listen_threads(options->threads);
    const unsigned most = SHARERS_MAX / (unsigned)listeners_of(options);
    return threads < most ? threads : most;
}

/* Each of the daemons gets its share of the connections. */
static unsigned connections_share(const struct http_server_options *options, unsigned threads) {
    const size_t sharers = options->inherited.count > 0 ? sharers_of(options) : 1;
    const size_t plain = listeners_of(options) * sharers;
    const size_t secure = options->listen.count > 0 ? options->listen.count : 1;
    const size_t listeners = options->https.port != 0 ? plain + secure : plain;
    const unsigned share = options->connections_max / (unsigned)listeners;
    return share > threads ? share : threads;
}

static struct MHD_Daemon *start_daemon(const struct listener *listener,
                                       const struct http_server_options *options,
                                       struct http_server *server) {
    const bool tls = listener->tls;
    const unsigned threads = listener->shared ? 1 : listen_threads(options->threads);
    /* MHD_quiesce_daemon needs ITC. TURBO reads a new connection before it asks epoll about it, and
     * closes one that is done without a shutdown first: four system calls fewer. */
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG |
                           MHD_USE_SUPPRESS_DATE_NO_CLOCK | MHD_USE_ITC | MHD_USE_TURBO;
    const struct MHD_OptionItem bounds[] = {
        /* A pool of one is not a pool to libmicrohttpd. */
        { MHD_OPTION_THREAD_POOL_SIZE, threads > 1 ? (intptr_t)threads : 0, NULL },
        { MHD_OPTION_CONNECTION_LIMIT, (intptr_t)connections_share(options, threads), NULL },
        { MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)options->idle_timeout_s, NULL },
        { MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)options->header_max, NULL },
        { MHD_OPTION_END, 0, NULL },
    };
    const struct MHD_OptionItem plain[] = { { MHD_OPTION_END, 0, NULL } };
    const struct MHD_OptionItem secure[] = {
        { MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)tls_certificate_retrieve },
        { MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_CERTIFICATE_PRIORITIES },
        { MHD_OPTION_END, 0, NULL },
    };
    struct http_context *context = &server->context;
    return MHD_start_daemon(tls ? flags | MHD_USE_TLS : flags, 0, on_accept, server, on_request,
                            context, MHD_OPTION_EXTERNAL_LOGGER, on_message, NULL,
                            MHD_OPTION_LISTEN_SOCKET, listener->fd, MHD_OPTION_NOTIFY_CONNECTION,
                            on_connection, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
                            MHD_OPTION_URI_LOG_CALLBACK, on_url, context, MHD_OPTION_ARRAY, bounds,
                            MHD_OPTION_ARRAY, tls ? secure : plain, MHD_OPTION_END);
}

/* The socket is the server's from then on. */
static bool serve_on(struct http_server *server, struct listener listener,
                     const struct http_server_options *options, char error[static ERROR_LEN]) {
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

static bool open_and_serve(struct http_server *server, const struct endpoint *address, bool tls,
                           const struct http_server_options *options,
                           char error[static ERROR_LEN]) {
    const int fd = listen_tcp(address, tls ? options->https.port : options->port, error);
    return fd >= 0 && serve_on(server, (struct listener){ .fd = fd, .tls = tls }, options, error);
}

static bool open_everywhere(struct http_server *server, bool tls,
                            const struct http_server_options *options,
                            char error[static ERROR_LEN]) {
    if (options->listen.count == 0)
        return open_and_serve(server, NULL, tls, options, error);
    bool good = true;
    for (size_t i = 0; i < options->listen.count && good; i++)
        good = open_and_serve(server, &options->listen.list[i], tls, options, error);
    return good;
}

static bool share(struct http_server *server, int fd, const struct http_server_options *options,
                  char error[static ERROR_LEN]) {
    bool good = true;
    for (unsigned i = 1; i < sharers_of(options) && good; i++) {
        const int again = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        good = serve_on(server, (struct listener){ .fd = again, .shared = true }, options, error);
    }
    if (good)
        return serve_on(server, (struct listener){ .fd = fd, .shared = true }, options, error);
    close(fd);
    return false;
}

static bool serve_plain(struct http_server *server, const struct http_server_options *options,
                        char error[static ERROR_LEN]) {
    const struct listen_sockets *inherited = &options->inherited;
    if (inherited->count == 0)
        return open_everywhere(server, false, options, error);
    bool good = true;
    for (size_t i = 0; i < inherited->count && good; i++)
        good = share(server, inherited->list[i], options, error);
    return good;
}

static bool read_certificate(struct http_server *server, const struct tls_certificate_files *files,
                             char error[static ERROR_LEN]) {
    struct tls_certificate *certificate = tls_certificate_read(files, error);
    if (certificate == NULL)
        return false;
    atomic_store(&server->context.counters->certificate_expires_s,
                 tls_certificate_expires_s(certificate));
    tls_certificate_replace(&server->certificate, certificate);
    return true;
}

static bool start(struct http_server *server, const struct http_server_options *options,
                  char error[static ERROR_LEN]) {
    const bool tls = options->https.port != 0;
    if (tls && !read_certificate(server, &options->https.files, error))
        return false;
    struct hash_key key;
    if (random_secret(&key, sizeof key))
        server->connections = address_counts_create(&key);
    server->deadlines = request_timeouts_start(options->request_timeout_s,
                                               &server->context.counters->requests_aborted);
    if (server->connections == NULL || server->deadlines == NULL) {
        error_set(error, "the system has too little for the HTTP server");
        return false;
    }
    return (!tls || open_everywhere(server, true, options, error)) &&
           serve_plain(server, options, error);
}

struct http_server *http_server_start(const struct http_server_options *options,
                                      struct tracker *tracker, const struct web_handler *web,
                                      struct http_counters *counters,
                                      char error[static ERROR_LEN]) {
    struct http_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    server->context.tracker = tracker;
    server->context.web = *web;
    server->context.counters = counters;
    proxies_init(&server->context.proxies);
    tls_certificate_slot_init(&server->certificate);
    http_server_apply(server, options);
    if (start(server, options, error))
        return server;
    http_server_stop(server);
    return NULL;
}

void http_server_apply(struct http_server *server, const struct http_server_options *options) {
    atomic_store(&server->connections_per_address_max, options->connections_per_address_max);
    atomic_store(&server->context.scrape_max, options->scrape_max);
    atomic_store(&server->context.full_scrape, options->full_scrape);
    atomic_store(&server->context.bodies.max, options->uploads_max);
    proxies_apply(&server->context.proxies, &options->trusted_proxies);
}

/* libmicrohttpd shuts the listening socket down when it stops, but a shared one is to go on
 * listening for the next process; so it is taken away first. 0.9.75 may abort where that is done to
 * a pool of threads, one of which takes it away itself at the same moment. */
static void stop_listener(const struct listener *listener) {
    const int fd = listener->shared ? MHD_quiesce_daemon(listener->daemon) : -1;
    MHD_stop_daemon(listener->daemon);
    if (fd >= 0)
        close(fd);
}

bool http_server_renew_certificate(struct http_server *server,
                                   const struct http_server_options *options,
                                   char error[static ERROR_LEN]) {
    struct tls_certificate *before = tls_certificate_acquire(&server->certificate);
    const bool tls = before != NULL && options->https.port != 0;
    tls_certificate_release(before);
    return !tls || read_certificate(server, &options->https.files, error);
}

void http_server_stop(struct http_server *server) {
    if (server == NULL)
        return;
    for (size_t i = 0; i < server->count; i++)
        stop_listener(&server->listeners[i]);
    request_timeouts_stop(server->deadlines);
    address_counts_delete(server->connections);
    tls_certificate_replace(&server->certificate, NULL);
    free(server);
}

const char *http_server_library_version(void) {
    return MHD_get_version();
}
