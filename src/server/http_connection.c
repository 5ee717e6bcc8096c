#include "server/http_connection.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "server/http_stream.h"

struct http_connection {
    struct http_request request;
    struct request_timeout timeout;
    struct tls_certificate *certificate; /* of the TLS session; NULL without TLS */
    uint64_t began_ns;                   /* when the target was read */
    bool headers_read;
    struct http_wait *wait; /* of the response; NULL: it does not wait */
};

void http_connections_trust(struct http_connections *all, const struct proxies *proxies) {
    pthread_mutex_lock(&all->lock);
    all->proxies = *proxies;
    pthread_mutex_unlock(&all->lock);
    atomic_store(&all->has_proxies, proxies->trusted.count > 0);
}

/* The proxies, copied into `copy`; NULL: none are trusted. */
static const struct proxies *copy_proxies(struct http_connections *all, struct proxies *copy) {
    if (!atomic_load(&all->has_proxies))
        return NULL;
    pthread_mutex_lock(&all->lock);
    *copy = all->proxies;
    pthread_mutex_unlock(&all->lock);
    return copy;
}

enum MHD_Result http_connection_accept(void *cls, const struct sockaddr *address, socklen_t len) {
    (void)len;
    struct http_connections *all = cls;
    const uint32_t max = atomic_load(&all->per_address_max);
    const struct endpoint peer = endpoint_from_sockaddr(address);
    if (max == 0 || !tracker_limits_address(all->context.tracker, &peer) ||
        !address_counts_reach(all->address_counts, &peer, max))
        return request_timeouts_make_room(all->timeouts, clock_now_ms()) ? MHD_YES : MHD_NO;
    atomic_fetch_add_explicit(&all->counters->connections_refused, 1, memory_order_relaxed);
    return MHD_NO;
}

static struct endpoint local_address(int fd) {
    struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
    socklen_t len = sizeof address;
    (void)getsockname(fd, (struct sockaddr *)&address, &len);
    return endpoint_from_sockaddr((const struct sockaddr *)&address);
}

/* NULL if out of memory; then all requests on the connection are rejected. */
static struct http_connection *open_connection(struct http_connections *all,
                                               struct MHD_Connection *mhd) {
    struct http_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return NULL;
    /* In libmicrohttpd 1.0, each call overwrites the result of the one before. */
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info != NULL)
        connection->request.peer = endpoint_from_sockaddr(info->client_addr);
    info = info == NULL ? NULL : MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info == NULL) {
        free(connection);
        return NULL;
    }
    const int fd = info->connect_fd;
    connection->request.local = local_address(fd);
    address_counts_add(all->address_counts, &connection->request.peer);
    request_timeouts_add(all->timeouts, &connection->timeout, fd, clock_now_ms());
    return connection;
}

