/* What an announce's query says, parameter by parameter. */
#include <stdio.h>
#include <string.h>

#include "support.h"
#include "wire/http_wire.h"

#define HASH "info_hash=%01%02%03%04%05%06%07%08%09%0a%0B%0c%0D%0e%0F%10%11%12%00%ff"
#define ID "peer_id=-qB4520-abcdefghijkl"
#define BASE HASH "&" ID "&port=6881"

static struct http_announce parsed(const char *query) {
    struct http_announce announce;
    const http_error error = http_parse_announce(bytes_of(query), &announce);
    ck_assert_msg(error == NULL, "\"%s\" refused: %s", query, error);
    return announce;
}

/* The announce of a query that is complete but for `more`. */
static struct http_announce parsed_with(const char *more) {
    char query[512];
    snprintf(query, sizeof query, "%s&%s", BASE, more);
    return parsed(query);
}

static void assert_refused(const char *query, const char *word) {
    struct http_announce announce;
    memset(&announce, 0xee, sizeof announce);
    struct http_announce before = announce;
    const http_error error = http_parse_announce(bytes_of(query), &announce);
    ck_assert_msg(error != NULL, "\"%s\" accepted", query);
    ck_assert_msg(strstr(error, word) != NULL, "\"%s\" does not name %s", error, word);
    memcpy(before.request.peer_id, announce.request.peer_id, PEER_ID_LEN);
    ck_assert_mem_eq(&announce, &before, sizeof announce);
}

START_TEST(malformed_announce_still_names_its_client) {
    struct http_announce announce;
    const uint8_t none[PEER_ID_LEN] = { 0 };
    ck_assert_ptr_nonnull(http_parse_announce(
        bytes_of("info_hash=short&port=0&peer_id=-DE13F0-abcdefghijkl"), &announce));
    ck_assert_mem_eq(announce.request.peer_id, "-DE13F0-abcdefghijkl", PEER_ID_LEN);
    ck_assert_ptr_nonnull(http_parse_announce(bytes_of("peer_id=short"), &announce));
    ck_assert_mem_eq(announce.request.peer_id, none, PEER_ID_LEN);
}
END_TEST

START_TEST(least_announce_has_every_default) {
    const struct http_announce announce = parsed(BASE);
    const struct announce_request *request = &announce.request;
    const uint8_t info_hash[INFO_HASH_LEN] = { 1,  2,  3,  4,  5,  6,  7,  8,  9,    10,
                                               11, 12, 13, 14, 15, 16, 17, 18, 0x00, 0xff };
    ck_assert_mem_eq(request->info_hash, info_hash, INFO_HASH_LEN);
    ck_assert_mem_eq(request->peer_id, "-qB4520-abcdefghijkl", PEER_ID_LEN);
    ck_assert_uint_eq(announce.port, 6881);
    ck_assert(announce.compact);
    ck_assert(!announce.no_peer_id);
    ck_assert_uint_eq(request->left, LEFT_UNKNOWN);
    ck_assert_uint_eq(request->uploaded, 0);
    ck_assert_uint_eq(request->downloaded, 0);
    ck_assert_int_eq(request->numwant, NUMWANT_DEFAULT);
    ck_assert_int_eq(request->event, EVENT_NONE);
    ck_assert_uint_eq(request->key, 0);
    ck_assert_uint_eq(request->claimed_v4.family, FAMILY_NONE);
    ck_assert_uint_eq(request->claimed_v6.family, FAMILY_NONE);
    ck_assert_uint_eq(request->peer.family, FAMILY_NONE);
}
END_TEST

START_TEST(parameters_come_in_any_order) {
    const struct http_announce announce =
        parsed("event=started&left=5&port=1&unknown=%zz&" ID "&x&numwant=7&" HASH);
    ck_assert_uint_eq(announce.port, 1);
    ck_assert_uint_eq(announce.request.left, 5);
    ck_assert_int_eq(announce.request.numwant, 7);
    ck_assert_int_eq(announce.request.event, EVENT_STARTED);
}
END_TEST

