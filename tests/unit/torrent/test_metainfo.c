#include "torrent/metainfo.h"

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

/* The hashes are the sha1sum and sha256sum of the info dictionaries. */
static const struct {
    const char *info;
    const char *v1;
    const char *v2;
    uint64_t size;
    uint64_t file_count;
    bool is_private;
} torrents[] = {
    { "d6:lengthi5e4:name1:a12:piece lengthi16384e6:pieces20:xxxxxxxxxxxxxxxxxxxxe",
      "084b9725ed8700c6026b7ecf16d797b9d5989eb9", NULL, 5, 1, false },
    /* A padding file precedes the last one. */
    { "d5:filesld6:lengthi5e4:pathl1:beed6:lengthi0e4:pathl1:c1:deed4:attr1:p6:lengthi16379e4:path"
      "l4:.pad5:16379eed6:lengthi7e4:pathl1:eeee4:name1:a12:piece lengthi16384e6:pieces40:"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx7:privatei1ee",
      "6ba4aa26d7da8d6cf2abd37da254b53e8e5f1847", NULL, 12, 3, true },
    { "d9:file treed1:ad0:d6:lengthi40000e11:pieces root32:rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrreee"
      "12:meta versioni2e4:name1:a12:piece lengthi16384ee",
      NULL, "979f7eed83b291629676890de7d7231d07d64fa86312814c791bd86d20e70140", 40000, 1, false },
    { "d9:file treed1:bd0:d6:lengthi3e11:pieces root32:rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrree1:cd1:dd"
      "0:d6:lengthi0eee1:ed1:fd0:d6:lengthi4e11:pieces root32:rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"
      "eeeee12:meta versioni2e4:name1:a12:piece lengthi16384ee",
      NULL, "70529744bc85571b70272057119b92f3abcb715b0ec182fe5579576772a15086", 7, 3, false },
    { "d9:file treed1:bd0:d6:lengthi5e11:pieces root32:rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrree1:cd0:d6:"
      "lengthi7e11:pieces root32:rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrreee5:filesld6:lengthi5e4:pathl1:b"
      "eed4:attr1:p6:lengthi16379e4:pathl4:.pad5:16379eed6:lengthi7e4:pathl1:ceee12:meta version"
      "i2e4:name1:a12:piece lengthi16384e6:pieces40:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxe",
      "1ab0f3224733608c8a67e8d266d6de75d18bf376",
      "dbed0d644589e58e6a44b27b8802b12c40cd77fc690b10b2d2bb9e9affa6463b", 12, 2, false },
};

static void parse_torrent(int number, struct metainfo *metainfo) {
    static char file[1024];
    snprintf(file, sizeof file, "d8:announce3:url4:info%se", torrents[number].info);
    const char *error = metainfo_parse(bytes_of(file), metainfo);
    ck_assert_msg(error == NULL, "%s", error);
    ck_assert(bytes_equal(metainfo->info, bytes_of(torrents[number].info)));
}

static void assert_hash(const uint8_t *hash, size_t len, const char *expected) {
    char text[2 * SHA256_LEN + 1];
    hex_encode(hash, len, text);
    ck_assert(strncmp(text, expected, 2 * len) == 0);
}

START_TEST(info_hashes_are_those_of_the_info_dictionary) {
    struct metainfo metainfo;
    parse_torrent(_i, &metainfo);
    const char *v1 = torrents[_i].v1;
    const char *v2 = torrents[_i].v2;
    ck_assert(metainfo.has_v1 == (v1 != NULL) && metainfo.has_v2 == (v2 != NULL));
    ck_assert_uint_eq(metainfo.hash_count, v1 != NULL && v2 != NULL ? 2 : 1);
    if (v1 != NULL)
        assert_hash(metainfo.info_hashes[0], INFO_HASH_LEN, v1);
    if (v2 == NULL)
        return;
    assert_hash(metainfo.info_hashes[metainfo.hash_count - 1], INFO_HASH_LEN, v2);
    assert_hash(metainfo.digest_v2, SHA256_LEN, v2);
}
END_TEST

