#include "server/request_timeouts.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support.h"

enum { CROWD = 200, ROUNDS = 50 };

enum { T = 1000000000 }; /* a time in milliseconds */

struct pair {
    int ours;
    int theirs;
    struct request_timeout timeout;
};

static struct http_counters counters;

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

/* Whether the other end reads the end of the connection. */
static bool is_shut_down(const struct pair *pair) {
    struct pollfd end = { .fd = pair->theirs, .events = POLLIN };
    return poll(&end, 1, 0) == 1 && (end.revents & POLLHUP) != 0;
}

static struct request_timeouts *create_with(uint32_t timeout_s, uint32_t connections_max) {
    const struct request_timeouts_options options = { timeout_s, connections_max };
    counters = (struct http_counters){ 0 };
    struct request_timeouts *timeouts = request_timeouts_create(&options, &counters);
    ck_assert_ptr_nonnull(timeouts);
    return timeouts;
}

static struct request_timeouts *create(uint32_t timeout_s) {
    return create_with(timeout_s, 0);
}

/* Whether a check at that time shuts the connection down. */
static bool ends_at(struct request_timeouts *timeouts, const struct pair *pair, uint64_t now_ms) {
    request_timeouts_check(timeouts, now_ms);
    return is_shut_down(pair);
}

START_TEST(late_request_is_aborted) {
    struct request_timeouts *timeouts = create(10);
    struct pair pair;
    open_pair(&pair);
    request_timeouts_add(timeouts, &pair.timeout, pair.ours, T);
    ck_assert(!ends_at(timeouts, &pair, T + 9999));
    ck_assert(ends_at(timeouts, &pair, T + 10000));
    ck_assert_uint_eq(counters.requests_aborted, 1);
    request_timeouts_remove(timeouts, &pair.timeout);
    close_pair(&pair);
    request_timeouts_delete(timeouts);
}
END_TEST

START_TEST(handling_may_take_any_time) {
    struct request_timeouts *timeouts = create(10);
    struct pair pair;
    open_pair(&pair);
    request_timeouts_add(timeouts, &pair.timeout, pair.ours, T);
    request_timeout_done(&pair.timeout, T);
    ck_assert(!ends_at(timeouts, &pair, 2 * (uint64_t)T));
    request_timeout_begin(&pair.timeout, 2 * (uint64_t)T);
    ck_assert(ends_at(timeouts, &pair, 2 * (uint64_t)T + 10000));
    request_timeouts_remove(timeouts, &pair.timeout);
    close_pair(&pair);
    request_timeouts_delete(timeouts);
}
END_TEST

START_TEST(response_has_the_timeout_and_the_time_of_its_length) {
    struct request_timeouts *timeouts = create(10);
    struct pair pair;
    open_pair(&pair);
    request_timeouts_add(timeouts, &pair.timeout, pair.ours, T);
    request_timeout_respond(&pair.timeout, 60 * REQUEST_TIMEOUT_BYTES_PER_S, T);
    ck_assert(!ends_at(timeouts, &pair, T + 69999));
    ck_assert(ends_at(timeouts, &pair, T + 70000));
    ck_assert_uint_eq(counters.responses_aborted, 1);
    ck_assert_uint_eq(counters.requests_aborted, 0);
    request_timeouts_remove(timeouts, &pair.timeout);
    close_pair(&pair);
    request_timeouts_delete(timeouts);
}
END_TEST

START_TEST(pipelined_response_adds_only_its_length) {
    struct request_timeout timeout = { .taken_ms = 0 };
    request_timeout_respond(&timeout, 5 * REQUEST_TIMEOUT_BYTES_PER_S, 1000);
    ck_assert_uint_eq(timeout.taken_ms, 6000);
    request_timeout_begin(&timeout, 1200);
    request_timeout_respond(&timeout, REQUEST_TIMEOUT_BYTES_PER_S, 1200);
    ck_assert_uint_eq(timeout.taken_ms, 7000);
    request_timeout_begin(&timeout, 1300);
    request_timeout_respond(&timeout, REQUEST_TIMEOUT_BYTES_PER_S, 9000);
    ck_assert_uint_eq(timeout.taken_ms, 10000);
}
END_TEST

