#include "swarm/change_feed.h"

#include "support.h"

enum { CAPACITY = 100 };

static struct change numbered_change(uint32_t number) {
    struct change change = { .kind = CHANGE_PEER_JOINED, .key = number };
    numbered_id(change.info_hash, number);
    return change;
}

static void push_numbers(struct change_feed *feed, uint32_t from, uint32_t count) {
    for (uint32_t i = from; i < from + count; i++) {
        const struct change change = numbered_change(i);
        change_feed_push(feed, &change);
    }
}

static void assert_numbers(const struct change_feed *feed, uint32_t from, uint32_t count) {
    ck_assert_uint_eq(feed->count, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct change expected = numbered_change(from + i);
        ck_assert_uint_eq(feed->changes[i].key, from + i);
        ck_assert_mem_eq(feed->changes[i].info_hash, expected.info_hash, INFO_HASH_LEN);
    }
}

START_TEST(changes_come_out_in_order) {
    struct change_feed feed;
    struct change_feed taken;
    change_feed_init(&feed, CAPACITY);
    change_feed_init(&taken, 0);
    push_numbers(&feed, 0, CAPACITY);
    change_feed_take(&feed, &taken);
    ck_assert(!taken.overflowed);
    assert_numbers(&taken, 0, CAPACITY);
    ck_assert_uint_eq(feed.count, 0);
    change_feed_free(&feed);
    change_feed_free(&taken);
}
END_TEST

START_TEST(overflowing_feed_drops_its_changes_and_reports_it) {
    struct change_feed feed;
    struct change_feed taken;
    change_feed_init(&feed, CAPACITY);
    change_feed_init(&taken, 0);
    push_numbers(&feed, 0, CAPACITY + 1);
    change_feed_take(&feed, &taken);
    ck_assert(taken.overflowed);
    ck_assert_uint_eq(taken.count, 0);
    change_feed_free(&feed);
    change_feed_free(&taken);
}
END_TEST

START_TEST(overflowed_feed_keeps_nothing_until_it_is_taken) {
    struct change_feed feed;
    struct change_feed taken;
    change_feed_init(&feed, CAPACITY);
    change_feed_init(&taken, 0);
    push_numbers(&feed, 0, CAPACITY + 50);
    change_feed_take(&feed, &taken);
    ck_assert(taken.overflowed);
    ck_assert_uint_eq(taken.count, 0);
    push_numbers(&feed, 7, 3);
    change_feed_take(&feed, &taken);
    ck_assert(!taken.overflowed);
    assert_numbers(&taken, 7, 3);
    change_feed_free(&feed);
    change_feed_free(&taken);
}
END_TEST

static void push_of(struct change_feed *feed, uint32_t torrent, uint32_t key) {
    struct change change = numbered_change(torrent);
    change.key = key;
    change_feed_push(feed, &change);
}

/* Of 20 torrents, two have most of the changes. */
START_TEST(full_feed_drops_the_changes_of_heavy_torrents_only) {
    struct change_feed feed;
    struct change_feed taken;
    uint32_t light = 0;
    change_feed_init(&feed, CAPACITY);
    change_feed_init(&taken, 0);
    for (uint32_t i = 0; i < 10 * CAPACITY; i++) {
        if (i % 50 == 0)
            push_of(&feed, 2 + i / 50 % 18, light++);
        else
            push_of(&feed, i % 2, 1000 + i);
    }
    change_feed_take(&feed, &taken);
    ck_assert(!taken.overflowed);
    uint32_t found = 0;
    uint32_t lost = 0;
    for (size_t i = 0; i < taken.count; i++) {
        if (taken.changes[i].kind == CHANGE_TORRENT_LOST)
            lost++;
        else if (taken.changes[i].key < 1000)
            ck_assert_uint_eq(taken.changes[i].key, found++);
    }
    ck_assert_uint_eq(found, light);
    ck_assert_uint_eq(lost, 2);
    change_feed_free(&feed);
    change_feed_free(&taken);
}
END_TEST

