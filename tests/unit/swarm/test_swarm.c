#include "swarm_support.h"

enum { STAYING = 200, PASSING = 300 };

START_TEST(peer_joins_once_and_saying_so_again_is_no_change) {
    const struct announce_request peer = client(1);
    put(&peer);
    ASSERT_TOLD(CHANGE_PEER_JOINED);
    put(&peer);
    assert_told(NULL, 0);
    assert_counts(0, 1, 0);
}
END_TEST

START_TEST(finished_leecher_becomes_a_seeder) {
    struct announce_request peer = client(1);
    put(&peer);
    peer.left = 0;
    put(&peer);
    assert_counts(1, 0, 0);
    ASSERT_TOLD(CHANGE_PEER_JOINED, CHANGE_PEER_UPDATED);
    peer.left = 5;
    put(&peer);
    assert_counts(0, 1, 0);
    ASSERT_TOLD(CHANGE_PEER_UPDATED);
}
END_TEST

START_TEST(peer_without_left_is_a_leecher) {
    struct announce_request peer = client(1);
    peer.left = LEFT_UNKNOWN;
    put(&peer);
    assert_counts(0, 1, 0);
}
END_TEST

START_TEST(completed_counts_once_for_each_peer) {
    struct announce_request peer = client(1);
    put(&peer);
    peer.left = 0;
    peer.event = EVENT_COMPLETED;
    put(&peer);
    put(&peer);
    assert_counts(1, 0, 1);
    ASSERT_TOLD(CHANGE_PEER_JOINED, CHANGE_PEER_COMPLETED);
    struct announce_request other = client(2);
    other.left = 0;
    other.event = EVENT_COMPLETED;
    put(&other);
    assert_counts(2, 0, 2);
    ASSERT_TOLD(CHANGE_PEER_COMPLETED);
}
END_TEST

START_TEST(completed_is_remembered_over_updates_and_moves) {
    struct announce_request peer = client(1);
    peer.event = EVENT_COMPLETED;
    peer.left = 0;
    put(&peer);
    peer.event = EVENT_NONE;
    put(&peer);
    peer.peer = numbered_endpoint(FAMILY_V4, 500);
    peer.event = EVENT_COMPLETED;
    put(&peer);
    assert_counts(1, 0, 1);
}
END_TEST

START_TEST(another_client_at_the_same_address_counts_anew) {
    struct announce_request peer = client(1);
    peer.event = EVENT_COMPLETED;
    peer.left = 0;
    put(&peer);
    numbered_id(peer.peer_id, 2);
    put(&peer);
    assert_counts(1, 0, 2);
    ASSERT_TOLD(CHANGE_PEER_COMPLETED, CHANGE_PEER_COMPLETED);
}
END_TEST

START_TEST(moved_peer_takes_its_old_place) {
    struct announce_request peer = client(1);
    put(&peer);
    const struct endpoint old = peer.peer;
    peer.peer = numbered_endpoint(FAMILY_V4, 500);
    put(&peer);
    assert_counts(0, 1, 0);
    ck_assert(endpoint_equal(&told(1)->peer, &old));
    ck_assert(endpoint_equal(&told(2)->peer, &peer.peer));
    ASSERT_TOLD(CHANGE_PEER_JOINED, CHANGE_PEER_MOVED, CHANGE_PEER_JOINED);
    ck_assert_uint_eq(peer_list_find(&swarm->v4, old.wire), PEER_NOWHERE);
}
END_TEST

START_TEST(peers_without_a_key_do_not_move) {
    struct announce_request peer = client(1);
    peer.key = 0;
    put(&peer);
    peer.peer = numbered_endpoint(FAMILY_V4, 500);
    put(&peer);
    assert_counts(0, 2, 0);
}
END_TEST

START_TEST(same_peer_id_with_another_key_is_another_peer) {
    struct announce_request peer = client(1);
    put(&peer);
    peer.peer = numbered_endpoint(FAMILY_V4, 500);
    peer.key = 99;
    put(&peer);
    assert_counts(0, 2, 0);
}
END_TEST

START_TEST(client_keeps_a_place_in_each_family) {
    struct announce_request peer = client(1);
    put(&peer);
    peer.peer = numbered_endpoint(FAMILY_V6, 1);
    put(&peer);
    assert_counts(0, 1, 0);
    ck_assert_uint_eq(peer_list_count(&swarm->v4), 1);
    ck_assert_uint_eq(peer_list_count(&swarm->v6), 1);
}
END_TEST

START_TEST(paused_peer_is_a_leecher_that_needs_nothing) {
    struct announce_request peer = client(1);
    peer.event = EVENT_PAUSED;
    put(&peer);
    assert_counts(0, 1, 0);
    ck_assert_uint_eq(swarm->paused, 1);
    put(&peer);
    ck_assert_uint_eq(swarm->paused, 1);
    peer.event = EVENT_NONE;
    put(&peer);
    ck_assert_uint_eq(swarm->paused, 0);
    peer.event = EVENT_PAUSED;
    put(&peer);
    drop(&peer);
    ck_assert_uint_eq(swarm->paused, 0);
}
END_TEST

