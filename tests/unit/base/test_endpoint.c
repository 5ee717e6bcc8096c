#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "support.h"

static struct endpoint from_v4(const char *address, uint16_t port) {
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
    ck_assert_int_eq(inet_pton(AF_INET, address, &in.sin_addr), 1);
    return endpoint_from_sockaddr((const struct sockaddr *)&in);
}

static struct endpoint from_v6(const char *address, uint16_t port) {
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    ck_assert_int_eq(inet_pton(AF_INET6, address, &in6.sin6_addr), 1);
    return endpoint_from_sockaddr((const struct sockaddr *)&in6);
}

START_TEST(v4_wire_form_is_address_and_port) {
    const struct endpoint endpoint = from_v4("192.0.2.1", 6881);
    const uint8_t wire[ENDPOINT_MAX_LEN] = { 192, 0, 2, 1, 0x1a, 0xe1 };
    ck_assert_uint_eq(endpoint.family, FAMILY_V4);
    ck_assert_mem_eq(endpoint.wire, wire, sizeof wire);
    ck_assert_uint_eq(endpoint_port(&endpoint), 6881);
}
END_TEST

START_TEST(v6_wire_form_is_address_and_port) {
    const struct endpoint endpoint = from_v6("2001:db8::1", 65535);
    const uint8_t wire[ENDPOINT_MAX_LEN] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1, 0xff, 0xff };
    ck_assert_uint_eq(endpoint.family, FAMILY_V6);
    ck_assert_mem_eq(endpoint.wire, wire, sizeof wire);
    ck_assert_uint_eq(endpoint_port(&endpoint), 65535);
}
END_TEST

START_TEST(mapped_v4_address_is_v4) {
    const struct endpoint mapped = from_v6("::ffff:192.0.2.1", 6881);
    const struct endpoint plain = from_v4("192.0.2.1", 6881);
    struct endpoint parsed;
    ck_assert(endpoint_equal(&mapped, &plain));
    ck_assert(endpoint_parse_address("::ffff:192.0.2.1", &parsed));
    ck_assert_uint_eq(parsed.family, FAMILY_V4);
}
END_TEST

START_TEST(v6_address_that_only_looks_mapped_stays_v6) {
    ck_assert_uint_eq(from_v6("::192.0.2.1", 1).family, FAMILY_V6);
    ck_assert_uint_eq(from_v6("::fffe:192.0.2.1", 1).family, FAMILY_V6);
    ck_assert_uint_eq(from_v6("1::ffff:192.0.2.1", 1).family, FAMILY_V6);
}
END_TEST

START_TEST(other_families_have_no_endpoint) {
    const struct sockaddr address = { .sa_family = AF_UNIX };
    ck_assert_uint_eq(endpoint_from_sockaddr(&address).family, FAMILY_NONE);
}
END_TEST

START_TEST(lengths_follow_the_family) {
    ck_assert_uint_eq(endpoint_len(FAMILY_V4), 6);
    ck_assert_uint_eq(endpoint_len(FAMILY_V6), 18);
    ck_assert_uint_eq(address_len(FAMILY_V4), 4);
    ck_assert_uint_eq(address_len(FAMILY_V6), 16);
}
END_TEST

START_TEST(wire_form_survives_the_way_back) {
    const struct endpoint v4 = from_v4("198.51.100.7", 1);
    const struct endpoint v6 = from_v6("fe80::2", 2);
    const struct endpoint v4_again = endpoint_from_wire(FAMILY_V4, v4.wire);
    const struct endpoint v6_again = endpoint_from_wire(FAMILY_V6, v6.wire);
    ck_assert_mem_eq(&v4_again, &v4, sizeof v4);
    ck_assert_mem_eq(&v6_again, &v6, sizeof v6);
}
END_TEST

START_TEST(endpoints_differ_by_family_address_or_port) {
    const struct endpoint a = from_v4("192.0.2.1", 6881);
    const struct endpoint other_port = from_v4("192.0.2.1", 6882);
    const struct endpoint other_address = from_v4("192.0.2.2", 6881);
    struct endpoint other_family = a;
    other_family.family = FAMILY_V6;
    ck_assert(endpoint_equal(&a, &a));
    ck_assert(!endpoint_equal(&a, &other_port));
    ck_assert(!endpoint_equal(&a, &other_address));
    ck_assert(!endpoint_equal(&a, &other_family));
}
END_TEST

START_TEST(port_is_set_in_place) {
    struct endpoint v4 = from_v4("192.0.2.1", 6881);
    struct endpoint v6 = from_v6("2001:db8::1", 6881);
    endpoint_set_port(&v4, 0);
    endpoint_set_port(&v6, 0x1234);
    ck_assert_uint_eq(endpoint_port(&v4), 0);
    ck_assert_uint_eq(endpoint_port(&v6), 0x1234);
    const struct endpoint expected = from_v4("192.0.2.1", 0);
    ck_assert(endpoint_equal(&v4, &expected));
}
END_TEST

