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
    struct request_timeout deadline;
};

static _Atomic uint64_t cut;

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

/* Whether the other end hears within `timeout_ms` that the connection is over. */
static bool is_cut_off(const struct pair *pair, int timeout_ms) {
    struct pollfd end = { .fd = pair->theirs, .events = POLLIN };
    return poll(&end, 1, timeout_ms) == 1 && (end.revents & POLLHUP) != 0;
}

static struct request_timeouts *started(uint32_t timeout_s) {
    struct request_timeouts *deadlines = request_timeouts_start(timeout_s, &cut);
    ck_assert_ptr_nonnull(deadlines);
    return deadlines;
}

START_TEST(request_that_is_late_is_cut_off) {
    struct request_timeouts *deadlines = started(1);
    struct pair pair;
    open_pair(&pair);
    const uint64_t start_ms = clock_now_ms();
    request_timeouts_add(deadlines, &pair.deadline, pair.ours, start_ms);
    ck_assert(is_cut_off(&pair, SOON_MS));
    ck_assert_uint_ge(clock_now_ms() - start_ms, 900);
    request_timeouts_remove(deadlines, &pair.deadline);
    close_pair(&pair);
    request_timeouts_stop(deadlines);
}
END_TEST

START_TEST(reply_may_take_any_time) {
    struct request_timeouts *deadlines = started(0);
    struct pair pair;
    open_pair(&pair);
    request_timeouts_add(deadlines, &pair.deadline, pair.ours, UINT64_MAX);
    request_timeout_begin(&pair.deadline, clock_now_ms());
    request_timeout_done(&pair.deadline);
    ck_assert(!is_cut_off(&pair, A_WHILE_MS));
    request_timeout_begin(&pair.deadline, clock_now_ms());
    ck_assert(is_cut_off(&pair, SOON_MS));
    request_timeouts_remove(deadlines, &pair.deadline);
    close_pair(&pair);
    request_timeouts_stop(deadlines);
}
END_TEST

static uint64_t put_off(struct request_timeout *deadline, uint64_t by_ms, uint64_t now_ms) {
    request_timeout_extend(deadline, by_ms, now_ms);
    return atomic_load(&deadline->since_ms);
}

START_TEST(request_that_gets_on_has_more_time) {
    struct request_timeout deadline;
    request_timeout_begin(&deadline, 1000);
    ck_assert_uint_eq(put_off(&deadline, 300, 1500), 1300);
    ck_assert_uint_eq(put_off(&deadline, 0, 1500), 1300);
    /* Time is not saved up. */
    ck_assert_uint_eq(put_off(&deadline, 9000, 1600), 1600);
    ck_assert_uint_eq(put_off(&deadline, 50, 2600), 1650);
    const uint64_t late_ms = 1000 + 10 * REQUEST_TIMEOUT_EXTEND_MAX_MS;
    ck_assert_uint_eq(put_off(&deadline, late_ms, late_ms), 1000 + REQUEST_TIMEOUT_EXTEND_MAX_MS);
    request_timeout_begin(&deadline, late_ms);
    ck_assert_uint_eq(put_off(&deadline, 70, late_ms + 100), late_ms + 70);
    request_timeout_done(&deadline);
    ck_assert_uint_eq(put_off(&deadline, 70, late_ms + 100), UINT64_MAX);
}
END_TEST

START_TEST(removed_connection_is_left_alone) {
    struct request_timeouts *deadlines = started(0);
    struct pair pairs[3];
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        open_pair(&pairs[i]);
        request_timeouts_add(deadlines, &pairs[i].deadline, pairs[i].ours, UINT64_MAX);
    }
    request_timeouts_remove(deadlines, &pairs[1].deadline);
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        request_timeout_begin(&pairs[i].deadline, clock_now_ms());
    ck_assert(is_cut_off(&pairs[0], SOON_MS));
    ck_assert(is_cut_off(&pairs[2], SOON_MS));
    ck_assert(!is_cut_off(&pairs[1], A_WHILE_MS));
    request_timeouts_remove(deadlines, &pairs[2].deadline);
    request_timeouts_remove(deadlines, &pairs[0].deadline);
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        close_pair(&pairs[i]);
    request_timeouts_stop(deadlines);
}
END_TEST

static void *come_and_go(void *argument) {
    struct request_timeouts *deadlines = argument;
    static _Thread_local struct pair crowd[CROWD];
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < CROWD; i++) {
            open_pair(&crowd[i]);
            request_timeouts_add(deadlines, &crowd[i].deadline, crowd[i].ours, clock_now_ms());
        }
        for (size_t i = 0; i < CROWD; i++) {
            request_timeouts_remove(deadlines, &crowd[i].deadline);
            close_pair(&crowd[i]);
        }
    }
    return NULL;
}

/* A descriptor that was closed may be somebody else's at once: this one must stay as it is. */
START_TEST(no_descriptor_is_touched_after_its_removal) {
    struct request_timeouts *deadlines = started(0);
    pthread_t threads[2];
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, come_and_go, deadlines), 0);
    for (int i = 0; i < 2000; i++) {
        struct pair bystander;
        open_pair(&bystander);
        poll(NULL, 0, 0);
        REQUIRE(!is_cut_off(&bystander, 0));
        close_pair(&bystander);
    }
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    request_timeouts_stop(deadlines);
}
END_TEST

START_TEST(nothing_can_be_stopped) {
    request_timeouts_stop(NULL);
}
END_TEST

UNIT_SUITE(deadlines) {
    Suite *suite = suite_create("deadlines");
    TCase *requests = tcase_create("requests");
    tcase_set_timeout(requests, 60);
    tcase_add_test(requests, request_that_is_late_is_cut_off);
    tcase_add_test(requests, reply_may_take_any_time);
    tcase_add_test(requests, request_that_gets_on_has_more_time);
    tcase_add_test(requests, removed_connection_is_left_alone);
    tcase_add_test(requests, no_descriptor_is_touched_after_its_removal);
    tcase_add_test(requests, nothing_can_be_stopped);
    suite_add_tcase(suite, requests);
    return suite;
}
