/* How peers leave a swarm, and the changes that are reported. */
#include "swarm_support.h"

START_TEST(stopped_peer_leaves_swarm) {
    const struct announce_request peer = client(1);
    put(&peer);
    drop(&peer);
    assert_counts(0, 0, 0);
    ASSERT_TOLD(CHANGE_PEER_JOINED, CHANGE_PEER_LEFT);
    drop(&peer);
    assert_told(NULL, 0);
}
END_TEST

START_TEST(leecher_that_stops_with_nothing_left_has_completed) {
    struct announce_request peer = client(1);
    put(&peer);
    peer.event = EVENT_STOPPED;
    peer.left = 0;
    drop(&peer);
    assert_counts(0, 0, 1);
    const struct change completed = *told(1);
    ck_assert_uint_eq(completed.seeders, 1);
    ck_assert_uint_eq(completed.leechers, 0);
    ASSERT_TOLD(CHANGE_PEER_JOINED, CHANGE_PEER_COMPLETED, CHANGE_PEER_LEFT, CHANGE_TORRENT);
}
END_TEST

START_TEST(seeder_that_stops_has_not_completed_again) {
    struct announce_request peer = client(1);
    put(&peer);
    peer.event = EVENT_COMPLETED;
    peer.left = 0;
    put(&peer);
    peer.event = EVENT_STOPPED;
    drop(&peer);
    assert_counts(0, 0, 1);
    struct announce_request seeder = client(2);
    seeder.left = 0;
    put(&seeder);
    seeder.event = EVENT_STOPPED;
    drop(&seeder);
    assert_counts(0, 0, 1);
}
END_TEST

START_TEST(stop_completes_once_over_both_families) {
    struct announce_request peer = client(1);
    put(&peer);
    struct announce_request other = peer;
    other.peer = numbered_endpoint(FAMILY_V6, 1);
    put(&other);
    peer.event = other.event = EVENT_STOPPED;
    peer.left = other.left = 0;
    drop(&peer);
    drop(&other);
    assert_counts(0, 0, 1);
}
END_TEST

START_TEST(refused_client_loses_its_own_peer_wherever_it_is) {
    struct announce_request peer = client(1);
    put(&peer);
    peer.left = 0;
    peer.event = EVENT_STOPPED;
    reject(&peer);
    assert_counts(0, 0, 0);
    ASSERT_TOLD(CHANGE_PEER_JOINED, CHANGE_PEER_LEFT);
    peer.event = EVENT_NONE;
    put(&peer);
    peer.peer = numbered_endpoint(FAMILY_V4, 500);
    reject(&peer);
    assert_counts(0, 0, 0);
    peer.key = 0;
    put(&peer);
    reject(&peer);
    assert_counts(0, 0, 0);
}
END_TEST

START_TEST(refused_client_leaves_the_peer_of_another_at_its_endpoint_alone) {
    struct announce_request peer = client(1);
    put(&peer);
    struct announce_request refused = client(2);
    refused.peer = peer.peer;
    refused.left = 0;
    refused.event = EVENT_STOPPED;
    reject(&refused);
    refused.key = 0;
    reject(&refused);
    refused = peer;
    refused.key = 0;
    reject(&refused);
    refused.key = peer.key + 1;
    reject(&refused);
    assert_counts(0, 1, 0);
    ASSERT_TOLD(CHANGE_PEER_JOINED);
}
END_TEST

static void complete_and_leave(struct announce_request peer) {
    peer.event = EVENT_COMPLETED;
    peer.left = 0;
    put(&peer);
    peer.event = EVENT_STOPPED;
    drop(&peer);
}

START_TEST(client_that_left_does_not_complete_again) {
    struct announce_request peer = client(1);
    for (int i = 0; i < 5; i++)
        complete_and_leave(peer);
    assert_counts(0, 0, 1);
    peer.peer = numbered_endpoint(FAMILY_V4, 500);
    complete_and_leave(peer);
    peer.peer = numbered_endpoint(FAMILY_V6, 1);
    complete_and_leave(peer);
    put(&peer);
    peer.left = 0;
    peer.event = EVENT_STOPPED;
    drop(&peer);
    assert_counts(0, 0, 1);
    peer.key++;
    complete_and_leave(peer);
    assert_counts(0, 0, 2);
    numbered_id(peer.peer_id, 2);
    complete_and_leave(peer);
    assert_counts(0, 0, 3);
}
END_TEST

