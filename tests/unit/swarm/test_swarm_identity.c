/* A client is who its peer_id and key say it is, wherever it comes from. */
#include <string.h>
#include <time.h>

#include "swarm_support.h"

/* If each peer is compared with half of the crowd, it costs a hundred times as much as a usual one.
 */
enum { CROWD = 40000, COST_MAX = 20 };

/* `number`'s place with the identity of client `who`. */
static struct announce_request dressed_as(uint32_t who, uint32_t number) {
    struct announce_request request = client(who);
    request.peer = numbered_endpoint(FAMILY_V4, number);
    return request;
}

START_TEST(peer_that_takes_anothers_identity_takes_its_place) {
    const struct announce_request first = client(1);
    const struct announce_request second = client(2);
    put(&first);
    put(&second);
    const struct announce_request impostor = dressed_as(2, 1);
    put(&impostor);
    assert_counts(0, 1, 0);
    ASSERT_TOLD(CHANGE_PEER_JOINED, CHANGE_PEER_JOINED, CHANGE_PEER_MOVED, CHANGE_PEER_UPDATED);
    ck_assert_uint_ne(peer_list_find(&swarm->v4, first.peer.wire), PEER_NOWHERE);
    ck_assert_uint_eq(peer_list_find(&swarm->v4, second.peer.wire), PEER_NOWHERE);
    ck_assert_uint_eq(peer_list_find_identity(&swarm->v4, first.peer_id, first.key), PEER_NOWHERE);
}
END_TEST

START_TEST(identity_that_was_given_up_is_free_again) {
    const struct announce_request first = client(1);
    put(&first);
    const struct announce_request renamed = dressed_as(2, 1);
    put(&renamed);
    struct announce_request again = client(1);
    again.peer = numbered_endpoint(FAMILY_V4, 3);
    put(&again);
    assert_counts(0, 2, 0);
}
END_TEST

START_TEST(two_peers_that_swap_identities_over_and_over_stay_at_most_two) {
    for (uint32_t i = 0; i < 20; i++) {
        const struct announce_request one = dressed_as(1 + i % 2, 1);
        const struct announce_request other = dressed_as(2 - i % 2, 2);
        put(&one);
        put(&other);
        ck_assert_uint_le(swarm_peers(swarm), 2);
        ck_assert_uint_ne(peer_list_find_identity(&swarm->v4, other.peer_id, other.key),
                          PEER_NOWHERE);
    }
    assert_counts(0, 2, 0);
}
END_TEST

static uint64_t cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Puts a crowd of different clients. Returns what that costs. */
static uint64_t put_crowd(void) {
    const uint64_t began_ns = cpu_ns();
    for (uint32_t i = 0; i < CROWD; i++) {
        const struct announce_request peer = client(i);
        put(&peer);
    }
    return cpu_ns() - began_ns;
}

START_TEST(one_identity_for_a_whole_crowd_is_one_place_and_cheap) {
    const uint64_t usual_ns = put_crowd();
    ck_assert_uint_eq(swarm_peers(swarm), CROWD);
    const uint64_t began_ns = cpu_ns();
    for (uint32_t i = 0; i < CROWD; i++) {
        const struct announce_request peer = dressed_as(CROWD + 1, i);
        put(&peer);
        REQUIRE(swarm_peers(swarm) == CROWD - i);
    }
    ck_assert_uint_lt(cpu_ns() - began_ns, COST_MAX * usual_ns);
    assert_counts(0, 1, 0);
}
END_TEST

START_TEST(crowd_without_keys_is_cheap_too) {
    const uint64_t usual_ns = put_crowd();
    const uint64_t began_ns = cpu_ns();
    for (uint32_t i = 0; i < CROWD; i++) {
        struct announce_request peer = dressed_as(CROWD + 1, CROWD + i);
        peer.key = 0;
        put(&peer);
    }
    ck_assert_uint_lt(cpu_ns() - began_ns, COST_MAX * usual_ns);
    assert_counts(0, 2 * CROWD, 0);
}
END_TEST

static struct announce_request completed_over(uint8_t family, uint32_t who) {
    struct announce_request request = client(who);
    request.peer = numbered_endpoint(family, who);
    request.left = 0;
    request.event = EVENT_COMPLETED;
    return request;
}

static const uint8_t orders[][2] = { { FAMILY_V4, FAMILY_V6 }, { FAMILY_V6, FAMILY_V4 } };

