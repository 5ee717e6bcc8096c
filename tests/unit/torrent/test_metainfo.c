#include "torrent/metainfo.h"

#include <stdio.h>
#include <string.h>

#include "base/bencode.h"
#include "support.h"
#include "torrent/piece_hash.h"

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
    "i9223372036854775808e",
    "i-99999999999999999999999999e",
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
    "x",
    "4:spa",
    "04:spam",
    ":",
    "l",
    "d",
    "li1e",
    "-1:a",
    "lde",
    "di1ei1ee",
    "d1:ae",
    "d1:a1:b1:ce",
    "ld1:ai1e1:bee",
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

static const struct {
    const char *text;
    const char *fault;
    size_t at;
    bool sorted;
} faults[] = {
    { "", "end", 0, false },
    { "d1:ai007ee", "leading zero", 5, false },
    { "d1:ai-0ee", "leading zero", 6, false },
    { "d01:ai1ee", "leading zero", 1, false },
    { "d1:a9:bbe", "longer", 4, false },
    { "d1:ai12", "end", 7, false },
    { "d1:ai1xee", "unexpected character", 6, false },
    { "d1:a?e", "unexpected character", 4, false },
    { "d1:a1:b", "end", 7, false },
    { "di1ei2ee", "not a string", 1, false },
    { "d1:ae", "without a value", 4, false },
    { "d1:bi1e1:ai1ee", "out of order", 7, true },
    { "d1:ai1e1:ai1ee", "duplicate", 7, true },
    { "d1:ald1:bi1e1:ai1eeee", "out of order", 12, true },
};

START_TEST(fault_is_found_at_its_byte) {
    size_t at;
    const char *fault = bencode_check(bytes_of(faults[_i].text), faults[_i].sorted, &at);
    ck_assert_ptr_nonnull(fault);
    ck_assert_msg(strstr(fault, faults[_i].fault) != NULL, "%s", fault);
    ck_assert_uint_eq(at, faults[_i].at);
    if (faults[_i].sorted)
        ck_assert(takes(faults[_i].text));
}
END_TEST

START_TEST(sorted_keys_are_in_bytewise_order) {
    size_t at;
    ck_assert_ptr_null(bencode_check(bytes_of("d0:i1e1:ai1e2:aai1e1:bd1:ai1eee"), true, &at));
    ck_assert_uint_eq(at, 31);
}
END_TEST

