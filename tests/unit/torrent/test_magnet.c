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

START_TEST(link_says_what_is_known) {
    uint8_t out[512];
    struct writer w = writer_on(out, sizeof out);
    magnet_write(&w, &links[_i].magnet);
    assert_written(&w, links[_i].text);
}
END_TEST

START_TEST(link_that_does_not_fit_is_told) {
    uint8_t out[64];
    struct writer w = writer_on(out, sizeof out);
    magnet_write(&w, &links[1].magnet);
    ck_assert(w.failed);
}
END_TEST

UNIT_SUITE(magnet) {
    Suite *suite = suite_create("magnet");
    TCase *write = tcase_create("write");
    tcase_add_loop_test(write, link_says_what_is_known, 0, LOOPS_OF(links));
    tcase_add_test(write, link_that_does_not_fit_is_told);
    suite_add_tcase(suite, write);
    return suite;
}
