#include "server/host_addresses.h"

#include "support.h"

#define HEADER                                                                                     \
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"

/* The examples are in little-endian byte order, as the kernel prints them on x86. */
static void assert_gateway(const char *routes, const char *expected) {
    const struct endpoint gateway = host_addresses_parse_gateway(bytes_of(routes));
    char text[ENDPOINT_TEXT_LEN] = "none";
    if (gateway.family != FAMILY_NONE)
        endpoint_address_text(&gateway, text);
    ck_assert_str_eq(text, expected);
}

START_TEST(router_of_the_default_route_is_found) {
    assert_gateway(HEADER
                   "eth0\t000211AC\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
                   "eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n",
                   "172.17.0.1");
}
END_TEST

static const char *const without[] = {
    "",
    HEADER,
    HEADER "eth0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n",
    HEADER "eth0\t0000A8C0\t0101A8C0\t0003\t0\t0\t0\t0000FFFF\t0\t0\t0\n",
    HEADER "eth0\t00000000\t0101A8C0\t0003",
    HEADER "eth0\tx\ty\t0003\t0\t0\t0\tz\n",
    "\n\n\t\t\t\t\t\t\t\t\n",
};

START_TEST(where_there_is_none_none_is_found) {
    assert_gateway(without[_i], "none");
}
END_TEST

UNIT_SUITE(host_addresses) {
    Suite *suite = suite_create("host_addresses");
    TCase *tcase = tcase_create("gateway");
    tcase_add_test(tcase, router_of_the_default_route_is_found);
    tcase_add_loop_test(tcase, where_there_is_none_none_is_found, 0, LOOPS_OF(without));
    suite_add_tcase(suite, tcase);
    return suite;
}