START_TEST(completed_over_both_families_counts_once) {
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 2; i++) {
            const struct announce_request peer = completed_over(orders[_i][i], 1);
            put(&peer);
        }
    }
    assert_counts(1, 0, 1);
    const struct announce_request other = completed_over(FAMILY_V6, 2);
    put(&other);
    assert_counts(2, 0, 2);
}
END_TEST

START_TEST(completed_counts_once_where_both_families_were_leechers_before) {
    for (int i = 0; i < 2; i++) {
        struct announce_request peer = completed_over(orders[_i][i], 1);
        peer.left = 5;
        peer.event = EVENT_STARTED;
        put(&peer);
    }
    for (int i = 0; i < 2; i++) {
        const struct announce_request peer = completed_over(orders[_i][i], 1);
        put(&peer);
        assert_counts(1, 0, 1);
    }
}
END_TEST

START_TEST(same_peer_id_with_another_key_in_the_other_family_counts_for_itself) {
    const struct announce_request one = completed_over(FAMILY_V4, 1);
    struct announce_request other = completed_over(FAMILY_V6, 1);
    other.key++;
    put(&one);
    put(&other);
    assert_counts(2, 0, 2);
}
END_TEST

START_TEST(left_over_family_remembers_that_completed_was_counted) {
    const struct announce_request v4 = completed_over(FAMILY_V4, 1);
    const struct announce_request v6 = completed_over(FAMILY_V6, 1);
    put(&v4);
    put(&v6);
    drop(&v4);
    put(&v4);
    assert_counts(1, 0, 1);
}
END_TEST

static struct announce_request leecher_over(uint8_t family, uint32_t who) {
    struct announce_request request = client(who);
    request.peer = numbered_endpoint(family, who);
    return request;
}

static void put_in_both(uint32_t who) {
    for (int i = 0; i < 2; i++) {
        const struct announce_request peer = leecher_over(orders[0][i], who);
        put(&peer);
    }
}

static enum peer_zone zone_over(uint8_t family, uint32_t who) {
    const struct announce_request peer = leecher_over(family, who);
    const struct peer_place place = swarm_find(swarm, &peer, &peer.peer);
    REQUIRE(place.here != PEER_NOWHERE);
    return peer_list_zone(place.list, place.here);
}

START_TEST(client_of_both_families_counts_until_both_peers_have_left) {
    for (int i = 0; i < 2; i++) {
        const struct announce_request peer = leecher_over(orders[_i][i], 1);
        put(&peer);
        assert_counts(0, 1, 0);
        ck_assert_uint_eq(told(feed.count - 1)->leechers, 1);
    }
    ck_assert_uint_eq(swarm_peers(swarm), 2);
    for (int i = 0; i < 2; i++) {
        const struct announce_request peer = leecher_over(orders[_i][i], 1);
        drop(&peer);
        assert_counts(0, 1 - (uint32_t)i, 0);
        ck_assert_uint_eq(told(feed.count - 1)->leechers, 1 - (uint32_t)i);
    }
}
END_TEST

START_TEST(client_of_both_families_has_the_role_of_its_latest_announce) {
    put_in_both(1);
    feed.count = 0;
    for (int i = 0; i < 2; i++) {
        struct announce_request peer = leecher_over(orders[_i][i], 1);
        peer.left = 0;
        put(&peer);
        assert_counts(1, 0, 0);
        ck_assert_int_eq(zone_over(FAMILY_V4, 1), ZONE_SEEDER_OUTSIDE);
        ck_assert_int_eq(zone_over(FAMILY_V6, 1), ZONE_SEEDER_OUTSIDE);
    }
    ASSERT_TOLD(CHANGE_PEER_UPDATED, CHANGE_PEER_UPDATED);
    struct announce_request peer = leecher_over(orders[_i][0], 1);
    peer.event = EVENT_PAUSED;
    put(&peer);
    assert_counts(0, 1, 0);
    ck_assert_uint_eq(swarm->paused, 1);
    peer = leecher_over(orders[_i][1], 1);
    put(&peer);
    assert_counts(0, 1, 0);
    ck_assert_uint_eq(swarm->paused, 0);
}
END_TEST

