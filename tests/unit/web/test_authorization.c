#include "web/http/authorization.h"

#include <string.h>

#include "support.h"

static const char TOKEN[] = "0123456789abcdef";
static const char HOME[] = "127.0.0.1:6969";

static struct authorization_rules rules(void) {
    struct authorization_rules rules = { .token_set = true, .admins = { .count = 3 } };
    ck_assert(network_parse("127.0.0.0/8", &rules.admins.list[0]));
    ck_assert(network_parse("::1", &rules.admins.list[1]));
    ck_assert(network_parse("192.168.0.0/16", &rules.admins.list[2]));
    rules.names.count = 2;
    strcpy(rules.names.list[0], "house");
    strcpy(rules.names.list[1], "tracker.lan.example");
    digest_sha256(TOKEN, strlen(TOKEN), rules.token_digest);
    return rules;
}

static struct web_request request_from(const char *address) {
    return (
        struct web_request){ .method = "GET", .host = HOME, .client = endpoint_at(address, 40000) };
}

static enum auth_proof proof_of(const struct web_request *request) {
    const struct authorization_rules ours = rules();
    return authorize(&ours, request).proof;
}

static const struct {
    const char *address;
    enum auth_proof proof;
} addresses[] = {
    { "127.0.0.1", AUTH_BY_ADDRESS },
    { "127.9.9.9", AUTH_BY_ADDRESS },
    { "::1", AUTH_BY_ADDRESS },
    { "::ffff:127.0.0.1", AUTH_BY_ADDRESS },
    { "192.168.7.7", AUTH_BY_ADDRESS },
    { "192.169.0.1", AUTH_WRONG_ADDRESS },
    { "203.0.113.7", AUTH_WRONG_ADDRESS },
    { "2001:db8::1", AUTH_WRONG_ADDRESS },
    { "::ffff:10.0.0.1", AUTH_WRONG_ADDRESS },
};

START_TEST(address_decides) {
    const struct web_request request = request_from(addresses[_i].address);
    ck_assert_int_eq(proof_of(&request), addresses[_i].proof);
}
END_TEST

START_TEST(unknown_client_is_no_admin) {
    struct web_request request = request_from("127.0.0.1");
    request.client = (struct endpoint){ .family = FAMILY_NONE };
    ck_assert_int_eq(proof_of(&request), AUTH_WRONG_ADDRESS);
}
END_TEST

static const struct {
    const char *host;
    bool known;
} hosts[] = {
    { "127.0.0.1", true },
    { "192.168.1.10:6969", true },
    { "203.0.113.5:80", true },
    { "[::1]", true },
    { "[2001:db8::1]:6969", true },
    { "localhost", true },
    { "LocalHost:6969", true },
    { "localhost.", true },
    { "house:6969", true },
    { "HOUSE", true },
    { "tracker.lan.example", true },
    { "tracker.lan.example.:6969", true },
    { "127.0.0.1:", true },

    { NULL, false },
    { "", false },
    { ":6969", false },
    { ".", false },
    { "evil.example", false },
    { "127.0.0.1.evil.example:6969", false },
    { "localhost.evil.example", false },
    { "evil.example:127.0.0.1", false },
    { "localhost:6969:evil", false },
    { "localhost:99999", false },
    { "localhost:-1", false },
    { "lan.example", false },
    { "house.lan", false },
    { "::1", false },
    { "[127.0.0.1]", false },
    { "[::1", false },
    { "[::1]evil.example", false },
    { "[localhost]", false },
    { "evil@127.0.0.1", false },
    { "127.0.0.1 ", false },
    { "0x7f.1", false },
};

START_TEST(host_must_be_our_own) {
    struct web_request request = request_from("127.0.0.1");
    request.host = hosts[_i].host;
    ck_assert_msg((proof_of(&request) == AUTH_BY_ADDRESS) == hosts[_i].known, "%s", hosts[_i].host);
    if (!hosts[_i].known)
        ck_assert_int_eq(proof_of(&request), AUTH_WRONG_HOST);
}
END_TEST