START_TEST(client_without_key_is_recognised_by_peer_id_and_address_or_64) {
    struct announce_request peer = client(1);
    peer.key = 0;
    peer.peer = endpoint_at("192.0.2.1", 1000);
    complete_and_leave(peer);
    peer.peer = endpoint_at("192.0.2.1", 2000);
    complete_and_leave(peer);
    assert_counts(0, 0, 1);
    peer.peer = endpoint_at("192.0.2.2", 1000);
    complete_and_leave(peer);
    assert_counts(0, 0, 2);
    peer.peer = endpoint_at("2001:db8:0:1::1", 1000);
    complete_and_leave(peer);
    peer.peer = endpoint_at("2001:db8:0:1::2", 1000);
    complete_and_leave(peer);
    assert_counts(0, 0, 3);
    peer.peer = endpoint_at("2001:db8:0:2::1", 1000);
    complete_and_leave(peer);
    assert_counts(0, 0, 4);
}
END_TEST

START_TEST(clients_that_take_turns_at_one_endpoint_complete_once_each) {
    struct announce_request peer = client(1);
    struct announce_request other = client(2);
    other.peer = peer.peer;
    peer.event = other.event = EVENT_COMPLETED;
    put(&peer);
    completion_set_free(outputs.completions);
    for (int i = 0; i < 5; i++) {
        put(&other);
        put(&peer);
    }
    assert_counts(0, 1, 2);
}
END_TEST

START_TEST(peer_that_completed_long_ago_does_not_complete_again_after_it_left) {
    struct announce_request peer = client(1);
    peer.event = EVENT_COMPLETED;
    put(&peer);
    completion_set_free(outputs.completions);
    peer.event = EVENT_STOPPED;
    drop(&peer);
    complete_and_leave(peer);
    assert_counts(0, 0, 1);
}
END_TEST

START_TEST(moved_peer_stops_by_its_identity) {
    struct announce_request peer = client(1);
    put(&peer);
    peer.peer = numbered_endpoint(FAMILY_V4, 500);
    drop(&peer);
    assert_counts(0, 0, 0);
}
END_TEST

START_TEST(stranger_stops_no_peer) {
    const struct announce_request peer = client(1);
    struct announce_request stranger = client(2);
    put(&peer);
    drop(&stranger);
    stranger.key = 0;
    numbered_id(stranger.peer_id, 1);
    drop(&stranger);
    assert_counts(0, 1, 0);
}
END_TEST

START_TEST(peer_expires_at_its_deadline) {
    const struct announce_request peer = client(1);
    put(&peer);
    ck_assert_uint_eq(expire(NOW + TTL - 1, 10), 0);
    ck_assert_uint_eq(expire(NOW + TTL, 10), 1);
    assert_counts(0, 0, 0);
    ck_assert_uint_eq(swarm->idle_since_s, NOW + TTL);
    ASSERT_TOLD(CHANGE_PEER_JOINED, CHANGE_PEER_EXPIRED);
}
END_TEST

START_TEST(announce_puts_the_deadline_off) {
    const struct announce_request peer = client(1);
    put(&peer);
    put_at(&peer, NOW + 100);
    ck_assert_uint_eq(expire(NOW + TTL + 99, 10), 0);
    ck_assert_uint_eq(expire(NOW + TTL + 100, 10), 1);
}
END_TEST

START_TEST(no_more_peers_expire_than_the_limit_allows) {
    for (uint32_t i = 0; i < 50; i++) {
        struct announce_request peer = client(i);
        put(&peer);
        peer.peer = numbered_endpoint(FAMILY_V6, i);
        put(&peer);
    }
    ck_assert_uint_eq(expire(NOW + TTL, 60), 60);
    ck_assert_uint_eq(swarm_peers(swarm), 40);
    ck_assert_uint_eq(expire(NOW + TTL, 60), 40);
    ck_assert_uint_eq(expire(NOW + TTL, 60), 0);
}
END_TEST

START_TEST(expiry_goes_on_where_it_ended) {
    for (uint32_t i = 0; i < 10; i++) {
        struct announce_request peer = client(i);
        put(&peer);
        peer.peer = numbered_endpoint(FAMILY_V6, i);
        put(&peer);
    }
    uint32_t at = 4;
    ck_assert_uint_eq(swarm_expire(swarm, &outputs, NOW + TTL, 10, &at), 10);
    ck_assert_uint_eq(swarm_peers(swarm), 10);
    ck_assert_uint_ne(at, UINT32_MAX);
    ck_assert_uint_eq(swarm_expire(swarm, &outputs, NOW + TTL, 10, &at), 6);
    ck_assert_uint_eq(at, UINT32_MAX);
    ck_assert_uint_eq(peer_list_count(&swarm->v4), 4);
    ck_assert_uint_eq(peer_list_count(&swarm->v6), 0);
}
END_TEST

