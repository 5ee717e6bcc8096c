#include "metrics/client_metrics.h"

#include <stdio.h>
#include <string.h>

#include "support.h"

static struct client_counts counts;
static struct client_count top[CLIENT_METRICS_SHOWN];
static uint64_t other;

static void begin(void) {
    memset(&counts, 0, sizeof counts);
}

static void add(const char *peer_id, size_t times) {
    for (size_t i = 0; i < times; i++)
        client_counts_add(&counts, (const uint8_t *)peer_id);
}

static void check_top(size_t place, const char *client, const char *version, uint64_t peers) {
    ck_assert_str_eq(top[place].family.name, client);
    ck_assert_str_eq(top[place].family.version, version);
    ck_assert_uint_eq(top[place].peers, peers);
}

START_TEST(versions_of_a_client_are_merged_by_their_major_number) {
    add("-qB4520-abcdefghijkl", 2);
    add("-qB4630-abcdefghijkl", 1);
    add("-qB5000-abcdefghijkl", 1);
    add("-TR3000-abcdefghijkl", 5);
    add("-UM1870-abcdefghijkl", 1);
    ck_assert_uint_eq(client_counts_top(&counts, top, &other), 4);
    check_top(0, "Transmission", "3", 5);
    check_top(1, "qBittorrent", "4", 3);
    check_top(2, "qBittorrent", "5", 1);
    check_top(3, "uTorrent Mac", "1", 1);
    ck_assert_uint_eq(other, 0);
}
END_TEST

START_TEST(unknown_clients_and_all_but_the_most_frequent_are_other) {
    static const char majors[] = "0123456789ABCDEFGHIJKLMN";
    add("-??1234-abcdefghijkl", 3);
    add("01234567890123456789", 2);
    for (size_t i = 0; i < sizeof majors - 1; i++) {
        char peer_id[PEER_ID_LEN + 1];
        snprintf(peer_id, sizeof peer_id, "-qB%c000-abcdefghijkl", majors[i]);
        add(peer_id, i + 1);
    }
    ck_assert_uint_eq(client_counts_top(&counts, top, &other), CLIENT_METRICS_SHOWN);
    check_top(0, "qBittorrent", "23", 24);
    check_top(CLIENT_METRICS_SHOWN - 1, "qBittorrent", "4", 5);
    ck_assert_uint_eq(other, 3 + 2 + 1 + 2 + 3 + 4);
}
END_TEST

START_TEST(table_that_is_full_takes_no_more_clients) {
    static const char *const codes[] = { "qB", "DE", "UT", "lt", "BI", "AZ", "KT", "TL" };
    static const char majors[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        "abcdefghijklmnopqrstuvwxyz";
    size_t added = 0;
    for (size_t i = 0; i < COUNT_OF(codes) * (sizeof majors - 1); i++, added++) {
        char peer_id[PEER_ID_LEN + 1];
        snprintf(peer_id, sizeof peer_id, "-%s%c000-abcdefghijkl", codes[i % COUNT_OF(codes)],
                 majors[i / COUNT_OF(codes)]);
        add(peer_id, 1);
    }
    ck_assert_uint_le(counts.count, CLIENT_METRICS_MAX);
    uint64_t shown = 0;
    const size_t count = client_counts_top(&counts, top, &other);
    for (size_t i = 0; i < count; i++)
        shown += top[i].peers;
    ck_assert_uint_eq(shown + other, added);
}
END_TEST

UNIT_SUITE(client_metrics) {
    Suite *suite = suite_create("client_metrics");
    TCase *tcase = tcase_create("client_metrics");
    tcase_add_checked_fixture(tcase, begin, NULL);
    tcase_add_test(tcase, versions_of_a_client_are_merged_by_their_major_number);
    tcase_add_test(tcase, unknown_clients_and_all_but_the_most_frequent_are_other);
    tcase_add_test(tcase, table_that_is_full_takes_no_more_clients);
    suite_add_tcase(suite, tcase);
    return suite;
}