START_TEST(taking_swaps_the_memory) {
    struct change_feed feed;
    struct change_feed taken;
    change_feed_init(&feed, CAPACITY);
    change_feed_init(&taken, 0);
    push_numbers(&feed, 0, CAPACITY);
    const struct change *first = feed.changes;
    change_feed_take(&feed, &taken);
    push_numbers(&feed, 0, CAPACITY);
    const struct change *second = feed.changes;
    for (uint32_t round = 0; round < 10; round++) {
        change_feed_take(&feed, &taken);
        push_numbers(&feed, round, CAPACITY);
        ck_assert_ptr_eq(feed.changes, round % 2 == 0 ? first : second);
        ck_assert(!feed.overflowed);
        assert_numbers(&feed, round, CAPACITY);
    }
    change_feed_free(&feed);
    change_feed_free(&taken);
}
END_TEST

START_TEST(feed_without_a_reader_keeps_nothing) {
    struct change_feed feed;
    change_feed_init(&feed, 0);
    push_numbers(&feed, 0, 1000);
    ck_assert_uint_eq(feed.count, 0);
    ck_assert_ptr_null(feed.changes);
    ck_assert(!feed.overflowed);
    change_feed_free(&feed);
}
END_TEST

START_TEST(freed_feed_can_be_used_again) {
    struct change_feed feed;
    change_feed_init(&feed, CAPACITY);
    push_numbers(&feed, 0, 10);
    change_feed_free(&feed);
    ck_assert_uint_eq(feed.count, 0);
    push_numbers(&feed, 5, CAPACITY);
    assert_numbers(&feed, 5, CAPACITY);
    change_feed_free(&feed);
}
END_TEST

START_TEST(peers_that_left_expired_or_moved_are_gone) {
    ck_assert(change_removes_peer(CHANGE_PEER_LEFT));
    ck_assert(change_removes_peer(CHANGE_PEER_EXPIRED));
    ck_assert(change_removes_peer(CHANGE_PEER_MOVED));
    ck_assert(!change_removes_peer(CHANGE_PEER_JOINED));
    ck_assert(!change_removes_peer(CHANGE_PEER_UPDATED));
    ck_assert(!change_removes_peer(CHANGE_PEER_COMPLETED));
    ck_assert(!change_removes_peer(CHANGE_PEER_CONFIRMED));
    ck_assert(!change_removes_peer(CHANGE_TORRENT));
    ck_assert(!change_removes_peer(CHANGE_TORRENT_FORGOTTEN));
    ck_assert(!change_removes_peer(CHANGE_TORRENT_LOST));
}
END_TEST

START_TEST(only_events_of_peers_have_a_name) {
    const struct change seeder = { .left = 0 };
    const struct change partial = { .left = 1, .paused = true };
    const struct change leecher = { .left = 1 };
    ck_assert_str_eq(change_kind_name(CHANGE_PEER_JOINED), "joined");
    ck_assert_str_eq(change_kind_name(CHANGE_PEER_MOVED), "moved");
    ck_assert_ptr_null(change_kind_name(CHANGE_PEER_CONFIRMED));
    ck_assert_ptr_null(change_kind_name(CHANGE_TORRENT));
    ck_assert_ptr_null(change_kind_name(CHANGE_TORRENT_FORGOTTEN));
    ck_assert_ptr_null(change_kind_name(CHANGE_TORRENT_LOST));
    ck_assert_str_eq(change_role_name(&seeder), "seeder");
    ck_assert_str_eq(change_role_name(&partial), "partial");
    ck_assert_str_eq(change_role_name(&leecher), "leecher");
}
END_TEST

UNIT_SUITE(feed) {
    Suite *suite = suite_create("feed");
    TCase *changes = tcase_create("changes");
    tcase_add_test(changes, changes_come_out_in_order);
    tcase_add_test(changes, overflowing_feed_drops_its_changes_and_reports_it);
    tcase_add_test(changes, overflowed_feed_keeps_nothing_until_it_is_taken);
    tcase_add_test(changes, full_feed_drops_the_changes_of_heavy_torrents_only);
    tcase_add_test(changes, taking_swaps_the_memory);
    tcase_add_test(changes, feed_without_a_reader_keeps_nothing);
    tcase_add_test(changes, freed_feed_can_be_used_again);
    tcase_add_test(changes, peers_that_left_expired_or_moved_are_gone);
    tcase_add_test(changes, only_events_of_peers_have_a_name);
    suite_add_tcase(suite, changes);
    return suite;
}
