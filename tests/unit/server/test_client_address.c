#include "server/client_address.h"

#include <string.h>

#include "support.h"

enum { PORT = 50000, HEADERS_MAX = 3 };

struct header {
    const char *name;
    const char *value;
};

/* A request from `peer`, and the client that it is attributed to. */
struct example {
    const char *peer;
    bool http10;
    struct header headers[HEADERS_MAX];
    const char *client; /* NULL: the headers are invalid */
    bool proxied;
    bool may_be_proxy;
    bool uncertain;
};

static const char PROXY[] = "10.0.0.1"; /* trusted, with 10.0.0.2 and loopback */

/* clang-format off */
static const struct example examples[] = {
    /* Without a trusted proxy the headers only raise doubt. */
    { "192.0.2.1", false, { { "Host", "x" } }, "192.0.2.1", false, false, false },
    { "192.0.2.1", true, { { 0 } }, "192.0.2.1", false, false, true },
    { "192.0.2.1", false, { { "X-Forwarded-For", "1.2.3.4" } }, "192.0.2.1", false, true, true },
    { "192.0.2.1", false, { { "x-forwarded-FOR", "junk" } }, "192.0.2.1", false, true, true },
    { "192.0.2.1", false, { { "Forwarded", "for=1.2.3.4" } }, "192.0.2.1", false, true, true },
    { "192.0.2.1", false, { { "Via", "1.1 proxy" } }, "192.0.2.1", false, true, true },
    { "192.0.2.1", false, { { "X-Real-IP", "1.2.3.4" } }, "192.0.2.1", false, true, true },
    { "192.0.2.1", false, { { "X-Forwarded-Host", "x" } }, "192.0.2.1", false, true, true },
    { "192.0.2.1", false, { { "X-Forwarded-Proto", "https" } }, "192.0.2.1", false, true, true },
    { "192.0.2.1", false, { { "X-Forwarded-Server", "x" } }, "192.0.2.1", false, true, true },
    { "192.0.2.1", false, { { "X-Forwarded", "x" }, { "Vi", "a" } }, "192.0.2.1", false, false, false },
    { "2001:db8::1", false, { { "Via", NULL } }, "2001:db8::1", false, true, true },
    /* A trusted proxy that names the client. */
    { PROXY, false, { { "X-Forwarded-For", "192.0.2.7" } }, "192.0.2.7", true, false, false },
    { PROXY, true, { { "X-Forwarded-For", "192.0.2.7" } }, "192.0.2.7", true, false, false },
    { PROXY, false, { { "Forwarded", "for=\"[2001:db8::7]:80\";proto=https" } }, "2001:db8::7", true, false, false },
    { PROXY, false, { { "X-Forwarded-For", "192.0.2.9, 192.0.2.7, 10.0.0.2" } }, "192.0.2.7", true, false, false },
    { PROXY, false, { { "X-Forwarded-For", "192.0.2.9" }, { "X-Forwarded-For", "192.0.2.7" } }, "192.0.2.7", true, false, false },
    { PROXY, false, { { "Forwarded", "for=192.0.2.7" }, { "X-Forwarded-For", "192.0.2.7" }, { "Via", "x" } }, "192.0.2.7", true, false, false },
    { "127.0.0.1", true, { { "X-Forwarded-For", "127.0.0.1" } }, "127.0.0.1", true, true, false },
    /* The proxy names itself. */
    { PROXY, false, { { "X-Forwarded-For", "10.0.0.1" } }, "10.0.0.1", true, true, false },
    /* Only a proxy on this machine can know a client on loopback. */
    { PROXY, false, { { "X-Forwarded-For", "127.0.0.1" } }, "127.0.0.1", true, false, true },
    { PROXY, false, { { "Forwarded", "for=\"[::1]\"" } }, "::1", true, false, true },
    /* A trusted proxy that does not name the client. */
    { PROXY, false, { { "Host", "x" } }, "10.0.0.1", false, false, true },
    { PROXY, false, { { "Via", "1.1 x" } }, "10.0.0.1", false, true, true },
    { PROXY, false, { { "X-Forwarded-For", " , " } }, "10.0.0.1", false, true, true },
    { PROXY, true, { { 0 } }, "10.0.0.1", false, false, true },
    { "127.0.0.1", true, { { 0 } }, "127.0.0.1", false, true, true },
    { "127.0.0.1", false, { { 0 } }, "127.0.0.1", false, false, true },
    /* Invalid headers of a trusted proxy. */
    { PROXY, false, { { "X-Forwarded-For", "unknown" } }, NULL, true, false, false },
    { PROXY, false, { { "Forwarded", "proto=https" } }, NULL, true, false, false },
    { PROXY, false, { { "Forwarded", "for=192.0.2.7" }, { "X-Forwarded-For", "192.0.2.8" } }, NULL, true, false, false },
};

