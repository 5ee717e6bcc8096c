/* How far one address may go: its requests in a second, its peers; and the ceiling of memory. */
#include "tracker_support.h"

#include <stdio.h>
#include <string.h>

#include "swarm/tracker_cluster.h"

enum { FLOOD = 5000 };

static struct tracker_options options;
static struct tracker *tracker;
static struct reply reply;
static uint64_t now_ms;

static void create_tracker(void) {
    options = test_options();
    now_ms = START_MS;
    tracker = tracker_create(&options, FEED_CAPACITY);
    ck_assert_ptr_nonnull(tracker);
}

static void delete_tracker(void) {
    tracker_delete(tracker);
}

static void apply(void) {
    ck_assert(tracker_apply(tracker, &options));
}

static enum announce_result announce(const struct announce_request *request) {
    test_announce(tracker, request, now_ms, &reply);
    return reply.result;
}

/* Client `number` in the given torrent; the clients of one address differ in their ports. */
static struct announce_request client_at(const char *address, uint32_t number, uint32_t torrent) {
    struct announce_request request = test_leecher_at(number, address);
    numbered_id(request.info_hash, torrent);
    return request;
}

static enum announce_result come(const char *address, uint32_t number, uint32_t torrent) {
    const struct announce_request request = client_at(address, number, torrent);
    return announce(&request);
}

static enum announce_result say(enum announce_event event, const char *address, uint32_t number,
                                uint32_t torrent) {
    struct announce_request request = client_at(address, number, torrent);
    request.event = event;
    request.left = event == EVENT_COMPLETED ? 0 : request.left;
    return announce(&request);
}

static enum announce_result scrape(const char *address) {
    const struct endpoint from = endpoint_at(address, 1);
    const struct passkey none = { 0 };
    char detail[REFUSAL_DETAIL_LEN];
    return tracker_check_scrape(tracker, &from, &none, now_ms, detail);
}

static void limit_requests(uint32_t per_s, uint32_t burst) {
    options.address_requests_per_s = per_s;
    options.address_requests_burst = burst;
    apply();
}

