#include "web/views/torrent_list.h"

#include <stdio.h>
#include <string.h>

#include "registry_support.h"
#include "tracker_support.h"

enum {
    PAGE_MAX = 16,
    ADDED_S = 1700000000,
    LATER_MS = START_MS + 1000,
    MUCH_LATER_MS = START_MS + 62000
};

static struct tracker *tracker;
static struct torrent_list *torrents;
static struct torrent_row rows[PAGE_MAX];
static size_t count;
static size_t total;

static void create(void) {
    const struct tracker_options options = test_options();
    tracker = tracker_create(&options, 0);
    ck_assert_ptr_nonnull(tracker);
    torrents = torrent_list_create(tracker, NULL);
    ck_assert_ptr_nonnull(torrents);
}

static void delete (void) {
    torrent_list_delete(torrents);
    tracker_delete(tracker);
}

static struct registry_row numbered_row(uint32_t number) {
    uint8_t info_hash[INFO_HASH_LEN];
    numbered_id(info_hash, number);
    return test_torrent_row(REGISTRY_TORRENT, info_hash);
}

static void register_torrent(uint32_t number, const char *name, uint64_t size) {
    struct registry_row row = numbered_row(number);
    row.size = size;
    row.since_s = ADDED_S;
    snprintf(row.text, sizeof row.text, "%s", name);
    test_put_row(tracker_registry(tracker), &row);
}

/* Adds seeders and leechers to a torrent. */
static void fill(uint32_t torrent, uint32_t seeders, uint32_t leechers) {
    for (uint32_t i = 0; i < seeders + leechers; i++) {
        struct announce_request request =
            i < seeders ? test_seeder(100 * torrent + i) : test_leecher(100 * torrent + i);
        numbered_id(request.info_hash, torrent);
        test_put(tracker, &request, START_MS);
    }
}

static void ask_at(struct torrent_query query, uint64_t now_ms) {
    ck_assert(torrent_list_page(torrents, &query, 0, now_ms, rows, PAGE_MAX, &count, &total));
}

static void ask(struct torrent_query query) {
    ask_at(query, START_MS);
}

/* Checks the torrents found, in order. */
static void assert_found(const uint32_t *numbers, size_t expected) {
    ck_assert_uint_eq(count, expected);
    ck_assert_uint_eq(total, expected);
    for (size_t i = 0; i < expected; i++) {
        uint8_t info_hash[INFO_HASH_LEN];
        numbered_id(info_hash, numbers[i]);
        ck_assert_mem_eq(rows[i].stats.info_hash, info_hash, INFO_HASH_LEN);
    }
}

#define ASSERT_FOUND(...)                                                                          \
    assert_found((const uint32_t[]){ __VA_ARGS__ }, COUNT_OF(((const uint32_t[]){ __VA_ARGS__ })))

START_TEST(torrents_that_are_tracked_and_that_are_registered_are_there_once) {
    register_torrent(1, "beta", 10);
    register_torrent(2, "Alpha", 20);
    fill(2, 1, 0);
    fill(3, 0, 1);
    ask((struct torrent_query){ .sort = BY_NAME });
    ASSERT_FOUND(2, 1, 3);
    ck_assert(rows[0].registered && rows[1].registered && !rows[2].registered);
    ck_assert_str_eq(rows[0].name, "Alpha");
    ck_assert_uint_eq(rows[0].size, 20);
    ck_assert_str_eq(rows[2].name, "");
}
END_TEST

static void register_files(uint32_t first, uint32_t last) {
    struct registry *registry = tracker_registry(tracker);
    registry_load_begin(registry, REGISTRY_DIRECTORY);
    for (uint32_t number = first; number <= last; number++) {
        struct registry_row row = numbered_row(number);
        row.kind = REGISTRY_TORRENT_FILE;
        row.size = 30;
        row.file_id = number;
        snprintf(row.text, sizeof row.text, "file %u", number);
        ck_assert(registry_load_put(registry, &row));
    }
    registry_load_end(registry, REGISTRY_DIRECTORY);
}

