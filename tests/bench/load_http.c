/* HTTP engine: an epoll set of connections, each with one open request. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run.h"

enum {
    REPLY_MAX = 65536,
    EVENTS_MAX = 256,
    WAIT_MS = 50,
    LENGTH_UNKNOWN = -1,
};

struct connection {
    int fd;
    bool asking;   /* a request is open */
    bool answered; /* has its reply; waits for the server to close */
    bool served;   /* had a reply before */
    bool resting;  /* among `resting`: waits until a request is due */
    uint32_t address;
    uint32_t next_fill; /* the number of the next peer to announce at this address */
    uint64_t sent_ns;
    struct ask ask;
    size_t request_len;
    size_t request_sent;
    size_t reply_len;
    uint8_t request[HTTP_REQUEST_MAX];
    uint8_t reply[REPLY_MAX];
};

struct http_load {
    struct run *run;
    int epoll_fd;
    char host[80];
    uint32_t next_address;
    struct connection *connections;
    uint32_t resting_count;
    struct connection *resting[CONCURRENCY_MAX];
};

static bool closing(const struct http_load *load) {
    return load->run->options->mode == MODE_HTTP_CLOSE;
}

static void close_connection(struct connection *connection) {
    if (connection->fd >= 0)
        close(connection->fd);
    connection->fd = -1;
    connection->asking = false;
    connection->answered = false;
    connection->served = false;
}

static bool watch(struct http_load *load, struct connection *connection, int operation,
                  uint32_t events) {
    struct epoll_event event = { .events = events, .data.ptr = connection };
    return epoll_ctl(load->epoll_fd, operation, connection->fd, &event) == 0;
}

