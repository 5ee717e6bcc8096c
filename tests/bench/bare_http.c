/* Lower bound of an HTTP tracker on libmicrohttpd: set up as in skepd, with one fixed reply of the
 * given size.
 * bare_http PORT BODY_BYTES */
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BODY_MAX = 20000,
    PEERS_MAX = 50,
    CONNECTIONS_MAX = 4096,
    TIMEOUT_S = 30,
    REQUEST_MAX = 16384
};

static char body[BODY_MAX];
static size_t body_len;

/* Writes a true announce reply with `peers` peers and a tracker id of `padding` bytes; returns its
 * length, which may be more than there is room for. */
static size_t write_reply(size_t peers, size_t padding) {
    static char peer_bytes[PEERS_MAX * 6];
    static char padding_bytes[BODY_MAX];
    memset(peer_bytes, 'p', sizeof peer_bytes);
    memset(padding_bytes, 't', sizeof padding_bytes);
    return (size_t)snprintf(
        body, sizeof body,
        "d8:completei30e10:incompletei70e8:intervali1800e5:peers%zu:%.*s10:tracker id%zu:%.*se",
        peers * 6, (int)(peers * 6), peer_bytes, padding, (int)padding, padding_bytes);
}

/* A reply of exactly `len` bytes, or 0 where there is none. */
static size_t write_body(size_t len) {
    for (size_t peers = PEERS_MAX + 1; peers-- > 0;) {
        for (size_t padding = 0; padding < len && write_reply(peers, padding) <= len; padding++) {
            if (write_reply(peers, padding) == len)
                return len;
        }
    }
    return 0;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code) {
    static int here;
    (void)cls;
    (void)connection;
    *socket_context = code == MHD_CONNECTION_NOTIFY_STARTED ? &here : NULL;
}

static void *on_url(void *cls, const char *url, struct MHD_Connection *connection) {
    (void)cls;
    (void)url;
    (void)connection;
    return NULL;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload_data,
                                  size_t *upload_data_size, void **request_context) {
    static int seen;
    (void)cls;
    (void)url;
    (void)method;
    (void)version;
    (void)upload_data;
    (void)upload_data_size;
    if (*request_context == NULL) {
        *request_context = &seen;
        return MHD_YES;
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body_len, body, MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
    const enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

static int listen_on(uint16_t port) {
    const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int yes = 1;
    const int no = 0;
    const struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    if (bind(fd, (const struct sockaddr *)&any, sizeof any) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    close(fd);
    return -1;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: bare_http PORT BODY_BYTES\n");
        return EXIT_FAILURE;
    }
    const size_t wanted = strtoul(argv[2], NULL, 10);
    body_len = wanted < BODY_MAX ? write_body(wanted) : 0;
    if (body_len == 0) {
        fprintf(stderr, "bare_http: no reply has %zu bytes\n", wanted);
        return EXIT_FAILURE;
    }
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    const int fd = listen_on((uint16_t)strtoul(argv[1], NULL, 10));
    if (fd < 0) {
        perror("bare_http");
        return EXIT_FAILURE;
    }
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG | MHD_USE_SUPPRESS_DATE_NO_CLOCK, 0, NULL,
        NULL, on_request, NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, NULL, MHD_OPTION_URI_LOG_CALLBACK, on_url, NULL, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_MAX, MHD_OPTION_END);
    if (daemon == NULL)
        return EXIT_FAILURE;
    int got;
    sigwait(&ends, &got);
    MHD_stop_daemon(daemon);
    return EXIT_SUCCESS;
}