static const struct {
    const char *query;
    const char *named;
} broken[] = {
    { "", "info_hash" },
    { ID "&port=1", "info_hash" },
    { HASH "&port=1", "peer_id" },
    { HASH "&" ID, "port" },
    { "info_hash=&" ID "&port=1", "info_hash" },
    { "info_hash=%01&" ID "&port=1", "info_hash" },
    { "info_hash=aaaaaaaaaaaaaaaaaaa&" ID "&port=1", "info_hash" },
    { "info_hash=aaaaaaaaaaaaaaaaaaaaa&" ID "&port=1", "info_hash" },
    { "info_hash=aaaaaaaaaaaaaaaaaaa%a&" ID "&port=1", "info_hash" },
    { "info_hash=aaaaaaaaaaaaaaaaaaa%zz&" ID "&port=1", "info_hash" },
    { "info_hash=0102030405060708090a0b0c0d0e0f1011121314&" ID "&port=1", "info_hash" },
    { "INFO_HASH=aaaaaaaaaaaaaaaaaaaa&" ID "&port=1", "info_hash" },
    { HASH "&peer_id=&port=1", "peer_id" },
    { HASH "&peer_id=short&port=1", "peer_id" },
    { HASH "&peer_id=aaaaaaaaaaaaaaaaaaaaa&port=1", "peer_id" },
    { HASH "&peer_id=%&port=1", "peer_id" },
    { HASH "&" ID "&port=", "port" },
    { HASH "&" ID "&port=65536", "port" },
    { HASH "&" ID "&port=-1", "port" },
    { HASH "&" ID "&port=80x", "port" },
    { HASH "&" ID "&port=+80", "port" },
    { HASH "&" ID "&port=%8", "port" },
    { HASH "&" ID "&port=18446744073709551617", "port" },
    { HASH "&" ID "&port=65536&event=stopped", "port" },
};

START_TEST(what_is_missing_or_broken_is_named) {
    assert_refused(broken[_i].query, broken[_i].named);
}
END_TEST

START_TEST(query_longer_than_any_value_is_refused_politely) {
    char query[3000];
    memset(query, 'a', sizeof query - 1);
    query[sizeof query - 1] = '\0';
    memcpy(query, "info_hash=", 10);
    assert_refused(query, "info_hash");
    memcpy(query, "left=", 5);
    assert_refused(query, "info_hash");
}
END_TEST

START_TEST(port_zero_is_valid_with_stopped) {
    ck_assert_uint_eq(parsed(HASH "&" ID "&port=0&event=stopped").port, 0);
    ck_assert_uint_eq(parsed(HASH "&" ID "&event=stopped").port, 0);
}
END_TEST

START_TEST(port_reaches_both_ends) {
    ck_assert_uint_eq(parsed(HASH "&" ID "&port=1").port, 1);
    ck_assert_uint_eq(parsed(HASH "&" ID "&port=65535").port, 65535);
}
END_TEST

START_TEST(first_of_duplicates_counts) {
    const struct http_announce announce =
        parsed(BASE
               "&left=1&left=2&port=99&event=started&event=stopped&numwant=x&numwant=5"
               "&compact=0&compact=1&key=a&key=b&info_hash=broken&peer_id=%zz&port=zero");
    ck_assert_uint_eq(announce.port, 6881);
    ck_assert_uint_eq(announce.request.left, 1);
    ck_assert_int_eq(announce.request.event, EVENT_STARTED);
    ck_assert_int_eq(announce.request.numwant, NUMWANT_DEFAULT);
    ck_assert(!announce.compact);
    ck_assert_uint_eq(announce.request.key, 0xa);
}
END_TEST

START_TEST(byte_counts_have_64_bits) {
    const struct http_announce announce = parsed_with(
        "left=18446744073709551614&"
        "uploaded=18446744073709551615&"
        "downloaded=9223372036854775808");
    ck_assert_uint_eq(announce.request.left, UINT64_MAX - 1);
    ck_assert_uint_eq(announce.request.uploaded, UINT64_MAX);
    ck_assert_uint_eq(announce.request.downloaded, 1ULL << 63);
}
END_TEST