/* Joins, leaves, or changes its role. Those that stay only change their roles. */
static void change_someone(struct random *random) {
    const uint32_t number = random_below(random, STAYING + PASSING);
    struct announce_request peer = client(number);
    peer.peer = numbered_endpoint(number % 2 == 0 ? FAMILY_V4 : FAMILY_V6, number);
    peer.left = random_below(random, 2);
    if (number >= STAYING && random_below(random, 2) == 0)
        drop(&peer);
    else
        put(&peer);
}

static void note_walked(const struct change *changes, size_t count, uint8_t *walked) {
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(changes[i].kind, CHANGE_PEER_JOINED);
        REQUIRE(changes[i].key > 0 && changes[i].key <= STAYING + PASSING);
        walked[changes[i].key - 1]++;
    }
}

START_TEST(walk_passes_each_peer_that_stays_once) {
    struct random random = { .state = 3 };
    for (uint32_t round = 0; round < 50; round++) {
        uint8_t walked[STAYING + PASSING] = { 0 };
        for (uint32_t i = 0; i < STAYING; i++) {
            struct announce_request peer = client(i);
            peer.peer = numbered_endpoint(i % 2 == 0 ? FAMILY_V4 : FAMILY_V6, i);
            put(&peer);
        }
        struct swarm_walk walk = swarm_begin_walk(swarm);
        while (walk.family != FAMILY_NONE) {
            struct change changes[7];
            uint32_t visits = 1 + random_below(&random, 40);
            const size_t count = swarm_walk(swarm, &walk, NOW, changes, 7, &visits);
            note_walked(changes, count, walked);
            for (uint32_t i = 0; i < 20; i++)
                change_someone(&random);
            feed.count = 0;
        }
        for (uint32_t i = 0; i < STAYING; i++)
            ck_assert_uint_eq(walked[i], 1);
    }
}
END_TEST

START_TEST(walk_over_an_empty_swarm_ends) {
    struct swarm_walk walk = swarm_begin_walk(swarm);
    struct change changes[1];
    uint32_t visits = 1;
    ck_assert_uint_eq(swarm_walk(swarm, &walk, NOW, changes, 1, &visits), 0);
    ck_assert_int_eq(walk.family, FAMILY_NONE);
}
END_TEST

static uint32_t count_extended(const struct peer_list *list) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < peer_list_count(list); i++)
        count += peer_list_deadline(list, i) > NOW + TTL;
    return count;
}

/* A peer that leaves is replaced by a later one of the list. */
START_TEST(deadlines_are_extended_in_steps_and_none_is_left_out) {
    enum { VISITS = 5, LONG_S = 10 * TTL };
    for (uint32_t i = 0; i < STAYING + PASSING; i++) {
        struct announce_request peer = client(i);
        peer.peer = numbered_endpoint(i % 2 == 0 ? FAMILY_V4 : FAMILY_V6, i);
        put(&peer);
    }
    struct swarm_walk walk = swarm_begin_walk(swarm);
    uint32_t leaving = STAYING;
    while (walk.family != FAMILY_NONE || leaving < STAYING + PASSING) {
        const uint32_t before = count_extended(&swarm->v4) + count_extended(&swarm->v6);
        uint32_t visits = VISITS;
        swarm_extend_deadlines(swarm, &walk, NOW, LONG_S, &visits);
        const uint32_t after = count_extended(&swarm->v4) + count_extended(&swarm->v6);
        ck_assert_uint_le(after - before, VISITS);
        if (leaving == STAYING + PASSING)
            continue;
        struct announce_request peer = client(leaving);
        peer.peer = numbered_endpoint(leaving % 2 == 0 ? FAMILY_V4 : FAMILY_V6, leaving);
        drop(&peer);
        leaving++;
    }
    ck_assert_uint_eq(swarm_peers(swarm), STAYING);
    ck_assert_uint_eq(count_extended(&swarm->v4) + count_extended(&swarm->v6), STAYING);
}
END_TEST

UNIT_SUITE(swarm) {
    Suite *suite = suite_create("swarm");
    TCase *peers = tcase_create("peers");
    tcase_add_checked_fixture(peers, create_swarm, delete_swarm);
    tcase_add_test(peers, peer_joins_once_and_saying_so_again_is_no_change);
    tcase_add_test(peers, finished_leecher_becomes_a_seeder);
    tcase_add_test(peers, peer_without_left_is_a_leecher);
    tcase_add_test(peers, completed_counts_once_for_each_peer);
    tcase_add_test(peers, completed_is_remembered_over_updates_and_moves);
    tcase_add_test(peers, another_client_at_the_same_address_counts_anew);
    tcase_add_test(peers, moved_peer_takes_its_old_place);
    tcase_add_test(peers, peers_without_a_key_do_not_move);
    tcase_add_test(peers, same_peer_id_with_another_key_is_another_peer);
    tcase_add_test(peers, client_keeps_a_place_in_each_family);
    tcase_add_test(peers, paused_peer_is_a_leecher_that_needs_nothing);
    suite_add_tcase(suite, peers);

    TCase *walks = tcase_create("walks");
    tcase_add_checked_fixture(walks, create_swarm, delete_swarm);
    tcase_add_test(walks, walk_passes_each_peer_that_stays_once);
    tcase_add_test(walks, walk_over_an_empty_swarm_ends);
    tcase_add_test(walks, deadlines_are_extended_in_steps_and_none_is_left_out);
    suite_add_tcase(suite, walks);
    return suite;
}
