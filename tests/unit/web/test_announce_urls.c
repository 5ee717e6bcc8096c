#include "web/views/announce_urls.h"

#include <string.h>

#include "support.h"

static struct tracker_settings settings;
static struct announce_urls urls;

static void set_up(void) {
    settings = (struct tracker_settings){
        .lan = { .count = 1, .list = { { FAMILY_V4, 16, { 192, 168 } } } },
        .listen = { .count = 2 },
        .http_port = 6969,
        .udp_port = 6969,
    };
    settings.listen.list[0] = endpoint_at("127.0.0.1", 0);
    settings.listen.list[1] = endpoint_at("192.168.1.2", 0);
}

static void find(const char *host, bool secure, const char *passkey) {
    const struct web_request request = { .host = host, .secure = secure };
    announce_urls_find(&urls, &settings, &request, passkey);
}

/* Checks the URLs found, in order. */
static void assert_found(const char *const *expected, size_t count) {
    ck_assert_uint_eq(urls.count, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_str_eq(urls.list[i].text, expected[i]);
}

#define ASSERT_FOUND(...)                                                                          \
    assert_found((const char *const[]){ __VA_ARGS__ },                                             \
                 COUNT_OF(((const char *const[]){ __VA_ARGS__ })))

START_TEST(loopback_comes_last_even_for_local_clients) {
    find("127.0.0.1:6969", false, NULL);
    ASSERT_FOUND("http://192.168.1.2:6969/announce", "udp://192.168.1.2:6969/announce",
                 "http://127.0.0.1:6969/announce", "udp://127.0.0.1:6969/announce");
    ck_assert_int_eq(urls.list[0].scope, URL_LAN);
    ck_assert_int_eq(urls.list[2].scope, URL_LOOPBACK);
}
END_TEST

START_TEST(addresses_that_every_client_can_use_come_first) {
    static const char *const addresses[] = { "::1", "fc00::2", "127.0.0.1", "192.0.2.2",
                                             "192.168.1.2" };
    settings.udp_port = 0;
    settings.lan.count = 2;
    ck_assert(network_parse("fc00::/7", &settings.lan.list[1]));
    settings.listen.count = COUNT_OF(addresses);
    for (size_t i = 0; i < COUNT_OF(addresses); i++)
        settings.listen.list[i] = endpoint_at(addresses[i], 0);
    find(NULL, false, NULL);
    ASSERT_FOUND("http://192.168.1.2:6969/announce", "http://192.0.2.2:6969/announce",
                 "http://[fc00::2]:6969/announce", "http://127.0.0.1:6969/announce",
                 "http://[::1]:6969/announce");
}
END_TEST

START_TEST(name_that_the_caller_used_comes_first) {
    settings.udp_port = 0;
    find("tracker.lan:6969", false, "key1");
    ASSERT_FOUND("http://tracker.lan:6969/key1/announce", "http://192.168.1.2:6969/key1/announce",
                 "http://127.0.0.1:6969/key1/announce");
    ck_assert_int_eq(urls.list[0].scope, URL_LAN);
    find("tracker.example:6969", false, NULL);
    ck_assert_int_eq(urls.list[0].scope, URL_PUBLIC);
}
END_TEST

START_TEST(proxy_host_decides_host_and_port) {
    settings.udp_port = 0;
    find("tracker.example", false, NULL);
    ck_assert_str_eq(urls.list[0].text, "http://tracker.example/announce");
    find("tracker.example", true, NULL);
    ck_assert_str_eq(urls.list[0].text, "https://tracker.example/announce");
    ck_assert_uint_eq(urls.count, 3);
    find("tracker.example:8443", true, NULL);
    ck_assert_str_eq(urls.list[0].text, "https://tracker.example:8443/announce");
    find("tracker.example:443", false, NULL);
    ck_assert_str_eq(urls.list[0].text, "https://tracker.example/announce");
}
END_TEST

START_TEST(every_scheme_has_its_port) {
    settings.https_port = 443;
    settings.udp_port = 7000;
    settings.listen.count = 1;
    find("[2001:db8::1]:6969", false, NULL);
    ASSERT_FOUND("http://[2001:db8::1]:6969/announce", "https://[2001:db8::1]/announce",
                 "udp://[2001:db8::1]:7000/announce", "http://127.0.0.1:6969/announce",
                 "https://127.0.0.1/announce", "udp://127.0.0.1:7000/announce");
}
END_TEST

static const char *const strange_hosts[] = {
    "",       ":6969",     "a b",          "host:0",          "host:65536", "host:99999999999",
    "host:x", "host:",     "[::1",         "[::1]x",          "[]",         "a/b",
    "a@b",    "a\"b:6969", "host:6969/..", "[2001:db8::1]:x", "\xff",       "ho%73t",
};

START_TEST(strange_host_is_passed_over) {
    settings.udp_port = 0;
    find(strange_hosts[_i], false, NULL);
    ASSERT_FOUND("http://192.168.1.2:6969/announce", "http://127.0.0.1:6969/announce");
}
END_TEST

START_TEST(configured_urls_are_all_there_is) {
    settings.announce_urls = (struct configured_urls){
        2, { "udp://[2001:db8::1]:6969/announce", "https://tracker.lan/a/announce.php" }
    };
    find("tracker.example", true, NULL);
    ASSERT_FOUND("udp://[2001:db8::1]:6969/announce", "https://tracker.lan/a/announce.php");
    ck_assert_str_eq(urls.list[0].host, "[2001:db8::1]");
    ck_assert_int_eq(urls.list[0].scope, URL_PUBLIC);
    ck_assert_int_eq(urls.list[1].scope, URL_LAN);
    const struct web_request request = { .proxied = true };
    announce_urls_keep_public(&urls, &settings, &request);
    ck_assert_uint_eq(urls.count, 2);
    find(NULL, false, "key");
    ASSERT_FOUND("udp://[2001:db8::1]:6969/key/announce", "https://tracker.lan/a/key/announce.php");
}
END_TEST

START_TEST(caller_without_a_request_gets_the_machine_s_addresses) {
    announce_urls_find(&urls, &settings, NULL, NULL);
    ck_assert_uint_eq(urls.count, 4);
}
END_TEST

START_TEST(caller_without_a_host_gets_the_machine_s_addresses) {
    find(NULL, false, NULL);
    ck_assert_uint_eq(urls.count, 4);
}
END_TEST

START_TEST(torrent_gets_no_loopback_unless_there_is_nothing_else) {
    const char *texts[8];
    find("127.0.0.1:6969", false, NULL);
    ck_assert_uint_eq(announce_urls_for_torrent(&urls, texts, 8), 2);
    ck_assert_uint_eq(announce_urls_for_torrent(&urls, texts, 1), 1);
    settings.listen.count = 1;
    find("127.0.0.1:6969", false, NULL);
    ck_assert_uint_eq(announce_urls_for_torrent(&urls, texts, 8), 1);
    ck_assert_str_eq(texts[0], "http://127.0.0.1:6969/announce");
}
END_TEST

UNIT_SUITE(announce_urls) {
    Suite *suite = suite_create("announce_urls");
    TCase *tcase = tcase_create("announce_urls");
    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, loopback_comes_last_even_for_local_clients);
    tcase_add_test(tcase, addresses_that_every_client_can_use_come_first);
    tcase_add_test(tcase, name_that_the_caller_used_comes_first);
    tcase_add_test(tcase, proxy_host_decides_host_and_port);
    tcase_add_test(tcase, every_scheme_has_its_port);
    tcase_add_loop_test(tcase, strange_host_is_passed_over, 0, LOOPS_OF(strange_hosts));
    tcase_add_test(tcase, configured_urls_are_all_there_is);
    tcase_add_test(tcase, caller_without_a_request_gets_the_machine_s_addresses);
    tcase_add_test(tcase, caller_without_a_host_gets_the_machine_s_addresses);
    tcase_add_test(tcase, torrent_gets_no_loopback_unless_there_is_nothing_else);
    suite_add_tcase(suite, tcase);
    return suite;
}
