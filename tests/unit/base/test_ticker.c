#include "base/ticker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "support.h"

struct counter {
    _Atomic int ticks;
    _Atomic bool busy;
    _Atomic bool named;
};

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void sleep_ms(long ms) {
    const struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    nanosleep(&time, NULL);
}

static void count_tick(void *context) {
    struct counter *counter = context;
    atomic_fetch_add(&counter->ticks, 1);
}

static void note_name(void *context) {
    struct counter *counter = context;
    char name[16];
    pthread_getname_np(pthread_self(), name, sizeof name);
    atomic_store(&counter->named, strcmp(name, "unit-ticker") == 0);
    count_tick(context);
}

static void tick_slowly(void *context) {
    struct counter *counter = context;
    atomic_store(&counter->busy, true);
    count_tick(context);
    sleep_ms(100);
    atomic_store(&counter->busy, false);
}

static void await_ticks(struct counter *counter, int ticks) {
    const int64_t until = now_ms() + patience_ms;
    while (atomic_load(&counter->ticks) < ticks && now_ms() < until)
        sleep_ms(1);
    ck_assert_int_ge(atomic_load(&counter->ticks), ticks);
}

START_TEST(ticker_ticks_again_and_again) {
    struct counter counter = { 0 };
    struct ticker *ticker = ticker_start("unit-ticker", 1, count_tick, &counter);
    ck_assert_ptr_nonnull(ticker);
    await_ticks(&counter, 5);
    ticker_stop(ticker);
}
END_TEST

START_TEST(stopped_ticker_ticks_no_more) {
    struct counter counter = { 0 };
    struct ticker *ticker = ticker_start("unit-ticker", 1, count_tick, &counter);
    ck_assert_ptr_nonnull(ticker);
    await_ticks(&counter, 1);
    ticker_stop(ticker);
    const int ticks = atomic_load(&counter.ticks);
    sleep_ms(20);
    ck_assert_int_eq(atomic_load(&counter.ticks), ticks);
}
END_TEST

START_TEST(ticker_stops_in_the_middle_of_a_long_period) {
    struct counter counter = { 0 };
    const int64_t start = now_ms();
    struct ticker *ticker = ticker_start("unit-ticker", 3600000, count_tick, &counter);
    ck_assert_ptr_nonnull(ticker);
    ticker_stop(ticker);
    ck_assert_int_lt(now_ms() - start, patience_ms);
    ck_assert_int_eq(atomic_load(&counter.ticks), 0);
}
END_TEST

START_TEST(stop_waits_for_the_tick_under_way) {
    struct counter counter = { 0 };
    struct ticker *ticker = ticker_start("unit-ticker", 1, tick_slowly, &counter);
    ck_assert_ptr_nonnull(ticker);
    await_ticks(&counter, 1);
    ticker_stop(ticker);
    ck_assert(!atomic_load(&counter.busy));
}
END_TEST

START_TEST(period_passes_before_the_first_tick) {
    struct counter counter = { 0 };
    const int64_t start = now_ms();
    struct ticker *ticker = ticker_start("unit-ticker", 50, count_tick, &counter);
    ck_assert_ptr_nonnull(ticker);
    await_ticks(&counter, 1);
    ck_assert_int_ge(now_ms() - start, 49);
    ticker_stop(ticker);
}
END_TEST

START_TEST(thread_bears_its_name) {
    struct counter counter = { 0 };
    struct ticker *ticker = ticker_start("unit-ticker", 20, note_name, &counter);
    ck_assert_ptr_nonnull(ticker);
    await_ticks(&counter, 2);
    ticker_stop(ticker);
    ck_assert(atomic_load(&counter.named));
}
END_TEST

START_TEST(stop_accepts_null) {
    ticker_stop(NULL);
}
END_TEST

UNIT_SUITE(ticker) {
    Suite *suite = suite_create("ticker");
    TCase *ticks = tcase_create("ticks");
    tcase_add_test(ticks, ticker_ticks_again_and_again);
    tcase_add_test(ticks, stopped_ticker_ticks_no_more);
    tcase_add_test(ticks, ticker_stops_in_the_middle_of_a_long_period);
    tcase_add_test(ticks, stop_waits_for_the_tick_under_way);
    tcase_add_test(ticks, period_passes_before_the_first_tick);
    tcase_add_test(ticks, thread_bears_its_name);
    tcase_add_test(ticks, stop_accepts_null);
    suite_add_tcase(suite, ticks);
    return suite;
}