START_TEST(torrents_of_files_are_there_once_and_complete_what_is_registered_by_hand) {
    register_torrent(1, "by hand", 10);
    register_torrent(2, "", 0);
    register_files(1, 3);
    ask((struct torrent_query){ .sort = BY_NAME });
    ASSERT_FOUND(1, 2, 3);
    ck_assert_str_eq(rows[0].name, "by hand");
    ck_assert_str_eq(rows[1].name, "file 2");
    ck_assert_uint_eq(rows[0].size, 10);
    ck_assert_uint_eq(rows[1].size, 30);
    for (size_t i = 0; i < count; i++)
        ck_assert(rows[i].registered && rows[i].has_file);
    ck_assert_uint_eq(torrent_list_registered(torrents), 3);
    for (size_t i = 0; i < count; i++) {
        char name[REGISTRY_TEXT_LEN];
        torrent_list_name(torrents, rows[i].stats.info_hash, name);
        ck_assert_str_eq(name, rows[i].name);
    }
    register_files(1, 1);
    ask((struct torrent_query){ .sort = BY_NAME });
    ASSERT_FOUND(1, 2);
    ck_assert(!rows[1].has_file);
}
END_TEST

START_TEST(torrents_are_sorted_by_each_figure_and_then_by_name) {
    register_torrent(1, "a", 30);
    register_torrent(2, "b", 20);
    register_torrent(3, "c", 20);
    fill(1, 0, 2);
    fill(2, 1, 1);
    fill(3, 1, 2);
    ask((struct torrent_query){ .sort = BY_SIZE });
    ASSERT_FOUND(2, 3, 1);
    ask((struct torrent_query){ .sort = BY_SIZE, .descending = true });
    ASSERT_FOUND(1, 2, 3);
    ask((struct torrent_query){ .sort = BY_SEEDERS });
    ASSERT_FOUND(1, 2, 3);
    ask((struct torrent_query){ .sort = BY_LEECHERS, .descending = true });
    ASSERT_FOUND(1, 3, 2);
    ask((struct torrent_query){ .sort = BY_HEALTH });
    ASSERT_FOUND(1, 2, 3);
    ask((struct torrent_query){ .sort = BY_NAME, .descending = true });
    ASSERT_FOUND(3, 2, 1);
}
END_TEST

START_TEST(torrents_are_found_by_name_in_any_case_and_by_hash) {
    register_torrent(1, "Große Ärzte", 0);
    register_torrent(2, "kleine ÄRZTE", 0);
    register_torrent(3, "", 0);
    ask((struct torrent_query){ .search = "äRzTe" });
    ASSERT_FOUND(1, 2);
    ask((struct torrent_query){ .search = "GROSSE" });
    ck_assert_uint_eq(total, 0);
    uint8_t info_hash[INFO_HASH_LEN];
    char hex[2 * INFO_HASH_LEN + 1];
    struct torrent_query by_hash = { .sort = BY_NAME };
    numbered_id(info_hash, 3);
    hex_encode(info_hash, INFO_HASH_LEN, hex);
    memcpy(by_hash.search, hex + 2, sizeof hex - 2);
    ask(by_hash);
    ASSERT_FOUND(3);
}
END_TEST

START_TEST(only_what_is_to_be_shown_is) {
    register_torrent(1, "idle", 0);
    register_torrent(2, "seeded", 0);
    fill(2, 1, 0);
    fill(3, 0, 1);
    ask((struct torrent_query){ .show = SHOW_ACTIVE });
    ASSERT_FOUND(2, 3);
    ask((struct torrent_query){ .show = SHOW_REGISTERED });
    ASSERT_FOUND(1, 2);
    ask((struct torrent_query){ .show = SHOW_UNSEEDED });
    ASSERT_FOUND(3);
}
END_TEST

