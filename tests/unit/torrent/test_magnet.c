#include "torrent/magnet.h"

#include "support.h"

static const uint8_t v1[INFO_HASH_LEN] = { 0xab, 0xcd, [19] = 0x01 };
static const uint8_t v2[SHA256_LEN] = { 0x12, 0x34, [31] = 0x56 };
static const char *const urls[] = { "http://192.0.2.1:6969/announce", "udp://[2001:db8::1]:6969" };

#define V1_TEXT "xt=urn:btih:abcd000000000000000000000000000000000001"
#define V2_TEXT "xt=urn:btmh:12201234000000000000000000000000000000000000000000000000000000000056"

static const struct {
    struct magnet magnet;
    const char *text;
} links[] = {
    { { .info_hash = v1 }, "magnet:?" V1_TEXT },
    { { .info_hash_v2 = v2 }, "magnet:?" V2_TEXT },
    { { .info_hash = v1, .info_hash_v2 = v2 }, "magnet:?" V1_TEXT "&" V2_TEXT },
    { { .info_hash = v1, .name = BYTES_LITERAL("Zo\xc3\xab & a=b"), .size = 12345678901 },
      "magnet:?" V1_TEXT "&dn=Zo%C3%AB%20%26%20a%3Db&xl=12345678901" },
    { { .info_hash = v1, .announce_urls = urls, .announce_url_count = 2 },
      "magnet:?" V1_TEXT "&tr=http%3A%2F%2F192.0.2.1%3A6969%2Fannounce"
      "&tr=udp%3A%2F%2F%5B2001%3Adb8%3A%3A1%5D%3A6969" },
};

START_TEST(link_has_what_is_known) {
    uint8_t out[512];
    struct writer w = writer_on(out, sizeof out);
    magnet_write(&w, &links[_i].magnet);
    assert_written(&w, links[_i].text);
}
END_TEST

START_TEST(link_that_does_not_fit_is_reported) {
    uint8_t out[64];
    struct writer w = writer_on(out, sizeof out);
    magnet_write(&w, &links[1].magnet);
    ck_assert(w.failed);
}
END_TEST

#define HASH "abcd000000000000000000000000000000000001"
#define BASE32 "VPGQAAAAAAAAAAAAAAAAAAAAAAAAAAAB"
#define DIGEST "1234000000000000000000000000000000000000000000000000000000000056"

static const struct {
    const char *link;
    bool has_v1;
    bool has_v2;
    const char *name;
    uint64_t size;
} good[] = {
    { "magnet:?xt=urn:btih:" HASH, true, false, "", 0 },
    { "magnet:?xt=urn:btih:ABCD000000000000000000000000000000000001", true, false, "", 0 },
    { "magnet:?xt=urn:btih:" BASE32, true, false, "", 0 },
    { "magnet:?xt=urn:btih:vpgqaaaaaaaaaaaaaaaaaaaaaaaaaaab", true, false, "", 0 },
    { "MAGNET:?XT=URN:BTIH:" HASH "&DN=x&XL=5", true, false, "x", 5 },
    { "magnet:?xt=urn:btmh:1220" DIGEST, false, true, "", 0 },
    { "magnet:?xt=urn:btih:" HASH "&xt=urn:btmh:1220" DIGEST, true, true, "", 0 },
    { "magnet:?xt.1=urn:btmh:1220" DIGEST "&xt.2=urn:btih:" HASH, true, true, "", 0 },
    { "magnet:?dn=a+b%26%C3%AB&xt=urn%3Abtih%3a" HASH "&so=0,2-4&tr=http%3A%2F%2Ft%2F&x.pe=1:2",
      true, false, "a b&\xc3\xab", 0 },
    { "magnet:?xt=urn:btih:" HASH "&amp;dn=x&amp;xl=99999999999999999999", true, false, "x", 0 },
    { " \r\n\tmagnet:?xt=urn:btih:" HASH "\r\n", true, false, "", 0 },
    { "\xef\xbb\xbfmagnet:?xt=urn:btih:" HASH "&dn=%zz", true, false, "%zz", 0 },
    { "magnet:?xt=urn:sha1:ABC&xt=urn:btih:" HASH "&xt=urn:btih:" HASH "&dn=a&dn=b&&=&x", true,
      false, "a", 0 },
    { "magnet:?xt=urn:btih:" HASH "&dn=a%0Ab%E2%80%AEc%FF", true, false, "a b c\xef\xbf\xbd", 0 },
};