START_TEST(address_over_its_rate_is_refused_until_it_slows_down) {
    limit_requests(10, 5);
    for (uint32_t i = 0; i < 5; i++)
        ck_assert_int_eq(come("192.0.2.1", i, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(come("192.0.2.1", 5, TORRENT), ANNOUNCE_TOO_FAST);
    ck_assert_uint_eq(reply.response.peer_count, 0);
    ck_assert_uint_eq(reply.response.interval_s, 120);
    ck_assert_str_eq(reply.response.detail, "");
    ck_assert_int_eq(come("192.0.2.2", 6, TORRENT), ANNOUNCE_OK);
    now_ms += 100;
    ck_assert_int_eq(come("192.0.2.1", 5, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(come("192.0.2.1", 7, TORRENT), ANNOUNCE_TOO_FAST);
}
END_TEST

START_TEST(scrapes_and_announces_share_the_rate) {
    limit_requests(10, 2);
    ck_assert_int_eq(scrape("192.0.2.1"), ANNOUNCE_OK);
    ck_assert_int_eq(come("192.0.2.1", 1, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(scrape("192.0.2.1"), ANNOUNCE_TOO_FAST);
    ck_assert_int_eq(come("192.0.2.1", 1, TORRENT), ANNOUNCE_TOO_FAST);
    ck_assert_int_eq(scrape("192.0.2.2"), ANNOUNCE_OK);
}
END_TEST

START_TEST(peer_completes_once_and_stops_despite_the_rate_limit) {
    limit_requests(1, 1);
    ck_assert_int_eq(come("192.0.2.1", 1, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(come("192.0.2.1", 1, TORRENT), ANNOUNCE_TOO_FAST);
    ck_assert_int_eq(say(EVENT_COMPLETED, "192.0.2.1", 1, TORRENT), ANNOUNCE_OK);
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).downloaded, 1);
    ck_assert_int_eq(say(EVENT_COMPLETED, "192.0.2.1", 1, TORRENT), ANNOUNCE_TOO_FAST);
    ck_assert_int_eq(say(EVENT_STARTED, "192.0.2.1", 1, TORRENT), ANNOUNCE_TOO_FAST);
    ck_assert_int_eq(say(EVENT_PAUSED, "192.0.2.1", 1, TORRENT), ANNOUNCE_TOO_FAST);
    ck_assert_int_eq(say(EVENT_STOPPED, "192.0.2.1", 1, TORRENT), ANNOUNCE_OK);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 0);
}
END_TEST

START_TEST(completed_of_an_unknown_client_is_limited_like_a_join) {
    limit_requests(1, 2);
    ck_assert_int_eq(come("192.0.2.1", 1, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(say(EVENT_COMPLETED, "192.0.2.1", 2, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(say(EVENT_COMPLETED, "192.0.2.1", 3, TORRENT), ANNOUNCE_TOO_FAST);
    ck_assert_int_eq(say(EVENT_COMPLETED, "192.0.2.1", 1, TORRENT + 1), ANNOUNCE_TOO_FAST);
    /* Another client at the endpoint of a peer is a newcomer, too. */
    struct announce_request other = client_at("192.0.2.1", 1, TORRENT);
    other.event = EVENT_COMPLETED;
    numbered_id(other.peer_id, 4);
    ck_assert_int_eq(announce(&other), ANNOUNCE_TOO_FAST);
    ck_assert_uint_eq(reply.response.peer_count, 0);
    ck_assert_uint_eq(tracker_stats(tracker).torrents, 1);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 2);
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).downloaded, 1);
}
END_TEST

START_TEST(moved_peer_and_one_with_a_new_key_complete_despite_the_rate_limit) {
    limit_requests(1, 2);
    ck_assert_int_eq(come("192.0.2.1", 1, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(come("192.0.2.1", 2, TORRENT), ANNOUNCE_OK);
    struct announce_request peer = client_at("192.0.2.1", 1, TORRENT);
    peer.event = EVENT_COMPLETED;
    endpoint_set_port(&peer.peer, 7000);
    ck_assert_int_eq(announce(&peer), ANNOUNCE_OK);
    endpoint_set_port(&peer.peer, 7001);
    ck_assert_int_eq(announce(&peer), ANNOUNCE_TOO_FAST);
    peer = client_at("192.0.2.1", 2, TORRENT);
    peer.event = EVENT_COMPLETED;
    peer.key += 100;
    ck_assert_int_eq(announce(&peer), ANNOUNCE_OK);
    peer.key += 100;
    ck_assert_int_eq(announce(&peer), ANNOUNCE_TOO_FAST);
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).downloaded, 2);
}
END_TEST

START_TEST(stop_of_an_unknown_client_is_no_error_and_reveals_nothing_over_the_rate_limit) {
    limit_requests(1, 2);
    ck_assert_int_eq(come("192.0.2.1", 1, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(say(EVENT_STOPPED, "192.0.2.1", 2, TORRENT), ANNOUNCE_OK);
    ck_assert_uint_eq(reply.response.leechers, 1);
    for (uint32_t i = 0; i < 100; i++) {
        REQUIRE(say(EVENT_STOPPED, "192.0.2.1", 2, TORRENT + i) == ANNOUNCE_OK);
        REQUIRE(reply.response.leechers == 0 && reply.response.peer_count == 0);
    }
    ck_assert_uint_eq(tracker_stats(tracker).torrents, 1);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 1);
}
END_TEST

START_TEST(flood_of_completed_and_stopped_is_held_to_the_rate) {
    struct announce_request flood = client_at("192.0.2.1", 1, TORRENT);
    limit_requests(100, 200);
    for (uint32_t i = 0; i < FLOOD; i++) {
        numbered_id(flood.peer_id, 1000 + i);
        flood.key = 1000 + i;
        flood.event = EVENT_COMPLETED;
        announce(&flood);
        flood.event = EVENT_STOPPED;
        REQUIRE(announce(&flood) == ANNOUNCE_OK);
    }
    ck_assert_uint_le(test_scrape(tracker, TORRENT).downloaded, 200);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 0);
}
END_TEST

START_TEST(peer_that_is_too_fast_keeps_its_place) {
    limit_requests(1, 1);
    come("192.0.2.1", 1, TORRENT);
    ck_assert_int_eq(come("192.0.2.1", 1, TORRENT), ANNOUNCE_TOO_FAST);
    ck_assert_uint_eq(test_scrape(tracker, TORRENT).leechers, 1);
}
END_TEST

START_TEST(rate_is_that_of_the_socket_and_not_of_a_claimed_address) {
    ck_assert(network_parse("192.0.2.1", &options.ip_param_networks.list[0]));
    options.ip_param_networks.count = 1;
    limit_requests(1, 2);
    for (uint32_t i = 0; i < 3; i++) {
        struct announce_request request = client_at("192.0.2.1", i, TORRENT);
        request.claimed = numbered_endpoint(FAMILY_V4, i);
        ck_assert_int_eq(announce(&request), i < 2 ? ANNOUNCE_OK : ANNOUNCE_TOO_FAST);
    }
}
END_TEST

static const char *const loopback[] = { "127.0.0.1", "127.9.9.9", "::1" };

START_TEST(this_machine_is_limited_only_where_the_options_say_so) {
    options.address_peers_max = 2;
    options.address_torrent_peers_max = 1;
    limit_requests(1, 2);
    for (uint32_t i = 0; i < 20; i++)
        ck_assert_int_eq(come(loopback[_i], i, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(scrape(loopback[_i]), ANNOUNCE_OK);
    options.limit_loopback = true;
    apply();
    ck_assert_int_eq(come(loopback[_i], 20, TORRENT + 1), ANNOUNCE_ADDRESS_FULL);
    ck_assert_int_eq(come(loopback[_i], 0, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(come(loopback[_i], 0, TORRENT), ANNOUNCE_TOO_FAST);
}
END_TEST

static void limit_peers(uint32_t of_address, uint32_t in_torrent) {
    options.address_peers_max = of_address;
    options.address_torrent_peers_max = in_torrent;
    apply();
}

START_TEST(full_address_gets_no_further_peers) {
    limit_peers(3, 0);
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_int_eq(come("192.0.2.1", i, TORRENT + i), ANNOUNCE_OK);
    ck_assert_int_eq(come("192.0.2.1", 3, TORRENT), ANNOUNCE_ADDRESS_FULL);
    ck_assert_int_eq(come("192.0.2.1", 3, TORRENT + 9), ANNOUNCE_ADDRESS_FULL);
    ck_assert_uint_eq(tracker_stats(tracker).torrents, 3);
    ck_assert_int_eq(come("192.0.2.2", 3, TORRENT), ANNOUNCE_OK);
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_int_eq(come("192.0.2.1", i, TORRENT + i), ANNOUNCE_OK);
    ck_assert_int_eq(say(EVENT_COMPLETED, "192.0.2.1", 0, TORRENT), ANNOUNCE_OK);
}
END_TEST

START_TEST(address_full_in_one_torrent_may_join_others) {
    limit_peers(0, 2);
    ck_assert_int_eq(come("192.0.2.1", 0, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(come("192.0.2.1", 1, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(come("192.0.2.1", 2, TORRENT), ANNOUNCE_ADDRESS_SWARM_FULL);
    ck_assert_int_eq(come("192.0.2.1", 2, TORRENT + 1), ANNOUNCE_OK);
    ck_assert_int_eq(come("192.0.2.1", 1, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(come("192.0.2.3", 2, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(say(EVENT_STOPPED, "192.0.2.1", 0, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(come("192.0.2.1", 2, TORRENT), ANNOUNCE_OK);
}
END_TEST

START_TEST(ipv6_addresses_of_a_64_are_one) {
    limit_peers(0, 2);
    ck_assert_int_eq(come("2001:db8:0:1::1", 1, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(come("2001:db8:0:1::2", 2, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(come("2001:db8:0:1:ffff::3", 3, TORRENT), ANNOUNCE_ADDRESS_SWARM_FULL);
    ck_assert_int_eq(come("2001:db8:0:2::1", 3, TORRENT), ANNOUNCE_OK);
    limit_peers(2, 0);
    ck_assert_int_eq(come("2001:db8:0:1:ffff::3", 4, TORRENT + 1), ANNOUNCE_ADDRESS_FULL);
    ck_assert_int_eq(come("2001:db8:0:3::3", 4, TORRENT + 1), ANNOUNCE_OK);
}
END_TEST

static enum announce_result come_from_64(uint32_t network, uint32_t number, uint32_t torrent) {
    char address[ENDPOINT_TEXT_LEN];
    snprintf(address, sizeof address, "2001:db8:7:%x::1", network);
    return come(address, number, torrent);
}

START_TEST(ipv6_networks_of_many_64s_are_limited_in_all_torrents) {
    uint32_t joined = 0;
    limit_peers(2, 0);
    for (uint32_t i = 0; i < 20; i++)
        joined += come_from_64(i, i, TORRENT + i) == ANNOUNCE_OK;
    ck_assert_uint_eq(joined, 4 * 2);
    ck_assert_int_eq(reply.result, ANNOUNCE_ADDRESS_FULL);
    for (uint32_t i = 0; i < 200; i++)
        joined += come_from_64(0x100 + 0x40 * i, 100 + i, TORRENT + i) == ANNOUNCE_OK;
    ck_assert_uint_eq(joined, 16 * 2);
    ck_assert_int_eq(come("2001:db8:8::1", 1, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(come_from_64(0, 0, TORRENT), ANNOUNCE_OK);
    struct announce_request leaver = client_at("2001:db8:7::1", 0, TORRENT);
    leaver.event = EVENT_STOPPED;
    ck_assert_int_eq(announce(&leaver), ANNOUNCE_OK);
    ck_assert_int_eq(come_from_64(0xfffe, 1, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(come_from_64(0xffff, 2, TORRENT), ANNOUNCE_ADDRESS_FULL);
}
END_TEST

START_TEST(ipv6_networks_of_many_64s_are_limited_in_one_torrent) {
    uint32_t joined = 0;
    limit_peers(0, 2);
    for (uint32_t i = 0; i < 20; i++)
        joined += come_from_64(i, i, TORRENT) == ANNOUNCE_OK;
    ck_assert_uint_eq(joined, 4 * 2);
    ck_assert_int_eq(reply.result, ANNOUNCE_ADDRESS_SWARM_FULL);
    for (uint32_t i = 0; i < 200; i++)
        joined += come_from_64(0x100 + 0x40 * i, 100 + i, TORRENT) == ANNOUNCE_OK;
    ck_assert_uint_eq(joined, 16 * 2);
    ck_assert_int_eq(come_from_64(0, 0, TORRENT + 1), ANNOUNCE_OK);
}
END_TEST

START_TEST(limits_of_zero_let_any_number_in) {
    for (uint32_t i = 0; i < 500; i++)
        REQUIRE(come("192.0.2.1", i, TORRENT) == ANNOUNCE_OK);
}
END_TEST

START_TEST(moved_peer_is_let_through) {
    limit_peers(2, 1);
    ck_assert_int_eq(come("192.0.2.1", 1, TORRENT), ANNOUNCE_OK);
    struct announce_request mover = client_at("192.0.2.1", 1, TORRENT);
    for (uint16_t port = 5000; port < 5010; port++) {
        endpoint_set_port(&mover.peer, port);
        ck_assert_int_eq(announce(&mover), ANNOUNCE_OK);
    }
    ck_assert_int_eq(come("192.0.2.1", 2, TORRENT + 1), ANNOUNCE_OK);
    endpoint_set_port(&mover.peer, 6000);
    ck_assert_int_eq(announce(&mover), ANNOUNCE_OK);
    ck_assert_int_eq(come("192.0.2.1", 3, TORRENT + 2), ANNOUNCE_ADDRESS_FULL);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 2);
}
END_TEST

START_TEST(peer_that_moves_away_leaves_room_at_its_address) {
    limit_peers(1, 0);
    ck_assert_int_eq(come("192.0.2.1", 1, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(come("192.0.2.1", 2, TORRENT), ANNOUNCE_ADDRESS_FULL);
    ck_assert_int_eq(come("192.0.2.9", 1, TORRENT), ANNOUNCE_OK);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 1);
    ck_assert_int_eq(come("192.0.2.1", 2, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(come("192.0.2.9", 3, TORRENT), ANNOUNCE_ADDRESS_FULL);
}
END_TEST

START_TEST(stopped_peer_leaves_room_at_its_address) {
    limit_peers(1, 0);
    for (uint32_t i = 0; i < 10; i++) {
        ck_assert_int_eq(come("192.0.2.1", i, TORRENT + i), ANNOUNCE_OK);
        ck_assert_int_eq(come("192.0.2.1", 99, TORRENT), ANNOUNCE_ADDRESS_FULL);
        ck_assert_int_eq(say(EVENT_STOPPED, "192.0.2.1", i, TORRENT + i), ANNOUNCE_OK);
    }
}
END_TEST

START_TEST(stop_of_a_peer_that_is_not_there_leaves_no_room) {
    limit_peers(1, 0);
    ck_assert_int_eq(come("192.0.2.1", 1, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(say(EVENT_STOPPED, "192.0.2.1", 2, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(say(EVENT_STOPPED, "192.0.2.1", 1, TORRENT + 1), ANNOUNCE_OK);
    ck_assert_int_eq(come("192.0.2.1", 2, TORRENT), ANNOUNCE_ADDRESS_FULL);
}
END_TEST

START_TEST(expired_peers_leave_room_at_their_address) {
    limit_peers(3, 0);
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_int_eq(come("192.0.2.1", i, TORRENT + i), ANNOUNCE_OK);
    ck_assert_int_eq(come("192.0.2.1", 3, TORRENT), ANNOUNCE_ADDRESS_FULL);
    now_ms += 241 * 1000;
    ck_assert_uint_eq(tracker_sweep(tracker, 0, TRACKER_SHARDS, now_ms), 3);
    for (uint32_t i = 3; i < 6; i++)
        ck_assert_int_eq(come("192.0.2.1", i, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(come("192.0.2.1", 6, TORRENT), ANNOUNCE_ADDRESS_FULL);
}
END_TEST

START_TEST(restored_peers_count_for_their_address) {
    struct change change = { .kind = CHANGE_PEER_JOINED, .left = 5, .key = 77 };
    limit_peers(1, 0);
    numbered_id(change.info_hash, TORRENT);
    numbered_id(change.peer_id, 77);
    change.peer = endpoint_at("192.0.2.1", 1077);
    ck_assert(tracker_restore(tracker, &change, 1, now_ms));
    ck_assert(tracker_restore(tracker, &change, 1, now_ms));
    ck_assert_int_eq(come("192.0.2.1", 2, TORRENT), ANNOUNCE_ADDRESS_FULL);
    ck_assert_int_eq(say(EVENT_STOPPED, "192.0.2.1", 77, TORRENT), ANNOUNCE_OK);
    ck_assert_int_eq(come("192.0.2.1", 2, TORRENT), ANNOUNCE_OK);
}
END_TEST

START_TEST(flood_of_torrents_from_one_address_blocks_no_other) {
    options.torrents_max = 200;
    limit_peers(100, 0);
    for (uint32_t i = 0; i < FLOOD; i++) {
        const enum announce_result expected = i < 100 ? ANNOUNCE_OK : ANNOUNCE_ADDRESS_FULL;
        REQUIRE(come("192.0.2.1", i, 1000 + i) == expected);
    }
    for (uint32_t i = 0; i < 100; i++) {
        const struct announce_request other = test_leecher(i);
        REQUIRE(announce(&other) == ANNOUNCE_OK);
    }
    const struct tracker_stats stats = tracker_stats(tracker);
    ck_assert_uint_eq(stats.torrents, 101);
    ck_assert_uint_eq(stats.announces[ANNOUNCE_ADDRESS_FULL], FLOOD - 100);
}
END_TEST

static void complete_and_leave(const char *address, uint32_t torrent) {
    ck_assert_int_eq(say(EVENT_COMPLETED, address, torrent, torrent), ANNOUNCE_OK);
    ck_assert_int_eq(say(EVENT_STOPPED, address, torrent, torrent), ANNOUNCE_OK);
}

static void sweep(void) {
    tracker_sweep(tracker, 0, TRACKER_SHARDS, now_ms);
}

/* How many of `count` torrents from `first` on still have their download count. */
static uint32_t count_kept(uint32_t first, uint32_t count) {
    uint32_t kept = 0;
    for (uint32_t i = first; i < first + count; i++)
        kept += test_scrape(tracker, i).downloaded > 0;
    return kept;
}

/* A torrent that was completed is kept without peers. */
START_TEST(completion_counts_once_until_two_intervals_later) {
    const uint64_t empty = tracker_stats(tracker).memory;
    for (uint32_t i = 0; i < 20; i++) {
        complete_and_leave("192.0.2.1", 1000);
        now_ms += 5000;
        sweep();
        ck_assert_uint_eq(test_scrape(tracker, 1000).downloaded, 1);
    }
    ck_assert_uint_gt(tracker_stats(tracker).memory, empty);
    for (uint32_t i = 0; i < 3; i++) {
        now_ms += 1000ULL * options.interval_max_s;
        sweep();
    }
    complete_and_leave("192.0.2.1", 1000);
    ck_assert_uint_eq(test_scrape(tracker, 1000).downloaded, 2);
    now_ms += 1000ULL * options.idle_torrent_s;
    sweep();
    now_ms += 1000ULL * options.interval_max_s;
    sweep();
    ck_assert_uint_eq(tracker_stats(tracker).memory, empty);
}
END_TEST

START_TEST(flood_of_completed_torrents_blocks_no_other_for_long) {
    options.torrents_max = 200;
    limit_peers(100, 0);
    for (uint32_t i = 0; i < FLOOD; i++) {
        say(EVENT_COMPLETED, "192.0.2.1", i, 1000 + i);
        say(EVENT_STOPPED, "192.0.2.1", i, 1000 + i);
    }
    ck_assert_uint_eq(tracker_stats(tracker).torrents, 200);
    ck_assert_uint_eq(tracker_stats(tracker).peers, 0);
    sweep();
    sweep();
    ck_assert_uint_lt(tracker_stats(tracker).torrents, 180);
    ck_assert_uint_gt(tracker_stats(tracker).torrents, 160);
    ck_assert_int_eq(come("192.0.2.2", 1, TORRENT), ANNOUNCE_OK);
}
END_TEST

START_TEST(most_recently_idle_torrents_are_forgotten_first) {
    options.torrents_max = 200;
    apply();
    for (uint32_t i = 0; i < 150; i++)
        complete_and_leave("192.0.2.1", 1000 + i);
    sweep();
    now_ms += 1000 * 1000;
    for (uint32_t i = 0; i < 50; i++)
        complete_and_leave("192.0.2.2", 2000 + i);
    sweep();
    now_ms += 10 * 1000;
    sweep();
    ck_assert_uint_eq(count_kept(1000, 150), 150);
    ck_assert_uint_lt(count_kept(2000, 50), 50);
    ck_assert_uint_lt(tracker_stats(tracker).torrents, 175);
}
END_TEST

START_TEST(address_keeps_its_share_of_torrents_without_peers) {
    options.address_idle_torrents_max = 10;
    apply();
    for (uint32_t i = 0; i < 50; i++)
        complete_and_leave("192.0.2.1", 1000 + i);
    for (uint32_t i = 0; i < 10; i++)
        complete_and_leave("192.0.2.2", 2000 + i);
    sweep();
    ck_assert_uint_eq(count_kept(1000, 50), 10);
    ck_assert_uint_eq(count_kept(2000, 10), 10);
    /* While a torrent has peers, it does not count for its address. */
    ck_assert_int_eq(come("192.0.2.3", 3, 1000), ANNOUNCE_OK);
    complete_and_leave("192.0.2.1", 3000);
    complete_and_leave("192.0.2.1", 3001);
    ck_assert_int_eq(say(EVENT_STOPPED, "192.0.2.3", 3, 1000), ANNOUNCE_OK);
    sweep();
    ck_assert_uint_eq(count_kept(3000, 2), 1);
    ck_assert_uint_eq(count_kept(1000, 50), 9);
    /* Forgotten torrents do not count either. */
    now_ms += 1000ULL * options.idle_torrent_s;
    sweep();
    ck_assert_uint_eq(tracker_stats(tracker).torrents, 0);
    for (uint32_t i = 0; i < 50; i++)
        complete_and_leave("192.0.2.1", 4000 + i);
    sweep();
    ck_assert_uint_eq(count_kept(4000, 50), 10);
}
END_TEST

START_TEST(torrent_counts_for_the_address_that_completed_it_first) {
    options.address_idle_torrents_max = 1;
    apply();
    for (uint32_t i = 0; i < 5; i++) {
        char address[ENDPOINT_TEXT_LEN];
        snprintf(address, sizeof address, "198.51.100.%u", i);
        ck_assert_int_eq(say(EVENT_COMPLETED, address, i, 1000 + i), ANNOUNCE_OK);
        ck_assert_int_eq(say(EVENT_COMPLETED, "192.0.2.1", 77, 1000 + i), ANNOUNCE_OK);
        ck_assert_int_eq(say(EVENT_STOPPED, address, i, 1000 + i), ANNOUNCE_OK);
        ck_assert_int_eq(say(EVENT_STOPPED, "192.0.2.1", 77, 1000 + i), ANNOUNCE_OK);
    }
    sweep();
    ck_assert_uint_eq(count_kept(1000, 5), 5);
}
END_TEST

START_TEST(expired_peers_leave_their_address_its_share) {
    options.address_idle_torrents_max = 3;
    apply();
    for (uint32_t i = 0; i < 9; i++)
        ck_assert_int_eq(say(EVENT_COMPLETED, "192.0.2.1", i, 1000 + i), ANNOUNCE_OK);
    now_ms += 241 * 1000;
    sweep();
    ck_assert_uint_eq(tracker_stats(tracker).peers, 0);
    ck_assert_uint_eq(count_kept(1000, 9), 3);
}
END_TEST

START_TEST(torrents_without_peers_keep_their_count_while_there_is_room) {
    options.torrents_max = 200;
    apply();
    for (uint32_t i = 0; i < 150; i++) {
        say(EVENT_COMPLETED, "192.0.2.1", i, 1000 + i);
        say(EVENT_STOPPED, "192.0.2.1", i, 1000 + i);
    }
    tracker_sweep(tracker, 0, TRACKER_SHARDS, now_ms);
    ck_assert_uint_eq(tracker_stats(tracker).torrents, 150);
    ck_assert_uint_eq(test_scrape(tracker, 1000).downloaded, 1);
}
END_TEST

/* Until there is no room for one more. */
static uint32_t fill_memory(void) {
    uint32_t number = 1;
    for (struct announce_request peer = test_leecher(number); announce(&peer) == ANNOUNCE_OK;
         peer = test_leecher(++number))
        REQUIRE(number < 100000);
    ck_assert_int_eq(reply.result, ANNOUNCE_MEMORY_FULL);
    return number;
}

START_TEST(tracker_at_its_memory_limit_refuses_new_peers_only) {
    options.memory_max_mib = 1;
    apply();
    const uint32_t newcomer = fill_memory();
    ck_assert_uint_gt(newcomer, 2000);
    ck_assert_uint_ge(tracker_stats(tracker).memory, 1U << 20);
    ck_assert_uint_lt(tracker_stats(tracker).memory, 2U << 20);
    ck_assert_int_eq(come("192.0.2.1", 1, TORRENT + 1), ANNOUNCE_MEMORY_FULL);
    ck_assert_uint_eq(tracker_stats(tracker).torrents, 1);
    struct announce_request peer = test_leecher(1);
    ck_assert_int_eq(announce(&peer), ANNOUNCE_OK);
    peer.peer = endpoint_at("198.51.100.1", 1);
    ck_assert_int_eq(announce(&peer), ANNOUNCE_OK);
    ck_assert_uint_eq(tracker_stats(tracker).peers, newcomer - 1);
}
END_TEST

/* Peers that join from a network until one is refused, 100 at each of its addresses or /64s. `at`:
 * the byte of the address that tells these apart. */
static uint32_t fill_network(struct endpoint network, size_t at, uint32_t first_key) {
    uint32_t joined = 0;
    for (;; joined++) {
        struct announce_request peer = test_leecher(joined);
        network.wire[at] = (uint8_t)(joined / 100);
        endpoint_set_port(&network, (uint16_t)(1 + joined % 100));
        peer.peer = network;
        peer.key = first_key + joined;
        numbered_id(peer.info_hash, joined % 1000);
        if (announce(&peer) != ANNOUNCE_OK)
            return joined;
    }
}

static uint32_t fill_v4_network(uint32_t number) {
    const struct endpoint network = { .family = FAMILY_V4, .wire = { 100, 64, (uint8_t)number } };
    return fill_network(network, 3, 1 + number * 1000000);
}

static uint32_t fill_v6_network(uint32_t number) {
    const struct endpoint network = { .family = FAMILY_V6,
                                      .wire = { 0x20, 1, 0xd, 0xb8, 1, (uint8_t)number } };
    return fill_network(network, 6, 2000000000 + number * 1000000);
}

static uint32_t admit_newcomers(uint32_t count) {
    uint32_t joined = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct announce_request peer = test_leecher(i);
        peer.peer = (struct endpoint){ .family = FAMILY_V4,
                                       .wire = { 9, (uint8_t)(i >> 8), (uint8_t)i, 7, 1, 1 } };
        peer.key = 4000000000 + i;
        joined += announce(&peer) == ANNOUNCE_OK;
    }
    return joined;
}

START_TEST(attacker_with_a_40_and_a_hundred_24s_keeps_no_newcomer_out) {
    uint32_t attackers = 0;
    options.peers_max = 100000;
    options.address_peers_max = 20000;
    options.network_peers_permille = 1;
    apply();
    for (uint32_t i = 0; i < 100; i++)
        attackers += fill_v4_network(i);
    for (uint32_t i = 0; i < 256; i++)
        attackers += fill_v6_network(i);
    ck_assert_int_eq(reply.result, ANNOUNCE_NETWORK_FULL);
    ck_assert_uint_ge(attackers, 50000);
    ck_assert_uint_eq(tracker_stats(tracker).peers, attackers);
    ck_assert_uint_eq(admit_newcomers(1000), 1000);
    /* A network has its share again when its peers leave. */
    now_ms += 241 * 1000;
    tracker_sweep(tracker, 0, TRACKER_SHARDS, now_ms);
    ck_assert_uint_eq(fill_v6_network(1), 50000);
}
END_TEST

START_TEST(network_has_its_share_if_memory_is_the_limit) {
    options.memory_max_mib = 1;
    options.network_peers_permille = 1;
    apply();
    const uint32_t joined = fill_v4_network(1);
    ck_assert_int_eq(reply.result, ANNOUNCE_NETWORK_FULL);
    ck_assert_uint_ge(tracker_stats(tracker).memory, 1U << 19);
    ck_assert_uint_lt(tracker_stats(tracker).memory, (1U << 19) + (1U << 16));
    ck_assert_uint_gt(joined, 1000);
    ck_assert_uint_eq(fill_v4_network(2), 100);
    ck_assert_uint_eq(admit_newcomers(100), 100);
}
END_TEST

START_TEST(lan_and_this_machine_are_not_held_to_a_share) {
    options.peers_max = 1000;
    options.network_peers_permille = 1;
    ck_assert(network_parse("100.64.1.0/24", &options.lan.list[0]));
    options.lan.count = 1;
    apply();
    ck_assert_uint_eq(fill_v4_network(2), 500);
    ck_assert_int_eq(reply.result, ANNOUNCE_NETWORK_FULL);
    for (uint32_t i = 0; i < 200; i++)
        REQUIRE(come("127.0.0.1", i, 7) == ANNOUNCE_OK);
    ck_assert_uint_eq(fill_v4_network(1), 300);
    ck_assert_int_eq(reply.result, ANNOUNCE_PEERS_FULL);
}
END_TEST

static enum announce_result merge(const char *address, uint16_t port, uint32_t torrent) {
    struct peer_key key = { .endpoint = endpoint_at(address, port) };
    struct held_peer peer = {
        .stamp = stamp_at(now_ms, 1),
        .state = { .left = 5, .key = port, .interval_s = 120 },
    };
    numbered_id(key.info_hash, torrent);
    numbered_id(peer.state.peer_id, port);
    return test_merge_peer(tracker, &key, &peer, NULL, now_ms);
}

START_TEST(merged_peers_are_not_held_to_a_share) {
    options.peers_max = 1000;
    options.network_peers_permille = 1;
    options.address_peers_max = 1;
    options.address_torrent_peers_max = 1;
    apply();
    for (uint32_t i = 0; i < 1000; i++) {
        REQUIRE(merge("192.0.2.1", (uint16_t)(1 + i), TORRENT) == ANNOUNCE_OK);
    }
    ck_assert_int_eq(come("192.0.2.7", 5000, TORRENT), ANNOUNCE_PEERS_FULL);
}
END_TEST

START_TEST(merged_peer_ends_the_idle_time_of_its_torrent) {
    options.address_idle_torrents_max = 1;
    apply();
    complete_and_leave("192.0.2.1", 1000);
    ck_assert_int_eq(merge("192.0.2.9", 1, 1000), ANNOUNCE_OK);
    complete_and_leave("192.0.2.1", 1001);
    sweep();
    ck_assert_uint_eq(count_kept(1000, 2), 2);
}
END_TEST

START_TEST(share_of_zero_is_no_limit) {
    options.peers_max = 1000;
    apply();
    ck_assert_uint_eq(fill_v4_network(2), 1000);
    ck_assert_int_eq(reply.result, ANNOUNCE_PEERS_FULL);
}
END_TEST

START_TEST(memory_is_given_back_when_the_peers_are_gone) {
    const uint64_t empty = tracker_stats(tracker).memory;
    options.memory_max_mib = 1;
    apply();
    fill_memory();
    now_ms += 241 * 1000;
    tracker_sweep(tracker, 0, TRACKER_SHARDS, now_ms);
    ck_assert_uint_eq(tracker_stats(tracker).memory, empty);
    ck_assert_int_eq(come("192.0.2.1", 1, TORRENT), ANNOUNCE_OK);
}
END_TEST

START_TEST(every_answer_is_in_the_stats) {
    limit_peers(2, 1);
    limit_requests(1, 5);
    come("192.0.2.1", 1, TORRENT);
    come("192.0.2.1", 2, TORRENT);
    come("192.0.2.1", 3, TORRENT + 1);
    come("192.0.2.1", 4, TORRENT + 2);
    scrape("192.0.2.1");
    scrape("192.0.2.1");
    come("192.0.2.1", 1, TORRENT);
    const struct tracker_stats stats = tracker_stats(tracker);
    uint64_t announces = 0;
    for (int i = 0; i < ANNOUNCE_RESULTS; i++)
        announces += stats.announces[i];
    ck_assert_uint_eq(announces, 5);
    ck_assert_uint_eq(stats.announces[ANNOUNCE_OK], 2);
    ck_assert_uint_eq(stats.announces[ANNOUNCE_ADDRESS_SWARM_FULL], 1);
    ck_assert_uint_eq(stats.announces[ANNOUNCE_ADDRESS_FULL], 1);
    ck_assert_uint_eq(stats.announces[ANNOUNCE_TOO_FAST], 1);
    ck_assert_uint_eq(stats.scrapes[ANNOUNCE_OK], 1);
    ck_assert_uint_eq(stats.scrapes[ANNOUNCE_TOO_FAST], 1);
}
END_TEST

UNIT_SUITE(tracker_floods) {
    Suite *suite = suite_create("tracker_floods");
    TCase *rate = tcase_create("rate");
    tcase_add_checked_fixture(rate, create_tracker, delete_tracker);
    tcase_add_test(rate, address_over_its_rate_is_refused_until_it_slows_down);
    tcase_add_test(rate, scrapes_and_announces_share_the_rate);
    tcase_add_test(rate, peer_completes_once_and_stops_despite_the_rate_limit);
    tcase_add_test(rate, completed_of_an_unknown_client_is_limited_like_a_join);
    tcase_add_test(rate, moved_peer_and_one_with_a_new_key_complete_despite_the_rate_limit);
    tcase_add_test(rate,
                   stop_of_an_unknown_client_is_no_error_and_reveals_nothing_over_the_rate_limit);
    tcase_add_test(rate, flood_of_completed_and_stopped_is_held_to_the_rate);
    tcase_add_test(rate, peer_that_is_too_fast_keeps_its_place);
    tcase_add_test(rate, rate_is_that_of_the_socket_and_not_of_a_claimed_address);
    tcase_add_loop_test(rate, this_machine_is_limited_only_where_the_options_say_so, 0,
                        LOOPS_OF(loopback));
    tcase_add_test(rate, every_answer_is_in_the_stats);
    suite_add_tcase(suite, rate);

    TCase *peers = tcase_create("peers");
    tcase_add_checked_fixture(peers, create_tracker, delete_tracker);
    tcase_add_test(peers, full_address_gets_no_further_peers);
    tcase_add_test(peers, address_full_in_one_torrent_may_join_others);
    tcase_add_test(peers, ipv6_addresses_of_a_64_are_one);
    tcase_add_test(peers, ipv6_networks_of_many_64s_are_limited_in_all_torrents);
    tcase_add_test(peers, ipv6_networks_of_many_64s_are_limited_in_one_torrent);
    tcase_add_test(peers, limits_of_zero_let_any_number_in);
    tcase_add_test(peers, moved_peer_is_let_through);
    tcase_add_test(peers, peer_that_moves_away_leaves_room_at_its_address);
    tcase_add_test(peers, stopped_peer_leaves_room_at_its_address);
    tcase_add_test(peers, stop_of_a_peer_that_is_not_there_leaves_no_room);
    tcase_add_test(peers, expired_peers_leave_room_at_their_address);
    tcase_add_test(peers, restored_peers_count_for_their_address);
    tcase_add_test(peers, flood_of_torrents_from_one_address_blocks_no_other);
    tcase_add_test(peers, completion_counts_once_until_two_intervals_later);
    tcase_add_test(peers, flood_of_completed_torrents_blocks_no_other_for_long);
    tcase_add_test(peers, most_recently_idle_torrents_are_forgotten_first);
    tcase_add_test(peers, address_keeps_its_share_of_torrents_without_peers);
    tcase_add_test(peers, torrent_counts_for_the_address_that_completed_it_first);
    tcase_add_test(peers, expired_peers_leave_their_address_its_share);
    tcase_add_test(peers, torrents_without_peers_keep_their_count_while_there_is_room);
    suite_add_tcase(suite, peers);

    TCase *memory = tcase_create("memory");
    tcase_add_checked_fixture(memory, create_tracker, delete_tracker);
    tcase_add_test(memory, tracker_at_its_memory_limit_refuses_new_peers_only);
    tcase_add_test(memory, attacker_with_a_40_and_a_hundred_24s_keeps_no_newcomer_out);
    tcase_add_test(memory, network_has_its_share_if_memory_is_the_limit);
    tcase_add_test(memory, lan_and_this_machine_are_not_held_to_a_share);
    tcase_add_test(memory, merged_peers_are_not_held_to_a_share);
    tcase_add_test(memory, merged_peer_ends_the_idle_time_of_its_torrent);
    tcase_add_test(memory, share_of_zero_is_no_limit);
    tcase_add_test(memory, memory_is_given_back_when_the_peers_are_gone);
    suite_add_tcase(suite, memory);
    return suite;
}