static void put_on_lan(const struct announce_request *request) {
    const struct peer_put put = {
        .request = request,
        .peer = request->peer,
        .on_lan = true,
        .ttl_s = TTL,
        .now_s = NOW,
    };
    const struct peer_place place = swarm_find(swarm, request, &request->peer);
    REQUIRE(swarm_put(swarm, &outputs, &put, &place) != PEER_NOWHERE);
}

START_TEST(role_changes_where_each_peer_is) {
    const struct announce_request inside = leecher_over(orders[_i][0], 1);
    struct announce_request outside = leecher_over(orders[_i][1], 1);
    put_on_lan(&inside);
    put(&outside);
    ck_assert_int_eq(zone_over(orders[_i][0], 1), ZONE_LEECHER_LAN);
    outside.left = 0;
    put(&outside);
    ck_assert_int_eq(zone_over(orders[_i][0], 1), ZONE_SEEDER_LAN);
    ck_assert_int_eq(zone_over(orders[_i][1], 1), ZONE_SEEDER_OUTSIDE);
    put_on_lan(&inside);
    ck_assert_int_eq(zone_over(orders[_i][0], 1), ZONE_LEECHER_LAN);
    ck_assert_int_eq(zone_over(orders[_i][1], 1), ZONE_LEECHER_OUTSIDE);
}
END_TEST

START_TEST(peer_that_joins_takes_its_role_to_the_other_family) {
    const struct announce_request leecher = leecher_over(orders[_i][0], 1);
    struct announce_request seeder = leecher_over(orders[_i][1], 1);
    seeder.left = 0;
    put(&leecher);
    put(&seeder);
    assert_counts(1, 0, 0);
    ASSERT_TOLD(CHANGE_PEER_JOINED, CHANGE_PEER_UPDATED, CHANGE_PEER_JOINED);
    drop(&seeder);
    assert_counts(1, 0, 0);
}
END_TEST

START_TEST(client_of_both_families_completes_once_even_if_it_only_stops) {
    put_in_both(1);
    for (int i = 0; i < 2; i++) {
        struct announce_request peer = leecher_over(orders[_i][i], 1);
        peer.left = 0;
        drop(&peer);
        assert_counts(1 - (uint32_t)i, 0, 1);
    }
}
END_TEST

START_TEST(client_of_both_families_counts_once_while_it_moves) {
    put_in_both(1);
    struct announce_request peer = leecher_over(orders[_i][0], 1);
    peer.peer = numbered_endpoint(orders[_i][0], 2);
    put(&peer);
    assert_counts(0, 1, 0);
    ck_assert_uint_eq(swarm_peers(swarm), 2);
}
END_TEST

START_TEST(peer_that_takes_anothers_identity_joins_its_twin) {
    put_in_both(1);
    put_in_both(2);
    struct announce_request peer = leecher_over(orders[_i][0], 1);
    memcpy(peer.peer_id, client(2).peer_id, PEER_ID_LEN);
    peer.key = client(2).key;
    put(&peer);
    assert_counts(0, 2, 0);
    ck_assert_uint_eq(swarm_peers(swarm), 3);
    ck_assert_uint_eq(swarm->v4.twins, 1);
}
END_TEST

START_TEST(peer_with_a_new_key_is_on_its_own) {
    put_in_both(1);
    struct announce_request peer = leecher_over(orders[_i][0], 1);
    peer.key = 77;
    put(&peer);
    assert_counts(0, 2, 0);
    peer.key = client(1).key;
    put(&peer);
    assert_counts(0, 1, 0);
}
END_TEST

START_TEST(clients_without_a_key_count_in_each_family) {
    for (int i = 0; i < 2; i++) {
        struct announce_request peer = leecher_over(orders[_i][i], 1);
        peer.key = 0;
        put(&peer);
    }
    assert_counts(0, 2, 0);
}
END_TEST

START_TEST(client_whose_peer_expires_in_one_family_counts_still) {
    put_in_both(1);
    const struct announce_request peer = leecher_over(orders[_i][0], 1);
    put_at(&peer, NOW + TTL);
    ck_assert_uint_eq(expire(NOW + TTL, 10), 1);
    assert_counts(0, 1, 0);
    ck_assert_uint_eq(expire(NOW + 2 * TTL, 10), 1);
    assert_counts(0, 0, 0);
}
END_TEST

