#include "server/http_connection.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { UPLOAD_BYTES_PER_S_MIN = 16 * 1024 };

struct http_connection {
    struct http_request request;
    struct request_timeout timeout;
    struct tls_certificate *certificate; /* of the TLS session; NULL without TLS */
};

enum MHD_Result http_connection_accept(void *cls, const struct sockaddr *address, socklen_t len) {
    (void)len;
    struct http_connections *all = cls;
    const uint32_t max = atomic_load(&all->per_address_max);
    const struct endpoint peer = endpoint_from_sockaddr(address);
    if (max == 0 || !tracker_limits_address(all->context.tracker, &peer) ||
        address_counts_of(all->counts, &peer) < max)
        return MHD_YES;
    atomic_fetch_add_explicit(&all->context.counters->connections_refused, 1, memory_order_relaxed);
    return MHD_NO;
}

/* NULL if out of memory; then all requests on the connection are rejected. */
static struct http_connection *open_connection(struct http_connections *all,
                                               struct MHD_Connection *mhd) {
    const union MHD_ConnectionInfo *address =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const union MHD_ConnectionInfo *socket =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (address == NULL || socket == NULL)
        return NULL;
    struct http_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return NULL;
    connection->request.peer = endpoint_from_sockaddr(address->client_addr);
    address_counts_add(all->counts, &connection->request.peer);
    request_timeouts_add(all->timeouts, &connection->timeout, socket->connect_fd, clock_now_ms());
    return connection;
}

/* The socket is still open, as request_timeouts_remove demands. */
static void close_connection(struct http_connections *all, struct http_connection *connection) {
    if (connection == NULL)
        return;
    request_timeouts_remove(all->timeouts, &connection->timeout);
    address_counts_remove(all->counts, &connection->request.peer);
    tls_certificate_release(connection->certificate);
    http_request_clear(&connection->request);
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
        atomic_fetch_add_explicit(
            &all->context.counters->connections_open[connection->request.secure],
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
        connection->request.began_ns = clock_now_ns();
        http_request_read_url(&connection->request, bytes_of(url), all->context.web.reserved_prefix,
                              atomic_load(&all->context.scrape_max));
    }
    truncate_query(url);
    return connection;
}

/* libmicrohttpd closes a connection whose response is queued at the first call for a request. So
 * only a request whose body is not to be read is answered here. */
static enum MHD_Result handle_headers(struct http_connections *all, struct MHD_Connection *mhd,
                                      const char *method, bool http10,
                                      struct http_connection *connection) {
    if (http_reply_begin(&all->context, mhd, method, http10, &connection->request))
        return MHD_YES;
    request_timeout_done(&connection->timeout);
    return http_reply(&all->context, mhd, method, &connection->request);
}

/* An allowed body may take longer than the request timeout, as long as it makes progress. */
static enum MHD_Result handle_body(struct http_connection *connection, const char *data,
                                   size_t len) {
    struct http_body *body = &connection->request.body;
    const bool ok = http_body_add(body, data, len);
    if (http_body_is_kept(body))
        request_timeout_extend(&connection->timeout, len * 1000 / UPLOAD_BYTES_PER_S_MIN,
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
    struct http_request *request = &connection->request;
    if (!request->headers_read)
        return handle_headers(all, mhd, method, strcmp(version, MHD_HTTP_VERSION_1_1) != 0,
                              connection);
    if (*upload_data_size > 0) {
        const size_t len = *upload_data_size;
        *upload_data_size = 0;
        return handle_body(connection, upload_data, len);
    }
    request_timeout_done(&connection->timeout);
    const enum MHD_Result result = http_reply(&all->context, mhd, method, request);
    if (request->body.data != NULL)
        http_body_clear(&request->body);
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
