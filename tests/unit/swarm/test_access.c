#include "swarm/access.h"

#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "registry_support.h"
#include "support.h"

enum { TORRENTS = 5000, KEYS = 5000, BANS = 3000, ASKERS = 4000 };

static struct access_rules rules;
static struct access *access;
static struct registry *registry;
static char detail[REFUSAL_DETAIL_LEN];

static void start_open(void) {
    rules = (struct access_rules){ .mode = ACCESS_OPEN };
    access = NULL;
    registry = registry_create();
    ck_assert_ptr_nonnull(registry);
}

static void delete_access(void) {
    access_delete(access);
    registry_delete(registry);
}

/* Rebuilds the access with the current rules. */
static void make_access(void) {
    access_delete(access);
    access = access_create(&rules);
    ck_assert_ptr_nonnull(access);
}

static void add_network(struct networks *networks, const char *text) {
    REQUIRE(network_parse(text, &networks->list[networks->count++]));
}

static void add_prefix(struct client_prefixes *prefixes, const char *text) {
    struct client_prefix *prefix = &prefixes->list[prefixes->count++];
    prefix->len = (uint8_t)strlen(text);
    memcpy(prefix->text, text, prefix->len);
}

static void add_ban(const char *network, const char *reason) {
    test_add_ban(registry, network, reason);
}

static struct passkey passkey_numbered(uint32_t number) {
    struct passkey passkey = { .given = true };
    digest_sha256(&number, sizeof number, passkey.digest);
    return passkey;
}

static enum announce_result judge(const char *address, const char *client,
                                  const struct passkey *passkey) {
    const struct endpoint from = endpoint_at(address, 6881);
    uint8_t peer_id[PEER_ID_LEN] = { 0 };
    if (client != NULL)
        memcpy(peer_id, client, strlen(client));
    const struct requester requester = {
        .address = &from,
        .peer_id = client == NULL ? NULL : peer_id,
        .passkey = passkey,
    };
    detail[0] = '\0';
    return access_check(access, registry, &requester, detail);
}

static enum announce_result judge_torrent(const uint8_t info_hash[static INFO_HASH_LEN]) {
    detail[0] = '\0';
    return access_check_torrent(access, registry, info_hash, detail);
}

static enum announce_result judge_address(const char *address) {
    const struct passkey none = { 0 };
    return judge(address, "-XX0000-", &none);
}

START_TEST(open_tracker_accepts_every_client_and_torrent) {
    uint8_t info_hash[INFO_HASH_LEN];
    numbered_id(info_hash, 1);
    make_access();
    ck_assert_int_eq(judge_address("192.0.2.1"), ANNOUNCE_OK);
    ck_assert_int_eq(judge_address("2001:db8::1"), ANNOUNCE_OK);
    ck_assert_int_eq(judge_torrent(info_hash), ANNOUNCE_OK);
    ck_assert_str_eq(detail, "");
}
END_TEST

START_TEST(listed_tracker_accepts_registered_torrents_only) {
    rules.mode = ACCESS_LISTED;
    make_access();
    uint8_t info_hash[INFO_HASH_LEN];
    for (uint32_t i = 0; i < 2 * TORRENTS; i += 2) {
        numbered_id(info_hash, i);
        if (i % 4 == 0)
            test_add_torrent(registry, info_hash);
        else
            REQUIRE(access_add_torrent(access, ACCESS_WHITELIST, info_hash));
    }
    for (uint32_t i = 0; i < 2 * TORRENTS; i++) {
        numbered_id(info_hash, i);
        REQUIRE((judge_torrent(info_hash) == ANNOUNCE_OK) == (i % 2 == 0));
    }
    ck_assert_int_eq(judge_address("192.0.2.1"), ANNOUNCE_OK);
}
END_TEST

