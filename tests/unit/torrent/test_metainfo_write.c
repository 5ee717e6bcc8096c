#include "torrent/metainfo_write.h"

#include "support.h"
#include "torrent/metainfo.h"
#include "torrent/piece_hash.h"

START_TEST(pieces_are_about_a_thousand) {
    static const struct {
        uint64_t size;
        uint64_t piece_len;
    } sizes[] = {
        { 1, 16384 },
        { 16 << 20, 16384 },
        { (17 << 20) + 1, 32768 },
        { UINT64_C(1) << 30, 1 << 20 },
        { UINT64_C(3) << 30, 4 << 20 },
        { UINT64_C(1) << 50, 16 << 20 },
    };
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        ck_assert_uint_eq(metainfo_write_piece_len(sizes[i].size), sizes[i].piece_len);
}
END_TEST

START_TEST(padding_fills_the_last_piece) {
    ck_assert_uint_eq(metainfo_write_padding(0, 16384), 0);
    ck_assert_uint_eq(metainfo_write_padding(1, 16384), 16383);
    ck_assert_uint_eq(metainfo_write_padding(16384, 16384), 0);
    ck_assert_uint_eq(metainfo_write_padding(16385, 16384), 16383);
}
END_TEST

static const char *const ordered[] = {
    "a", "a/b", "a/b/c", "a/z", "a-b/x", "a.txt", "aa", "b", "\xc3\x84/x",
};

START_TEST(files_are_ordered_by_the_parts_of_their_paths) {
    for (size_t i = 0; i < COUNT_OF(ordered); i++) {
        for (size_t j = 0; j < COUNT_OF(ordered); j++) {
            const int order = metainfo_write_compare(bytes_of(ordered[i]), bytes_of(ordered[j]));
            ck_assert_msg((order > 0) == (i > j) && (order < 0) == (i < j), "%s and %s", ordered[i],
                          ordered[j]);
        }
    }
}
END_TEST

static const char *const urls[] = { "u://1", "u://2" };

static const struct torrent_entry entries[] = {
    { .path = BYTES_LITERAL("a/b/c"), .size = 20000, .root = "c", .layer = BYTES_LITERAL("LAYER") },
    { .path = BYTES_LITERAL("a/empty") },
    { .path = BYTES_LITERAL("a/same"),
      .size = 20000,
      .root = "c",
      .layer = BYTES_LITERAL("LAYER") },
    { .path = BYTES_LITERAL("d"), .size = 3, .root = "d" },
};

#define FILE_OF(size, path) "d6:lengthi" size "e4:pathl" path "ee"
#define LEAF(size, root)                                                                           \
    "d0:d6:lengthi" size "e11:pieces root32:" root                                                 \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"                                                 \
    "\0\0\0\0\0\0\0\0\0ee"
#define PADDING "d4:attr1:p6:lengthi12768e4:pathl4:.pad5:12768ee"

/* Contains zero bytes: use the size of the array as its length. */
static const char hybrid[] =
    "d8:announce5:u://113:announce-listll5:u://1el5:u://2ee7:comment4:text10:created by2:us"
    "13:creation datei7e4:infod9:file treed1:ad1:bd1:c" LEAF("20000", "c") "e5:emptyd0:d6:lengthi0"
    "eee4:same" LEAF("20000", "c") "e1:d" LEAF("3", "d") "e5:filesl" FILE_OF("20000", "1:a1:b1:c")
    PADDING FILE_OF("0", "1:a5:empty") FILE_OF("20000", "1:a4:same") PADDING FILE_OF("3", "1:d")
    "e12:meta versioni2e4:name4:name12:piece lengthi16384e6:pieces4:1234"
    "7:privatei1ee12:piece layersd32:c\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    "5:LAYERee";

