#include "cluster/registry_record.h"

#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "registry_support.h"
#include "support.h"

enum { NODE = 77, OTHER = 78, RANDOM_RUNS = 20000 };

static const struct registry_mark permit = { .stamp = 9, .restriction = 4 };

static struct registry_row row_of(enum registry_kind kind) {
    struct endpoint address;
    struct registry_row row = { .kind = kind, .info_hash = { 1, 2, 3 } };
    switch (kind) {
    case REGISTRY_TORRENT:
        row.size = 1000;
        row.file_id = registry_file_id(bytes_of("content"));
        row.privacy = PRIVACY_PRIVATE;
        snprintf(row.text, sizeof row.text, "a film");
        break;
    case REGISTRY_PASSKEY:
        row = test_passkey_row((const uint8_t[SHA256_LEN]){ 5, 6 }, "alice");
        break;
    case REGISTRY_BAN:
        row = test_ban_row("2001:db8::/33", "flooding");
        row.until_s = 1800000000;
        break;
    case REGISTRY_MACHINE:
        ck_assert(endpoint_parse_address("192.0.2.1", &address));
        row = registry_machine(&address);
        snprintf(row.text, sizeof row.text, "laptop");
        break;
    default:
        snprintf(row.reason, sizeof row.reason, "court order");
    }
    row.since_s = 1700000000;
    return row;
}

START_TEST(entry_of_each_kind_survives_the_way_back) {
    const struct registry_row row = row_of((enum registry_kind)_i);
    struct registry_record_bytes bytes;
    struct registry_row found;
    struct registry_mark mark;
    const struct record record = registry_record_make(&row, &permit, NODE, &bytes);
    ck_assert(registry_record_read(&record, OTHER, &found, &mark));
    ck_assert_int_eq(found.kind, row.kind);
    ck_assert_str_eq(found.text, row.text);
    ck_assert_str_eq(found.reason, row.reason);
    ck_assert_uint_eq(found.size, row.size);
    ck_assert_int_eq(found.since_s, row.since_s);
    ck_assert_int_eq(found.until_s, row.until_s);
    ck_assert_int_eq(found.privacy, row.privacy);
    ck_assert_int_eq(found.file_id, row.file_id);
    ck_assert_uint_eq(found.file_node, row.file_id == 0 ? 0 : NODE);
    ck_assert(!mark.removed && mark.stamp == 9 && mark.restriction == 4);
    if (row.kind == REGISTRY_BAN || row.kind == REGISTRY_MACHINE)
        ck_assert_mem_eq(&found.network, &row.network, sizeof row.network);
    else
        ck_assert_mem_eq(found.digest, row.digest,
                         row.kind == REGISTRY_PASSKEY ? SHA256_LEN : INFO_HASH_LEN);
}
END_TEST

START_TEST(removed_entry_has_its_key_only) {
    const struct registry_row row = row_of((enum registry_kind)_i);
    const struct registry_mark removal = { .stamp = 9, .removed = true, .restricts = true };
    struct registry_record_bytes bytes;
    struct registry_row found;
    struct registry_mark mark;
    const struct record record = registry_record_make(&row, &removal, NODE, &bytes);
    ck_assert_uint_eq(record.registry.value.len, 0);
    ck_assert(registry_record_read(&record, OTHER, &found, &mark));
    ck_assert(mark.removed && mark.restricts);
}
END_TEST

START_TEST(node_that_has_the_file_is_not_another_one) {
    struct registry_row row = row_of(REGISTRY_TORRENT);
    struct registry_record_bytes bytes;
    struct registry_row found;
    struct registry_mark mark;
    struct record record = registry_record_make(&row, &permit, NODE, &bytes);
    ck_assert(registry_record_read(&record, NODE, &found, &mark));
    ck_assert_uint_eq(found.file_node, 0);
    row.file_node = OTHER; /* passed on by a third node */
    record = registry_record_make(&row, &permit, NODE, &bytes);
    ck_assert(registry_record_read(&record, NODE, &found, &mark));
    ck_assert_uint_eq(found.file_node, OTHER);
    row.file_id = 3; /* of an early version: other nodes may have another file with it */
    record = registry_record_make(&row, &permit, NODE, &bytes);
    ck_assert(registry_record_read(&record, NODE, &found, &mark));
    ck_assert_int_eq(found.file_id, 0);
}
END_TEST