START_TEST(private_tracker_accepts_known_passkeys_only) {
    rules.mode = ACCESS_PRIVATE;
    make_access();
    for (uint32_t i = 0; i < 2 * KEYS; i += 2)
        test_add_passkey(registry, passkey_numbered(i).digest);
    for (uint32_t i = 0; i < 2 * KEYS; i++) {
        const struct passkey passkey = passkey_numbered(i);
        const enum announce_result expected = i % 2 == 0 ? ANNOUNCE_OK : ANNOUNCE_PASSKEY_UNKNOWN;
        REQUIRE(judge("192.0.2.1", "-XX0000-", &passkey) == expected);
        REQUIRE(judge("192.0.2.1", NULL, &passkey) == expected);
    }
}
END_TEST

START_TEST(missing_passkey_is_refused_with_any_digest) {
    rules.mode = ACCESS_PRIVATE;
    make_access();
    struct passkey passkey = passkey_numbered(1);
    test_add_passkey(registry, passkey.digest);
    ck_assert_int_eq(judge("192.0.2.1", NULL, &passkey), ANNOUNCE_OK);
    passkey.given = false;
    ck_assert_int_eq(judge("192.0.2.1", NULL, &passkey), ANNOUNCE_PASSKEY_MISSING);
}
END_TEST

START_TEST(passkey_that_differs_in_its_last_bit_is_unknown) {
    rules.mode = ACCESS_PRIVATE;
    make_access();
    struct passkey passkey = passkey_numbered(1);
    test_add_passkey(registry, passkey.digest);
    passkey.digest[SHA256_LEN - 1] ^= 1;
    ck_assert_int_eq(judge("192.0.2.1", NULL, &passkey), ANNOUNCE_PASSKEY_UNKNOWN);
}
END_TEST

START_TEST(only_private_trackers_require_passkeys) {
    const struct passkey unknown = passkey_numbered(1);
    for (int mode = ACCESS_OPEN; mode < ACCESS_PRIVATE; mode++) {
        rules.mode = (enum access_mode)mode;
        make_access();
        ck_assert_int_eq(judge("192.0.2.1", "-XX0000-", &unknown), ANNOUNCE_OK);
    }
}
END_TEST

START_TEST(only_listed_trackers_require_registered_torrents) {
    uint8_t info_hash[INFO_HASH_LEN];
    numbered_id(info_hash, 1);
    rules.mode = ACCESS_PRIVATE;
    make_access();
    ck_assert_int_eq(judge_torrent(info_hash), ANNOUNCE_OK);
}
END_TEST

START_TEST(other_networks_are_refused_if_some_are_allowed) {
    add_network(&rules.allow, "192.0.2.0/24");
    add_network(&rules.allow, "2001:db8::/32");
    make_access();
    ck_assert_int_eq(judge_address("192.0.2.255"), ANNOUNCE_OK);
    ck_assert_int_eq(judge_address("2001:db8:ffff::1"), ANNOUNCE_OK);
    ck_assert_int_eq(judge_address("192.0.3.0"), ANNOUNCE_ADDRESS_DENIED);
    ck_assert_int_eq(judge_address("2001:db9::"), ANNOUNCE_ADDRESS_DENIED);
}
END_TEST

START_TEST(one_family_allowed_leaves_the_other_out) {
    add_network(&rules.allow, "0.0.0.0/0");
    make_access();
    ck_assert_int_eq(judge_address("192.0.2.1"), ANNOUNCE_OK);
    ck_assert_int_eq(judge_address("::1"), ANNOUNCE_ADDRESS_DENIED);
}
END_TEST

START_TEST(denied_networks_stay_out_even_of_allowed_ones) {
    add_network(&rules.allow, "192.0.2.0/24");
    add_network(&rules.deny, "192.0.2.128/25");
    make_access();
    ck_assert_int_eq(judge_address("192.0.2.127"), ANNOUNCE_OK);
    ck_assert_int_eq(judge_address("192.0.2.128"), ANNOUNCE_ADDRESS_DENIED);
}
END_TEST

