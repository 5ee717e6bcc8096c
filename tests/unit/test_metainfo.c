#include "wire/metainfo.h"

#include <stdio.h>
#include <string.h>

#include "base/bencode.h"
#include "support.h"

static bool takes(const char *text) {
    struct bytes rest = bytes_of(text);
    struct bencode_value value;
    return bencode_take(&rest, &value) && rest.len == 0;
}

static const char *const good[] = {
    "i0e",
    "i-1e",
    "i9223372036854775807e",
    "i-9223372036854775808e",
    "0:",
    "4:spam",
    "le",
    "de",
    "l4:spami7ee",
    "d3:cow3:moo4:spam4:eggse",
    "d1:ald1:bi1eeee",
};

static const char *const bad[] = {
    "",
    "i",
    "ie",
    "i-e",
    "i-0e",
    "i01e",
    "i1",
    "i9223372036854775808e",
    "x",
    "4:spa",
    "04:spam",
    ":",
    "l",
    "d",
    "li1e",
    "-1:a",
    "lde",
    "d3:cow",
    "99999999999999999999:a",
};

START_TEST(proper_values_are_taken_whole) {
    ck_assert(takes(good[_i]));
}
END_TEST

START_TEST(broken_values_are_refused) {
    ck_assert(!takes(bad[_i]));
}
END_TEST

START_TEST(depth_is_bounded) {
    char text[2 * BENCODE_DEPTH_MAX + 3];
    memset(text, 'l', sizeof text);
    memset(text + BENCODE_DEPTH_MAX, 'e', BENCODE_DEPTH_MAX);
    text[2 * BENCODE_DEPTH_MAX] = '\0';
    ck_assert(takes(text));
    memset(text, 'l', BENCODE_DEPTH_MAX + 1);
    memset(text + BENCODE_DEPTH_MAX + 1, 'e', BENCODE_DEPTH_MAX + 1);
    text[2 * BENCODE_DEPTH_MAX + 2] = '\0';
    ck_assert(!takes(text));
}
END_TEST

START_TEST(entries_are_found_by_key_and_kind) {
    struct bytes rest = bytes_of("d3:cow3:moo4:spamli1ei2eee");
    struct bencode_value dict;
    struct bencode_value value;
    ck_assert(bencode_take(&rest, &dict));
    ck_assert(bencode_find(&dict, "cow", BENCODE_STRING, &value));
    ck_assert(bytes_equal(value.inside, bytes_of("moo")));
    ck_assert(bencode_find(&dict, "spam", BENCODE_LIST, &value));
    ck_assert(bytes_equal(value.whole, bytes_of("li1ei2ee")));
    ck_assert(!bencode_find(&dict, "cow", BENCODE_NUMBER, &value));
    ck_assert(!bencode_find(&dict, "pig", BENCODE_STRING, &value));
}
END_TEST

/* The hashes are those that sha1sum and sha256sum give of the info dictionaries. */
static const struct {
    const char *info;
    size_t hashes;
    const char *first;
    const char *second;
} torrents[] = {
    { "d6:lengthi5e4:name1:a12:piece lengthi16384e6:pieces20:xxxxxxxxxxxxxxxxxxxxe", 1,
      "084b9725ed8700c6026b7ecf16d797b9d5989eb9", NULL },
    { "d12:meta versioni2e4:name1:ae", 1, "78813b045e6e2fc4e169247fc558967ee6e77ced", NULL },
    { "d12:meta versioni2e4:name1:a6:pieces20:xxxxxxxxxxxxxxxxxxxxe", 2,
      "15acef935e858d007a6a9049fd313174520206b9", "d3cb02cd979c984673c5657f3fa275780b4bc231" },
};

START_TEST(info_hashes_are_those_of_the_info_dictionary) {
    char file[512];
    char hash[2 * INFO_HASH_LEN + 1];
    struct metainfo metainfo;
    snprintf(file, sizeof file, "d8:announce3:url4:info%se", torrents[_i].info);
    ck_assert_ptr_null(metainfo_parse(bytes_of(file), &metainfo));
    ck_assert(bytes_equal(metainfo.name, bytes_of("a")));
    ck_assert_uint_eq(metainfo.hash_count, torrents[_i].hashes);
    hex_encode(metainfo.info_hashes[0], INFO_HASH_LEN, hash);
    ck_assert_str_eq(hash, torrents[_i].first);
    if (torrents[_i].second == NULL)
        return;
    hex_encode(metainfo.info_hashes[1], INFO_HASH_LEN, hash);
    ck_assert_str_eq(hash, torrents[_i].second);
}
END_TEST

static const char *const no_torrents[] = {
    "",
    "i1e",
    "de",
    "d4:infoi1ee",
    "d4:infodee",
    "d4:infod4:name1:aee",
    "d4:infod4:name1:a6:piecesi1eee",
    "d4:infod12:meta versioni3e4:name1:aee",
};

START_TEST(what_is_no_torrent_is_refused_in_words) {
    struct metainfo metainfo;
    ck_assert_ptr_nonnull(metainfo_parse(bytes_of(no_torrents[_i]), &metainfo));
}
END_TEST

Suite *metainfo_suite(void) {
    Suite *suite = suite_create("metainfo");
    TCase *bencoding = tcase_create("bencoding");
    tcase_add_loop_test(bencoding, proper_values_are_taken_whole, 0, LOOPS_OF(good));
    tcase_add_loop_test(bencoding, broken_values_are_refused, 0, LOOPS_OF(bad));
    tcase_add_test(bencoding, depth_is_bounded);
    tcase_add_test(bencoding, entries_are_found_by_key_and_kind);
    suite_add_tcase(suite, bencoding);
    TCase *files = tcase_create("files");
    tcase_add_loop_test(files, info_hashes_are_those_of_the_info_dictionary, 0, LOOPS_OF(torrents));
    tcase_add_loop_test(files, what_is_no_torrent_is_refused_in_words, 0, LOOPS_OF(no_torrents));
    suite_add_tcase(suite, files);
    return suite;
}