START_TEST(progress_of_a_stream_is_not_saved_up) {
    struct request_timeout timeout = { .taken_ms = 0 };
    request_timeout_respond(&timeout, 0, 1000);
    request_timeout_stream(&timeout, 2 * REQUEST_TIMEOUT_BYTES_PER_S, 1000);
    ck_assert_uint_eq(timeout.taken_ms, 3000);
    request_timeout_stream(&timeout, 1000 * REQUEST_TIMEOUT_BYTES_PER_S, 1500);
    ck_assert_uint_eq(timeout.taken_ms, 1500 + REQUEST_TIMEOUT_STREAM_AHEAD_MS);
}
END_TEST

/* Making room: six connections at most, of which each search closes one. */

enum { MAX = 6 };

static struct pair pairs[MAX + 100];

static struct request_timeouts *create_full(void) {
    struct request_timeouts *timeouts = create_with(10, MAX);
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        open_pair(&pairs[i]);
    for (size_t i = 0; i < MAX; i++)
        request_timeouts_add(timeouts, &pairs[i].timeout, pairs[i].ours, T + i);
    return timeouts;
}

static void delete_with(struct request_timeouts *timeouts, size_t added) {
    for (size_t i = 0; i < added; i++)
        request_timeouts_remove(timeouts, &pairs[i].timeout);
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        close_pair(&pairs[i]);
    request_timeouts_delete(timeouts);
}

START_TEST(room_is_made_by_those_served_last) {
    struct request_timeouts *timeouts = create_full();
    request_timeout_begin(&pairs[1].timeout, T + 30); /* idle */
    request_timeout_begin(&pairs[2].timeout, T + 20);
    request_timeout_begin(&pairs[3].timeout, T + 10);
    request_timeout_read(&pairs[3].timeout);
    request_timeout_done(&pairs[4].timeout, T);
    request_timeout_respond(&pairs[5].timeout, 1000, T + 40);
    static const size_t order[] = { 5, 2, 1, 0, 3 };
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        ck_assert(request_timeouts_make_room(timeouts, T + 40 + REQUEST_TIMEOUT_YOUNG_MS));
        ck_assert(is_shut_down(&pairs[order[i]]));
        for (size_t k = i + 1; k < COUNT_OF(order); k++)
            ck_assert(!is_shut_down(&pairs[order[k]]));
        struct pair *next = &pairs[MAX + i];
        request_timeouts_add(timeouts, &next->timeout, next->ours, T + 1000);
    }
    ck_assert(!is_shut_down(&pairs[4]));
    ck_assert_uint_eq(counters.evictions[HTTP_EVICTION_STUCK], 1);
    ck_assert_uint_eq(counters.evictions[HTTP_EVICTION_IDLE], 2);
    ck_assert_uint_eq(counters.evictions[HTTP_EVICTION_NO_REQUEST], 2);
    ck_assert_uint_eq(counters.evictions[HTTP_EVICTION_REJECTED], 0);
    delete_with(timeouts, MAX + COUNT_OF(order));
}
END_TEST

START_TEST(room_that_is_there_costs_nobody_his_connection) {
    struct request_timeouts *timeouts = create_full();
    request_timeouts_remove(timeouts, &pairs[MAX - 1].timeout);
    for (int i = 0; i < 3; i++)
        ck_assert(request_timeouts_make_room(timeouts, T + 2000));
    for (size_t i = 0; i < MAX; i++)
        ck_assert(!is_shut_down(&pairs[i]));
    delete_with(timeouts, MAX - 1);
}
END_TEST

START_TEST(one_that_is_closed_makes_room_once) {
    struct request_timeouts *timeouts = create_full();
    for (int i = 0; i < 3; i++)
        ck_assert(request_timeouts_make_room(timeouts, T + 2000));
    ck_assert(is_shut_down(&pairs[0]));
    for (size_t i = 1; i < MAX; i++)
        ck_assert(!is_shut_down(&pairs[i]));
    delete_with(timeouts, MAX);
}
END_TEST

START_TEST(those_that_have_just_begun_make_room_last) {
    struct request_timeouts *timeouts = create_full();
    request_timeout_respond(&pairs[2].timeout, 1000, T + 2000);
    request_timeout_done(&pairs[3].timeout, T);
    request_timeout_begin(&pairs[4].timeout, T + 2010);
    static const size_t order[] = { 4, 2, 0, 1, 5 };
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        ck_assert(request_timeouts_make_room(timeouts, T + 490));
        ck_assert(is_shut_down(&pairs[order[i]]));
        struct pair *next = &pairs[MAX + i];
        request_timeouts_add(timeouts, &next->timeout, next->ours, T + 3000);
    }
    ck_assert(!is_shut_down(&pairs[3]));
    delete_with(timeouts, MAX + COUNT_OF(order));
}
END_TEST

