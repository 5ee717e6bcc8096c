#include <string.h>

#include "support.h"
#include "wire/forwarded.h"

typedef void (*reader)(struct forwarded *, struct bytes line, const struct networks *trusted);

static const char BROKEN[] = "broken";
static const char NOTHING[] = "";

static struct networks proxies(void) {
    struct networks networks = { .count = 2 };
    ck_assert(network_parse("10.0.0.0/8", &networks.list[0]));
    ck_assert(network_parse("2001:db8:f::/48", &networks.list[1]));
    return networks;
}

/* Reads `lines`, separated by '\n', as lines of one header. */
static struct forwarded read_lines(const char *lines, reader read) {
    const struct networks trusted = proxies();
    struct forwarded forwarded = { 0 };
    struct bytes rest = bytes_of(lines);
    do
        read(&forwarded, bytes_split(&rest, '\n'), &trusted);
    while (rest.len > 0);
    return forwarded;
}

/* `expected` is an address, BROKEN or NOTHING. */
static void assert_is(const struct forwarded *found, const char *expected, const char *lines) {
    char text[ENDPOINT_TEXT_LEN] = "";
    if (found->state == FORWARDED_BROKEN)
        strcpy(text, BROKEN);
    else if (found->state == FORWARDED_CLIENT)
        endpoint_address_text(&found->client, text);
    ck_assert_msg(strcmp(text, expected) == 0, "%s: found \"%s\", expected \"%s\"", lines, text,
                  expected);
    ck_assert(found->state != FORWARDED_CLIENT || endpoint_port(&found->client) == 0);
}

struct header {
    const char *lines;
    const char *client;
};

static const struct header standard[] = {
    { "for=192.0.2.1", "192.0.2.1" },
    { "For=192.0.2.1", "192.0.2.1" },
    { "FOR=\"192.0.2.1\"", "192.0.2.1" },
    { "for=192.0.2.1:4711", "192.0.2.1" },
    { "for=\"192.0.2.1:4711\"", "192.0.2.1" },
    { "for=\"192.0.2.1:_port\"", "192.0.2.1" },
    { "for=\"[2001:db8::1]\"", "2001:db8::1" },
    { "for=\"[2001:db8::1]:4711\"", "2001:db8::1" },
    { "for=\"[2001:DB8::1]:_a\"", "2001:db8::1" },
    { "for=\"[::ffff:192.0.2.1]\"", "192.0.2.1" },
    { "for=192.0.2.1;proto=https;by=10.0.0.1", "192.0.2.1" },
    { "proto=https ; by=10.0.0.1 ;for=192.0.2.1", "192.0.2.1" },
    { "host=\"a, b; for=192.0.2.9\";for=192.0.2.1", "192.0.2.1" },
    { "host=\"a \\\"b, for=192.0.2.9\";for=192.0.2.1", "192.0.2.1" },
    { "for=192.0.2.9, for=192.0.2.1", "192.0.2.1" },
    { "for=192.0.2.1,for=10.0.0.1 ,\tfor=10.0.0.2", "192.0.2.1" },
    { "for=192.0.2.1, for=\"[2001:db8:f::1]\"", "192.0.2.1" },
    { "for=192.0.2.1, for=\"[::ffff:10.0.0.1]\"", "192.0.2.1" },
    { "for=192.0.2.9\nfor=192.0.2.1", "192.0.2.1" },
    { "for=192.0.2.1\nfor=10.0.0.1", "192.0.2.1" },
    { "for=10.0.0.3, for=10.0.0.2\nfor=10.0.0.1", "10.0.0.3" },
    { ", ,for=192.0.2.1,, ", "192.0.2.1" },

    /* What stands left of the client may be anything. */
    { "for=unknown, for=192.0.2.1", "192.0.2.1" },
    { "for=_hidden\nfor=192.0.2.1, for=10.0.0.1", "192.0.2.1" },
    { "nonsense\nfor=192.0.2.1", "192.0.2.1" },
    { "for=\"192.0.2.9\nfor=192.0.2.1", "192.0.2.1" },

    { "", NOTHING },
    { " \t, ,", NOTHING },

    { "for=unknown", BROKEN },
    { "for=_hidden", BROKEN },
    { "for=192.0.2.1, for=unknown", BROKEN },
    { "for=192.0.2.1, for=unknown, for=10.0.0.1", BROKEN },
    { "proto=https", BROKEN },
    { "for=192.0.2.1, proto=https", BROKEN },
    { "for=", BROKEN },
    { "for=\"\"", BROKEN },
    { "for", BROKEN },
    { "=192.0.2.1", BROKEN },
    { "192.0.2.1", BROKEN },
    { "for =192.0.2.1", BROKEN },
    { "for= 192.0.2.1", BROKEN },
    { "for=192.0.2.1;", BROKEN },
    { "for=192.0.2.1 by=10.0.0.1", BROKEN },
    { "for=192.0.2.1;for=192.0.2.2", BROKEN },
    { "for=\"192.0.2.1", BROKEN },
    { "for=\"192.0.2.1\\\"", BROKEN },
    { "for=\"192.0.2.1\\", BROKEN },
    { "for=\"192.0.2.1\"x", BROKEN },
    { "for=\"192.0.2\\.1\"", BROKEN },
    { "for=192.0.2.256", BROKEN },
    { "for=192.0.2.1:", BROKEN },
    { "for=192.0.2.1:65536", BROKEN },
    { "for=192.0.2.1:-1", BROKEN },
    { "for=192.0.2.1:_", BROKEN },
    { "for=\"[2001:db8::1\"", BROKEN },
    { "for=\"[2001:db8::1]4711\"", BROKEN },
    { "for=\"[2001:db8::1%eth0]\"", BROKEN },
    { "for=\"[192.0.2.1]\"", BROKEN },
    { "for=\"[]\"", BROKEN },
    { "for=tracker.example", BROKEN },

    /* An unclosed quote of a client swallows what the proxy appends: then no address is trusted. */
    { "for=192.0.2.9;by=\", for=192.0.2.1", BROKEN },
    { "for=192.0.2.9;by=\", for=\"[2001:db8::1]\"", BROKEN },
    { "for=192.0.2.9;by=\"\\, for=\"192.0.2.1\"", BROKEN },
};

