#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "wire/http_wire.h"

enum { HASHES_MAX = 100 };

static uint8_t hashes[HASHES_MAX + 1][INFO_HASH_LEN];

/* The hash that is twenty times the letter. */
static void assert_hash(size_t place, char letter) {
    uint8_t expected[INFO_HASH_LEN];
    memset(expected, letter, INFO_HASH_LEN);
    ck_assert_mem_eq(hashes[place], expected, INFO_HASH_LEN);
}

#define A "aaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccc"

static size_t parsed(const char *query, size_t max) {
    size_t count = 99;
    const http_error error = http_parse_scrape(bytes_of(query), hashes, max, &count);
    ck_assert_msg(error == NULL, "\"%s\" refused: %s", query, error);
    return count;
}

static void assert_refused(const char *query, size_t max, const char *word) {
    size_t count = 99;
    const http_error error = http_parse_scrape(bytes_of(query), hashes, max, &count);
    ck_assert_msg(error != NULL, "\"%s\" accepted", query);
    ck_assert_ptr_nonnull(strstr(error, word));
    ck_assert_uint_eq(count, 99);
}

START_TEST(scrape_without_hash_is_fine) {
    ck_assert_uint_eq(parsed("", HASHES_MAX), 0);
    ck_assert_uint_eq(parsed("passkey=1&x", HASHES_MAX), 0);
    ck_assert_uint_eq(parsed("", 0), 0);
}
END_TEST

START_TEST(hashes_are_sorted) {
    ck_assert_uint_eq(parsed("info_hash=" C "&x=y&info_hash=" A "&info_hash=" B, HASHES_MAX), 3);
    assert_hash(0, 'a');
    assert_hash(1, 'b');
    assert_hash(2, 'c');
}
END_TEST

START_TEST(hashes_are_sorted_as_unsigned_bytes) {
    ck_assert_uint_eq(parsed("info_hash=%ff"
                             "aaaaaaaaaaaaaaaaaaa&info_hash=%00"
                             "aaaaaaaaaaaaaaaaaaa&info_hash=" A,
                             HASHES_MAX),
                      3);
    ck_assert_uint_eq(hashes[0][0], 0x00);
    ck_assert_uint_eq(hashes[1][0], 'a');
    ck_assert_uint_eq(hashes[2][0], 0xff);
}
END_TEST

START_TEST(duplicates_count_once) {
    ck_assert_uint_eq(parsed("info_hash=" B "&info_hash=" A "&info_hash=" B
                             "&info_hash=%61aaaaaaaaaaaaaaaaaaa",
                             2),
                      2);
    assert_hash(0, 'a');
    assert_hash(1, 'b');
}
END_TEST

START_TEST(more_different_hashes_than_allowed_are_refused) {
    ck_assert_uint_eq(parsed("info_hash=" A "&info_hash=" B, 2), 2);
    assert_refused("info_hash=" A "&info_hash=" B "&info_hash=" C, 2, "many");
    assert_refused("info_hash=" A, 0, "many");
}
END_TEST

static const char *const broken[] = {
    "info_hash=",       "info_hash",         "info_hash=%",
    "info_hash=short",  "info_hash=" A "a",  "info_hash=" A "&info_hash=b",
    "info_hash=" A "%", ("info_hash=%zz" A),
};

START_TEST(broken_hashes_are_refused) {
    assert_refused(broken[_i], HASHES_MAX, "info_hash");
}
END_TEST

static void write_query(char *query, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uint8_t hash[INFO_HASH_LEN];
        numbered_id(hash, i * 37 % count);
        query += strlen(strcpy(query, i == 0 ? "info_hash=" : "&info_hash="));
        for (int k = 0; k < INFO_HASH_LEN; k++, query += 3) {
            query[0] = '%';
            hex_encode(&hash[k], 1, query + 1);
        }
    }
}

START_TEST(as_many_as_allowed_come_out_sorted_and_no_further) {
    static char query[HASHES_MAX * 80];
    write_query(query, HASHES_MAX);
    memset(hashes, 0xee, sizeof hashes);
    ck_assert_uint_eq(parsed(query, HASHES_MAX), HASHES_MAX);
    for (size_t i = 1; i < HASHES_MAX; i++)
        ck_assert_int_lt(memcmp(hashes[i - 1], hashes[i], INFO_HASH_LEN), 0);
    ck_assert_uint_eq(hashes[HASHES_MAX][0], 0xee);
    assert_refused(query, HASHES_MAX - 1, "many");
}
END_TEST

UNIT_SUITE(http_scrape) {
    Suite *suite = suite_create("http_scrape");
    TCase *scrape = tcase_create("query");
    tcase_add_test(scrape, scrape_without_hash_is_fine);
    tcase_add_test(scrape, hashes_are_sorted);
    tcase_add_test(scrape, hashes_are_sorted_as_unsigned_bytes);
    tcase_add_test(scrape, duplicates_count_once);
    tcase_add_test(scrape, more_different_hashes_than_allowed_are_refused);
    tcase_add_loop_test(scrape, broken_hashes_are_refused, 0, LOOPS_OF(broken));
    tcase_add_test(scrape, as_many_as_allowed_come_out_sorted_and_no_further);
    suite_add_tcase(suite, scrape);
    return suite;
}