START_TEST(torrents_of_each_health_are_counted_and_shown) {
    static const enum torrent_show shows[HEALTHS] = {
        [HEALTH_IDLE] = SHOW_IDLE, [HEALTH_UNSEEDED] = SHOW_UNSEEDED, [HEALTH_STUCK] = SHOW_STUCK,
        [HEALTH_WEAK] = SHOW_WEAK, [HEALTH_GOOD] = SHOW_GOOD,
    };
    static const uint32_t expected[HEALTHS] = {
        [HEALTH_IDLE] = 1, [HEALTH_UNSEEDED] = 2, [HEALTH_WEAK] = 1, [HEALTH_GOOD] = 1
    };
    struct torrent_counts counts;
    register_torrent(1, "idle", 0);
    fill(2, 0, 1);
    fill(3, 0, 2);
    fill(4, 1, 1);
    fill(5, 1, 0);
    ck_assert(torrent_list_count(torrents, START_MS, &counts));
    for (size_t i = 0; i < HEALTHS; i++) {
        ck_assert_uint_eq(counts.by_health[i], expected[i]);
        ask((struct torrent_query){ .show = shows[i] });
        ck_assert_uint_eq(total, expected[i]);
        for (size_t at = 0; at < count; at++)
            ck_assert_int_eq((int)rows[at].health, (int)i);
    }
}
END_TEST

START_TEST(unnamed_torrents_can_be_found) {
    register_torrent(1, "named", 0);
    register_torrent(2, "", 0);
    fill(3, 1, 0);
    ask((struct torrent_query){ .show = SHOW_UNNAMED });
    ASSERT_FOUND(2, 3);
}
END_TEST

static void register_hybrid(uint32_t one, uint32_t other) {
    for (uint32_t i = 0; i < 2; i++) {
        struct registry_row row = numbered_row(i == 0 ? one : other);
        row.file_id = registry_file_id((struct bytes){ (const uint8_t *)&one, sizeof one });
        snprintf(row.text, sizeof row.text, "hybrid %u", one);
        test_put_row(tracker_registry(tracker), &row);
    }
}

START_TEST(hybrid_torrent_is_one_row_with_both_hashes) {
    uint8_t other[INFO_HASH_LEN];
    char hex[2 * INFO_HASH_LEN + 1];
    struct torrent_counts counts;
    register_hybrid(1, 2);
    register_hybrid(3, 4);
    fill(1, 1, 0);
    fill(2, 1, 1);
    fill(4, 0, 1);
    ask((struct torrent_query){ .sort = BY_NAME });
    ASSERT_FOUND(2, 4);
    ck_assert(rows[0].hybrid);
    numbered_id(other, 1);
    ck_assert_mem_eq(rows[0].other_hash, other, INFO_HASH_LEN);
    struct torrent_query by_other = { .sort = BY_NAME };
    hex_encode(other, INFO_HASH_LEN, hex);
    memcpy(by_other.search, hex, sizeof hex);
    ask(by_other);
    ASSERT_FOUND(2);
    ck_assert(torrent_list_count(torrents, START_MS, &counts));
    ck_assert_uint_eq(counts.by_health[HEALTH_IDLE], 0);
    ck_assert_uint_eq(counts.by_health[HEALTH_UNSEEDED], 1);
    ck_assert_uint_eq(counts.by_health[HEALTH_WEAK], 1);
    ck_assert_uint_eq(counts.by_health[HEALTH_GOOD], 0);
}
END_TEST

START_TEST(hybrid_torrent_with_one_registered_hash_is_an_ordinary_one) {
    const struct registry_row removed = numbered_row(2);
    register_hybrid(1, 2);
    ck_assert(test_remove_row(tracker_registry(tracker), &removed));
    ask((struct torrent_query){ .sort = BY_NAME });
    ASSERT_FOUND(1);
    ck_assert(!rows[0].hybrid);
}
END_TEST

