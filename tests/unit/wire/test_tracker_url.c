#include "wire/tracker_url.h"

#include "support.h"

static const struct {
    const char *text;
    enum tracker_scheme scheme;
    const char *host;
    uint16_t port;
    const char *target;
    const char *scrape; /* NULL: none */
} urls[] = {
    { "http://tracker.example/announce", TRACKER_HTTP, "tracker.example", 80, "/announce",
      "http://tracker.example/scrape" },
    { "https://tracker.example/a/announce.php?x=announce", TRACKER_HTTPS, "tracker.example", 443,
      "/a/announce.php?x=announce", "https://tracker.example/a/scrape.php?x=announce" },
    { "udp://192.0.2.1:6969", TRACKER_UDP, "192.0.2.1", 6969, "", NULL },
    { "udp://[2001:db8::1]:6969/KEY/announce#fragment", TRACKER_UDP, "2001:db8::1", 6969,
      "/KEY/announce", "udp://[2001:db8::1]:6969/KEY/scrape" },
    { "http://[::1]/scrape", TRACKER_HTTP, "::1", 80, "/scrape", "http://[::1]/scrape" },
    { "http://h:1/announce/x", TRACKER_HTTP, "h", 1, "/announce/x", "http://h:1/scrape/x" },
    { "http://h:1/announce/", TRACKER_HTTP, "h", 1, "/announce/", "http://h:1/scrape/" },
    { "http://h:1/announce.php/?a", TRACKER_HTTP, "h", 1, "/announce.php/?a",
      "http://h:1/scrape.php/?a" },
    { "http://h:1/announce?passkey=k", TRACKER_HTTP, "h", 1, "/announce?passkey=k",
      "http://h:1/scrape?passkey=k" },
    { "HTTPS://h/announce", TRACKER_HTTPS, "h", 443, "/announce", "HTTPS://h/scrape" },
    { "udp4://h:1/announce", TRACKER_UDP, "h", 1, "/announce", "udp4://h:1/scrape" },
    { "UDP6://[::1]:1", TRACKER_UDP, "::1", 1, "", NULL },
    { "http://h/announce/x/y", TRACKER_HTTP, "h", 80, "/announce/x/y", NULL },
    { "http://h?announce", TRACKER_HTTP, "h", 80, "?announce", NULL },
};

START_TEST(url_is_taken_apart) {
    struct tracker_url url;
    const char *error = tracker_url_parse(bytes_of(urls[_i].text), &url);
    ck_assert_msg(error == NULL, "%s", error);
    ck_assert_int_eq(url.scheme, urls[_i].scheme);
    ck_assert_str_eq(url.host, urls[_i].host);
    ck_assert_uint_eq(url.port, urls[_i].port);
    assert_bytes(url.target, bytes_of(urls[_i].target));
}
END_TEST

START_TEST(scheme_may_name_the_family) {
    static const struct {
        const char *text;
        enum family family;
    } examples[] = {
        { "udp://h:1", FAMILY_NONE },
        { "udp4://h:1", FAMILY_V4 },
        { "udp6://h:1", FAMILY_V6 },
    };
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        struct tracker_url url;
        ck_assert_ptr_null(tracker_url_parse(bytes_of(examples[i].text), &url));
        ck_assert_int_eq(url.family, examples[i].family);
    }
}
END_TEST

START_TEST(scrape_url_is_beside_the_announce_url) {
    struct tracker_url url;
    uint8_t out[128];
    struct writer w = writer_on(out, sizeof out);
    ck_assert_ptr_null(tracker_url_parse(bytes_of(urls[_i].text), &url));
    const bool good = tracker_url_write_scrape(&w, &url);
    ck_assert(good == (urls[_i].scrape != NULL));
    if (good)
        assert_written(&w, urls[_i].scrape);
}
END_TEST

static const char *const bad[] = {
    "",
    "tracker.example/announce",
    "ftp://h/announce",
    "http://",
    "http:///announce",
    "http://:80/announce",
    "http://h:0/",
    "http://h:65536/",
    "http://h:x/",
    "udp://h/announce",
    "udp://h",
    "http://[::1/announce",
    "http://[::1]x/announce",
    "http://user:word@h/",
    "http://h/a b",
    "http://h/\r\nHost: other",
};

START_TEST(invalid_url_is_refused_with_a_reason) {
    struct tracker_url url;
    ck_assert_ptr_nonnull(tracker_url_parse(bytes_of(bad[_i]), &url));
}
END_TEST

START_TEST(host_of_any_length_is_safe) {
    char text[2 * TRACKER_HOST_LEN] = "http://";
    struct tracker_url url;
    memset(text + 7, 'h', TRACKER_HOST_LEN - 1);
    ck_assert_ptr_null(tracker_url_parse(bytes_of(text), &url));
    ck_assert_uint_eq(strlen(url.host), TRACKER_HOST_LEN - 1);
    text[7 + TRACKER_HOST_LEN - 1] = 'h';
    ck_assert_ptr_nonnull(tracker_url_parse(bytes_of(text), &url));
}
END_TEST

UNIT_SUITE(tracker_url) {
    Suite *suite = suite_create("tracker_url");
    TCase *parse = tcase_create("parse");
    tcase_add_loop_test(parse, url_is_taken_apart, 0, LOOPS_OF(urls));
    tcase_add_test(parse, scheme_may_name_the_family);
    tcase_add_loop_test(parse, scrape_url_is_beside_the_announce_url, 0, LOOPS_OF(urls));
    tcase_add_loop_test(parse, invalid_url_is_refused_with_a_reason, 0, LOOPS_OF(bad));
    tcase_add_test(parse, host_of_any_length_is_safe);
    suite_add_tcase(suite, parse);
    return suite;
}