START_TEST(forwarded_names_the_client) {
    const struct forwarded found = read_lines(standard[_i].lines, forwarded_read);
    assert_is(&found, standard[_i].client, standard[_i].lines);
}
END_TEST

static const struct header lists[] = {
    { "192.0.2.1", "192.0.2.1" },
    { " 192.0.2.1\t", "192.0.2.1" },
    { "192.0.2.1:4711", "192.0.2.1" },
    { "2001:db8::1", "2001:db8::1" },
    { "[2001:db8::1]", "2001:db8::1" },
    { "[2001:db8::1]:4711", "2001:db8::1" },
    { "::ffff:192.0.2.1", "192.0.2.1" },
    { "192.0.2.9, 192.0.2.1", "192.0.2.1" },
    { "192.0.2.1,10.0.0.1,2001:db8:f::2", "192.0.2.1" },
    { "192.0.2.1, ::ffff:10.0.0.1", "192.0.2.1" },
    { "192.0.2.9, 192.0.2.1\n10.0.0.2, 10.0.0.1", "192.0.2.1" },
    { "192.0.2.9\n192.0.2.1", "192.0.2.1" },
    { "10.0.0.3, 10.0.0.2", "10.0.0.3" },
    { "nonsense, 192.0.2.1", "192.0.2.1" },
    { ",192.0.2.1, ,", "192.0.2.1" },

    { "", NOTHING },
    { " , ", NOTHING },

    { "unknown", BROKEN },
    { "192.0.2.1, nonsense", BROKEN },
    { "192.0.2.1, nonsense, 10.0.0.1", BROKEN },
    { "nonsense, 10.0.0.1", BROKEN },
    { "192.0.2.1 10.0.0.1", BROKEN },
    { "\"192.0.2.1\"", BROKEN },
    { "for=192.0.2.1", BROKEN },
    { "192.0.2.1:x", BROKEN },
    { "192.0.2", BROKEN },
    { "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd", BROKEN },
};

START_TEST(x_forwarded_for_names_the_client) {
    const struct forwarded found = read_lines(lists[_i].lines, forwarded_read_list);
    assert_is(&found, lists[_i].client, lists[_i].lines);
}
END_TEST

static const struct header singles[] = {
    { "192.0.2.1", "192.0.2.1" },
    { " 192.0.2.1\t", "192.0.2.1" },
    { "192.0.2.1:4711", "192.0.2.1" },
    { "2001:db8::1", "2001:db8::1" },
    { "[2001:db8::1]", "2001:db8::1" },
    { "[2001:db8::1]:4711", "2001:db8::1" },
    { "::ffff:192.0.2.1", "192.0.2.1" },
    { "10.0.0.1", "10.0.0.1" },
    { "192.0.2.1\n192.0.2.1:80", "192.0.2.1" },
    { " \n192.0.2.1\n", "192.0.2.1" },

    { "", NOTHING },
    { " ", NOTHING },
    { "0.0.0.0", NOTHING },

    { "192.0.2.1, 192.0.2.1", BROKEN },
    { "192.0.2.9\n192.0.2.1", BROKEN },
    { "192.0.2.1\n10.0.0.1", BROKEN },
    { "192.0.2.1\n0.0.0.0", BROKEN },
    { "192.0.2.1\nunknown\n192.0.2.1", BROKEN },
    { "unknown\n192.0.2.1", BROKEN },
    { "for=192.0.2.1", BROKEN },
    { "2001:db8::1]", BROKEN },
    { "[192.0.2.1]", BROKEN },
};