START_TEST(denied_networks_alone_let_all_others_in) {
    add_network(&rules.deny, "192.0.2.1");
    add_network(&rules.deny, "2001:db8::/127");
    make_access();
    ck_assert_int_eq(judge_address("192.0.2.1"), ANNOUNCE_ADDRESS_DENIED);
    ck_assert_int_eq(judge_address("192.0.2.2"), ANNOUNCE_OK);
    ck_assert_int_eq(judge_address("2001:db8::1"), ANNOUNCE_ADDRESS_DENIED);
    ck_assert_int_eq(judge_address("2001:db8::2"), ANNOUNCE_OK);
}
END_TEST

static enum announce_result judge_client(const char *client) {
    const struct passkey none = { 0 };
    return judge("192.0.2.1", client, &none);
}

START_TEST(clients_are_recognised_by_the_prefix_of_their_ids) {
    add_prefix(&rules.clients_allow, "-qB");
    add_prefix(&rules.clients_allow, "M7-");
    add_prefix(&rules.clients_deny, "-qB40");
    make_access();
    ck_assert_int_eq(judge_client("-qB4500-"), ANNOUNCE_OK);
    ck_assert_int_eq(judge_client("M7-1-"), ANNOUNCE_OK);
    ck_assert_int_eq(judge_client("-qB4099-"), ANNOUNCE_CLIENT_DENIED);
    ck_assert_int_eq(judge_client("-TR3000-"), ANNOUNCE_CLIENT_DENIED);
    ck_assert_int_eq(judge_client("-q"), ANNOUNCE_CLIENT_DENIED);
    ck_assert_int_eq(judge_client("x-qB4500-"), ANNOUNCE_CLIENT_DENIED);
}
END_TEST

START_TEST(denied_clients_alone_let_all_others_in) {
    add_prefix(&rules.clients_deny, "-XL");
    add_prefix(&rules.clients_deny, "-TR2940-0123456789ab");
    make_access();
    ck_assert_int_eq(judge_client("-XL0012-"), ANNOUNCE_CLIENT_DENIED);
    ck_assert_int_eq(judge_client("-TR2940-0123456789ab"), ANNOUNCE_CLIENT_DENIED);
    ck_assert_int_eq(judge_client("-TR2940-0123456789ac"), ANNOUNCE_OK);
}
END_TEST

START_TEST(scrape_has_no_client_to_be_judged) {
    add_prefix(&rules.clients_allow, "-qB");
    add_prefix(&rules.clients_deny, "-XL");
    make_access();
    ck_assert_int_eq(judge_client(NULL), ANNOUNCE_OK);
}
END_TEST

START_TEST(banned_address_gets_the_reason) {
    make_access();
    add_ban("192.0.2.7", "has earned it");
    ck_assert_int_eq(judge_address("192.0.2.8"), ANNOUNCE_OK);
    ck_assert_str_eq(detail, "");
    ck_assert_int_eq(judge_address("192.0.2.7"), ANNOUNCE_BANNED);
    ck_assert_str_eq(detail, "has earned it");
}
END_TEST