START_TEST(only_those_expire_whose_time_is_up) {
    for (uint32_t i = 0; i < 100; i++) {
        const struct announce_request peer = client(i);
        put_at(&peer, NOW + i % 2);
    }
    ck_assert_uint_eq(expire(NOW + TTL, 1000), 50);
    for (uint32_t i = 0; i < 100; i++) {
        const struct endpoint peer = numbered_endpoint(FAMILY_V4, i);
        ck_assert_int_eq(peer_list_find(&swarm->v4, peer.wire) != PEER_NOWHERE, i % 2 == 1);
    }
}
END_TEST

START_TEST(change_describes_its_peer) {
    struct announce_request peer = client(1);
    peer.event = EVENT_COMPLETED;
    peer.left = 0;
    put(&peer);
    const struct change *change = told(0);
    ck_assert_mem_eq(change->info_hash, swarm->info_hash, INFO_HASH_LEN);
    ck_assert_mem_eq(change->peer_id, peer.peer_id, PEER_ID_LEN);
    ck_assert(endpoint_equal(&change->peer, &peer.peer));
    ck_assert_uint_eq(change->key, peer.key);
    ck_assert_uint_eq(change->left, 0);
    ck_assert(!change->paused);
    ck_assert(change->counted);
    ck_assert_uint_eq(change->downloaded, 1);
    ck_assert_uint_eq(change->seeders, 1);
    ck_assert_uint_eq(change->leechers, 0);
}
END_TEST

START_TEST(change_of_a_peer_that_left_carries_the_counts_without_it) {
    const struct announce_request peer = client(1);
    const struct announce_request other = client(2);
    put(&peer);
    put(&other);
    drop(&peer);
    ck_assert_uint_eq(told(2)->leechers, 1);
    ck_assert(endpoint_equal(&told(2)->peer, &peer.peer));
}
END_TEST

START_TEST(restored_peer_is_unchanged_and_not_in_the_feed) {
    struct announce_request peer = client(1);
    peer.event = EVENT_PAUSED;
    put(&peer);
    struct change change = *told(0);
    change.counted = true;
    drop(&peer);
    feed.count = 0;
    ck_assert(swarm_restore(swarm, &outputs, &change, false, false, NOW, TTL));
    ck_assert(swarm_restore(swarm, &outputs, &change, false, false, NOW, TTL));
    assert_told(NULL, 0);
    assert_counts(0, 1, 0);
    ck_assert_uint_eq(swarm->paused, 1);
    const struct change again = swarm_describe(swarm, &swarm->v4, 0, CHANGE_PEER_JOINED, NOW);
    ck_assert_mem_eq(again.peer_id, change.peer_id, PEER_ID_LEN);
    ck_assert_uint_eq(again.key, change.key);
    ck_assert_uint_eq(again.left, change.left);
    ck_assert(again.paused && again.counted);
}
END_TEST

UNIT_SUITE(swarm_leaving) {
    Suite *suite = suite_create("swarm_leaving");
    TCase *leaving = tcase_create("leaving");
    tcase_add_checked_fixture(leaving, create_swarm, delete_swarm);
    tcase_add_test(leaving, refused_client_loses_its_own_peer_wherever_it_is);
    tcase_add_test(leaving, refused_client_leaves_the_peer_of_another_at_its_endpoint_alone);
    tcase_add_test(leaving, stopped_peer_leaves_swarm);
    tcase_add_test(leaving, leecher_that_stops_with_nothing_left_has_completed);
    tcase_add_test(leaving, seeder_that_stops_has_not_completed_again);
    tcase_add_test(leaving, stop_completes_once_over_both_families);
    tcase_add_test(leaving, client_that_left_does_not_complete_again);
    tcase_add_test(leaving, client_without_key_is_recognised_by_peer_id_and_address_or_64);
    tcase_add_test(leaving, clients_that_take_turns_at_one_endpoint_complete_once_each);
    tcase_add_test(leaving, peer_that_completed_long_ago_does_not_complete_again_after_it_left);
    tcase_add_test(leaving, moved_peer_stops_by_its_identity);
    tcase_add_test(leaving, stranger_stops_no_peer);
    tcase_add_test(leaving, peer_expires_at_its_deadline);
    tcase_add_test(leaving, announce_puts_the_deadline_off);
    tcase_add_test(leaving, no_more_peers_expire_than_the_limit_allows);
    tcase_add_test(leaving, expiry_goes_on_where_it_ended);
    tcase_add_test(leaving, only_those_expire_whose_time_is_up);
    tcase_add_test(leaving, change_describes_its_peer);
    tcase_add_test(leaving, change_of_a_peer_that_left_carries_the_counts_without_it);
    tcase_add_test(leaving, restored_peer_is_unchanged_and_not_in_the_feed);
    suite_add_tcase(suite, leaving);
    return suite;
}
