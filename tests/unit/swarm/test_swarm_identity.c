/* A client is who its peer_id and key say it is, wherever it comes from. */
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
    assert_counts(2, 0, 1);
    const struct announce_request other = completed_over(FAMILY_V6, 2);
    put(&other);
    assert_counts(3, 0, 2);
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
    }
    assert_counts(2, 0, 1);
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
    assert_counts(2, 0, 1);
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
    return suite;
}