static const char *const odd_lefts[] = {
    "left=",
    "left=-1",
    "left=x",
    "left=0x0",
    "left=%",
    "left=1.5",
    "left=18446744073709551616",
    "left",
    "left= ",
    "left=%30%00",
    "LEFT=0",
    "left=+0",
};

START_TEST(left_that_is_no_number_is_a_leechers) {
    ck_assert_uint_eq(parsed_with(odd_lefts[_i]).request.left, LEFT_UNKNOWN);
}
END_TEST

START_TEST(left_of_zero_is_a_seeders) {
    ck_assert_uint_eq(parsed_with("left=0").request.left, 0);
    ck_assert_uint_eq(parsed_with("left=%30").request.left, 0);
}
END_TEST

static const struct {
    const char *text;
    enum announce_event event;
} events[] = {
    { "event=started", EVENT_STARTED },
    { "event=stopped", EVENT_STOPPED },
    { "event=completed", EVENT_COMPLETED },
    { "event=paused", EVENT_PAUSED },
    { "event=", EVENT_NONE },
    { "event", EVENT_NONE },
    { "event=empty", EVENT_NONE },
    { "event=resumed", EVENT_NONE },
    { "event=starte", EVENT_NONE },
    { "event=started+", EVENT_NONE },
    { "event=%73topped", EVENT_STOPPED },
    { "event=%zz", EVENT_NONE },
};

START_TEST(unknown_event_is_a_regular_update) {
    ck_assert_int_eq(parsed_with(events[_i].text).request.event, events[_i].event);
}
END_TEST

static const struct {
    const char *text;
    int32_t numwant;
} numwants[] = {
    { "numwant=0", 0 },
    { "numwant=1", 1 },
    { "numwant=200", 200 },
    { "numwant=2147483647", INT32_MAX },
    { "numwant=2147483648", INT32_MAX },
    { "numwant=9223372036854775807", INT32_MAX },
    { "numwant=-0", 0 },
    { "numwant=-1", NUMWANT_DEFAULT },
    { "numwant=-99999999999", NUMWANT_DEFAULT },
    { "numwant=", NUMWANT_DEFAULT },
    { "numwant=many", NUMWANT_DEFAULT },
    { "numwant=5x", NUMWANT_DEFAULT },
    { "numwant=%", NUMWANT_DEFAULT },
};

START_TEST(numwant_is_a_number_or_the_default) {
    ck_assert_int_eq(parsed_with(numwants[_i].text).request.numwant, numwants[_i].numwant);
}
END_TEST

START_TEST(compact_unless_it_is_refused) {
    ck_assert(parsed_with("compact=1").compact);
    ck_assert(parsed_with("compact=").compact);
    ck_assert(parsed_with("compact=%").compact);
    ck_assert(!parsed_with("compact=0").compact);
    ck_assert(!parsed_with("compact=%30").compact);
}
END_TEST

START_TEST(peer_ids_unless_they_are_refused) {
    ck_assert(parsed_with("no_peer_id=1").no_peer_id);
    ck_assert(!parsed_with("no_peer_id=0").no_peer_id);
    ck_assert(!parsed_with("no_peer_id=").no_peer_id);
}
END_TEST

static const struct {
    const char *text;
    uint32_t key;
} keys[] = {
    { "key=E753ECF2", 0xe753ecf2 },
    { "key=403c3fd1", 0x403c3fd1 },
    { "key=1", 1 },
    { "key=ffffffff", UINT32_MAX },
    { "key=%31%30", 0x10 },
    { "key=", 0 },
    { "key", 0 },
    { "key=%", 0 },
};

START_TEST(key_of_up_to_eight_hex_digits_is_that_number) {
    ck_assert_uint_eq(parsed_with(keys[_i].text).request.key, keys[_i].key);
}
END_TEST

