#include "daemon/list_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "support.h"

#define HASH_A "00112233445566778899aabbccddeeff00112233"
#define HASH_B "ffeeddccbbaa99887766554433221100ffeeddcc"

static struct directory directory;
static char path[sizeof directory.path + 16];
static char error[ERROR_LEN];
static struct access *loaded;
static struct registry *registry;

static void create_directory(void) {
    const struct access_rules rules = { .mode = ACCESS_LISTED };
    directory = directory_create();
    snprintf(path, sizeof path, "%s/list", directory.path);
    loaded = access_create(&rules);
    registry = registry_create();
    ck_assert(loaded != NULL && registry != NULL);
    log_set_level(LOG_LEVEL_ERROR);
}

static void remove_directory(void) {
    registry_delete(registry);
    access_delete(loaded);
    directory_remove(&directory);
    log_set_level(LOG_LEVEL_INFO);
}

static void write_bytes(const char *text, size_t len) {
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, len, file), len);
    ck_assert_int_eq(fclose(file), 0);
}

static bool load_list(enum access_list list) {
    return list_file_load(path, loaded, list, error);
}

static void load(const char *text) {
    write_bytes(text, strlen(text));
    ck_assert_msg(load_list(ACCESS_WHITELIST), "%s", error);
}

static enum announce_result judge(const uint8_t info_hash[static INFO_HASH_LEN]) {
    char detail[REFUSAL_DETAIL_LEN];
    return access_check_torrent(loaded, registry, info_hash, detail);
}

static enum announce_result judge_hex(const char *digits) {
    uint8_t info_hash[INFO_HASH_LEN];
    REQUIRE(hex_decode(bytes_of(digits), info_hash, INFO_HASH_LEN));
    return judge(info_hash);
}

static bool lists(const char *digits) {
    return judge_hex(digits) == ANNOUNCE_OK;
}

static const char *const good_files[] = {
    HASH_A "\n" HASH_B "\n",
    HASH_A "\r\n" HASH_B "\r\n",
    HASH_A "\r" HASH_B "\r",
    "\xef\xbb\xbf" HASH_A "\r\n" HASH_B,
    HASH_A "\n" HASH_B,
    "# all that there is\n\n \n\t\r\n" HASH_A " a name # and more\n\n  " HASH_B "\tanother\n#\n",
    "00112233445566778899AABBCCDDEEFF00112233\n" HASH_B "\n" HASH_B "\n",
    "\"" HASH_A "\",\"a name\"\n" HASH_B ";1\n",
    "\xc2\xa0" HASH_A "\xe2\x80\x8b\n<" HASH_B "> a comment\n",
    "magnet:?xt=urn:btih:" HASH_A "&dn=a b\nMAGNET:?xt=urn:btih:" HASH_B " a comment\n",
    "'magnet:?xt.1=urn:btih:" HASH_A "&xt.2=urn:btmh:1220" HASH_B "000000000000000000000000'\n",
};

START_TEST(each_line_lists_a_torrent) {
    load(good_files[_i]);
    ck_assert(lists(HASH_A));
    ck_assert(lists(HASH_B));
    ck_assert(!lists("00112233445566778899aabbccddeeff00112234"));
}
END_TEST

static const char *const broken_lines[] = {
    "0",
    "00112233445566778899aabbccddeeff0011223",
    "00112233445566778899aabbccddeeff001122334",
    "00112233445566778899aabbccddeeff0011223g",
    HASH_A HASH_B,
    HASH_A "-",
    "magnet:?xt=urn:btih:" HASH_A "0",
    "magnet:?xt=urn:btih:" HASH_A "000000000000000000000000",
    "magnet:?dn=" HASH_A,
    "#" HASH_A,
    "  # " HASH_A,
    "\xfe\x80\xff",
};

START_TEST(broken_line_is_passed_over) {
    char text[256];
    snprintf(text, sizeof text, "%s\n" HASH_B "\n%s\n", broken_lines[_i], broken_lines[_i]);
    load(text);
    ck_assert(lists(HASH_B));
    ck_assert(!lists(HASH_A));
}
END_TEST

START_TEST(zero_bytes_do_no_harm) {
    static const char text[] = "\0\n" HASH_A "\0\n\0" HASH_B "\n" HASH_B "\n";
    write_bytes(text, sizeof text - 1);
    ck_assert(load_list(ACCESS_WHITELIST));
    ck_assert(lists(HASH_A));
    ck_assert(lists(HASH_B));
}
END_TEST

START_TEST(utf16_is_reported) {
    static const char text[] = "\xff\xfe#\0\n\0";
    write_bytes(text, sizeof text - 1);
    ck_assert(!load_list(ACCESS_WHITELIST));
    ck_assert_ptr_nonnull(strstr(error, "UTF-16"));
}
END_TEST

START_TEST(empty_file_lists_nothing) {
    load("");
    ck_assert(!lists(HASH_A));
}
END_TEST