START_TEST(page_begins_at_its_offset) {
    for (uint32_t i = 0; i < 5; i++)
        register_torrent(i, "same name", i);
    const struct torrent_query query = { .sort = BY_SIZE };
    ck_assert(torrent_list_page(torrents, &query, 3, START_MS, rows, 10, &count, &total));
    ck_assert_uint_eq(count, 2);
    ck_assert_uint_eq(total, 5);
    ck_assert_uint_eq(rows[0].size, 3);
    ck_assert(torrent_list_page(torrents, &query, 5, START_MS, rows, 10, &count, &total));
    ck_assert_uint_eq(count, 0);
    ck_assert(torrent_list_page(torrents, &query, SIZE_MAX, START_MS, rows, 10, &count, &total));
    ck_assert_uint_eq(count, 0);
    ck_assert(torrent_list_page(torrents, &query, 0, START_MS, rows, 0, &count, &total));
    ck_assert_uint_eq(total, 5);
}
END_TEST

START_TEST(list_is_cached_for_a_second) {
    fill(1, 1, 0);
    ask((struct torrent_query){ .sort = BY_NAME });
    fill(2, 1, 0);
    ask((struct torrent_query){ .sort = BY_SEEDERS });
    ASSERT_FOUND(1);
    ask_at((struct torrent_query){ .sort = BY_NAME }, LATER_MS);
    ck_assert_uint_eq(total, 2);
}
END_TEST

START_TEST(change_of_the_registry_is_seen_at_once) {
    ask((struct torrent_query){ .sort = BY_NAME });
    ck_assert_uint_eq(total, 0);
    register_torrent(1, "new", 0);
    register_torrent(2, "other", 0);
    ask((struct torrent_query){ .sort = BY_NAME });
    ASSERT_FOUND(1, 2);
    register_torrent(1, "renamed", 0);
    ask((struct torrent_query){ .sort = BY_NAME });
    ASSERT_FOUND(2, 1);
    ck_assert_str_eq(rows[1].name, "renamed");
    const struct registry_row removed = numbered_row(2);
    ck_assert(test_remove_row(tracker_registry(tracker), &removed));
    ask((struct torrent_query){ .sort = BY_NAME });
    ASSERT_FOUND(1);
}
END_TEST

START_TEST(change_that_is_not_written_yet_is_seen_and_is_gone_if_it_fails) {
    struct registry *registry = tracker_registry(tracker);
    const struct registry_row row = numbered_row(1);
    struct registry_edit *edit = registry_edit_begin(registry);
    ck_assert_ptr_nonnull(edit);
    ck_assert(registry_edit_put(edit, &row));
    registry_edit_submit(edit);
    ask((struct torrent_query){ .show = SHOW_REGISTERED });
    ASSERT_FOUND(1);
    registry_roll_back(registry, REGISTRY_FAILED, "disk full");
    registry_edit_release(edit);
    ask((struct torrent_query){ .show = SHOW_REGISTERED });
    ck_assert_uint_eq(total, 0);
}
END_TEST

/* Changes of other kinds do not read the names again: the snapshot stays. */
START_TEST(change_of_a_ban_leaves_the_list_alone) {
    fill(1, 1, 0);
    ask((struct torrent_query){ .sort = BY_NAME });
    fill(2, 1, 0);
    test_add_ban(tracker_registry(tracker), "192.0.2.0/24", "");
    ask((struct torrent_query){ .sort = BY_NAME });
    ASSERT_FOUND(1);
}
END_TEST

START_TEST(row_has_its_time_and_whether_there_is_a_file) {
    struct torrent_row row;
    struct registry_row registered = numbered_row(1);
    register_torrent(1, "bare", 0);
    ck_assert(torrent_list_find(torrents, registered.info_hash, START_MS, &row));
    ck_assert(!row.has_file);
    ck_assert_int_eq(row.added_s, ADDED_S);
    registered.file_id = registry_file_id(bytes_of("content"));
    test_put_row(tracker_registry(tracker), &registered);
    ck_assert(torrent_list_find(torrents, registered.info_hash, START_MS, &row));
    ck_assert(row.has_file);
}
END_TEST

