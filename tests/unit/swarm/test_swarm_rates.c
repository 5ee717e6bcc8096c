/* The sums of its peers' rates that a swarm keeps, and how restored peers are confirmed. */
#include "base/random.h"
#include "swarm_support.h"

enum { KIB = 1024, LATER = NOW + 10 };

static void assert_sums(uint64_t upload, uint64_t download) {
    ck_assert_uint_eq(swarm->upload_rate, upload);
    ck_assert_uint_eq(swarm->download_rate, download);
}

static void put_later(const struct announce_request *request) {
    put_at(request, LATER);
}

/* Client `number` has come twice and uploads `number`, downloads twice that, KiB a second. */
static struct announce_request moving(uint32_t number, uint8_t family) {
    struct announce_request peer = client(number);
    peer.peer = numbered_endpoint(family, number);
    put(&peer);
    peer.uploaded = 10ULL * number * KIB;
    peer.downloaded = 20ULL * number * KIB;
    put_later(&peer);
    return peer;
}

START_TEST(sums_are_those_of_both_families) {
    moving(3, FAMILY_V4);
    assert_sums(3, 6);
    moving(4, FAMILY_V6);
    assert_sums(7, 14);
}
END_TEST

START_TEST(sums_follow_each_announce) {
    struct announce_request peer = moving(3, FAMILY_V4);
    moving(4, FAMILY_V4);
    peer.uploaded += 100ULL * 5 * KIB;
    put_at(&peer, LATER + 100);
    assert_sums(4 + 5, 8);
    numbered_id(peer.peer_id, 77);
    put_at(&peer, LATER + 200);
    assert_sums(4, 8);
}
END_TEST

START_TEST(peer_that_leaves_takes_its_rates_along) {
    const struct announce_request peer = moving(3, FAMILY_V4);
    const struct announce_request other = moving(4, FAMILY_V6);
    drop(&peer);
    assert_sums(4, 8);
    drop(&other);
    assert_sums(0, 0);
}
END_TEST

START_TEST(peer_that_expires_takes_its_rates_along) {
    moving(3, FAMILY_V4);
    moving(4, FAMILY_V6);
    ck_assert_uint_eq(expire(LATER + TTL, 1), 1);
    assert_sums(4, 8);
    ck_assert_uint_eq(expire(LATER + TTL, 1), 1);
    assert_sums(0, 0);
}
END_TEST

START_TEST(peer_that_moves_is_summed_once) {
    struct announce_request peer = moving(3, FAMILY_V4);
    peer.peer = numbered_endpoint(FAMILY_V4, 500);
    put_later(&peer);
    ck_assert_uint_eq(swarm_peers(swarm), 1);
    assert_sums(3, 6);
    peer.peer = numbered_endpoint(FAMILY_V4, 501);
    peer.uploaded += 10ULL * 9 * KIB;
    put_at(&peer, LATER + 10);
    assert_sums(9, 0);
    drop(&peer);
    assert_sums(0, 0);
}
END_TEST

START_TEST(restored_peer_has_no_rates) {
    const struct announce_request peer = moving(3, FAMILY_V4);
    const struct change change = swarm_describe(swarm, &swarm->v4, 0, CHANGE_PEER_JOINED, LATER);
    drop(&peer);
    ck_assert(swarm_restore(swarm, &outputs, &change, false, false, LATER, TTL));
    assert_sums(0, 0);
    put_later(&peer);
    assert_sums(0, 0);
    drop(&peer);
    assert_sums(0, 0);
}
END_TEST

/* Of a client in both families, only the rates of its IPv6 peer count. */
static void add_up(const struct peer_list *list, uint64_t *upload, uint64_t *download) {
    for (uint32_t i = 0; i < peer_list_count(list); i++) {
        const struct peer_record *record = peer_list_record(list, i);
        if (list == &swarm->v4 &&
            peer_list_find_identity(&swarm->v6, record->peer_id, record->key) != PEER_NOWHERE)
            continue;
        *upload += record->upload_rate;
        *download += record->download_rate;
    }
}

/* Whatever happened, the sums are those of the clients that there are. */
START_TEST(sums_are_right_after_any_run_of_announces) {
    struct random random = { .state = 5 };
    bool moved = false;
    for (uint32_t i = 0; i < 5000; i++) {
        struct announce_request peer = client(random_below(&random, 60));
        peer.peer = numbered_endpoint(random_below(&random, 2) ? FAMILY_V4 : FAMILY_V6,
                                      random_below(&random, 60));
        peer.uploaded = random_next(&random) >> random_below(&random, 64);
        peer.downloaded = random_next(&random) >> random_below(&random, 64);
        if (random_below(&random, 8) == 0)
            drop(&peer);
        else
            put_at(&peer, NOW + i / 4);
        expire(NOW + i / 4, random_below(&random, 2));
        uint64_t upload = 0;
        uint64_t download = 0;
        add_up(&swarm->v4, &upload, &download);
        add_up(&swarm->v6, &upload, &download);
        REQUIRE(swarm->upload_rate == upload && swarm->download_rate == download);
        moved = moved || upload > 0;
    }
    ck_assert(moved);
}
END_TEST