START_TEST(big_number_is_a_kind_of_its_own) {
    struct bytes rest = bytes_of("d1:ai9223372036854775808ee");
    struct bencode_value dict;
    struct bencode_value value;
    ck_assert(bencode_take(&rest, &dict));
    ck_assert(!bencode_find(&dict, "a", BENCODE_NUMBER, &value));
    ck_assert(bencode_find(&dict, "a", BENCODE_BIG_NUMBER, &value));
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
    char error[ERROR_LEN];
    ck_assert_msg(metainfo_parse(bytes_of(file), metainfo, error), "%s", error);
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

START_TEST(content_of_a_torrent_is_read) {
    struct metainfo metainfo;
    parse_torrent(_i, &metainfo);
    ck_assert_str_eq(metainfo.name, "a");
    ck_assert_uint_eq(metainfo.size, torrents[_i].size);
    ck_assert_uint_eq(metainfo.file_count, torrents[_i].file_count);
    ck_assert_uint_eq(metainfo.piece_len, 16384);
    ck_assert(metainfo.is_private == torrents[_i].is_private);
}
END_TEST

#define PIECE "12:piece lengthi16384e"
#define PIECES PIECE "6:pieces20:xxxxxxxxxxxxxxxxxxxx"
#define ONE "6:lengthi1e4:name1:a"
#define ROOT "11:pieces root32:rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"
#define LEAF "d0:d6:lengthi1e" ROOT "ee"
#define V2 "12:meta versioni2e4:name1:a" PIECE
#define FILE_A "d6:lengthi1e4:pathl1:aee"
#define X20 "xxxxxxxxxxxxxxxxxxxx"

static const struct {
    const char *file;
    const char *error;
} no_torrents[] = {
    { "", "file is empty" },
    { " \r\n", "file is empty" },
    { "<!DOCTYPE html>", "HTML" },
    { "\xef\xbb\xbf\n<html>", "HTML" },
    { "\x1f\x8b\x08", "gzip" },
    { "i1e", "must be a bencoded dictionary" },
    { "de", "info must be a dictionary" },
    { "d4:infoi1ee", "info must be a dictionary" },
    { "d4:infod4:name1:ae1:x", "at byte 21: unexpected end" },
    { "d4:infod4:name1:a1:xee", "at byte 20: dictionary key without a value" },
    { "d4:infod6:lengthi01e4:name1:a" PIECES "ee", "at byte 17: leading zero" },
    { "d4:infod" ONE PIECES "e1:xe", "without a value" },
    { "d4:infod6:lengthi1e" PIECES "ee", "name must be a string" },
    { "d4:infod6:lengthi1e4:namei1e" PIECES "ee", "name must be a string" },
    { "d4:infod6:lengthi1e4:name0:" PIECES "ee", "name must be a file name" },
    { "d4:infod6:lengthi1e4:name2:.." PIECES "ee", "name must be a file name" },
    { "d4:infod6:lengthi1e4:name2:\1\x7f" PIECES "ee", "name must be a file name" },
    { "d4:infod6:lengthi1e4:name4:/\xe2\x80\xae" PIECES "ee", "name must be a file name" },
    { "d4:infod5:filesl" FILE_A "e4:name2:\1\x7f" PIECES "ee", "name must be a file name" },
    { "d4:infod" ONE "12:piece lengthi0e6:pieces0:ee", "piece length must be" },
    { "d4:infod" ONE "12:piece lengthi1073741824e6:pieces20:" X20 "ee", "piece length must be" },
    { "d4:infod" ONE "6:pieces0:ee", "piece length must be" },
    { "d4:infod" ONE PIECE "ee", "pieces must be a string" },
    { "d4:infod" ONE PIECE "6:piecesi1eee", "pieces must be a string" },
    { "d4:infod" ONE PIECE "6:pieces19:xxxxxxxxxxxxxxxxxxxee",
      "pieces must have 20 bytes, 20 for each piece, but has 19" },
    { "d4:infod" ONE PIECE "6:pieces40:" X20 X20 "ee", "but has 40" },
    { "d4:infod6:lengthi16385e4:name1:a" PIECES "ee", "must have 40 bytes" },
    { "d4:infod6:lengthi0e4:name1:a" PIECE "6:pieces0:ee", "content" },
    { "d4:infod6:lengthi-1e4:name1:a" PIECES "ee", "length must be a number" },
    { "d4:infod6:lengthi17592186028032e4:name1:a" PIECES "ee", "less than 16 TiB" },
    { "d4:infod6:lengthi99999999999999999999e4:name1:a" PIECES "ee", "length must be a number" },
    { "d4:infod4:name1:a" PIECES "ee", "must have length or files" },
    { "d4:infod5:filesl" FILE_A "e6:lengthi1e4:name1:a" PIECES "ee", "not both" },
    { "d4:infod5:filesle4:name1:a" PIECES "ee", "no files" },
    { "d4:infod5:filesi1e4:name1:a" PIECES "ee", "files must be a list" },
    { "d4:infod5:filesli1ee4:name1:a" PIECES "ee", "file 1 of files: must be a dictionary" },
    { "d4:infod5:filesldee4:name1:a" PIECES "ee", "length must be a number" },
    { "d4:infod5:filesl" FILE_A "d6:lengthi1eee4:name1:a" PIECES "ee",
      "file 2 of files: path must be" },
    { "d4:infod5:filesld6:lengthi1e4:pathleee4:name1:a" PIECES "ee", "path must be" },
    { "d4:infod5:filesld6:lengthi1e4:path1:aee4:name1:a" PIECES "ee", "path must be" },
    { "d4:infod5:filesld6:lengthi1e4:pathl1:ai1eeee4:name1:a" PIECES "ee", "path must be" },
    { "d4:infod5:filesld6:lengthi1e4:pathl1:\1eee4:name1:a" PIECES "ee", "path must be" },
    { "d4:infod5:filesl" FILE_A "d4:attr1:l4:pathl1:be12:symlink path1:aee4:name1:a" PIECES "ee",
      "symlink path must be a list" },
    { "d4:infod5:filesl" FILE_A "d4:attr1:l4:pathl1:be12:symlink pathleee4:name1:a" PIECES "ee",
      "symlink path must be a list" },
    { "d4:infod5:filesl" FILE_A "d4:attr1:l4:pathl1:be12:symlink pathli1eeee4:name1:a" PIECES "ee",
      "symlink path must be a list" },
    { "d4:infod5:filesl" FILE_A
      "d4:attr1:l4:pathl1:be12:symlink pathl1:a2:..2:..eee4:name1:a" PIECES "ee",
      "lead out" },
    { "d4:infod5:filesl" FILE_A "d4:attr1:l4:pathl1:be12:symlink pathl4:/etceee4:name1:a" PIECES
      "ee",
      "lead out" },
    { "d4:infod12:meta versioni3e4:name1:a" PIECES "ee", "meta version must be" },
    { "d4:infod9:file treed1:a" LEAF "e" ONE PIECES "ee", "meta version must be 2" },
    { "d4:infod" V2 "ee", "file tree must be a dictionary" },
    { "d4:infod9:file treede" V2 "ee", "no files" },
    { "d4:infod9:file treed1:ai1ee" V2 "ee", "file tree: must be a dictionary" },
    { "d4:infod9:file treed0:dee" V2 "ee", "file tree: must be a dictionary with a name" },
    { "d4:infod9:file treed1:ad0:deee" V2 "ee", "length must be a number" },
    { "d4:infod9:file treed1:ad0:d6:lengthi1eeee" V2 "ee", "pieces root must be" },
    { "d4:infod9:file treed1:ad0:d6:lengthi1e11:pieces root1:reee" V2 "ee", "pieces root must be" },
    { "d4:infod9:file treed1:ad0:d4:attr1:p6:lengthi1e" ROOT "eee" V2 "ee", "padding" },
    { "d4:infod9:file treed1:b" LEAF "1:a" LEAF "e" V2 "ee", "file tree: dictionary key out of" },
    { "d4:infod9:file treed1:a" LEAF "1:a" LEAF "e" V2 "ee", "file tree: duplicate" },
    { "d4:infod9:file treed1:a" LEAF "e12:meta versioni2e" PIECE "4:name1:aee",
      "info: dictionary key out of order at byte" },
    { "d4:infod9:file treed1:." LEAF "e" V2 "ee", "must be a file name" },
    { "d4:infod9:file treed1:a" LEAF "e12:meta versioni2e4:name1:a12:piece lengthi8192eee",
      "power of two" },
    { "d4:infod9:file treed1:a" LEAF "e12:meta versioni2e4:name1:a12:piece lengthi24576eee",
      "power of two" },
    { "d4:infod9:file treed1:ad0:d6:lengthi17592186028031e" ROOT "eee" V2 "ee",
      "piece length is too small" },
    { "d4:infod9:file treed1:a" LEAF "e6:lengthi1e" V2 "ee", "pieces must be a string" },
    { "d4:infod9:file treed1:b" LEAF "e6:lengthi1e12:meta versioni2e4:name1:a" PIECES "ee",
      "must be the same" },
    { "d4:infod9:file treed1:a" LEAF "e6:lengthi2e12:meta versioni2e4:name1:a" PIECES "ee",
      "must be the same" },
    { "d4:infod9:file treed1:a" LEAF "1:b" LEAF "e5:filesl" FILE_A
      "e12:meta versioni2e4:name1:a" PIECES "ee",
      "file 2 of file tree must be the same" },
    { "d4:infod9:file treed1:a" LEAF "e5:filesl" FILE_A "d6:lengthi1e4:pathl1:beee"
      "12:meta versioni2e4:name1:a" PIECES "ee",
      "file 2 of files must be in file tree" },
    { "d4:infod9:file treed1:a" LEAF "1:b" LEAF "e5:filesl" FILE_A
      "d6:lengthi1e4:pathl1:beee12:meta versioni2e4:name1:a" PIECES "ee",
      "file 2 of files must start" },
    { "d4:infod9:file treed1:a" LEAF "e" V2 "e12:piece layersd32:" X20 "xxxxxxxxxxxx0:ee",
      "pieces root of a file" },
    { "d4:infod9:file treed1:a" LEAF "e" V2 "e12:piece layersd1:x0:ee", "pieces root of a file" },
    { "d4:infod9:file treed1:a" LEAF "e" V2 "e12:piece layersd32:rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr0:"
      "ee",
      "a layer must have 32 bytes" },
    { "d4:infod9:file treed1:a" LEAF "e" V2
      "e12:piece layersd32:rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr32:xrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrree",
      "must match its pieces root" },
    { "d4:infod9:file treed1:a" LEAF "e" V2 "e12:piece layerslee", "must be a dictionary" },
};

START_TEST(invalid_torrent_is_refused_with_a_reason) {
    struct metainfo metainfo;
    char error[ERROR_LEN];
    ck_assert(!metainfo_parse(bytes_of(no_torrents[_i].file), &metainfo, error));
    ck_assert_msg(strstr(error, no_torrents[_i].error) != NULL, "%s", error);
}
END_TEST

static const struct {
    const char *file;
    uint64_t size;
    uint64_t file_count;
    const char *name;
} odd_torrents[] = {
    /* Keys that are not used may hold anything. */
    { "d13:creation datei99999999999999999999999e4:infod" ONE PIECES "ee", 1, 1, "a" },
    { "d4:infod" ONE "12:piece lengthi827392e6:pieces20:" X20 "ee", 1, 1, "a" },
    { "d4:infod6:pieces20:" X20 ONE PIECE "ee", 1, 1, "a" }, /* version 1: in any order */
    { "d4:infod" ONE PIECES "eegarbage", 1, 1, "a" },
    { "d4:infod5:filesl" FILE_A "d4:attr1:l4:pathl1:be12:symlink pathl1:aeee4:name1:a" PIECES "ee",
      1, 2, "a" },
    { "d4:infod5:filesl" FILE_A "d4:attr1:l4:pathl1:be12:symlink pathl1:c2:..1:aeee4:name1:a" PIECES
      "ee",
      1, 2, "a" },
    { "d4:infod5:filesl" FILE_A "d4:attr1:p6:lengthi9eee4:name1:a" PIECES "ee", 1, 1, "a" },
    { "d4:infod5:filesl" FILE_A "d6:lengthi9e4:pathl20:_____padding_file_0_eee4:name1:a" PIECES
      "ee",
      1, 1, "a" },
    { "d4:infod5:filesld6:lengthi1e4:path1:x10:path.utf-8l1:aeee4:name0:" PIECES "ee", 1, 1, "" },
    { "d4:infod9:file treed1:a" LEAF "1:bd0:d6:lengthi0eeee" V2 "ee", 1, 2, "a" },
    { "d4:infod9:file treed1:a" LEAF "e" V2 "e12:piece layersd32:rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"
      "32:rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrree",
      1, 1, "a" },
    /* Padding anywhere, also after the last file. */
    { "d4:infod9:file treed1:a" LEAF "1:b" LEAF "e5:filesl" FILE_A
      "d4:attr1:p6:lengthi16000e4:pathl1:pee"
      "d4:attr1:p6:lengthi383e4:pathl1:pee"
      "d6:lengthi1e4:pathl1:bee"
      "d4:attr1:p6:lengthi16383e4:pathl1:peee"
      "12:meta versioni2e4:name1:a" PIECE "6:pieces40:" X20 X20 "ee",
      2, 2, "a" },
    { "d8:encoding3:GBK4:infod6:lengthi1e4:name4:\xd6\xd0\xce\xc4" PIECES "ee", 1, 1,
      "\xe4\xb8\xad\xe6\x96\x87" },
    { "d8:encoding9:shift_jis4:infod6:lengthi1e4:name4:\x93\xfa\x96{" PIECES "ee", 1, 1,
      "\xe6\x97\xa5\xe6\x9c\xac" },
    { "d8:encoding3:GBK4:infod6:lengthi1e4:name2:\xd6\xd0"
      "10:name.utf-83:\xe4\xb8\xad" PIECES "ee",
      1, 1, "\xe4\xb8\xad" },
    { "d8:encoding5:UTF-84:infod6:lengthi1e4:name2:a\xd6" PIECES "ee", 1, 1, "a\xef\xbf\xbd" },
    { "d8:encoding3:GBK4:infod6:lengthi1e4:name2:a\xff" PIECES "ee", 1, 1, "a\xef\xbf\xbd" },
    { "d8:encoding6:UTF-164:infod6:lengthi1e4:name2:a\xff" PIECES "ee", 1, 1, "a\xef\xbf\xbd" },
};

START_TEST(odd_torrents_are_taken) {
    struct metainfo metainfo;
    char error[ERROR_LEN];
    ck_assert_msg(metainfo_parse(bytes_of(odd_torrents[_i].file), &metainfo, error), "%s", error);
    ck_assert_uint_eq(metainfo.size, odd_torrents[_i].size);
    ck_assert_uint_eq(metainfo.file_count, odd_torrents[_i].file_count);
    ck_assert_str_eq(metainfo.name, odd_torrents[_i].name);
}
END_TEST

/* The root of a version 2 file may not be zero, which a C string cannot hold. */
START_TEST(root_of_zeros_is_refused) {
    struct metainfo metainfo;
    char error[ERROR_LEN];
    char file[] = "d4:infod9:file treed1:a" LEAF "e" V2 "ee";
    for (char *c = strstr(file, "rrrr"); *c == 'r'; c++)
        *c = '\0';
    ck_assert(
        !metainfo_parse((struct bytes){ (uint8_t *)file, sizeof file - 1 }, &metainfo, error));
    ck_assert_ptr_nonnull(strstr(error, "pieces root"));
}
END_TEST

/* As a client makes them, with three pieces and a filler. */
START_TEST(layer_must_have_the_root_of_its_file) {
    uint8_t layer[3 * SHA256_LEN];
    uint8_t root[SHA256_LEN];
    uint8_t text[1024];
    struct metainfo metainfo;
    char error[ERROR_LEN];
    memset(layer, 'h', sizeof layer);
    ck_assert(piece_hash_layer_root((struct bytes){ layer, sizeof layer }, 16384, root));
    for (int broken = 0; broken < 2; broken++) {
        struct writer w = writer_on(text, sizeof text);
        writer_put_text(&w, "d4:infod9:file treed1:ad0:d6:lengthi40000e11:pieces root32:");
        writer_put(&w, root, sizeof root);
        writer_put_text(&w, "eee" V2 "e12:piece layersd32:");
        writer_put(&w, root, sizeof root);
        writer_put_text(&w, "96:");
        layer[70] ^= (uint8_t)broken;
        writer_put(&w, layer, sizeof layer);
        writer_put_text(&w, "ee");
        ck_assert(!w.failed);
        ck_assert(metainfo_parse((struct bytes){ text, w.len }, &metainfo, error) == !broken);
    }
    ck_assert_ptr_nonnull(strstr(error, "must match"));
}
END_TEST

UNIT_SUITE(metainfo) {
    Suite *suite = suite_create("metainfo");
    TCase *bencoding = tcase_create("bencoding");
    tcase_add_loop_test(bencoding, proper_values_are_taken_whole, 0, LOOPS_OF(good));
    tcase_add_loop_test(bencoding, broken_values_are_refused, 0, LOOPS_OF(bad));
    tcase_add_test(bencoding, depth_is_bounded);
    tcase_add_loop_test(bencoding, fault_is_found_at_its_byte, 0, LOOPS_OF(faults));
    tcase_add_test(bencoding, sorted_keys_are_in_bytewise_order);
    tcase_add_test(bencoding, big_number_is_a_kind_of_its_own);
    tcase_add_test(bencoding, entries_are_found_by_key_and_kind);
    suite_add_tcase(suite, bencoding);
    TCase *files = tcase_create("files");
    tcase_add_loop_test(files, info_hashes_are_those_of_the_info_dictionary, 0, LOOPS_OF(torrents));
    tcase_add_loop_test(files, content_of_a_torrent_is_read, 0, LOOPS_OF(torrents));
    tcase_add_loop_test(files, invalid_torrent_is_refused_with_a_reason, 0, LOOPS_OF(no_torrents));
    tcase_add_loop_test(files, odd_torrents_are_taken, 0, LOOPS_OF(odd_torrents));
    tcase_add_test(files, root_of_zeros_is_refused);
    tcase_add_test(files, layer_must_have_the_root_of_its_file);
    suite_add_tcase(suite, files);
    return suite;
}