/* With a configured client header. */
static const struct {
    const char *only;
    struct example example;
} configured[] = {
    /* A configured header names the client, and no other one does. */
    { "", { PROXY, false, { { "X-Real-IP", "192.0.2.7" } }, "10.0.0.1", false, true, true } },
    { "X-Real-IP", { PROXY, false, { { "x-real-ip", "192.0.2.7" } }, "192.0.2.7", true, false, false } },
    { "cf-connecting-ip", { PROXY, false, { { "CF-Connecting-IP", "192.0.2.7" } }, "192.0.2.7", true, false, false } },
    { "X-Real-IP", { PROXY, false, { { "X-Forwarded-For", "192.0.2.9" }, { "Forwarded", "junk" }, { "X-Real-IP", "192.0.2.7" } }, "192.0.2.7", true, false, false } },
    { "X-Real-IP", { PROXY, false, { { "X-Forwarded-For", "192.0.2.9" }, { "Forwarded", "for=192.0.2.9" } }, "10.0.0.1", false, true, true } },
    { "X-Real-IP", { PROXY, false, { { "X-Real-I", "192.0.2.9" }, { "X-Real-IPs", "192.0.2.9" } }, "10.0.0.1", false, false, true } },
    { "X-Real-IP", { PROXY, false, { { "X-Real-IP", NULL } }, "10.0.0.1", false, true, true } },
    { "X-Real-IP", { PROXY, false, { { "X-Real-IP", "junk" } }, NULL, true, false, false } },
    { "X-Real-IP", { PROXY, false, { { "X-Real-IP", "192.0.2.9, 192.0.2.7" } }, NULL, true, false, false } },
    { "X-Real-IP", { PROXY, false, { { "X-Real-IP", "192.0.2.9" }, { "X-Real-IP", "192.0.2.7" } }, NULL, true, false, false } },
    { "X-Real-IP", { PROXY, false, { { "X-Real-IP", "10.0.0.2" } }, "10.0.0.2", true, false, false } },
    { "X-Real-IP", { PROXY, false, { { "X-Real-IP", "127.0.0.1" } }, "127.0.0.1", true, false, true } },
    /* The two default ones can be chosen, too, and are then read as lists. */
    { "x-forwarded-for", { PROXY, false, { { "Forwarded", "for=192.0.2.9" }, { "X-Forwarded-For", "192.0.2.9, 192.0.2.7" } }, "192.0.2.7", true, false, false } },
    { "forwarded", { PROXY, false, { { "Forwarded", "for=192.0.2.9, for=192.0.2.7" }, { "X-Forwarded-For", "192.0.2.9" } }, "192.0.2.7", true, false, false } },
    /* From anyone else it raises doubt. */
    { "", { "192.0.2.1", false, { { "CF-Connecting-IP", "192.0.2.7" } }, "192.0.2.1", false, false, false } },
    { "CF-Connecting-IP", { "192.0.2.1", false, { { "CF-Connecting-IP", "192.0.2.7" } }, "192.0.2.1", false, true, true } },
    { "CF-Connecting-IP", { "192.0.2.1", false, { { "X-Forwarded-For", "192.0.2.7" } }, "192.0.2.1", false, true, true } },
};
/* clang-format on */

static struct networks trusted_networks(void) {
    static const char *const names[] = { "10.0.0.1", "10.0.0.2", "127.0.0.0/8" };
    struct networks networks = { .count = COUNT_OF(names) };
    for (size_t i = 0; i < COUNT_OF(names); i++)
        ck_assert(network_parse(names[i], &networks.list[i]));
    return networks;
}

static struct client find_client(const struct example *example, const char *only) {
    const struct networks trusted = trusted_networks();
    const struct endpoint peer = endpoint_at(example->peer, PORT);
    struct client_headers headers = {
        .trusted = networks_contain(&trusted, &peer) ? &trusted : NULL,
        .client_header = only,
        .http10 = example->http10,
    };
    for (size_t i = 0; i < HEADERS_MAX && example->headers[i].name != NULL; i++) {
        const struct header *header = &example->headers[i];
        client_headers_read(&headers, header->name, strlen(header->name), header->value);
    }
    return client_address_find(&peer, &headers);
}

static void check_example(const struct example *example, const char *only) {
    const struct client client = find_client(example, only);
    char text[ENDPOINT_TEXT_LEN] = "invalid";
    if (client.endpoint.family != FAMILY_NONE) {
        endpoint_address_text(&client.endpoint, text);
        ck_assert_uint_eq(endpoint_port(&client.endpoint), PORT);
    }
    ck_assert_str_eq(text, example->client == NULL ? "invalid" : example->client);
    ck_assert_int_eq(client.proxied, example->proxied);
    ck_assert_int_eq(client.may_be_proxy, example->may_be_proxy);
    ck_assert_int_eq(client.uncertain, example->uncertain);
}

START_TEST(client_follows_from_peer_and_headers) {
    check_example(&examples[_i], NULL);
    check_example(&examples[_i], "");
}
END_TEST

START_TEST(configured_header_alone_names_the_client) {
    check_example(&configured[_i].example, configured[_i].only);
}
END_TEST

START_TEST(without_trusted_proxies_loopback_is_certain) {
    const struct endpoint peer = endpoint_at("127.0.0.1", PORT);
    const struct client_headers none = { 0 };
    ck_assert(!client_address_find(&peer, &none).uncertain);
    const struct client_headers http10 = { .http10 = true };
    ck_assert(client_address_find(&peer, &http10).may_be_proxy);
}
END_TEST

UNIT_SUITE(client_address) {
    Suite *suite = suite_create("client_address");
    TCase *tests = tcase_create("client_address");
    tcase_add_loop_test(tests, client_follows_from_peer_and_headers, 0, LOOPS_OF(examples));
    tcase_add_loop_test(tests, configured_header_alone_names_the_client, 0, LOOPS_OF(configured));
    tcase_add_test(tests, without_trusted_proxies_loopback_is_certain);
    suite_add_tcase(suite, tests);
    return suite;
}