static const struct {
    const char *address;
    const char *shown;
    const char *with_port;
} texts[] = {
    { "192.0.2.1", "192.0.2.1", "192.0.2.1:6881" },
    { "0.0.0.0", "0.0.0.0", "0.0.0.0:6881" },
    { "255.255.255.255", "255.255.255.255", "255.255.255.255:6881" },
    { "2001:DB8:0:0::1", "2001:db8::1", "[2001:db8::1]:6881" },
    { "::", "::", "[::]:6881" },
    { "::ffff:10.0.0.1", "10.0.0.1", "10.0.0.1:6881" },
    { "1111:2222:3333:4444:5555:6666:7777:8888", "1111:2222:3333:4444:5555:6666:7777:8888",
      "[1111:2222:3333:4444:5555:6666:7777:8888]:6881" },
};

START_TEST(text_goes_both_ways) {
    const struct endpoint endpoint = endpoint_at(texts[_i].address, 6881);
    char text[ENDPOINT_TEXT_LEN];
    endpoint_address_text(&endpoint, text);
    ck_assert_str_eq(text, texts[_i].shown);
    const struct endpoint again = endpoint_at(text, 6881);
    ck_assert(endpoint_equal(&again, &endpoint));
    endpoint_text(&endpoint, text);
    ck_assert_str_eq(text, texts[_i].with_port);
}
END_TEST

static const char *const no_addresses[] = {
    "",           "example.org",   "192.0.2",        "192.0.2.256",  "192.0.2.1:80", " 192.0.2.1",
    "192.0.2.1 ", "[2001:db8::1]", "2001:db8::1%lo", "2001:db8:::1", "1.2.3.4/8",    "01.2.3.4.5",
};

START_TEST(text_that_is_no_address_is_refused) {
    struct endpoint endpoint = from_v4("192.0.2.1", 1);
    const struct endpoint before = endpoint;
    ck_assert(!endpoint_parse_address(no_addresses[_i], &endpoint));
    ck_assert_mem_eq(&endpoint, &before, sizeof before);
}
END_TEST

static const struct {
    const char *address;
    uint16_t port;
    const char *texts[3]; /* full, network, none */
} reductions[] = {
    { "192.0.2.77", 6881, { "192.0.2.77:6881", "192.0.2.0/24", "" } },
    { "2001:db8:1:2:3::4", 6881, { "[2001:db8:1:2:3::4]:6881", "2001:db8:1::/48", "" } },
};

START_TEST(reduced_endpoint_keeps_only_the_network_or_nothing) {
    const struct endpoint full = endpoint_at(reductions[_i].address, reductions[_i].port);
    for (int precision = ADDRESS_FULL; precision <= ADDRESS_NONE; precision++) {
        struct endpoint reduced = endpoint_reduced(&full, (enum address_precision)precision);
        char text[ENDPOINT_TEXT_LEN];
        endpoint_reduced_text(&reduced, text);
        ck_assert_str_eq(text, reductions[_i].texts[precision]);
        ck_assert_uint_eq(reduced.family, full.family);
        ck_assert_uint_eq(endpoint_port(&reduced), precision == ADDRESS_FULL ? 6881 : 0);
    }
}
END_TEST

UNIT_SUITE(endpoint) {
    Suite *suite = suite_create("endpoint");
    TCase *wire = tcase_create("wire");
    tcase_add_test(wire, v4_wire_form_is_address_and_port);
    tcase_add_test(wire, v6_wire_form_is_address_and_port);
    tcase_add_test(wire, mapped_v4_address_is_v4);
    tcase_add_test(wire, v6_address_that_only_looks_mapped_stays_v6);
    tcase_add_test(wire, other_families_have_no_endpoint);
    tcase_add_test(wire, lengths_follow_the_family);
    tcase_add_test(wire, wire_form_survives_the_way_back);
    tcase_add_test(wire, endpoints_differ_by_family_address_or_port);
    tcase_add_test(wire, port_is_set_in_place);
    tcase_add_loop_test(wire, reduced_endpoint_keeps_only_the_network_or_nothing, 0,
                        LOOPS_OF(reductions));
    suite_add_tcase(suite, wire);

    TCase *text = tcase_create("text");
    tcase_add_loop_test(text, text_goes_both_ways, 0, LOOPS_OF(texts));
    tcase_add_loop_test(text, text_that_is_no_address_is_refused, 0, LOOPS_OF(no_addresses));
    suite_add_tcase(suite, text);
    return suite;
}