START_TEST(restored_client_of_both_families_counts_once) {
    put_in_both(1);
    const struct change v4 = *told(0);
    const struct change v6 = *told(1);
    for (int i = 0; i < 2; i++) {
        const struct announce_request peer = leecher_over(orders[0][i], 1);
        drop(&peer);
    }
    ck_assert(swarm_restore(swarm, &outputs, _i == 0 ? &v4 : &v6, false, false, NOW, TTL));
    feed.count = 0;
    ck_assert(swarm_restore(swarm, &outputs, _i == 0 ? &v6 : &v4, false, false, NOW, TTL));
    ck_assert_uint_eq(feed.count, 0);
    assert_counts(0, 1, 0);
}
END_TEST

/* Large enough for indexes. */
START_TEST(crowd_in_both_families_counts_once) {
    for (uint32_t i = 0; i < 1000; i++)
        put_in_both(i);
    assert_counts(0, 1000, 0);
    for (uint32_t i = 0; i < 1000; i++) {
        struct announce_request peer = leecher_over(orders[i % 2][0], i);
        peer.left = 0;
        put(&peer);
        REQUIRE(swarm_seeders(swarm) == i + 1 && swarm_leechers(swarm) == 999 - i);
    }
    for (uint32_t i = 0; i < 1000; i++) {
        const struct announce_request peer = leecher_over(orders[i % 2][0], i);
        drop(&peer);
    }
    assert_counts(1000, 0, 0);
    ck_assert_uint_eq(swarm_peers(swarm), 1000);
}
END_TEST

UNIT_SUITE(swarm_identity) {
    Suite *suite = suite_create("swarm_identity");
    TCase *place = tcase_create("place");
    tcase_add_checked_fixture(place, create_swarm, delete_swarm);
    tcase_add_test(place, peer_that_takes_anothers_identity_takes_its_place);
    tcase_add_test(place, identity_that_was_given_up_is_free_again);
    tcase_add_test(place, two_peers_that_swap_identities_over_and_over_stay_at_most_two);
    tcase_add_test(place, one_identity_for_a_whole_crowd_is_one_place_and_cheap);
    tcase_add_test(place, crowd_without_keys_is_cheap_too);
    suite_add_tcase(suite, place);

    TCase *families = tcase_create("families");
    tcase_add_checked_fixture(families, create_swarm, delete_swarm);
    tcase_add_loop_test(families, completed_over_both_families_counts_once, 0, LOOPS_OF(orders));
    tcase_add_loop_test(families, completed_counts_once_where_both_families_were_leechers_before, 0,
                        LOOPS_OF(orders));
    tcase_add_test(families, same_peer_id_with_another_key_in_the_other_family_counts_for_itself);
    tcase_add_test(families, left_over_family_remembers_that_completed_was_counted);
    suite_add_tcase(suite, families);

    TCase *both = tcase_create("both_families");
    tcase_add_checked_fixture(both, create_swarm, delete_swarm);
    tcase_add_loop_test(both, client_of_both_families_counts_until_both_peers_have_left, 0,
                        LOOPS_OF(orders));
    tcase_add_loop_test(both, client_of_both_families_has_the_role_of_its_latest_announce, 0,
                        LOOPS_OF(orders));
    tcase_add_loop_test(both, role_changes_where_each_peer_is, 0, LOOPS_OF(orders));
    tcase_add_loop_test(both, peer_that_joins_takes_its_role_to_the_other_family, 0,
                        LOOPS_OF(orders));
    tcase_add_loop_test(both, client_of_both_families_completes_once_even_if_it_only_stops, 0,
                        LOOPS_OF(orders));
    tcase_add_loop_test(both, client_of_both_families_counts_once_while_it_moves, 0,
                        LOOPS_OF(orders));
    tcase_add_loop_test(both, peer_that_takes_anothers_identity_joins_its_twin, 0,
                        LOOPS_OF(orders));
    tcase_add_loop_test(both, peer_with_a_new_key_is_on_its_own, 0, LOOPS_OF(orders));
    tcase_add_loop_test(both, clients_without_a_key_count_in_each_family, 0, LOOPS_OF(orders));
    tcase_add_loop_test(both, client_whose_peer_expires_in_one_family_counts_still, 0,
                        LOOPS_OF(orders));
    tcase_add_loop_test(both, restored_client_of_both_families_counts_once, 0, LOOPS_OF(orders));
    tcase_add_test(both, crowd_in_both_families_counts_once);
    suite_add_tcase(suite, both);
    return suite;
}
