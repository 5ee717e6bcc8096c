#include "ctl/udp_session.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"

/* BEP 15 retransmits after 15 s and doubles the time. Interactive use needs a shorter start. */
enum { FIRST_WAIT_MS = 1500, ADDRESS_LIST_MAX = 8, PORT_TEXT_LEN = 8, SOURCE_WAIT_MS = 1000 };

static bool set_error(struct udp_session *session, const char *reason) {
    snprintf(session->error, sizeof session->error, "%s", reason);
    return false;
}

bool udp_session_begin(struct udp_session *session, enum udp_action action) {
    session->header.action = (uint32_t)action;
    if (random_secret(&session->header.transaction_id, sizeof session->header.transaction_id))
        return true;
    return set_error(session, "getrandom failed");
}

/* Waits for the response to the request. UDP_ANSWER_FOREIGN if there was none until `until_ms`. */
static enum udp_answer wait_for_response(struct udp_session *session, uint64_t until_ms,
                                         struct bytes *body) {
    for (;;) {
        const uint64_t now_ms = clock_now_ms();
        struct pollfd waiting = { .fd = session->fd, .events = POLLIN };
        if (now_ms >= until_ms)
            return UDP_ANSWER_FOREIGN;
        if (poll(&waiting, 1, (int)(until_ms - now_ms) + 1) <= 0)
            continue;
        const ssize_t len = recv(session->fd, session->response, sizeof session->response, 0);
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0) {
            set_error(session, strerror(errno));
            return UDP_ANSWER_BROKEN;
        }
        const struct bytes packet = { .data = session->response, .len = (size_t)len };
        const enum udp_answer answer = udp_client_judge(packet, &session->header, body);
        if (answer == UDP_ANSWER_BROKEN)
            set_error(session, "unexpected action in the response");
        if (answer != UDP_ANSWER_FOREIGN)
            return answer;
    }
}

enum udp_answer udp_session_exchange(struct udp_session *session, size_t len, uint32_t timeout_ms,
                                     struct bytes *body) {
    const uint64_t end_ms = clock_now_ms() + timeout_ms;
    uint64_t wait_ms = FIRST_WAIT_MS;
    for (uint64_t now_ms = clock_now_ms(); now_ms < end_ms; now_ms = clock_now_ms()) {
        if (send(session->fd, session->request, len, 0) < 0) {
            set_error(session, strerror(errno));
            return UDP_ANSWER_BROKEN;
        }
        const uint64_t until_ms = now_ms + wait_ms < end_ms ? now_ms + wait_ms : end_ms;
        const enum udp_answer answer = wait_for_response(session, until_ms, body);
        if (answer != UDP_ANSWER_FOREIGN)
            return answer;
        wait_ms *= 2;
    }
    set_error(session, "timed out");
    return UDP_ANSWER_BROKEN;
}

static bool get_connection_id(struct udp_session *session, uint32_t timeout_ms) {
    struct bytes body;
    if (!udp_session_begin(session, UDP_CONNECT))
        return false;
    const size_t len = udp_client_connect(session->request, session->header.transaction_id);
    const enum udp_answer answer = udp_session_exchange(session, len, timeout_ms, &body);
    if (answer == UDP_ANSWER_ERROR)
        snprintf(session->error, sizeof session->error, "%.*s",
                 (int)(body.len < sizeof session->error ? body.len : sizeof session->error - 1),
                 (const char *)body.data);
    else if (answer == UDP_ANSWER_GOOD &&
             !udp_client_read_connect(body, &session->header.connection_id))
        set_error(session, "connect response too short");
    else
        return answer == UDP_ANSWER_GOOD;
    return false;
}