static void restore(uint32_t number, uint32_t age_s) {
    struct change change = { .left = 5, .key = number + 1, .age_s = age_s };
    change.peer = numbered_endpoint(FAMILY_V4, number);
    numbered_id(change.peer_id, number);
    ck_assert(swarm_restore(swarm, &outputs, &change, false, false, NOW, TTL));
}

START_TEST(restored_peer_is_confirmed_once) {
    const struct announce_request peer = client(1);
    restore(1, 3600);
    assert_told(NULL, 0);
    put_later(&peer);
    const struct change confirmed = *told(0);
    ASSERT_TOLD(CHANGE_PEER_CONFIRMED);
    ck_assert(confirmed.own_address);
    ck_assert(endpoint_equal(&confirmed.peer, &peer.peer));
    ck_assert_uint_eq(confirmed.age_s, 3600 + LATER - NOW);
    put_later(&peer);
    assert_told(NULL, 0);
}
END_TEST

START_TEST(peer_is_confirmed_beside_what_else_it_has_to_tell) {
    struct announce_request peer = client(1);
    restore(1, 0);
    peer.left = 0;
    peer.event = EVENT_COMPLETED;
    put_later(&peer);
    ASSERT_TOLD(CHANGE_PEER_COMPLETED, CHANGE_PEER_CONFIRMED);
    put_later(&peer);
    assert_told(NULL, 0);
}
END_TEST

START_TEST(restored_peer_that_moved_joins_at_its_own_address) {
    struct announce_request peer = client(1);
    restore(1, 3600);
    peer.peer = numbered_endpoint(FAMILY_V4, 500);
    put(&peer);
    ck_assert_uint_eq(feed.count, 2);
    ck_assert(!told(0)->own_address);
    ck_assert(told(1)->own_address);
    ck_assert_uint_eq(told(1)->age_s, 3600);
    ASSERT_TOLD(CHANGE_PEER_MOVED, CHANGE_PEER_JOINED);
    put(&peer);
    assert_told(NULL, 0);
}
END_TEST

START_TEST(claim_confirms_nothing) {
    const struct announce_request peer = client(1);
    struct announce_request claiming = client(1);
    claiming.peer = numbered_endpoint(FAMILY_V4, 900);
    restore(1, 0);
    put_as(&claiming, &peer.peer, NOW);
    put_as(&claiming, &peer.peer, NOW);
    assert_told(NULL, 0);
    put(&peer);
    ASSERT_TOLD(CHANGE_PEER_CONFIRMED);
    put_as(&claiming, &peer.peer, NOW);
    assert_told(NULL, 0);
}
END_TEST

START_TEST(changes_say_whose_the_address_is_and_how_old_the_peer) {
    const struct announce_request peer = client(1);
    struct announce_request claiming = client(2);
    claiming.peer = numbered_endpoint(FAMILY_V4, 900);
    put(&peer);
    put_as(&claiming, &(struct endpoint){ .family = FAMILY_V4, .wire = { 1, 2, 3, 4, 5 } }, NOW);
    stop_at(&peer, LATER);
    ck_assert(told(0)->own_address);
    ck_assert_uint_eq(told(0)->age_s, 0);
    ck_assert(!told(1)->own_address);
    ck_assert_uint_eq(told(2)->age_s, LATER - NOW);
    ASSERT_TOLD(CHANGE_PEER_JOINED, CHANGE_PEER_JOINED, CHANGE_PEER_LEFT);
}
END_TEST

START_TEST(clock_that_was_read_earlier_does_no_harm) {
    struct announce_request peer = moving(3, FAMILY_V4);
    feed.count = 0;
    peer.uploaded += 50ULL * KIB;
    peer.left = 0;
    put(&peer);
    assert_sums(3, 6);
    ck_assert_uint_le(told(0)->age_s, LATER - NOW);
    put_at(&peer, NOW - 1);
    const struct change change = swarm_describe(swarm, &swarm->v4, 0, CHANGE_PEER_JOINED, NOW - 1);
    ck_assert_uint_eq(change.age_s, 0);
}
END_TEST

UNIT_SUITE(swarm_rates) {
    Suite *suite = suite_create("swarm_rates");
    TCase *rates = tcase_create("rates");
    tcase_add_checked_fixture(rates, create_swarm, delete_swarm);
    tcase_add_test(rates, sums_are_those_of_both_families);
    tcase_add_test(rates, sums_follow_each_announce);
    tcase_add_test(rates, peer_that_leaves_takes_its_rates_along);
    tcase_add_test(rates, peer_that_expires_takes_its_rates_along);
    tcase_add_test(rates, peer_that_moves_is_summed_once);
    tcase_add_test(rates, restored_peer_has_no_rates);
    tcase_add_test(rates, sums_are_right_after_any_run_of_announces);
    tcase_add_test(rates, restored_peer_is_confirmed_once);
    tcase_add_test(rates, peer_is_confirmed_beside_what_else_it_has_to_tell);
    tcase_add_test(rates, restored_peer_that_moved_joins_at_its_own_address);
    tcase_add_test(rates, claim_confirms_nothing);
    tcase_add_test(rates, changes_say_whose_the_address_is_and_how_old_the_peer);
    tcase_add_test(rates, clock_that_was_read_earlier_does_no_harm);
    suite_add_tcase(suite, rates);
    return suite;
}