static bool dial(struct http_load *load, struct connection *connection) {
    const union socket_address source = run_source(load->run, connection->address);
    const union socket_address *target = &load->run->target;
    const int yes = 1;
    connection->fd = socket(target->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->fd < 0)
        return false;
    /* The port is chosen at connect, so it need only be unused towards this server. */
    (void)setsockopt(connection->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    if (bind(connection->fd, &source.any, socket_address_len(&source)) == 0 &&
        (connect(connection->fd, &target->any, socket_address_len(target)) == 0 ||
         errno == EINPROGRESS) &&
        watch(load, connection, EPOLL_CTL_ADD, EPOLLIN))
        return true;
    close_connection(connection);
    return false;
}

static void send_request(struct http_load *load, struct connection *connection) {
    const ssize_t sent = send(connection->fd, connection->request + connection->request_sent,
                              connection->request_len - connection->request_sent, MSG_NOSIGNAL);
    if (sent > 0)
        connection->request_sent += (size_t)sent;
    const bool all = connection->request_sent == connection->request_len;
    if (!all)
        (void)watch(load, connection, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
}

/* The next peer without an announce: of this connection's address or, if that has none left, of the
 * next address without a connection. */
static bool next_to_fill(struct http_load *load, struct connection *connection) {
    const struct workload_options *work = &load->run->options->work;
    while (connection->next_fill >= work->peers) {
        if (load->next_address >= work->addresses)
            return false;
        close_connection(connection);
        connection->next_fill = load->next_address++;
        connection->address = (work->first_peer + connection->next_fill) % work->addresses;
    }
    connection->ask = workload_first(load->run->work, connection->next_fill);
    connection->next_fill += work->addresses;
    return true;
}

static bool choose(struct http_load *load, struct connection *connection) {
    const struct load_options *options = load->run->options;
    if (options->fill)
        return next_to_fill(load, connection);
    if (connection->fd < 0) {
        connection->address = load->next_address;
        load->next_address = (load->next_address + 1) % options->work.addresses;
    }
    connection->ask = workload_next_at(load->run->work, connection->address);
    return true;
}

static void send_chosen(struct http_load *load, struct connection *connection, uint64_t now_ns) {
    if (connection->fd < 0 && !dial(load, connection)) {
        run_count_error(load->run, "cannot connect");
        return;
    }
    connection->asking = true;
    connection->answered = false;
    connection->sent_ns = now_ns;
    connection->request_len =
        http_request(&connection->ask, load->host, closing(load), connection->request);
    connection->request_sent = 0;
    connection->reply_len = 0;
    send_request(load, connection);
}

static void rest(struct http_load *load, struct connection *connection) {
    if (!connection->resting)
        load->resting[load->resting_count++] = connection;
    connection->resting = true;
}

/* Sends new requests on resting connections. */
static void ask_more(struct http_load *load, uint64_t now_ns) {
    uint64_t sent_ns;
    while (load->resting_count > 0 && run_takes_due(load->run, now_ns, &sent_ns)) {
        struct connection *connection = load->resting[--load->resting_count];
        connection->resting = false;
        if (choose(load, connection))
            send_chosen(load, connection, sent_ns);
        else
            close_connection(connection);
    }
}

struct head {
    unsigned status;
    size_t len;
    long body_len;
    bool close;
};

static void read_header(struct head *head, const char *line, size_t len) {
    static const char length[] = "Content-Length:";
    static const char connection[] = "Connection: close";
    if (len >= sizeof length && strncasecmp(line, length, sizeof length - 1) == 0)
        head->body_len = strtol(line + sizeof length - 1, NULL, 10);
    else if (len + 1 >= sizeof connection &&
             strncasecmp(line, connection, sizeof connection - 1) == 0)
        head->close = true;
}

/* False if the head is incomplete. */
static bool read_head(const struct connection *connection, struct head *head) {
    const char *start = (const char *)connection->reply;
    const char *end = memmem(start, connection->reply_len, "\r\n\r\n", 4);
    if (end == NULL)
        return false;
    *head = (struct head){ .len = (size_t)(end - start) + 4, .body_len = LENGTH_UNKNOWN };
    if (head->len > 13 && memcmp(start, "HTTP/1.", 7) == 0)
        head->status = (unsigned)strtoul(start + 9, NULL, 10);
    const char *line = memchr(start, '\n', head->len);
    for (const char *next; line != NULL && line < end; line = next) {
        line++;
        next = memchr(line, '\n', (size_t)(end + 2 - line));
        read_header(head, line, (size_t)(end - line));
    }
    return true;
}

/* Whether the reply is complete; it may end with the connection. */
static bool reply_is_whole(const struct connection *connection, bool closed, struct head *head) {
    if (!read_head(connection, head))
        return false;
    if (head->body_len == LENGTH_UNKNOWN)
        return closed;
    return connection->reply_len >= head->len + (size_t)head->body_len;
}

static void count_reply(struct http_load *load, struct connection *connection,
                        const struct head *head, uint64_t now_ns) {
    struct run *run = load->run;
    const struct bytes body = { connection->reply + head->len, connection->reply_len - head->len };
    uint32_t peers = 0;
    reply_error error = head->status == 200 ? NULL : "the status is not 200";
    if (error == NULL)
        error = http_check(&connection->ask, body, run->stride, &peers);
    run_count(run, connection->sent_ns, now_ns, body.len, peers, error);
    connection->answered = true;
    connection->served = true;
}

/* The server closed the connection. That is expected after a response; before the first response of
 * this connection the request may have crossed with it, so it is repeated. */
static void take_close(struct http_load *load, struct connection *connection, uint64_t now_ns) {
    const bool answered = connection->answered;
    const bool crossed = connection->served && connection->reply_len == 0;
    close_connection(connection);
    if (!closing(load))
        load->run->reconnects++;
    if (answered) {
        rest(load, connection);
        return;
    }
    if (!crossed)
        run_count_error(load->run, "the server closed the connection without a reply");
    send_chosen(load, connection, now_ns);
}

static void take_data(struct http_load *load, struct connection *connection, uint64_t now_ns) {
    const size_t room = REPLY_MAX - connection->reply_len;
    const ssize_t got = recv(connection->fd, connection->reply + connection->reply_len, room, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    const bool closed = got <= 0;
    if (!closed)
        connection->reply_len += (size_t)got;
    struct head head;
    if (!connection->answered && reply_is_whole(connection, closed, &head)) {
        count_reply(load, connection, &head, now_ns);
        if (!closed && !closing(load) && !head.close) {
            rest(load, connection);
            return;
        }
    }
    if (closed || connection->reply_len == REPLY_MAX)
        take_close(load, connection, now_ns);
}

static void take_event(struct http_load *load, struct connection *connection, uint32_t events,
                       uint64_t now_ns) {
    if (connection->fd < 0)
        return;
    if (events & EPOLLOUT && connection->request_sent < connection->request_len) {
        (void)watch(load, connection, EPOLL_CTL_MOD, EPOLLIN);
        send_request(load, connection);
    }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        take_data(load, connection, now_ns);
}

static void go_round(struct http_load *load) {
    struct run *run = load->run;
    struct epoll_event events[EVENTS_MAX];
    /* With a rate, the next request is due before a wait would end. */
    const int wait_ms = run->options->rate > 0 ? 0 : WAIT_MS;
    uint64_t now_ns = run_clock_ns();
    for (uint32_t i = 0; i < run->options->concurrency; i++)
        rest(load, &load->connections[i]);
    while (run_goes_on(run, now_ns)) {
        ask_more(load, now_ns);
        const int count = epoll_wait(load->epoll_fd, events, EVENTS_MAX, wait_ms);
        now_ns = run_clock_ns();
        for (int i = 0; i < count; i++)
            take_event(load, events[i].data.ptr, events[i].events, now_ns);
    }
}

bool run_http(struct run *run) {
    const struct load_options *options = run->options;
    struct http_load load = {
        .run = run,
        .epoll_fd = epoll_create1(EPOLL_CLOEXEC),
        .connections = calloc(options->concurrency, sizeof *load.connections),
    };
    const bool v6 = run->target.any.sa_family == AF_INET6;
    snprintf(load.host, sizeof load.host, v6 ? "[%s]:%u" : "%s:%u", options->address,
             options->port);
    const bool good = load.epoll_fd >= 0 && load.connections != NULL;
    if (good) {
        for (uint32_t i = 0; i < options->concurrency; i++) {
            load.connections[i].fd = -1;
            load.connections[i].next_fill = options->work.peers;
        }
        run_start(run);
        go_round(&load);
        for (uint32_t i = 0; i < options->concurrency; i++)
            close_connection(&load.connections[i]);
    }
    if (load.epoll_fd >= 0)
        close(load.epoll_fd);
    free(load.connections);
    return good;
}