START_TEST(single_torrent_is_not_cached) {
    struct torrent_row row;
    uint8_t info_hash[INFO_HASH_LEN];
    numbered_id(info_hash, 1);
    ck_assert(!torrent_list_find(torrents, info_hash, START_MS, &row));
    fill(1, 1, 2);
    ck_assert(torrent_list_find(torrents, info_hash, START_MS, &row));
    ck_assert_uint_eq(torrent_leechers(&row.stats), 2);
    ck_assert(!row.registered);
    register_torrent(1, "named", 7);
    ck_assert(torrent_list_find(torrents, info_hash, START_MS, &row));
    ck_assert_str_eq(row.name, "named");
    ck_assert_uint_eq(torrent_seeders(&row.stats), 1);
    char name[REGISTRY_TEXT_LEN];
    torrent_list_name(torrents, info_hash, name);
    ck_assert_str_eq(name, "named");
}
END_TEST

/* A new name changes the positions of the others, which cached results refer to. */
START_TEST(look_at_one_torrent_between_two_pages_mixes_no_names) {
    struct torrent_row row;
    uint8_t info_hash[INFO_HASH_LEN];
    numbered_id(info_hash, 1);
    register_torrent(1, "m", 1);
    register_torrent(2, "n", 2);
    ask((struct torrent_query){ .sort = BY_NAME });
    register_torrent(3, "a", 3);
    ck_assert(torrent_list_find(torrents, info_hash, START_MS, &row));
    ask((struct torrent_query){ .sort = BY_NAME });
    ASSERT_FOUND(3, 1, 2);
    ck_assert_str_eq(rows[1].name, "m");
}
END_TEST

START_TEST(more_queries_than_are_cached_still_work) {
    register_torrent(1, "x1", 0);
    register_torrent(2, "x2", 0);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 30; i++) {
            struct torrent_query query = { .sort = BY_NAME };
            snprintf(query.search, sizeof query.search, "x%d", i);
            ask(query);
            ck_assert_uint_eq(total, i == 1 || i == 2);
        }
    }
}
END_TEST

START_TEST(idle_list_frees_its_copy_and_makes_another) {
    fill(1, 1, 0);
    ask((struct torrent_query){ .sort = BY_NAME });
    torrent_list_release_idle(torrents, LATER_MS);
    torrent_list_release_idle(torrents, MUCH_LATER_MS);
    ask_at((struct torrent_query){ .sort = BY_NAME }, MUCH_LATER_MS);
    ASSERT_FOUND(1);
}
END_TEST

UNIT_SUITE(torrent_list) {
    Suite *suite = suite_create("torrent_list");
    TCase *tcase = tcase_create("torrent_list");
    tcase_add_checked_fixture(tcase, create, delete);
    tcase_add_test(tcase, torrents_that_are_tracked_and_that_are_registered_are_there_once);
    tcase_add_test(tcase, torrents_of_files_are_there_once_and_complete_what_is_registered_by_hand);
    tcase_add_test(tcase, torrents_are_sorted_by_each_figure_and_then_by_name);
    tcase_add_test(tcase, torrents_are_found_by_name_in_any_case_and_by_hash);
    tcase_add_test(tcase, only_what_is_to_be_shown_is);
    tcase_add_test(tcase, torrents_of_each_health_are_counted_and_shown);
    tcase_add_test(tcase, unnamed_torrents_can_be_found);
    tcase_add_test(tcase, hybrid_torrent_is_one_row_with_both_hashes);
    tcase_add_test(tcase, hybrid_torrent_with_one_registered_hash_is_an_ordinary_one);
    tcase_add_test(tcase, page_begins_at_its_offset);
    tcase_add_test(tcase, list_is_cached_for_a_second);
    tcase_add_test(tcase, change_of_the_registry_is_seen_at_once);
    tcase_add_test(tcase, change_that_is_not_written_yet_is_seen_and_is_gone_if_it_fails);
    tcase_add_test(tcase, change_of_a_ban_leaves_the_list_alone);
    tcase_add_test(tcase, row_has_its_time_and_whether_there_is_a_file);
    tcase_add_test(tcase, single_torrent_is_not_cached);
    tcase_add_test(tcase, look_at_one_torrent_between_two_pages_mixes_no_names);
    tcase_add_test(tcase, more_queries_than_are_cached_still_work);
    tcase_add_test(tcase, idle_list_frees_its_copy_and_makes_another);
    suite_add_tcase(suite, tcase);
    return suite;
}