START_TEST(there_is_no_room_among_those_being_handled) {
    struct request_timeouts *timeouts = create_full();
    for (size_t i = 0; i < MAX; i++)
        request_timeout_done(&pairs[i].timeout, T + 2000);
    size_t added = MAX;
    while (request_timeouts_make_room(timeouts, T + 2000) && added < COUNT_OF(pairs)) {
        request_timeouts_add(timeouts, &pairs[added].timeout, pairs[added].ours, T + 2000);
        request_timeout_done(&pairs[added].timeout, T + 2000);
        added++;
    }
    ck_assert_uint_eq(added, MAX + request_timeouts_reserve(MAX));
    ck_assert_uint_eq(counters.evictions[HTTP_EVICTION_REJECTED], 1);
    delete_with(timeouts, added);
}
END_TEST

static uint64_t extend(struct request_timeout *timeout, uint64_t by_ms, uint64_t now_ms) {
    request_timeout_extend(timeout, by_ms, now_ms);
    return atomic_load(&timeout->mark) >> 3;
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
}
END_TEST

START_TEST(removed_connection_is_left_alone) {
    struct request_timeouts *timeouts = create(10);
    struct pair three[3];
    for (size_t i = 0; i < COUNT_OF(three); i++) {
        open_pair(&three[i]);
        request_timeouts_add(timeouts, &three[i].timeout, three[i].ours, T);
    }
    request_timeouts_remove(timeouts, &three[1].timeout);
    request_timeouts_check(timeouts, T + 10000);
    ck_assert(is_shut_down(&three[0]));
    ck_assert(!is_shut_down(&three[1]));
    ck_assert(is_shut_down(&three[2]));
    request_timeouts_remove(timeouts, &three[2].timeout);
    request_timeouts_remove(timeouts, &three[0].timeout);
    for (size_t i = 0; i < COUNT_OF(three); i++)
        close_pair(&three[i]);
    request_timeouts_delete(timeouts);
}
END_TEST

static _Atomic uint32_t coming;

static void *come_and_go(void *argument) {
    struct request_timeouts *timeouts = argument;
    static _Thread_local struct pair crowd[CROWD];
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < CROWD; i++) {
            open_pair(&crowd[i]);
            request_timeouts_add(timeouts, &crowd[i].timeout, crowd[i].ours, T);
        }
        for (size_t i = 0; i < CROWD; i++) {
            request_timeouts_remove(timeouts, &crowd[i].timeout);
            close_pair(&crowd[i]);
        }
    }
    atomic_fetch_sub(&coming, 1);
    return NULL;
}

/* The number of a closed descriptor may be used again at once; the new one must not be shut down.
 */
START_TEST(removed_descriptor_is_not_used) {
    struct request_timeouts *timeouts = create(0);
    pthread_t threads[2];
    atomic_store(&coming, COUNT_OF(threads));
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, come_and_go, timeouts), 0);
    while (atomic_load(&coming) > 0) {
        struct pair bystander;
        open_pair(&bystander);
        request_timeouts_check(timeouts, T);
        REQUIRE(!is_shut_down(&bystander));
        close_pair(&bystander);
    }
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    request_timeouts_delete(timeouts);
}
END_TEST

START_TEST(delete_accepts_null) {
    request_timeouts_delete(NULL);
}
END_TEST

UNIT_SUITE(request_timeouts) {
    Suite *suite = suite_create("request_timeouts");
    TCase *requests = tcase_create("requests");
    tcase_add_test(requests, late_request_is_aborted);
    tcase_add_test(requests, handling_may_take_any_time);
    tcase_add_test(requests, response_has_the_timeout_and_the_time_of_its_length);
    tcase_add_test(requests, pipelined_response_adds_only_its_length);
    tcase_add_test(requests, progress_of_a_stream_is_not_saved_up);
    tcase_add_test(requests, room_is_made_by_those_served_last);
    tcase_add_test(requests, room_that_is_there_costs_nobody_his_connection);
    tcase_add_test(requests, one_that_is_closed_makes_room_once);
    tcase_add_test(requests, there_is_no_room_among_those_being_handled);
    tcase_add_test(requests, those_that_have_just_begun_make_room_last);
    tcase_add_test(requests, progress_extends_the_timeout);
    tcase_add_test(requests, removed_connection_is_left_alone);
    tcase_add_test(requests, removed_descriptor_is_not_used);
    tcase_add_test(requests, delete_accepts_null);
    suite_add_tcase(suite, requests);
    return suite;
}