START_TEST(longest_texts_fit) {
    struct registry_row row = row_of(REGISTRY_TORRENT);
    struct registry_record_bytes bytes;
    struct registry_row found;
    struct registry_mark mark;
    memset(row.text, 'n', sizeof row.text - 1);
    memset(row.reason, 'r', sizeof row.reason - 1);
    const struct record record = registry_record_make(&row, &permit, NODE, &bytes);
    ck_assert(registry_record_read(&record, NODE, &found, &mark));
    ck_assert_str_eq(found.text, row.text);
    ck_assert_str_eq(found.reason, row.reason);
}
END_TEST

START_TEST(invalid_record_is_rejected) {
    const struct registry_row row = row_of((enum registry_kind)_i);
    struct registry_record_bytes bytes;
    struct registry_row found;
    struct registry_mark mark;
    const struct record good = registry_record_make(&row, &permit, NODE, &bytes);
    for (size_t len = 1; len < good.registry.value.len; len++) {
        struct record cut = good;
        cut.registry.value.len = len;
        ck_assert(!registry_record_read(&cut, NODE, &found, &mark));
    }
    struct record other = good;
    other.registry.key.len--;
    ck_assert(!registry_record_read(&other, NODE, &found, &mark));
    other = good;
    other.registry.kind = REGISTRY_TORRENT_FILE;
    ck_assert(!registry_record_read(&other, NODE, &found, &mark));
}
END_TEST

START_TEST(network_with_bits_after_its_prefix_is_rejected) {
    const struct registry_row row = row_of(REGISTRY_BAN);
    struct registry_record_bytes bytes;
    struct registry_row found;
    struct registry_mark mark;
    const struct record record = registry_record_make(&row, &permit, NODE, &bytes);
    bytes.key[record.registry.key.len - 1] = 1;
    ck_assert(!registry_record_read(&record, NODE, &found, &mark));
    bytes.key[record.registry.key.len - 1] = 0;
    bytes.key[1] = 129;
    ck_assert(!registry_record_read(&record, NODE, &found, &mark));
}
END_TEST

START_TEST(random_bytes_give_valid_texts) {
    struct random random = { 1 };
    struct registry_record_bytes bytes;
    for (int run = 0; run < RANDOM_RUNS; run++) {
        struct registry_row row = row_of((enum registry_kind)random_below(&random, 5));
        struct registry_row found;
        struct registry_mark mark;
        const struct record record = registry_record_make(&row, &permit, NODE, &bytes);
        for (uint32_t i = random_below(&random, 20); i > 0; i--)
            bytes.value[random_below(&random, (uint32_t)record.registry.value.len)] =
                (uint8_t)random_next(&random);
        if (!registry_record_read(&record, NODE, &found, &mark))
            continue;
        ck_assert_uint_lt(strlen(found.text), sizeof found.text);
        ck_assert_uint_lt(strlen(found.reason), sizeof found.reason);
        ck_assert(found.since_s >= 0 && found.until_s >= 0 && found.size <= INT64_MAX);
    }
}
END_TEST

UNIT_SUITE(registry_record) {
    Suite *suite = suite_create("registry_record");
    TCase *tcase = tcase_create("records");
    tcase_add_loop_test(tcase, entry_of_each_kind_survives_the_way_back, 0, REGISTRY_STORED_KINDS);
    tcase_add_loop_test(tcase, removed_entry_has_its_key_only, 0, REGISTRY_STORED_KINDS);
    tcase_add_test(tcase, node_that_has_the_file_is_not_another_one);
    tcase_add_test(tcase, longest_texts_fit);
    tcase_add_loop_test(tcase, invalid_record_is_rejected, 0, REGISTRY_STORED_KINDS);
    tcase_add_test(tcase, network_with_bits_after_its_prefix_is_rejected);
    tcase_add_test(tcase, random_bytes_give_valid_texts);
    suite_add_tcase(suite, tcase);
    return suite;
}