START_TEST(link_names_its_torrent) {
    struct metainfo found;
    char error[ERROR_LEN];
    const struct bytes link = bytes_of(good[_i].link);
    ck_assert(magnet_is_link(link));
    ck_assert_msg(magnet_parse(link, &found, error), "%s", error);
    ck_assert(found.has_v1 == good[_i].has_v1 && found.has_v2 == good[_i].has_v2);
    ck_assert_uint_eq(found.hash_count, (size_t)found.has_v1 + found.has_v2);
    if (found.has_v1)
        ck_assert_mem_eq(found.info_hashes[0], v1, sizeof v1);
    if (found.has_v2)
        ck_assert_mem_eq(found.info_hashes[found.hash_count - 1], v2, INFO_HASH_LEN);
    if (found.has_v2)
        ck_assert_mem_eq(found.digest_v2, v2, sizeof v2);
    ck_assert_str_eq(found.name, good[_i].name);
    ck_assert_uint_eq(found.size, good[_i].size);
}
END_TEST

static const struct {
    const char *link;
    const char *error;
} bad[] = {
    { "magnet:", "start with magnet:?" },
    { "magnet:xt=urn:btih:" HASH, "start with magnet:?" },
    { "magnet:?", "must have xt" },
    { "magnet:?dn=a", "must have xt" },
    { "magnet:?xt=urn:sha1:" HASH, "must have xt" },
    { "magnet:?xs=urn:btih:" HASH, "must have xt" },
    { "magnet:?xt.=urn:btih:" HASH, "must have xt" },
    { "magnet:?xt=urn:btih:", "not 0 characters" },
    { "magnet:?xt=urn:btih:" DIGEST, "40 hexadecimal or 32 base32 characters, not 64" },
    { "magnet:?xt=urn:btih:" HASH "00", "not 42 characters" },
    { "magnet:?xt=urn:btih:" HASH "%00", "not 41 characters" },
    { "magnet:?xt=urn:btih:abcd00000000000000000000000000000000000g", "btih must be" },
    { "magnet:?xt=urn:btih:VPGQAAAAAAAAAAAAAAAAAAAAAAAAAAA1", "btih must be" },
    { "magnet:?xt=urn:btih:VPGQAAAAAAAAAAAAAAAAAAAAAAAAAAA", "btih must be" },
    { "magnet:?xt=urn:btmh:" DIGEST, "btmh must be 1220" },
    { "magnet:?xt=urn:btmh:1114" HASH, "btmh must be 1220" },
    { "magnet:?xt=urn:btmh:1220" HASH, "btmh must be 1220" },
    { "magnet:?xt=urn:btih:" HASH "&xt=urn:btmh:1220" HASH, "btmh must be 1220" },
    { "magnet:?xt=urn:btih:" HASH "&xt=urn:btih:abcd000000000000000000000000000000000002",
      "more than one" },
};

START_TEST(bad_link_is_refused_with_the_reason) {
    struct metainfo found;
    char error[ERROR_LEN];
    ck_assert(!magnet_parse(bytes_of(bad[_i].link), &found, error));
    ck_assert_msg(strstr(error, bad[_i].error) != NULL, "%s", error);
}
END_TEST

START_TEST(only_links_are_taken_for_links) {
    ck_assert(!magnet_is_link(bytes_of(HASH)));
    ck_assert(!magnet_is_link(bytes_of("magnets.torrent")));
    ck_assert(!magnet_is_link(bytes_of("")));
}
END_TEST

UNIT_SUITE(magnet) {
    Suite *suite = suite_create("magnet");
    TCase *write = tcase_create("write");
    tcase_add_loop_test(write, link_has_what_is_known, 0, LOOPS_OF(links));
    tcase_add_test(write, link_that_does_not_fit_is_reported);
    suite_add_tcase(suite, write);
    TCase *parse = tcase_create("parse");
    tcase_add_loop_test(parse, link_names_its_torrent, 0, LOOPS_OF(good));
    tcase_add_loop_test(parse, bad_link_is_refused_with_the_reason, 0, LOOPS_OF(bad));
    tcase_add_test(parse, only_links_are_taken_for_links);
    suite_add_tcase(suite, parse);
    return suite;
}