START_TEST(host_longer_than_any_name_is_unknown) {
    char host[2 * HOSTNAME_LEN];
    memset(host, 'a', sizeof host);
    host[sizeof host - 1] = '\0';
    struct web_request request = request_from("127.0.0.1");
    request.host = host;
    ck_assert_int_eq(proof_of(&request), AUTH_WRONG_HOST);
}
END_TEST

START_TEST(unknown_proxy_makes_no_admin) {
    struct web_request request = request_from("127.0.0.1");
    request.client_uncertain = true;
    ck_assert_int_eq(proof_of(&request), AUTH_UNTRUSTED_PROXY);
}
END_TEST

static const struct {
    const char *authorization;
    enum auth_proof proof; /* of a stranger */
} tokens[] = {
    { "Bearer 0123456789abcdef", AUTH_BY_TOKEN },
    { "bearer 0123456789abcdef", AUTH_BY_TOKEN },
    { "Bearer 0123456789abcdeF", AUTH_WRONG_TOKEN },
    { "Bearer 0123456789abcde", AUTH_WRONG_TOKEN },
    { "Bearer 0123456789abcdef0", AUTH_WRONG_TOKEN },
    { "Bearer  0123456789abcdef", AUTH_WRONG_TOKEN },
    { "Bearer ", AUTH_WRONG_TOKEN },
    { "Bearer", AUTH_WRONG_TOKEN },
    { "", AUTH_WRONG_ADDRESS },
    { "0123456789abcdef", AUTH_WRONG_ADDRESS },
    { "Basic 0123456789abcdef", AUTH_WRONG_ADDRESS },
    { "Bearer0123456789abcdef", AUTH_WRONG_ADDRESS },
};

START_TEST(token_makes_an_admin_of_anyone) {
    struct web_request request = request_from("203.0.113.7");
    request.authorization = tokens[_i].authorization;
    request.host = "anything.example";
    ck_assert_int_eq(proof_of(&request), tokens[_i].proof);
}
END_TEST

START_TEST(without_a_token_none_is_accepted) {
    struct authorization_rules ours = rules();
    ours.token_set = false;
    digest_sha256("", 0, ours.token_digest);
    struct web_request request = request_from("203.0.113.7");
    request.authorization = tokens[_i].authorization;
    const struct authorization auth = authorize(&ours, &request);
    ck_assert_int_eq(auth.role, ROLE_NONE);
    ck_assert(!auth.tokens);
}
END_TEST

START_TEST(wrong_token_overrides_the_address) {
    struct web_request request = request_from("127.0.0.1");
    request.authorization = tokens[_i].authorization;
    const enum auth_proof proof =
        tokens[_i].proof == AUTH_WRONG_ADDRESS ? AUTH_BY_ADDRESS : tokens[_i].proof;
    ck_assert_int_eq(proof_of(&request), proof);
}
END_TEST

START_TEST(wrong_token_has_no_role_even_with_public_stats) {
    struct authorization_rules ours = rules();
    struct web_request request = request_from("203.0.113.7");
    ours.public_stats = true;
    request.authorization = "Bearer wrong";
    ck_assert_int_eq(authorize(&ours, &request).role, ROLE_NONE);
    request.authorization = "Basic wrong";
    ck_assert_int_eq(authorize(&ours, &request).role, ROLE_PUBLIC);
}
END_TEST

START_TEST(role_follows_proof_and_public_stats) {
    struct authorization_rules ours = rules();
    const struct web_request admin = request_from("127.0.0.1");
    const struct web_request stranger = request_from("203.0.113.7");
    ck_assert_int_eq(authorize(&ours, &admin).role, ROLE_ADMIN);
    ck_assert_int_eq(authorize(&ours, &stranger).role, ROLE_NONE);
    ours.public_stats = true;
    ck_assert_int_eq(authorize(&ours, &admin).role, ROLE_ADMIN);
    ck_assert_int_eq(authorize(&ours, &stranger).role, ROLE_PUBLIC);
    ck_assert(authorize(&ours, &stranger).tokens);
}
END_TEST

