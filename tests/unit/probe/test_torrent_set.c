#include "probe/torrent_set.h"

#include "support.h"

static struct torrent_set set;

static void end(void) {
    torrent_set_clear(&set);
}

START_TEST(torrent_added_twice_is_in_it_once) {
    torrent_set_add(&set, 7);
    torrent_set_add(&set, 7);
    ck_assert_uint_eq(set.count, 1);
    torrent_set_remove(&set, 7);
    ck_assert_uint_eq(set.count, 0);
}
END_TEST

START_TEST(only_the_one_that_is_meant_goes) {
    for (uint64_t torrent = 0; torrent < 5; torrent++)
        torrent_set_add(&set, torrent);
    torrent_set_remove(&set, 2);
    torrent_set_remove(&set, 9);
    ck_assert_uint_eq(set.count, 4);
    torrent_set_add(&set, 4);
    ck_assert_uint_eq(set.count, 4);
    torrent_set_add(&set, 2);
    ck_assert_uint_eq(set.count, 5);
}
END_TEST

START_TEST(full_set_stays_as_it_is) {
    for (uint64_t torrent = 0; torrent < TORRENT_SET_MAX + 10; torrent++)
        torrent_set_add(&set, torrent);
    ck_assert_uint_eq(set.count, TORRENT_SET_MAX);
    torrent_set_remove(&set, TORRENT_SET_MAX + 1);
    ck_assert_uint_eq(set.count, TORRENT_SET_MAX);
}
END_TEST

START_TEST(cleared_set_can_be_filled_again) {
    torrent_set_add(&set, 1);
    torrent_set_clear(&set);
    ck_assert_uint_eq(set.count, 0);
    torrent_set_add(&set, 1);
    ck_assert_uint_eq(set.count, 1);
}
END_TEST

UNIT_SUITE(torrent_set) {
    Suite *suite = suite_create("torrent set");
    TCase *tests = tcase_create("set");
    tcase_add_checked_fixture(tests, NULL, end);
    tcase_add_test(tests, torrent_added_twice_is_in_it_once);
    tcase_add_test(tests, only_the_one_that_is_meant_goes);
    tcase_add_test(tests, full_set_stays_as_it_is);
    tcase_add_test(tests, cleared_set_can_be_filled_again);
    suite_add_tcase(suite, tests);
    return suite;
}