/* The kernel knows the bytes of a connection, with headers and TLS. */
static void count_bytes(struct http_connections *all, const struct http_connection *connection) {
    struct tcp_info info = { 0 };
    socklen_t len = sizeof info;
    const bool secure = connection->request.secure;
    if (getsockopt(connection->timeout.fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
        return;
    atomic_fetch_add_explicit(&all->counters->received_bytes[secure], info.tcpi_bytes_received,
                              memory_order_relaxed);
    atomic_fetch_add_explicit(&all->counters->sent_bytes[secure],
                              info.tcpi_bytes_sent - info.tcpi_bytes_retrans, memory_order_relaxed);
}

/* The socket is still open, as request_timeouts_remove demands. */
static void close_connection(struct http_connections *all, struct http_connection *connection) {
    if (connection == NULL)
        return;
    count_bytes(all, connection);
    request_timeouts_remove(all->timeouts, &connection->timeout);
    address_counts_remove(all->address_counts, &connection->request.peer);
    tls_certificate_release(connection->certificate);
    http_wait_cancel(connection->wait);
    http_tracker_clear(&connection->request);
    free(connection);
}

/* If the connection uses TLS, gives its session the current certificate. `connection` may be NULL;
 * the handshake then fails for want of a certificate. */
static void set_certificate(struct http_connections *all, struct MHD_Connection *mhd,
                            struct http_connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (info == NULL || info->tls_session == NULL)
        return;
    if (connection != NULL) {
        connection->certificate = tls_certificate_acquire(&all->certificate);
        connection->request.secure = true;
    }
    tls_certificate_attach(connection == NULL ? NULL : connection->certificate, info->tls_session);
}

static void count_open(struct http_connections *all, const struct http_connection *connection,
                       int difference) {
    if (connection != NULL)
        atomic_fetch_add_explicit(&all->counters->connections_open[connection->request.secure],
                                  (uint64_t)difference, memory_order_relaxed);
}

void http_connection_notify(void *cls, struct MHD_Connection *mhd, void **socket_context,
                            enum MHD_ConnectionNotificationCode code) {
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = open_connection(cls, mhd);
        set_certificate(cls, mhd, *socket_context);
        count_open(cls, *socket_context, 1);
    } else {
        count_open(cls, *socket_context, -1);
        close_connection(cls, *socket_context);
        *socket_context = NULL;
    }
}

/* libmicrohttpd would split the query into a list that nothing reads. If a query has more
 * parameters than fit into the connection's memory, version 0.9.75 does not answer, but waits for
 * headers without a buffer to read them into, until the connection times out. So the query is cut
 * after it was read. The buffer is writable, although the callback gets it as const. */
static void truncate_query(const char *url) {
    char *question_mark = strchr((char *)(uintptr_t)url, '?');
    if (question_mark != NULL)
        question_mark[1] = '\0';
}

/* libmicrohttpd passes the encoded URL only here. */
void *http_connection_read_url(void *cls, const char *url, struct MHD_Connection *mhd) {
    struct http_connections *all = cls;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct http_connection *connection = info == NULL ? NULL : info->socket_context;
    if (connection != NULL) {
        connection->began_ns = clock_now_ns();
        connection->headers_read = false;
        request_timeout_read(&connection->timeout);
        http_tracker_read_target(&all->context, &connection->request, bytes_of(url));
    }
    truncate_query(url);
    return connection;
}

/* Whether name and value are on one line, with only the colon and whitespace between them.
 * libmicrohttpd 0.9.75 appends a continuation line to a copy of the header's name, so that "X: a"
 * and " -Forwarded-For" become X-Forwarded-For. Both strings are in the connection's memory. */
static bool is_one_line(const char *name, size_t name_len, const char *value) {
    const char *at = name + name_len + 1;
    while (at < value && (*at == ' ' || *at == '\t'))
        at++;
    return at == value;
}

static enum MHD_Result read_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                   size_t name_len, const char *value, size_t value_len) {
    (void)kind;
    (void)value_len;
    struct http_request *request = cls;
    http_tracker_read_header(request, name, name_len, value);
    if (!is_one_line(name, name_len, value)) /* RFC 9112, 5.2 */
        request->marks.fault = "Folded header line.\n";
    return MHD_YES;
}

static enum http_body_plan read_headers(struct http_connections *all, struct MHD_Connection *mhd,
                                        const char *method, const char *version,
                                        struct http_request *request) {
    struct proxies copy;
    http_tracker_begin_headers(request, strcmp(version, MHD_HTTP_VERSION_1_1) != 0,
                               copy_proxies(all, &copy));
    MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, read_header, request);
    return http_tracker_end_headers(&all->context, method, request);
}

static void add_headers(struct MHD_Response *message, const struct http_header *headers) {
    for (size_t i = 0; headers != NULL && headers[i].name != NULL; i++) {
        if (headers[i].value != NULL)
            MHD_add_response_header(message, headers[i].name, headers[i].value);
    }
}

/* Takes over the body, even on failure. NULL if out of memory. */
static struct MHD_Response *create_message(struct http_connections *all, struct MHD_Connection *mhd,
                                           struct http_connection *connection,
                                           const struct http_response *response) {
    static const enum MHD_ResponseMemoryMode modes[] = {
        [HTTP_BODY_CONSTANT] = MHD_RESPMEM_PERSISTENT,
        [HTTP_BODY_BUFFERED] = MHD_RESPMEM_MUST_COPY,
        [HTTP_BODY_OWNED] = MHD_RESPMEM_MUST_FREE,
    };
    if (response->place == HTTP_BODY_STREAMED)
        return http_stream_create(&all->waits, mhd, &connection->timeout, &response->stream);
    void *data = (void *)(uintptr_t)response->body.data;
    struct MHD_Response *message =
        MHD_create_response_from_buffer(response->body.len, data, modes[response->place]);
    if (message == NULL && response->place == HTTP_BODY_OWNED)
        free(data);
    return message;
}