START_TEST(hybrid_torrent_has_everything_in_order) {
    const struct metainfo_source info = {
        .version = TORRENT_HYBRID,
        .name = bytes_of("name"),
        .entries = entries,
        .count = COUNT_OF(entries),
        .is_private = true,
        .piece_len = 16384,
        .pieces = bytes_of("1234"),
        .announce_urls = urls,
        .announce_url_count = 2,
        .comment = "text",
        .created_by = "us",
        .created_s = 7,
    };
    uint8_t out[4096];
    const struct torrent_entry *sorted[COUNT_OF(entries)];
    struct metainfo metainfo;
    ck_assert_uint_le(metainfo_write_len_max(&info), sizeof out);
    struct writer w = writer_on(out, metainfo_write_len_max(&info));
    metainfo_write(&w, &info, sorted);
    ck_assert(!w.failed);
    const struct bytes file = { .data = out, .len = w.len };
    assert_bytes(file, (struct bytes){ (const uint8_t *)hybrid, sizeof hybrid - 1 });
    /* Its digests are made up. */
    char error[ERROR_LEN];
    ck_assert(!metainfo_parse(file, &metainfo, error));
    ck_assert_ptr_nonnull(strstr(error, "but has 4"));
}
END_TEST

static void assert_hex(const uint8_t *data, size_t len, const char *expected) {
    char text[2 * SHA256_LEN + 1];
    hex_encode(data, len, text);
    ck_assert_str_eq(text, expected);
}

START_TEST(content_may_come_in_any_pieces) {
    static uint8_t content[40960];
    struct piece_hash whole;
    struct piece_hash bitwise;
    uint8_t root[SHA256_LEN];
    uint8_t root_again[SHA256_LEN];
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (uint8_t)(i * 7);
    ck_assert(piece_hash_begin(&whole, TORRENT_HYBRID, 16384, sizeof content, sizeof content));
    ck_assert(piece_hash_begin(&bitwise, TORRENT_HYBRID, 16384, sizeof content, sizeof content));
    piece_hash_add(&whole, content, sizeof content);
    for (size_t at = 0; at < sizeof content; at += 1000)
        piece_hash_add(&bitwise, content + at,
                       sizeof content - at < 1000 ? sizeof content - at : 1000);
    ck_assert(piece_hash_end_file(&whole, root));
    ck_assert(piece_hash_end_file(&bitwise, root_again));
    piece_hash_end(&whole);
    piece_hash_end(&bitwise);
    ck_assert_mem_eq(root, root_again, sizeof root);
    ck_assert_uint_eq(whole.v1_digests.len, 3 * SHA1_LEN);
    ck_assert_uint_eq(bitwise.v1_digests.len, 3 * SHA1_LEN);
    ck_assert_mem_eq(whole.v1_digests.data, bitwise.v1_digests.data, 3 * SHA1_LEN);
    ck_assert_uint_eq(whole.v2_layer.len, 3 * SHA256_LEN);
    ck_assert_mem_eq(whole.v2_layer.data, bitwise.v2_layer.data, 3 * SHA256_LEN);
    piece_hash_free(&whole);
    piece_hash_free(&bitwise);
}
END_TEST

/* The sha1sum and sha256sum of "abc", a tree with one leaf. */
START_TEST(digests_are_the_known_ones) {
    struct piece_hash pieces;
    uint8_t root[SHA256_LEN];
    ck_assert(piece_hash_begin(&pieces, TORRENT_HYBRID, 16384, 3, 3));
    piece_hash_add(&pieces, (const uint8_t *)"abc", 3);
    ck_assert(piece_hash_end_file(&pieces, root));
    piece_hash_end(&pieces);
    assert_hex(pieces.v1_digests.data, SHA1_LEN, "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_hex(root, SHA256_LEN,
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    piece_hash_free(&pieces);
}
END_TEST

UNIT_SUITE(torrent_info) {
    Suite *suite = suite_create("torrent_info");
    TCase *info = tcase_create("info");
    tcase_add_test(info, pieces_are_about_a_thousand);
    tcase_add_test(info, padding_fills_the_last_piece);
    tcase_add_test(info, files_are_ordered_by_the_parts_of_their_paths);
    tcase_add_test(info, hybrid_torrent_has_everything_in_order);
    suite_add_tcase(suite, info);
    TCase *pieces = tcase_create("pieces");
    tcase_add_test(pieces, content_may_come_in_any_pieces);
    tcase_add_test(pieces, digests_are_the_known_ones);
    suite_add_tcase(suite, pieces);
    return suite;
}
