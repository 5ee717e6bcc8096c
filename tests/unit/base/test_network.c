#include <string.h>

#include "support.h"

static struct networks networks_of(const char *text) {
    struct networks networks = { .count = 1 };
    ck_assert_msg(network_parse(text, &networks.list[0]), "%s is no network", text);
    return networks;
}

static bool holds(const char *network, const char *address) {
    const struct networks networks = networks_of(network);
    const struct endpoint endpoint = endpoint_at(address, 6881);
    return networks_contain(&networks, &endpoint);
}

static const struct {
    const char *network;
    const char *inside;
    const char *outside;
} edges[] = {
    { "10.0.0.0/8", "10.0.0.0", "11.0.0.0" },
    { "10.0.0.0/8", "10.255.255.255", "9.255.255.255" },
    { "172.16.0.0/12", "172.16.0.0", "172.15.255.255" },
    { "172.16.0.0/12", "172.31.255.255", "172.32.0.0" },
    { "192.168.0.0/16", "192.168.255.255", "192.169.0.0" },
    { "192.0.2.128/25", "192.0.2.128", "192.0.2.127" },
    { "192.0.2.6/31", "192.0.2.7", "192.0.2.8" },
    { "192.0.2.1/32", "192.0.2.1", "192.0.2.0" },
    { "192.0.2.1", "192.0.2.1", "192.0.2.3" },
    { "128.0.0.0/1", "255.255.255.255", "127.255.255.255" },
    { "0.0.0.0/0", "255.255.255.255", "::1" },
    { "0.0.0.0/0", "0.0.0.0", "2001:db8::1" },
    { "::/0", "2001:db8::1", "192.0.2.1" },
    { "::1/128", "::1", "::" },
    { "::1", "::1", "::3" },
    { "fe80::/10", "fe80::1", "fec0::1" },
    { "fe80::/10", "febf:ffff::1", "fe7f::1" },
    { "fc00::/7", "fdff::", "fe00::" },
    { "2001:db8::/32", "2001:db8:ffff::", "2001:db9::" },
    { "2001:db8::2/127", "2001:db8::3", "2001:db8::4" },
    { " 10.0.0.0/8\xc2\xa0", "10.0.0.0", "11.0.0.0" },
    { "'fe80::/10'", "fe80::1", "fec0::1" },
};

START_TEST(network_ends_where_its_prefix_does) {
    ck_assert_msg(holds(edges[_i].network, edges[_i].inside), "%s not in %s", edges[_i].inside,
                  edges[_i].network);
    ck_assert_msg(!holds(edges[_i].network, edges[_i].outside), "%s in %s", edges[_i].outside,
                  edges[_i].network);
}
END_TEST

static const char *const no_networks[] = {
    "",
    "/",
    "/8",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
    "10.0.0.0 /8",
    "10.0.0.0/x",
    "10.0.0.0/4294967304",
    "10.0.0.0/99999999999999999999",
    "::/129",
    "lan",
    "10.0.0/8",
    "2001:0db8:0000:0000:0000:0000:0000:0001:0002:0003:0004:0005:0006/128",
};

START_TEST(text_that_is_no_network_is_refused) {
    struct network network = { .family = 99, .bits = 99 };
    ck_assert(!network_parse(no_networks[_i], &network));
    ck_assert_uint_eq(network.family, 99);
}
END_TEST

static const char *const strayed_bits[] = {
    "10.0.0.1/8",     "10.0.0.1/31",     "10.1.0.0/8", "128.0.0.0/0", "192.0.2.129/25",
    "2001:db8::1/32", "2001:db8::1/127", "fe80::1/10", "8000::/0",    "fe00::/6",
};

START_TEST(bits_behind_the_prefix_are_refused) {
    struct network network;
    ck_assert(!network_parse(strayed_bits[_i], &network));
}
END_TEST

START_TEST(every_v4_prefix_holds_itself_alone) {
    for (unsigned bits = 1; bits <= 32; bits++) {
        struct endpoint first = { .family = FAMILY_V4 };
        store_u32(first.wire, UINT32_MAX << (32 - bits));
        struct networks networks = { .count = 1 };
        networks.list[0] = (struct network){ .family = FAMILY_V4, .bits = (uint8_t)bits };
        memcpy(networks.list[0].address, first.wire, 4);
        ck_assert(networks_contain(&networks, &first));
        store_u32(first.wire, load_u32(first.wire) - 1);
        ck_assert(!networks_contain(&networks, &first));
    }
}
END_TEST

START_TEST(any_of_several_networks_is_enough) {
    struct networks networks = networks_of("10.0.0.0/8");
    ck_assert(network_parse("fd00::/8", &networks.list[networks.count++]));
    ck_assert(network_parse("192.0.2.1", &networks.list[networks.count++]));
    const struct endpoint first = endpoint_at("10.1.2.3", 1);
    const struct endpoint middle = endpoint_at("fd00::1", 1);
    const struct endpoint last = endpoint_at("192.0.2.1", 1);
    const struct endpoint none = endpoint_at("192.0.2.2", 1);
    ck_assert(networks_contain(&networks, &first));
    ck_assert(networks_contain(&networks, &middle));
    ck_assert(networks_contain(&networks, &last));
    ck_assert(!networks_contain(&networks, &none));
}
END_TEST

START_TEST(empty_network_list_contains_no_address) {
    const struct networks networks = { 0 };
    const struct endpoint endpoint = endpoint_at("10.0.0.1", 1);
    ck_assert(!networks_contain(&networks, &endpoint));
}
END_TEST

UNIT_SUITE(network) {
    Suite *suite = suite_create("network");
    TCase *networks = tcase_create("networks");
    tcase_add_loop_test(networks, network_ends_where_its_prefix_does, 0, LOOPS_OF(edges));
    tcase_add_loop_test(networks, text_that_is_no_network_is_refused, 0, LOOPS_OF(no_networks));
    tcase_add_loop_test(networks, bits_behind_the_prefix_are_refused, 0, LOOPS_OF(strayed_bits));
    tcase_add_test(networks, every_v4_prefix_holds_itself_alone);
    tcase_add_test(networks, any_of_several_networks_is_enough);
    tcase_add_test(networks, empty_network_list_contains_no_address);
    suite_add_tcase(suite, networks);
    return suite;
}
