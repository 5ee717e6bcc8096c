#include "wire/passkey.h"

#include <string.h>

#include "support.h"

static const char KEY[] = "0123456789abcdef0123456789abcdef";

static struct passkey in_path(const char *path) {
    const struct http_target target = http_parse_target(bytes_of(path));
    return passkey_of_target(&target);
}

static const char *const paths_with_key[] = {
    "/0123456789abcdef0123456789abcdef/announce",
    "/0123456789abcdef0123456789abcdef/announce?",
    "/0123456789abcdef0123456789abcdef/announce?info_hash=x&a=/y/announce",
    "/0123456789abcdef0123456789abcdef/announce.php",
    "/0123456789abcdef0123456789abcdef/scrape",
    "/0123456789abcdef0123456789abcdef/scrape?passkey=other",
    "/announce/0123456789abcdef0123456789abcdef",
    "/announce?passkey=0123456789abcdef0123456789abcdef",
    "/announce.php?a=b&passkey=%30123456789abcdef0123456789abcdef&c",
    "http://tracker.example:6969/0123456789abcdef0123456789abcdef/announce",
};

START_TEST(key_is_found_in_path_and_query) {
    const struct passkey expected = passkey_of(bytes_of(KEY));
    const struct passkey found = in_path(paths_with_key[_i]);
    ck_assert(found.given);
    ck_assert_mem_eq(found.digest, expected.digest, SHA256_LEN);
}
END_TEST

static const char *const paths_without_key[] = {
    "/announce?passkeys=x&xpasskey=y&passkey",
    "/announce?passkey=&passkey=",
    "",
    "/",
    "/announce",
    "announce",
    "//announce",
    "?x",
    "/announce?/KEY/announce",
    "KEY",
};

START_TEST(path_without_a_key_gives_none) {
    ck_assert_msg(!in_path(paths_without_key[_i]).given, "%s", paths_without_key[_i]);
}
END_TEST

START_TEST(digest_is_sha256) {
    static const uint8_t of_abc[SHA256_LEN] = {
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
        0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
        0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
    };
    const struct passkey passkey = passkey_of(bytes_of("abc"));
    ck_assert(passkey.given);
    ck_assert_mem_eq(passkey.digest, of_abc, SHA256_LEN);
}
END_TEST

START_TEST(keys_differ_by_every_byte) {
    const struct passkey one = passkey_of(bytes_of("abcdef"));
    static const char *const others[] = { "abcdeg", "Abcdef", "abcde", "abcdeff", "abcdef " };
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        const struct passkey other = passkey_of(bytes_of(others[i]));
        ck_assert_mem_ne(one.digest, other.digest, SHA256_LEN);
    }
}
END_TEST

START_TEST(key_may_have_up_to_its_maximum) {
    char text[PASSKEY_TEXT_MAX + 1];
    memset(text, 'k', sizeof text);
    for (size_t len = 0; len <= sizeof text; len++) {
        const struct bytes key = { .data = (const uint8_t *)text, .len = len };
        ck_assert_int_eq(passkey_of(key).given, len >= 1 && len <= PASSKEY_TEXT_MAX);
    }
}
END_TEST

START_TEST(key_that_is_none_has_a_digest_of_zeros) {
    static const uint8_t zeros[SHA256_LEN] = { 0 };
    ck_assert_mem_eq(passkey_of(bytes_of("")).digest, zeros, SHA256_LEN);
    ck_assert_mem_eq(in_path("/announce").digest, zeros, SHA256_LEN);
}
END_TEST

START_TEST(over_long_path_gives_none) {
    char path[300];
    memset(path, 'k', sizeof path);
    path[0] = '/';
    memcpy(path + sizeof path - 10, "/announce", 10);
    ck_assert(!in_path(path).given);
    memset(path + 1, '/', sizeof path - 11);
    ck_assert(!in_path(path).given);
}
END_TEST

UNIT_SUITE(passkey) {
    Suite *suite = suite_create("passkey");
    TCase *keys = tcase_create("keys");
    tcase_add_loop_test(keys, key_is_found_in_path_and_query, 0, LOOPS_OF(paths_with_key));
    tcase_add_loop_test(keys, path_without_a_key_gives_none, 0, LOOPS_OF(paths_without_key));
    tcase_add_test(keys, digest_is_sha256);
    tcase_add_test(keys, keys_differ_by_every_byte);
    tcase_add_test(keys, key_may_have_up_to_its_maximum);
    tcase_add_test(keys, key_that_is_none_has_a_digest_of_zeros);
    tcase_add_test(keys, over_long_path_gives_none);
    suite_add_tcase(suite, keys);
    return suite;
}