START_TEST(any_other_key_is_folded) {
    static const char *const others[] = { "key=%B5%F4%17%FD%9C%8E%9F%C8",
                                          "key=xyz",
                                          "key=123456789",
                                          "key=abcdefgh",
                                          "key=%00",
                                          "key=%00%00" };
    uint32_t found[COUNT_OF(others)];
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        found[i] = parsed_with(others[i]).request.key;
        ck_assert_uint_ne(found[i], 0);
        ck_assert_uint_eq(parsed_with(others[i]).request.key, found[i]);
        for (size_t k = 0; k < i; k++)
            ck_assert_uint_ne(found[i], found[k]);
    }
}
END_TEST

static const struct {
    const char *text;
    const char *claimed;
} claims[] = {
    { "ip=192.0.2.1", "192.0.2.1" },
    { "ipv4=192.0.2.1", "192.0.2.1" },
    { "ipv6=2001:db8::1", "2001:db8::1" },
    { "ipv6=2001%3Adb8%3A%3a1", "2001:db8::1" },
    { "ip=2001:db8::1", "2001:db8::1" },
    { "ip=%3a%3affff%3a192.0.2.1", "192.0.2.1" },
    { "ip=example.org", NULL },
    { "ip=", NULL },
    { "ip=192.0.2.256", NULL },
    { "ip=%", NULL },
};

START_TEST(claimed_address_is_read_if_it_is_one) {
    const struct announce_request request = parsed_with(claims[_i].text).request;
    if (claims[_i].claimed == NULL) {
        ck_assert_uint_eq(request.claimed.family, FAMILY_NONE);
        ck_assert_uint_eq(request.claimed_v4.family, FAMILY_NONE);
        ck_assert_uint_eq(request.claimed_v6.family, FAMILY_NONE);
        return;
    }
    const struct endpoint expected = endpoint_at(claims[_i].claimed, 0);
    const struct endpoint *claimed = &request.claimed;
    if (strncmp(claims[_i].text, "ipv", 3) == 0)
        claimed = expected.family == FAMILY_V6 ? &request.claimed_v6 : &request.claimed_v4;
    ck_assert(endpoint_equal(claimed, &expected));
}
END_TEST

UNIT_SUITE(http_announce) {
    Suite *suite = suite_create("http_announce");
    TCase *whole = tcase_create("whole");
    tcase_add_test(whole, least_announce_has_every_default);
    tcase_add_test(whole, parameters_come_in_any_order);
    tcase_add_loop_test(whole, what_is_missing_or_broken_is_named, 0, LOOPS_OF(broken));
    tcase_add_test(whole, malformed_announce_still_names_its_client);
    tcase_add_test(whole, query_longer_than_any_value_is_refused_politely);
    tcase_add_test(whole, first_of_duplicates_counts);
    suite_add_tcase(suite, whole);

    TCase *values = tcase_create("values");
    tcase_add_test(values, port_zero_is_valid_with_stopped);
    tcase_add_test(values, port_reaches_both_ends);
    tcase_add_test(values, byte_counts_have_64_bits);
    tcase_add_loop_test(values, left_that_is_no_number_is_a_leechers, 0, LOOPS_OF(odd_lefts));
    tcase_add_test(values, left_of_zero_is_a_seeders);
    tcase_add_loop_test(values, unknown_event_is_a_regular_update, 0, LOOPS_OF(events));
    tcase_add_loop_test(values, numwant_is_a_number_or_the_default, 0, LOOPS_OF(numwants));
    tcase_add_test(values, compact_unless_it_is_refused);
    tcase_add_test(values, peer_ids_unless_they_are_refused);
    tcase_add_loop_test(values, key_of_up_to_eight_hex_digits_is_that_number, 0, LOOPS_OF(keys));
    tcase_add_test(values, any_other_key_is_folded);
    tcase_add_loop_test(values, claimed_address_is_read_if_it_is_one, 0, LOOPS_OF(claims));
    suite_add_tcase(suite, values);
    return suite;
}
