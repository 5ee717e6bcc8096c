#include "swarm_support.h"

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
    ck_assert(endpoint_equal(&feed.changes[1].peer, &old));
    ck_assert(endpoint_equal(&feed.changes[2].peer, &peer.peer));
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
    return suite;
}
