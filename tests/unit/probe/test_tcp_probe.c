#include "probe/tcp_probe.h"

#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "support.h"

enum { TIMEOUT_MS = 300 };

struct answers {
    uint32_t count;
    enum tcp_probe_result last;
};

static struct answers answers;
static struct tcp_probe_set *probes;

static void take_answer(void *context, const struct endpoint *peer, enum tcp_probe_result result) {
    struct answers *told = context;
    (void)peer;
    told->count++;
    told->last = result;
}

static void begin(void) {
    answers = (struct answers){ 0 };
    probes = tcp_probe_set_create(take_answer, &answers);
    ck_assert_ptr_nonnull(probes);
}

static void end(void) {
    tcp_probe_set_delete(probes);
}

/* A port without a listener. No other socket gets it until it is closed. */
static int bind_somewhere(const char *address, struct endpoint *where) {
    struct sockaddr_storage bound;
    const struct endpoint any_port = endpoint_at(address, 0);
    socklen_t len = endpoint_to_sockaddr(&any_port, &bound);
    const int fd = socket(bound.ss_family, SOCK_STREAM, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&bound, len), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&bound, &len), 0);
    *where = endpoint_from_sockaddr((struct sockaddr *)&bound);
    return fd;
}

static int listener(const char *address, int backlog, struct endpoint *where) {
    const int fd = bind_somewhere(address, where);
    ck_assert_int_eq(listen(fd, backlog), 0);
    return fd;
}

/* A listener whose backlog is full: it neither accepts nor rejects a connection. */
static struct endpoint silent_at(const char *address, int fds[static 2]) {
    struct endpoint where;
    struct sockaddr_storage to;
    fds[0] = listener(address, 0, &where);
    const socklen_t len = endpoint_to_sockaddr(&where, &to);
    fds[1] = socket(to.ss_family, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fds[1], (struct sockaddr *)&to, len), 0);
    return where;
}

static void await_answers(uint32_t count) {
    const uint64_t until_ms = clock_now_ms() + patience_ms;
    while (answers.count < count && clock_now_ms() < until_ms)
        tcp_probe_set_wait(probes, until_ms);
    ck_assert_uint_eq(answers.count, count);
}

static enum tcp_probe_result probe(struct endpoint peer) {
    const uint32_t before = answers.count;
    tcp_probe_set_begin(probes, &peer, TIMEOUT_MS, clock_now_ms());
    await_answers(before + 1);
    return answers.last;
}

static bool has_v6(void) {
    return access("/proc/net/if_inet6", R_OK) == 0;
}

START_TEST(listener_is_open_and_gets_no_byte) {
    struct endpoint where;
    const int fd = listener("127.0.0.1", 8, &where);
    ck_assert_int_eq(probe(where), TCP_PROBE_OPEN);
    const int taken = accept(fd, NULL, NULL);
    ck_assert_int_ge(taken, 0);
    char byte;
    ck_assert_int_eq(read(taken, &byte, 1), 0);
    close(taken);
    close(fd);
}
END_TEST

START_TEST(v6_listener_is_open) {
    if (!has_v6())
        return;
    struct endpoint where;
    const int fd = listener("::1", 8, &where);
    ck_assert_int_eq(probe(where), TCP_PROBE_OPEN);
    close(fd);
}
END_TEST

START_TEST(port_without_a_listener_is_refused) {
    struct endpoint where;
    const int fd = bind_somewhere("127.0.0.1", &where);
    ck_assert_int_eq(probe(where), TCP_PROBE_REFUSED);
    close(fd);
}
END_TEST

START_TEST(peer_that_does_not_answer_is_silent) {
    int fds[2];
    const struct endpoint where = silent_at("127.0.0.1", fds);
    const uint64_t start_ms = clock_now_ms();
    ck_assert_int_eq(probe(where), TCP_PROBE_SILENT);
    ck_assert_uint_ge(clock_now_ms() - start_ms, TIMEOUT_MS - 20);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

START_TEST(address_without_a_route_is_unreachable) {
    if (has_v6())
        ck_assert_int_eq(probe(endpoint_at("fe80::1234", 6881)), TCP_PROBE_UNREACHABLE);
    ck_assert_int_eq(probe(endpoint_at("255.255.255.255", 6881)), TCP_PROBE_UNREACHABLE);
}
END_TEST

START_TEST(lack_of_descriptors_is_a_local_failure) {
    const struct endpoint where = endpoint_at("127.0.0.1", 6881);
    struct rlimit limit, none;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 3;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    tcp_probe_set_begin(probes, &where, TIMEOUT_MS, clock_now_ms());
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_uint_eq(answers.count, 1);
    ck_assert_int_eq(answers.last, TCP_PROBE_NO_RESOURCES);
}
END_TEST

START_TEST(many_attempts_run_at_once) {
    int fds[2];
    const struct endpoint silent = silent_at("127.0.0.1", fds);
    for (int i = 0; i < TCP_PROBE_SET_MAX; i++) {
        ck_assert(tcp_probe_set_has_room(probes));
        tcp_probe_set_begin(probes, &silent, TIMEOUT_MS, clock_now_ms());
    }
    ck_assert(!tcp_probe_set_has_room(probes));
    ck_assert_uint_eq(answers.count, 0);
    await_answers(TCP_PROBE_SET_MAX);
    ck_assert(tcp_probe_set_has_room(probes));
    close(fds[0]);
    close(fds[1]);
}
END_TEST

START_TEST(running_attempts_are_cancelled) {
    int fds[2];
    const struct endpoint silent = silent_at("127.0.0.1", fds);
    tcp_probe_set_begin(probes, &silent, patience_ms, clock_now_ms());
    tcp_probe_set_delete(probes);
    ck_assert_uint_eq(answers.count, 0);
    probes = NULL;
    close(fds[0]);
    close(fds[1]);
}
END_TEST

static void *wake_it(void *argument) {
    poll(NULL, 0, 50);
    tcp_probe_set_wake(argument);
    return NULL;
}

START_TEST(waiting_ends_when_woken) {
    pthread_t waker;
    ck_assert_int_eq(pthread_create(&waker, NULL, wake_it, probes), 0);
    tcp_probe_set_wait(probes, UINT64_MAX);
    pthread_join(waker, NULL);
}
END_TEST

START_TEST(waiting_ends_in_time) {
    const uint64_t start_ms = clock_now_ms();
    tcp_probe_set_wait(probes, start_ms + 50);
    ck_assert_uint_ge(clock_now_ms() - start_ms, 40);
    tcp_probe_set_wait(probes, 0);
}
END_TEST

UNIT_SUITE(tcp_probe) {
    Suite *suite = suite_create("tcp_probe");
    TCase *tests = tcase_create("probes");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, listener_is_open_and_gets_no_byte);
    tcase_add_test(tests, v6_listener_is_open);
    tcase_add_test(tests, port_without_a_listener_is_refused);
    tcase_add_test(tests, peer_that_does_not_answer_is_silent);
    tcase_add_test(tests, address_without_a_route_is_unreachable);
    tcase_add_test(tests, lack_of_descriptors_is_a_local_failure);
    tcase_add_test(tests, many_attempts_run_at_once);
    tcase_add_test(tests, running_attempts_are_cancelled);
    tcase_add_test(tests, waiting_ends_when_woken);
    tcase_add_test(tests, waiting_ends_in_time);
    suite_add_tcase(suite, tests);
    return suite;
}