START_TEST(blocklist_file_blocks_what_it_lists) {
    load(HASH_A "\n" HASH_B "\n");
    write_bytes(HASH_B "\n0\n", sizeof HASH_B "\n0\n" - 1);
    ck_assert_msg(load_list(ACCESS_BLOCKLIST), "%s", error);
    ck_assert_int_eq(judge_hex(HASH_A), ANNOUNCE_OK);
    ck_assert_int_eq(judge_hex(HASH_B), ANNOUNCE_TORRENT_BLOCKED);
}
END_TEST

START_TEST(thousands_of_torrents_are_listed) {
    FILE *file = fopen(path, "w");
    char digits[2 * INFO_HASH_LEN + 1];
    uint8_t info_hash[INFO_HASH_LEN];
    for (uint32_t i = 0; i < 20000; i++) {
        numbered_id(info_hash, i);
        hex_encode(info_hash, INFO_HASH_LEN, digits);
        REQUIRE(fprintf(file, "%s number %u\n", digits, i) > 0);
    }
    ck_assert_int_eq(fclose(file), 0);
    ck_assert(load_list(ACCESS_WHITELIST));
    for (uint32_t i = 0; i < 40000; i++) {
        numbered_id(info_hash, i);
        REQUIRE((judge(info_hash) == ANNOUNCE_OK) == (i < 20000));
    }
}
END_TEST

START_TEST(file_that_cannot_be_read_is_reported) {
    ck_assert(!load_list(ACCESS_WHITELIST));
    ck_assert_mem_eq(error, path, strlen(path));
    ck_assert_ptr_nonnull(strstr(error, "No such file"));
    ck_assert(!list_file_load(directory.path, loaded, ACCESS_WHITELIST, error));
    ck_assert_ptr_nonnull(strstr(error, "directory"));
}
END_TEST

START_TEST(file_changes_when_it_comes_grows_or_goes) {
    struct stat known = { 0 };
    ck_assert(!list_file_changed(path, &known));
    load(HASH_A "\n");
    ck_assert(list_file_changed(path, &known));
    ck_assert(!list_file_changed(path, &known));
    load(HASH_A "\n" HASH_B "\n");
    ck_assert(list_file_changed(path, &known));
    ck_assert_int_eq(unlink(path), 0);
    ck_assert(list_file_changed(path, &known));
    ck_assert(!list_file_changed(path, &known));
}
END_TEST

static void set_time(const char *file, time_t seconds) {
    const struct timespec times[2] = { { .tv_sec = seconds }, { .tv_sec = seconds } };
    ck_assert_int_eq(utimensat(AT_FDCWD, file, times, 0), 0);
}

START_TEST(file_of_the_same_length_changes_with_its_time) {
    struct stat known = { 0 };
    load(HASH_A "\n");
    set_time(path, 1000);
    ck_assert(list_file_changed(path, &known));
    load(HASH_B "\n");
    set_time(path, 1001);
    ck_assert(list_file_changed(path, &known));
}
END_TEST

START_TEST(file_put_in_its_place_is_a_change_though_its_time_is_the_same) {
    struct stat known = { 0 };
    char other[sizeof path + 8];
    snprintf(other, sizeof other, "%s.new", path);
    load(HASH_A "\n");
    set_time(path, 1000);
    ck_assert(list_file_changed(path, &known));
    ck_assert_int_eq(link(path, other), 0);
    ck_assert_int_eq(unlink(path), 0);
    load(HASH_B "\n");
    set_time(path, 1000);
    ck_assert(list_file_changed(path, &known));
}
END_TEST

UNIT_SUITE(list_file) {
    Suite *suite = suite_create("list_file");
    TCase *loading = tcase_create("loading");
    tcase_add_checked_fixture(loading, create_directory, remove_directory);
    tcase_add_loop_test(loading, each_line_lists_a_torrent, 0, LOOPS_OF(good_files));
    tcase_add_loop_test(loading, broken_line_is_passed_over, 0, LOOPS_OF(broken_lines));
    tcase_add_test(loading, zero_bytes_do_no_harm);
    tcase_add_test(loading, utf16_is_reported);
    tcase_add_test(loading, empty_file_lists_nothing);
    tcase_add_test(loading, blocklist_file_blocks_what_it_lists);
    tcase_add_test(loading, thousands_of_torrents_are_listed);
    tcase_add_test(loading, file_that_cannot_be_read_is_reported);
    suite_add_tcase(suite, loading);

    TCase *changing = tcase_create("changing");
    tcase_add_checked_fixture(changing, create_directory, remove_directory);
    tcase_add_test(changing, file_changes_when_it_comes_grows_or_goes);
    tcase_add_test(changing, file_of_the_same_length_changes_with_its_time);
    tcase_add_test(changing, file_put_in_its_place_is_a_change_though_its_time_is_the_same);
    suite_add_tcase(suite, changing);
    return suite;
}