/* Connects the socket, so that it receives packets of the tracker only, and ICMP errors. */
static bool try_address(struct udp_session *session, const struct addrinfo *address,
                        uint32_t timeout_ms) {
    const struct endpoint tracker = endpoint_from_sockaddr(address->ai_addr);
    endpoint_address_text(&tracker, session->address);
    session->family = address->ai_family == AF_INET6 ? FAMILY_V6 : FAMILY_V4;
    session->fd = socket(address->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (session->fd >= 0 && connect(session->fd, address->ai_addr, address->ai_addrlen) == 0)
        return get_connection_id(session, timeout_ms);
    return set_error(session, strerror(errno));
}

static int ai_family(enum family family) {
    if (family == FAMILY_V4)
        return AF_INET;
    return family == FAMILY_V6 ? AF_INET6 : AF_UNSPEC;
}

static uint32_t count_addresses(const struct addrinfo *list) {
    uint32_t count = 0;
    for (; list != NULL && count < ADDRESS_LIST_MAX; list = list->ai_next)
        count++;
    return count;
}

static struct addrinfo *resolve_host(const struct tracker_url *url, enum family family,
                                     int *error) {
    const struct addrinfo hints = { .ai_family = ai_family(family), .ai_socktype = SOCK_DGRAM };
    char port[PORT_TEXT_LEN];
    struct addrinfo *list = NULL;
    snprintf(port, sizeof port, "%u", url->port);
    *error = getaddrinfo(url->host, port, &hints, &list);
    return *error == 0 ? list : NULL;
}

bool udp_session_open(struct udp_session *session, const struct tracker_url *url,
                      enum family family, uint32_t timeout_ms) {
    int error;
    struct addrinfo *list = resolve_host(url, family, &error);
    session->fd = -1;
    session->error[0] = '\0';
    session->address[0] = '\0';
    if (list == NULL)
        return set_error(session, gai_strerror(error));
    const uint64_t end_ms = clock_now_ms() + timeout_ms;
    bool good = false;
    uint32_t left = count_addresses(list);
    for (const struct addrinfo *at = list; left > 0 && !good; at = at->ai_next, left--) {
        const uint64_t now_ms = clock_now_ms();
        udp_session_close(session);
        good = now_ms < end_ms && try_address(session, at, (uint32_t)(end_ms - now_ms) / left);
    }
    freeaddrinfo(list);
    return good;
}

void udp_session_close(struct udp_session *session) {
    if (session->fd >= 0)
        close(session->fd);
    session->fd = -1;
}

/* Receives the reply to a connect request on a socket that is not connected. */
static bool receive_from(int fd, uint32_t transaction_id, struct sockaddr_storage *from) {
    uint8_t packet[UDP_REQUEST_MAX];
    const struct udp_header header = { .action = UDP_CONNECT, .transaction_id = transaction_id };
    const uint64_t until_ms = clock_now_ms() + SOURCE_WAIT_MS;
    for (uint64_t now_ms = clock_now_ms(); now_ms < until_ms; now_ms = clock_now_ms()) {
        struct pollfd waiting = { .fd = fd, .events = POLLIN };
        socklen_t from_len = sizeof *from;
        struct bytes body;
        if (poll(&waiting, 1, (int)(until_ms - now_ms)) <= 0)
            continue;
        const ssize_t len =
            recvfrom(fd, packet, sizeof packet, 0, (struct sockaddr *)from, &from_len);
        if (len > 0 && udp_client_judge((struct bytes){ packet, (size_t)len }, &header, &body) ==
                           UDP_ANSWER_GOOD)
            return true;
    }
    return false;
}

bool udp_session_find_source(const struct tracker_url *url, enum family family,
                             char source[static ENDPOINT_TEXT_LEN]) {
    uint8_t request[UDP_REQUEST_MAX];
    uint32_t transaction_id = 0;
    struct sockaddr_storage from;
    int error;
    struct addrinfo *list = resolve_host(url, family, &error);
    const int fd = list == NULL ? -1 : socket(list->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool found = false;
    if (fd >= 0 && random_secret(&transaction_id, sizeof transaction_id)) {
        const size_t len = udp_client_connect(request, transaction_id);
        found = sendto(fd, request, len, 0, list->ai_addr, list->ai_addrlen) == (ssize_t)len &&
                receive_from(fd, transaction_id, &from);
    }
    if (found) {
        const struct endpoint replied = endpoint_from_sockaddr((const struct sockaddr *)&from);
        endpoint_text(&replied, source);
    }
    if (fd >= 0)
        close(fd);
    if (list != NULL)
        freeaddrinfo(list);
    return found;
}