static enum MHD_Result queue_response(struct http_connections *all, struct MHD_Connection *mhd,
                                      struct http_connection *connection,
                                      const struct http_response *response) {
    if (response->status == 0)
        return MHD_NO;
    struct MHD_Response *message = create_message(all, mhd, connection, response);
    if (message == NULL)
        return MHD_NO;
    add_headers(message, response->headers);
    add_headers(message, response->more_headers);
    const enum MHD_Result result = MHD_queue_response(mhd, response->status, message);
    MHD_destroy_response(message);
    return result;
}

/* Makes the response. Returns false if it waits; then the connection is suspended, and this is
 * called again. */
static bool make_response(struct http_connections *all, struct MHD_Connection *mhd,
                          const char *method, struct http_connection *connection,
                          uint8_t buffer[static HTTP_RESPONSE_BUFFER],
                          struct http_response *response) {
    if (connection->wait != NULL) {
        http_wait_end(connection->wait, &response->web);
        connection->wait = NULL;
        http_tracker_finish(method, response);
        return true;
    }
    http_tracker_reply(&all->context, method, &connection->request, clock_now_ms(), buffer,
                       response);
    if (!response->waits)
        return true;
    connection->wait = http_wait_begin(&all->waits, mhd, &response->web);
    if (connection->wait == NULL)
        http_tracker_finish(method, response);
    return connection->wait == NULL;
}

/* MHD_NO closes the connection. */
static enum MHD_Result reply(struct http_connections *all, struct MHD_Connection *mhd,
                             const char *method, struct http_connection *connection) {
    uint8_t buffer[HTTP_RESPONSE_BUFFER];
    struct http_response response;
    request_timeout_done(&connection->timeout, clock_now_ms());
    if (!make_response(all, mhd, method, connection, buffer, &response))
        return MHD_YES;
    request_timeout_respond(&connection->timeout, response.body.len, clock_now_ms());
    const enum MHD_Result result = queue_response(all, mhd, connection, &response);
    if (result != MHD_YES)
        response.outcome.result = HTTP_RESULT_FAILED;
    http_counters_add(all->counters, response.outcome, clock_now_ns() - connection->began_ns);
    return result;
}

/* libmicrohttpd closes a connection whose response is queued at the first call for a request. So
 * only a request whose body is not to be read is answered here. */
static enum MHD_Result handle_headers(struct http_connections *all, struct MHD_Connection *mhd,
                                      const char *method, const char *version,
                                      struct http_connection *connection) {
    connection->headers_read = true;
    if (read_headers(all, mhd, method, version, &connection->request) == HTTP_BODY_READ)
        return MHD_YES;
    return reply(all, mhd, method, connection);
}

/* An allowed body may take longer than the request timeout, as long as it makes progress. */
static enum MHD_Result handle_body(struct http_connection *connection, const char *data,
                                   size_t len) {
    struct http_body *body = &connection->request.body;
    const bool ok = http_body_add(body, data, len);
    if (http_body_is_kept(body))
        request_timeout_extend(&connection->timeout, len * 1000 / REQUEST_TIMEOUT_BYTES_PER_S,
                               clock_now_ms());
    return ok ? MHD_YES : MHD_NO;
}

enum MHD_Result http_connection_handle(void *cls, struct MHD_Connection *mhd, const char *url,
                                       const char *method, const char *version,
                                       const char *upload_data, size_t *upload_data_size,
                                       void **request_context) {
    (void)url;
    struct http_connections *all = cls;
    struct http_connection *connection = *request_context;
    if (connection == NULL)
        return MHD_NO;
    if (!connection->headers_read)
        return handle_headers(all, mhd, method, version, connection);
    if (*upload_data_size > 0) {
        const size_t len = *upload_data_size;
        *upload_data_size = 0;
        return handle_body(connection, upload_data, len);
    }
    const enum MHD_Result result = reply(all, mhd, method, connection);
    if (connection->request.body.data != NULL && connection->wait == NULL)
        http_body_clear(&connection->request.body);
    return result;
}

void http_connection_complete(void *cls, struct MHD_Connection *mhd, void **request_context,
                              enum MHD_RequestTerminationCode code) {
    (void)cls;
    (void)mhd;
    (void)code;
    struct http_connection *connection = *request_context;
    if (connection != NULL)
        request_timeout_begin(&connection->timeout, clock_now_ms());
}