static const struct {
    const char *origin, *host;
    bool secure, proxied, own;
} origins[] = {
    { NULL, "house:6969", false, false, true },
    { "http://house:6969", "house:6969", false, false, true },
    { "http://HOUSE:6969", "house:6969", false, false, true },
    { "http://house", "house", false, false, true },
    { "http://house", "house:80", false, false, true },
    { "https://house", "house:443", true, false, true },
    { "https://house:8443", "house:8443", true, false, true },
    { "http://[::1]:6969", "[::1]:6969", false, false, true },
    { "http://127.0.0.1:6969", "127.0.0.1:6969", false, false, true },
    { "https://house", "house:6969", false, true, true },

    { "null", "house:6969", false, false, false },
    { "", "house:6969", false, false, false },
    { "http://evil.example", "house:6969", false, false, false },
    { "http://house:6969.evil.example", "house:6969", false, false, false },
    { "http://house:3000", "house:6969", false, false, false },
    { "http://house", "house:6969", false, false, false },
    { "https://house:6969", "house:6969", false, false, false },
    { "http://house:8443", "house:8443", true, false, false },
    { "https://house", "house:80", false, false, false },
    { "http://127.0.0.1:6969", "localhost:6969", false, false, false },
    { "ftp://house:6969", "house:6969", false, false, false },
    { "file://", "house:6969", false, false, false },
    { "http:house:6969", "house:6969", false, false, false },
    { "http://house:6969", NULL, false, false, false },
    { "https://evil.example", "house:6969", false, true, false },
};

START_TEST(change_comes_from_our_own_page_or_from_no_browser) {
    struct web_request request = request_from("127.0.0.1");
    request.method = "POST";
    request.origin = origins[_i].origin;
    request.host = origins[_i].host;
    request.secure = origins[_i].secure;
    request.proxied = origins[_i].proxied;
    ck_assert_msg(authorization_is_cross_site(&request) != origins[_i].own, "%s, %s",
                  request.origin, request.host);
    request.method = "GET";
    ck_assert(!authorization_is_cross_site(&request));
}
END_TEST

static const struct {
    const char *site;
    bool cross_site;
} sites[] = {
    { NULL, false },        { "same-origin", false }, { "none", false },
    { "cross-site", true }, { "same-site", true },    { "", true },
};

START_TEST(cross_site_header_of_a_browser_is_honoured) {
    struct web_request request = request_from("127.0.0.1");
    request.method = "DELETE";
    request.sec_fetch_site = sites[_i].site;
    ck_assert_int_eq(authorization_is_cross_site(&request), sites[_i].cross_site);
}
END_TEST

UNIT_SUITE(authorization) {
    Suite *suite = suite_create("authorization");
    TCase *tests = tcase_create("authorization");
    tcase_add_loop_test(tests, address_decides, 0, LOOPS_OF(addresses));
    tcase_add_test(tests, unknown_client_is_no_admin);
    tcase_add_loop_test(tests, host_must_be_our_own, 0, LOOPS_OF(hosts));
    tcase_add_test(tests, host_longer_than_any_name_is_unknown);
    tcase_add_test(tests, unknown_proxy_makes_no_admin);
    tcase_add_loop_test(tests, token_makes_an_admin_of_anyone, 0, LOOPS_OF(tokens));
    tcase_add_loop_test(tests, without_a_token_none_is_accepted, 0, LOOPS_OF(tokens));
    tcase_add_loop_test(tests, wrong_token_overrides_the_address, 0, LOOPS_OF(tokens));
    tcase_add_test(tests, wrong_token_has_no_role_even_with_public_stats);
    tcase_add_test(tests, role_follows_proof_and_public_stats);
    tcase_add_loop_test(tests, change_comes_from_our_own_page_or_from_no_browser, 0,
                        LOOPS_OF(origins));
    tcase_add_loop_test(tests, cross_site_header_of_a_browser_is_honoured, 0, LOOPS_OF(sites));
    suite_add_tcase(suite, tests);
    return suite;
}