START_TEST(what_is_shared_is_told) {
    struct metainfo metainfo;
    parse_torrent(_i, &metainfo);
    ck_assert(bytes_equal(metainfo.name, bytes_of("a")));
    ck_assert_uint_eq(metainfo.size, torrents[_i].size);
    ck_assert_uint_eq(metainfo.file_count, torrents[_i].file_count);
    ck_assert_uint_eq(metainfo.piece_len, 16384);
    ck_assert(metainfo.is_private == torrents[_i].is_private);
}
END_TEST

#define PIECES "12:piece lengthi16384e6:pieces20:xxxxxxxxxxxxxxxxxxxx"

static const struct {
    const char *file;
    const char *error;
} no_torrents[] = {
    { "", "not a bencoded" },
    { "i1e", "not a bencoded" },
    { "de", "no info dictionary" },
    { "d4:infoi1ee", "no info dictionary" },
    { "d4:infod4:name1:ae1:x", "not a bencoded" },
    { "d4:infod4:name1:a1:xee", "no info dictionary" },
    { "d4:infod6:lengthi1e4:name1:a" PIECES "e1:xe", "not a bencoded" },
    { "d4:infodee", "no name" },
    { "d4:infod4:name1:aee", "neither" },
    { "d4:infod4:name1:a6:piecesi1eee", "neither" },
    { "d4:infod12:meta versioni3e4:name1:aee", "neither" },
    { "d4:infod6:lengthi1e4:name1:a6:pieces0:ee", "no piece length" },
    { "d4:infod6:lengthi1e4:name1:a12:piece lengthi0e6:pieces0:ee", "no piece length" },
    { "d4:infod4:name1:a" PIECES "ee", "no valid length" },
    { "d4:infod6:lengthi-1e4:name1:a" PIECES "ee", "no valid length" },
    { "d4:infod5:filesle4:name1:a" PIECES "ee", "no files" },
    { "d4:infod5:filesli1ee4:name1:a" PIECES "ee", "no valid length" },
    { "d4:infod5:filesldee4:name1:a" PIECES "ee", "no valid length" },
    { "d4:infod5:filesld6:lengthi9223372036854775807eed6:lengthi1eee4:name1:a" PIECES "ee",
      "total size" },
    { "d4:infod12:meta versioni2e4:name1:a12:piece lengthi16384eee", "no file tree" },
    { "d4:infod9:file treede12:meta versioni2e4:name1:a12:piece lengthi16384eee", "no files" },
    { "d4:infod9:file treed1:ai1ee12:meta versioni2e4:name1:a12:piece lengthi16384eee",
      "invalid file tree" },
    { "d4:infod9:file treed1:ad0:deee12:meta versioni2e4:name1:a12:piece lengthi16384eee",
      "no valid length" },
};

START_TEST(what_is_no_torrent_is_refused_in_words) {
    struct metainfo metainfo;
    const char *error = metainfo_parse(bytes_of(no_torrents[_i].file), &metainfo);
    ck_assert_ptr_nonnull(error);
    ck_assert_msg(strstr(error, no_torrents[_i].error) != NULL, "%s", error);
}
END_TEST

UNIT_SUITE(metainfo) {
    Suite *suite = suite_create("metainfo");
    TCase *bencoding = tcase_create("bencoding");
    tcase_add_loop_test(bencoding, proper_values_are_taken_whole, 0, LOOPS_OF(good));
    tcase_add_loop_test(bencoding, broken_values_are_refused, 0, LOOPS_OF(bad));
    tcase_add_test(bencoding, depth_is_bounded);
    tcase_add_test(bencoding, entries_are_found_by_key_and_kind);
    suite_add_tcase(suite, bencoding);
    TCase *files = tcase_create("files");
    tcase_add_loop_test(files, info_hashes_are_those_of_the_info_dictionary, 0, LOOPS_OF(torrents));
    tcase_add_loop_test(files, what_is_shared_is_told, 0, LOOPS_OF(torrents));
    tcase_add_loop_test(files, what_is_no_torrent_is_refused_in_words, 0, LOOPS_OF(no_torrents));
    suite_add_tcase(suite, files);
    return suite;
}