START_TEST(longest_reason_arrives_whole) {
    char reason[REFUSAL_DETAIL_LEN];
    memset(reason, 'r', sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    make_access();
    add_ban("192.0.2.7", reason);
    judge_address("192.0.2.7");
    ck_assert_str_eq(detail, reason);
}
END_TEST

START_TEST(narrowest_ban_gives_the_reason) {
    make_access();
    add_ban("192.0.2.0/24", "net");
    add_ban("0.0.0.0/0", "world");
    add_ban("192.0.2.7", "host");
    add_ban("192.0.2.4/30", "");
    ck_assert_int_eq(judge_address("192.0.2.7"), ANNOUNCE_BANNED);
    ck_assert_str_eq(detail, "host");
    ck_assert_int_eq(judge_address("192.0.2.6"), ANNOUNCE_BANNED);
    ck_assert_str_eq(detail, "");
    ck_assert_int_eq(judge_address("192.0.2.9"), ANNOUNCE_BANNED);
    ck_assert_str_eq(detail, "net");
    ck_assert_int_eq(judge_address("198.51.100.1"), ANNOUNCE_BANNED);
    ck_assert_str_eq(detail, "world");
}
END_TEST

START_TEST(ban_of_one_family_leaves_the_other_alone) {
    make_access();
    add_ban("::/0", "six");
    ck_assert_int_eq(judge_address("::1"), ANNOUNCE_BANNED);
    ck_assert_int_eq(judge_address("0.0.0.0"), ANNOUNCE_OK);
    const struct registry_row six = test_ban_row("::/0", "");
    ck_assert(test_remove_row(registry, &six));
    add_ban("0.0.0.0/0", "four");
    ck_assert_int_eq(judge_address("::"), ANNOUNCE_OK);
    ck_assert_int_eq(judge_address("255.255.255.255"), ANNOUNCE_BANNED);
    ck_assert_int_eq(judge_address("::ffff:192.0.2.1"), ANNOUNCE_BANNED);
}
END_TEST

START_TEST(ban_overrides_an_allowed_network_and_a_passkey) {
    rules.mode = ACCESS_PRIVATE;
    add_network(&rules.allow, "192.0.2.0/24");
    make_access();
    const struct passkey passkey = passkey_numbered(1);
    test_add_passkey(registry, passkey.digest);
    add_ban("192.0.2.7", "");
    ck_assert_int_eq(judge("192.0.2.7", NULL, &passkey), ANNOUNCE_BANNED);
    ck_assert_int_eq(judge("192.0.2.8", NULL, &passkey), ANNOUNCE_OK);
}
END_TEST

/* Few different bits, so that networks overlap and addresses fall into several of them. */
static struct endpoint crowded_endpoint(struct random *random, uint8_t family) {
    struct endpoint endpoint = { .family = family };
    for (size_t i = 0; i < address_len(family); i++)
        endpoint.wire[i] = i % 4 < 2 ? (uint8_t)random_below(random, 2) : (uint8_t)(i * 16);
    endpoint.wire[address_len(family) - 1] = (uint8_t)random_below(random, 256);
    return endpoint;
}

static struct network random_network(struct random *random) {
    const struct endpoint base =
        crowded_endpoint(random, random_below(random, 2) == 0 ? FAMILY_V4 : FAMILY_V6);
    const uint32_t most = 8 * (uint32_t)address_len(base.family);
    struct network network = { .family = base.family };
    network.bits = (uint8_t)(random_below(random, 50) == 0 ? random_below(random, most + 1)
                                                           : most - random_below(random, 9));
    for (uint32_t bit = 0; bit < network.bits; bit++)
        network.address[bit / 8] |= (uint8_t)(base.wire[bit / 8] & 0x80U >> bit % 8);
    return network;
}

static const struct registry_row *narrowest(const struct registry_row *bans,
                                            const struct endpoint *address) {
    const struct registry_row *found = NULL;
    for (int i = 0; i < BANS; i++) {
        const struct networks one = { .count = 1, .list = { bans[i].network } };
        if (networks_contain(&one, address) &&
            (found == NULL || bans[i].network.bits >= found->network.bits))
            found = &bans[i];
    }
    return found;
}

START_TEST(thousands_of_bans_agree_with_a_look_at_each) {
    static struct registry_row bans[BANS];
    struct random random = { .state = 11 };
    uint32_t banned = 0;
    make_access();
    for (int i = 0; i < BANS; i++) {
        bans[i] = (struct registry_row){ .kind = REGISTRY_BAN, .network = random_network(&random) };
        snprintf(bans[i].reason, sizeof bans[i].reason, "ban %d", i);
        test_put_row(registry, &bans[i]);
    }
    for (int i = 0; i < ASKERS; i++) {
        const struct endpoint from = crowded_endpoint(&random, i % 2 == 0 ? FAMILY_V4 : FAMILY_V6);
        const struct passkey none = { 0 };
        const struct requester requester = { .address = &from, .passkey = &none };
        const struct registry_row *expected = narrowest(bans, &from);
        detail[0] = '\0';
        const enum announce_result result = access_check(access, registry, &requester, detail);
        REQUIRE(result == (expected == NULL ? ANNOUNCE_OK : ANNOUNCE_BANNED));
        REQUIRE(strcmp(detail, expected == NULL ? "" : expected->reason) == 0);
        banned += expected != NULL;
    }
    ck_assert_uint_gt(banned, 100);
}
END_TEST

START_TEST(blocked_torrent_is_refused_in_every_mode_with_the_reason) {
    uint8_t by_file[INFO_HASH_LEN];
    uint8_t blocked[INFO_HASH_LEN];
    numbered_id(by_file, 1);
    numbered_id(blocked, 2);
    struct registry_row row = test_torrent_row(REGISTRY_BLOCK, blocked);
    snprintf(row.reason, sizeof row.reason, "takedown request");
    test_put_row(registry, &row);
    test_add_torrent(registry, blocked);
    test_add_torrent(registry, by_file);
    for (int mode = ACCESS_OPEN; mode <= ACCESS_PRIVATE; mode++) {
        rules.mode = (enum access_mode)mode;
        make_access();
        ck_assert_int_eq(judge_torrent(by_file), ANNOUNCE_OK);
        ck_assert(access_add_torrent(access, ACCESS_BLOCKLIST, by_file));
        ck_assert_int_eq(judge_torrent(by_file), ANNOUNCE_TORRENT_BLOCKED);
        ck_assert_str_eq(detail, "");
        ck_assert_int_eq(judge_torrent(blocked), ANNOUNCE_TORRENT_BLOCKED);
        ck_assert_str_eq(detail, "takedown request");
    }
}
END_TEST

START_TEST(delete_accepts_null) {
    access_delete(NULL);
}
END_TEST

UNIT_SUITE(access) {
    Suite *suite = suite_create("access");
    TCase *modes = tcase_create("modes");
    tcase_add_checked_fixture(modes, start_open, delete_access);
    tcase_add_test(modes, blocked_torrent_is_refused_in_every_mode_with_the_reason);
    tcase_add_test(modes, open_tracker_accepts_every_client_and_torrent);
    tcase_add_test(modes, listed_tracker_accepts_registered_torrents_only);
    tcase_add_test(modes, private_tracker_accepts_known_passkeys_only);
    tcase_add_test(modes, missing_passkey_is_refused_with_any_digest);
    tcase_add_test(modes, passkey_that_differs_in_its_last_bit_is_unknown);
    tcase_add_test(modes, only_private_trackers_require_passkeys);
    tcase_add_test(modes, only_listed_trackers_require_registered_torrents);
    tcase_add_test(modes, delete_accepts_null);
    suite_add_tcase(suite, modes);

    TCase *networks = tcase_create("networks");
    tcase_add_checked_fixture(networks, start_open, delete_access);
    tcase_add_test(networks, other_networks_are_refused_if_some_are_allowed);
    tcase_add_test(networks, one_family_allowed_leaves_the_other_out);
    tcase_add_test(networks, denied_networks_stay_out_even_of_allowed_ones);
    tcase_add_test(networks, denied_networks_alone_let_all_others_in);
    suite_add_tcase(suite, networks);

    TCase *clients = tcase_create("clients");
    tcase_add_checked_fixture(clients, start_open, delete_access);
    tcase_add_test(clients, clients_are_recognised_by_the_prefix_of_their_ids);
    tcase_add_test(clients, denied_clients_alone_let_all_others_in);
    tcase_add_test(clients, scrape_has_no_client_to_be_judged);
    suite_add_tcase(suite, clients);

    TCase *bans = tcase_create("bans");
    tcase_add_checked_fixture(bans, start_open, delete_access);
    tcase_add_test(bans, banned_address_gets_the_reason);
    tcase_add_test(bans, longest_reason_arrives_whole);
    tcase_add_test(bans, narrowest_ban_gives_the_reason);
    tcase_add_test(bans, ban_of_one_family_leaves_the_other_alone);
    tcase_add_test(bans, ban_overrides_an_allowed_network_and_a_passkey);
    tcase_add_test(bans, thousands_of_bans_agree_with_a_look_at_each);
    suite_add_tcase(suite, bans);
    return suite;
}
