#include "server/request_timeouts.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "support.h"

enum { SOON_MS = 3000, A_WHILE_MS = 700, CROWD = 200, ROUNDS = 50 };

struct pair {
    int ours;
    int theirs;
    struct request_timeout timeout;
};

static _Atomic uint64_t aborted;

static void open_pair(struct pair *pair) {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    pair->ours = ends[0];
    pair->theirs = ends[1];
}

static void close_pair(struct pair *pair) {
    close(pair->ours);
    close(pair->theirs);
}

/* Whether the other end reads the end of the connection within `timeout_ms`. */
static bool is_shut_down(const struct pair *pair, int timeout_ms) {
    struct pollfd end = { .fd = pair->theirs, .events = POLLIN };
    return poll(&end, 1, timeout_ms) == 1 && (end.revents & POLLHUP) != 0;
}

static struct request_timeouts *started(uint32_t timeout_s) {
    struct request_timeouts *timeouts = request_timeouts_start(timeout_s, &aborted);
    ck_assert_ptr_nonnull(timeouts);
    return timeouts;
}

START_TEST(late_request_is_aborted) {
    struct request_timeouts *timeouts = started(1);
    struct pair pair;
    open_pair(&pair);
    const uint64_t start_ms = clock_now_ms();
    request_timeouts_add(timeouts, &pair.timeout, pair.ours, start_ms);
    ck_assert(is_shut_down(&pair, SOON_MS));
    ck_assert_uint_ge(clock_now_ms() - start_ms, 900);
    request_timeouts_remove(timeouts, &pair.timeout);
    close_pair(&pair);
    request_timeouts_stop(timeouts);
}
END_TEST

START_TEST(reply_may_take_any_time) {
    struct request_timeouts *timeouts = started(0);
    struct pair pair;
    open_pair(&pair);
    request_timeouts_add(timeouts, &pair.timeout, pair.ours, UINT64_MAX);
    request_timeout_begin(&pair.timeout, clock_now_ms());
    request_timeout_done(&pair.timeout);
    ck_assert(!is_shut_down(&pair, A_WHILE_MS));
    request_timeout_begin(&pair.timeout, clock_now_ms());
    ck_assert(is_shut_down(&pair, SOON_MS));
    request_timeouts_remove(timeouts, &pair.timeout);
    close_pair(&pair);
    request_timeouts_stop(timeouts);
}
END_TEST

static uint64_t extend(struct request_timeout *timeout, uint64_t by_ms, uint64_t now_ms) {
    request_timeout_extend(timeout, by_ms, now_ms);
    return atomic_load(&timeout->since_ms);
}

START_TEST(progress_extends_the_timeout) {
    struct request_timeout timeout;
    request_timeout_begin(&timeout, 1000);
    ck_assert_uint_eq(extend(&timeout, 300, 1500), 1300);
    ck_assert_uint_eq(extend(&timeout, 0, 1500), 1300);
    /* Progress is not saved up. */
    ck_assert_uint_eq(extend(&timeout, 9000, 1600), 1600);
    ck_assert_uint_eq(extend(&timeout, 50, 2600), 1650);
    const uint64_t late_ms = 1000 + 10 * REQUEST_TIMEOUT_EXTEND_MAX_MS;
    ck_assert_uint_eq(extend(&timeout, late_ms, late_ms), 1000 + REQUEST_TIMEOUT_EXTEND_MAX_MS);
    request_timeout_begin(&timeout, late_ms);
    ck_assert_uint_eq(extend(&timeout, 70, late_ms + 100), late_ms + 70);
    request_timeout_done(&timeout);
    ck_assert_uint_eq(extend(&timeout, 70, late_ms + 100), UINT64_MAX);
}
END_TEST

START_TEST(removed_connection_is_left_alone) {
    struct request_timeouts *timeouts = started(0);
    struct pair pairs[3];
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        open_pair(&pairs[i]);
        request_timeouts_add(timeouts, &pairs[i].timeout, pairs[i].ours, UINT64_MAX);
    }
    request_timeouts_remove(timeouts, &pairs[1].timeout);
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        request_timeout_begin(&pairs[i].timeout, clock_now_ms());
    ck_assert(is_shut_down(&pairs[0], SOON_MS));
    ck_assert(is_shut_down(&pairs[2], SOON_MS));
    ck_assert(!is_shut_down(&pairs[1], A_WHILE_MS));
    request_timeouts_remove(timeouts, &pairs[2].timeout);
    request_timeouts_remove(timeouts, &pairs[0].timeout);
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        close_pair(&pairs[i]);
    request_timeouts_stop(timeouts);
}
END_TEST

static void *come_and_go(void *argument) {
    struct request_timeouts *timeouts = argument;
    static _Thread_local struct pair crowd[CROWD];
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < CROWD; i++) {
            open_pair(&crowd[i]);
            request_timeouts_add(timeouts, &crowd[i].timeout, crowd[i].ours, clock_now_ms());
        }
        for (size_t i = 0; i < CROWD; i++) {
            request_timeouts_remove(timeouts, &crowd[i].timeout);
            close_pair(&crowd[i]);
        }
    }
    return NULL;
}

/* The number of a closed descriptor may be used again at once; the new one must not be shut down.
 */
START_TEST(no_descriptor_is_touched_after_its_removal) {
    struct request_timeouts *timeouts = started(0);
    pthread_t threads[2];
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, come_and_go, timeouts), 0);
    for (int i = 0; i < 2000; i++) {
        struct pair bystander;
        open_pair(&bystander);
        poll(NULL, 0, 0);
        REQUIRE(!is_shut_down(&bystander, 0));
        close_pair(&bystander);
    }
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    request_timeouts_stop(timeouts);
}
END_TEST

START_TEST(nothing_can_be_stopped) {
    request_timeouts_stop(NULL);
}
END_TEST

UNIT_SUITE(request_timeouts) {
    Suite *suite = suite_create("request_timeouts");
    TCase *requests = tcase_create("requests");
    tcase_set_timeout(requests, 60);
    tcase_add_test(requests, late_request_is_aborted);
    tcase_add_test(requests, reply_may_take_any_time);
    tcase_add_test(requests, progress_extends_the_timeout);
    tcase_add_test(requests, removed_connection_is_left_alone);
    tcase_add_test(requests, no_descriptor_is_touched_after_its_removal);
    tcase_add_test(requests, nothing_can_be_stopped);
    suite_add_tcase(suite, requests);
    return suite;
}