static void read_single(struct forwarded *forwarded, struct bytes line,
                        const struct networks *trusted) {
    (void)trusted;
    forwarded_read_single(forwarded, line);
}

START_TEST(single_address_names_the_client) {
    const struct forwarded found = read_lines(singles[_i].lines, read_single);
    assert_is(&found, singles[_i].client, singles[_i].lines);
}
END_TEST

START_TEST(zero_byte_ends_no_address) {
    const struct networks trusted = proxies();
    struct forwarded forwarded = { 0 };
    const struct bytes line = BYTES_LITERAL("192.0.2.1\0x");
    forwarded_read_list(&forwarded, line, &trusted);
    assert_is(&forwarded, BROKEN, "an address and a zero");
}
END_TEST

static const struct {
    const char *standard;
    const char *list;
    const char *client;
} pairs[] = {
    { "", "", NOTHING },
    { "for=192.0.2.1", "", "192.0.2.1" },
    { "", "192.0.2.1", "192.0.2.1" },
    { "for=192.0.2.1", "192.0.2.1:80, 10.0.0.1", "192.0.2.1" },
    { "for=192.0.2.9", "192.0.2.1", BROKEN },
    { "for=unknown", "192.0.2.1", BROKEN },
    { "for=192.0.2.1", "nonsense", BROKEN },
    { "for=unknown", "", BROKEN },
    { "", "nonsense", BROKEN },
};

START_TEST(both_headers_must_agree) {
    const struct forwarded one = read_lines(pairs[_i].standard, forwarded_read);
    const struct forwarded other = read_lines(pairs[_i].list, forwarded_read_list);
    const struct forwarded joined = forwarded_join(&one, &other);
    assert_is(&joined, pairs[_i].client, pairs[_i].standard);
}
END_TEST

static const struct {
    const char *line;
    bool secure;
} schemes[] = {
    { "for=192.0.2.1;proto=https", true },
    { "proto=\"HTTPS\";for=192.0.2.1", true },
    { "for=192.0.2.1;Proto=https, for=10.0.0.1;proto=http", true },
    { "for=192.0.2.1;proto=http, for=10.0.0.1;proto=https", false },
    { "for=192.0.2.9;proto=https, for=192.0.2.1", false },
    { "for=192.0.2.1;proto=httpsx", false },
    { "for=192.0.2.1", false },
    { "proto=https", false },
};

START_TEST(scheme_is_that_of_the_client) {
    const struct networks trusted = { 1, { { FAMILY_V4, 8, { 10 } } } };
    struct forwarded forwarded = { 0 };
    forwarded_read(&forwarded, bytes_of(schemes[_i].line), &trusted);
    ck_assert(forwarded.secure == schemes[_i].secure);
}
END_TEST

START_TEST(address_that_none_can_connect_to_names_no_client) {
    static const char *const values[] = {
        "0.0.0.0", "255.255.255.255",      "224.0.0.1", "ff02::1", "fe80::1",
        "::",      "198.51.100.7, 0.0.0.0"
    };
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        const struct networks none = { 0 };
        struct forwarded forwarded = { 0 };
        forwarded_read_list(&forwarded, bytes_of(values[i]), &none);
        ck_assert_int_eq(forwarded.state, FORWARDED_NOTHING);
    }
}
END_TEST

START_TEST(without_trusted_networks_the_rightmost_counts) {
    const struct networks nobody = { 0 };
    struct forwarded forwarded = { 0 };
    forwarded_read(&forwarded, bytes_of("for=192.0.2.1, for=10.0.0.1"), &nobody);
    assert_is(&forwarded, "10.0.0.1", "none trusted");
}
END_TEST

UNIT_SUITE(forwarded) {
    Suite *suite = suite_create("forwarded");
    TCase *headers = tcase_create("headers");
    tcase_add_loop_test(headers, forwarded_names_the_client, 0, LOOPS_OF(standard));
    tcase_add_loop_test(headers, x_forwarded_for_names_the_client, 0, LOOPS_OF(lists));
    tcase_add_loop_test(headers, single_address_names_the_client, 0, LOOPS_OF(singles));
    tcase_add_test(headers, zero_byte_ends_no_address);
    tcase_add_loop_test(headers, both_headers_must_agree, 0, LOOPS_OF(pairs));
    tcase_add_loop_test(headers, scheme_is_that_of_the_client, 0, LOOPS_OF(schemes));
    tcase_add_test(headers, address_that_none_can_connect_to_names_no_client);
    tcase_add_test(headers, without_trusted_networks_the_rightmost_counts);
    suite_add_tcase(suite, headers);
    return suite;
}
