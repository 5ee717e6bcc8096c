#include "probe/probe_plan.h"

#include <stdio.h>

#include "base/random.h"
#include "support.h"

enum {
    PER_S = 10,
    INTERVAL_S = 600,
    PEERS_MAX = 1000,
    ADDRESS_MAX = 4,
    START_MS = 1000000,
    PORT = 1024,
    MANY_TORRENTS = 2000, /* more than are kept of one peer */
};

static struct probe_plan *plan;
static struct probe_limits limits;
static uint64_t now_ms;

static void begin_with(const char *const *networks, size_t count) {
    limits = (struct probe_limits){
        .per_s = PER_S,
        .interval_s = INTERVAL_S,
        .peers_max = PEERS_MAX,
        .address_peers_max = ADDRESS_MAX,
        .networks.count = count,
    };
    for (size_t i = 0; i < count; i++)
        ck_assert(network_parse(networks[i], &limits.networks.list[i]));
    now_ms = START_MS;
    plan = probe_plan_create(&limits, &(struct hash_key){ { 1, 2 } });
    ck_assert_ptr_nonnull(plan);
}

static void begin(void) {
    static const char *const networks[] = { "10.0.0.0/8", "fd00::/8" };
    begin_with(networks, COUNT_OF(networks));
}

static void end(void) {
    probe_plan_delete(plan);
}

/* One peer on each machine of the LAN. */
static struct endpoint machine(uint32_t number) {
    char text[ENDPOINT_TEXT_LEN];
    snprintf(text, sizeof text, "10.%u.%u.%u", number >> 16, number >> 8 & 255, number & 255);
    return endpoint_at(text, 6881);
}

static void join_torrent(struct endpoint peer, uint32_t torrent) {
    uint8_t info_hash[ID_LEN];
    numbered_id(info_hash, torrent);
    probe_plan_join(plan, &peer, info_hash, now_ms);
}

static void leave_torrent(struct endpoint peer, uint32_t torrent) {
    uint8_t info_hash[ID_LEN];
    numbered_id(info_hash, torrent);
    probe_plan_leave(plan, &peer, info_hash);
}

static void join(struct endpoint peer) {
    join_torrent(peer, 1);
}

static void leave(struct endpoint peer) {
    leave_torrent(peer, 1);
}

static void assert_state(struct endpoint peer, enum reach reach, bool pending) {
    const struct reach_state state = probe_plan_state(plan, &peer);
    ck_assert_int_eq(state.reach, reach);
    ck_assert_int_eq(state.pending, pending);
}

static uint32_t known(void) {
    const struct probe_counts counts = probe_plan_counts(plan);
    uint32_t sum = 0;
    for (int reach = 0; reach < REACHES; reach++)
        sum += counts.peers[reach];
    return sum;
}

/* Advances the time to the next probe, which must be of this peer. */
static void assert_next(struct endpoint expected) {
    struct endpoint peer;
    char found[ENDPOINT_TEXT_LEN], wanted[ENDPOINT_TEXT_LEN];
    const uint64_t next_ms = probe_plan_next_ms(plan, now_ms);
    ck_assert_uint_ne(next_ms, UINT64_MAX);
    now_ms = next_ms > now_ms ? next_ms : now_ms;
    ck_assert(probe_plan_next(plan, now_ms, &peer));
    endpoint_text(&peer, found);
    endpoint_text(&expected, wanted);
    ck_assert_str_eq(found, wanted);
}

static void assert_none_now(void) {
    struct endpoint peer;
    ck_assert(!probe_plan_next(plan, now_ms, &peer));
}

static void finish(struct endpoint peer, enum reach reach) {
    probe_plan_finish(plan, &peer, reach, now_ms);
}

static void check(struct endpoint peer, enum reach reach) {
    assert_next(peer);
    finish(peer, reach);
}

/* Runs all probes that are due within the time. Returns their number. */
static uint32_t run_for(uint64_t ms) {
    const uint64_t until_ms = now_ms + ms;
    uint32_t probes = 0;
    for (; now_ms < until_ms; now_ms += 5) {
        struct endpoint peer;
        while (probe_plan_next(plan, now_ms, &peer)) {
            finish(peer, REACH_SILENT);
            probes++;
        }
    }
    return probes;
}

/* Order */

START_TEST(new_peers_are_probed_in_order_of_arrival) {
    for (uint32_t i = 0; i < 3; i++)
        join(machine(i));
    for (uint32_t i = 0; i < 3; i++)
        assert_next(machine(i));
    assert_none_now();
}
END_TEST

START_TEST(result_is_kept_with_its_time) {
    join(machine(1));
    assert_state(machine(1), REACH_UNKNOWN, true);
    assert_next(machine(1));
    assert_state(machine(1), REACH_UNKNOWN, true);
    now_ms += 40;
    finish(machine(1), REACH_OPEN);
    assert_state(machine(1), REACH_OPEN, false);
    const struct endpoint peer = machine(1);
    ck_assert_uint_eq(probe_plan_state(plan, &peer).probed_ms, now_ms);
}
END_TEST

START_TEST(peer_is_checked_again_after_the_interval) {
    join(machine(1));
    check(machine(1), REACH_REFUSED);
    const uint64_t probed_ms = now_ms;
    now_ms = probed_ms + INTERVAL_S * 1000 - 1;
    assert_none_now();
    ck_assert_uint_eq(probe_plan_next_ms(plan, now_ms), probed_ms + INTERVAL_S * 1000);
    now_ms++;
    check(machine(1), REACH_OPEN);
    assert_state(machine(1), REACH_OPEN, false);
}
END_TEST

START_TEST(new_peers_come_before_probed_ones) {
    join(machine(1));
    check(machine(1), REACH_OPEN);
    now_ms += INTERVAL_S * 1000;
    join(machine(2));
    assert_next(machine(2));
    assert_next(machine(1));
}
END_TEST

START_TEST(nothing_is_due_without_peers) {
    assert_none_now();
    ck_assert_uint_eq(probe_plan_next_ms(plan, now_ms), UINT64_MAX);
}
END_TEST

START_TEST(running_probe_is_not_started_twice) {
    join(machine(1));
    assert_next(machine(1));
    now_ms += 10 * INTERVAL_S * 1000;
    assert_none_now();
    ck_assert_uint_eq(probe_plan_next_ms(plan, now_ms), UINT64_MAX);
}
END_TEST

START_TEST(probe_that_did_not_take_place_is_repeated) {
    join(machine(1));
    check(machine(1), REACH_OPEN);
    now_ms += INTERVAL_S * 1000;
    assert_next(machine(1));
    const struct endpoint peer = machine(1);
    probe_plan_retry(plan, &peer, now_ms);
    assert_state(machine(1), REACH_OPEN, true);
    assert_next(machine(1));
}
END_TEST

/* Rate */

START_TEST(probes_keep_to_the_rate) {
    for (uint32_t i = 0; i < PEERS_MAX; i++)
        join(machine(i));
    ck_assert_uint_le(run_for(1000), PER_S + 1);
    const uint32_t probes = run_for(50 * 1000);
    ck_assert_uint_ge(probes, 50 * PER_S - 1);
    ck_assert_uint_le(probes, 50 * PER_S + 1);
}
END_TEST

START_TEST(idle_time_saves_no_probes_for_later) {
    now_ms += 24 * 60 * 60 * 1000;
    for (uint32_t i = 0; i < PEERS_MAX; i++)
        join(machine(i));
    ck_assert_uint_le(run_for(1000), PER_S + 1);
}
END_TEST

START_TEST(high_rate_is_kept_with_a_coarse_clock) {
    limits.per_s = 1000;
    probe_plan_apply(plan, &limits);
    for (uint32_t i = 0; i < PEERS_MAX; i++)
        join(machine(i));
    uint32_t probes = 0;
    for (int tick = 0; tick < 50; tick++, now_ms += 10) {
        struct endpoint peer;
        while (probe_plan_next(plan, now_ms, &peer))
            probes++;
    }
    ck_assert_uint_ge(probes, 490);
    ck_assert_uint_le(probes, 550);
}
END_TEST

START_TEST(probes_stay_spread_out) {
    for (uint32_t i = 0; i < 100; i++)
        join(machine(i));
    ck_assert_uint_eq(run_for(11 * 1000), 100);
    now_ms = START_MS + INTERVAL_S * 1000;
    for (int second = 0; second < 9; second++)
        ck_assert_uint_le(run_for(1000), PER_S + 1);
}
END_TEST

START_TEST(clock_of_another_thread_may_lie_behind) {
    join(machine(1));
    check(machine(1), REACH_OPEN);
    now_ms -= 4;
    join(machine(2));
    assert_none_now();
    assert_next(machine(2));
    ck_assert_uint_le(now_ms, START_MS + 2 * 1000 / PER_S);
}
END_TEST

/* Known peers */

START_TEST(peer_that_left_is_forgotten) {
    join(machine(1));
    leave(machine(1));
    ck_assert_uint_eq(known(), 0);
    assert_none_now();
    join(machine(2));
    check(machine(2), REACH_OPEN);
    leave(machine(2));
    assert_state(machine(2), REACH_UNKNOWN, false);
    now_ms += INTERVAL_S * 1000;
    assert_none_now();
}
END_TEST

START_TEST(returning_peer_is_probed_again) {
    join(machine(1));
    check(machine(1), REACH_REFUSED);
    leave(machine(1));
    join(machine(1));
    assert_state(machine(1), REACH_UNKNOWN, true);
    check(machine(1), REACH_OPEN);
    assert_state(machine(1), REACH_OPEN, false);
}
END_TEST

START_TEST(result_for_a_peer_that_left_changes_nothing) {
    join(machine(1));
    assert_next(machine(1));
    leave(machine(1));
    finish(machine(1), REACH_OPEN);
    ck_assert_uint_eq(known(), 0);
    join(machine(1));
    finish(machine(1), REACH_OPEN);
    assert_state(machine(1), REACH_UNKNOWN, true);
    check(machine(1), REACH_REFUSED);
    assert_state(machine(1), REACH_REFUSED, false);
}
END_TEST

START_TEST(peer_of_several_torrents_is_checked_once) {
    for (uint32_t torrent = 0; torrent < 50; torrent++)
        join_torrent(machine(1), torrent);
    check(machine(1), REACH_OPEN);
    assert_none_now();
    for (uint32_t torrent = 0; torrent < 49; torrent++)
        leave_torrent(machine(1), torrent);
    assert_state(machine(1), REACH_OPEN, false);
    leave_torrent(machine(1), 49);
    ck_assert_uint_eq(known(), 0);
}
END_TEST

START_TEST(torrent_joined_twice_is_one) {
    join_torrent(machine(1), 1);
    join_torrent(machine(1), 1);
    leave_torrent(machine(1), 2);
    ck_assert_uint_eq(known(), 1);
    leave_torrent(machine(1), 1);
    ck_assert_uint_eq(known(), 0);
    leave_torrent(machine(1), 1);
}
END_TEST

START_TEST(leaving_an_unknown_torrent_changes_nothing) {
    join_torrent(machine(1), 1);
    join_torrent(machine(1), 2);
    leave_torrent(machine(1), 3);
    leave_torrent(machine(1), 1);
    ck_assert_uint_eq(known(), 1);
    leave_torrent(machine(1), 2);
    ck_assert_uint_eq(known(), 0);
}
END_TEST

START_TEST(torrents_of_one_peer_are_bounded) {
    for (uint32_t torrent = 0; torrent < MANY_TORRENTS; torrent++)
        join_torrent(machine(1), torrent);
    for (uint32_t torrent = MANY_TORRENTS - 1; torrent > 0; torrent--)
        leave_torrent(machine(1), torrent);
    ck_assert_uint_eq(known(), 1);
    leave_torrent(machine(1), 0);
    ck_assert_uint_eq(known(), 0);
}
END_TEST

START_TEST(peer_outside_of_the_networks_is_left_alone) {
    join(endpoint_at("192.0.2.1", 6881));
    join(endpoint_at("2001:db8::1", 6881));
    const struct endpoint outsider = endpoint_at("192.0.2.1", 6881);
    probe_plan_request(plan, &outsider, now_ms);
    ck_assert_uint_eq(known(), 0);
    assert_none_now();
}
END_TEST

START_TEST(port_where_no_client_listens_is_left_alone) {
    static const uint16_t ports[] = { 0, 1, 22, 80, 1023 };
    for (size_t i = 0; i < COUNT_OF(ports); i++) {
        const struct endpoint peer = endpoint_at("10.0.0.1", ports[i]);
        join(peer);
        probe_plan_request(plan, &peer, now_ms);
    }
    ck_assert_uint_eq(known(), 0);
    assert_none_now();
    join(endpoint_at("10.0.0.1", PORT));
    assert_next(endpoint_at("10.0.0.1", PORT));
}
END_TEST

START_TEST(full_plan_takes_no_more_peers) {
    for (uint32_t i = 0; i < PEERS_MAX + 10; i++)
        join(machine(i));
    ck_assert_uint_eq(known(), PEERS_MAX);
    assert_state(machine(PEERS_MAX), REACH_UNKNOWN, false);
    leave(machine(0));
    join(machine(PEERS_MAX));
    assert_state(machine(PEERS_MAX), REACH_UNKNOWN, true);
}
END_TEST

START_TEST(narrower_networks_are_taken_over) {
    static const char *const narrow[] = { "10.0.0.0/24" };
    const struct endpoint inside = endpoint_at("10.0.0.1", 6881);
    const struct endpoint outside = endpoint_at("10.9.0.1", 6881);
    join(outside);
    check(outside, REACH_OPEN);
    join(inside);
    ck_assert(network_parse(narrow[0], &limits.networks.list[0]));
    limits.networks.count = 1;
    probe_plan_apply(plan, &limits);
    assert_state(outside, REACH_UNKNOWN, false);
    assert_next(inside);
}
END_TEST

START_TEST(shorter_interval_holds_at_once) {
    join(machine(1));
    check(machine(1), REACH_OPEN);
    limits.interval_s = 60;
    probe_plan_apply(plan, &limits);
    now_ms += 60 * 1000;
    assert_next(machine(1));
}
END_TEST

START_TEST(counts_add_up) {
    static const enum reach results[] = { REACH_OPEN, REACH_REFUSED, REACH_SILENT, REACH_SILENT };
    for (uint32_t i = 0; i < COUNT_OF(results); i++) {
        join(machine(i));
        check(machine(i), results[i]);
    }
    join(machine(100));
    join(machine(101));
    assert_next(machine(100));
    const struct probe_counts counts = probe_plan_counts(plan);
    ck_assert_uint_eq(counts.peers[REACH_OPEN], 1);
    ck_assert_uint_eq(counts.peers[REACH_REFUSED], 1);
    ck_assert_uint_eq(counts.peers[REACH_SILENT], 2);
    ck_assert_uint_eq(counts.peers[REACH_UNKNOWN], 2);
    ck_assert_uint_eq(counts.waiting, 2);
}
END_TEST

/* Requests */

static void want(struct endpoint peer) {
    probe_plan_request(plan, &peer, now_ms);
}

START_TEST(requested_peer_is_probed) {
    want(machine(1));
    check(machine(1), REACH_OPEN);
    want(machine(1));
    assert_state(machine(1), REACH_OPEN, false);
    assert_none_now();
}
END_TEST

START_TEST(requested_peer_is_kept) {
    want(machine(1));
    check(machine(1), REACH_OPEN);
    now_ms += INTERVAL_S * 1000 - 1000;
    want(machine(1));
    now_ms += 1000;
    check(machine(1), REACH_OPEN);
    now_ms += INTERVAL_S * 1000;
    assert_none_now();
    ck_assert_uint_eq(known(), 0);
}
END_TEST

START_TEST(peers_that_join_again_survive_a_loss_of_changes) {
    join(machine(1));
    join(machine(2));
    check(machine(1), REACH_OPEN);
    check(machine(2), REACH_OPEN);
    probe_plan_clear_torrents(plan, now_ms);
    assert_state(machine(1), REACH_OPEN, false);
    join_torrent(machine(2), 7);
    now_ms += INTERVAL_S * 1000;
    check(machine(2), REACH_OPEN);
    now_ms += INTERVAL_S * 1000;
    check(machine(2), REACH_OPEN);
    ck_assert_uint_eq(known(), 1);
}
END_TEST

/* Machine 1 has another torrent, machine 2 joins the lost one again, and machine 3 does not. */
START_TEST(loss_of_one_torrent_costs_its_peers_only) {
    uint8_t info_hash[ID_LEN];
    numbered_id(info_hash, 1);
    join_torrent(machine(1), 2);
    join(machine(2));
    join(machine(3));
    for (uint32_t i = 1; i <= 3; i++)
        check(machine(i), REACH_OPEN);
    probe_plan_clear_torrent(plan, info_hash, now_ms);
    assert_state(machine(3), REACH_OPEN, false);
    join(machine(2));
    now_ms += INTERVAL_S * 1000;
    check(machine(1), REACH_OPEN);
    check(machine(2), REACH_OPEN);
    now_ms += INTERVAL_S * 1000;
    check(machine(1), REACH_OPEN);
    check(machine(2), REACH_OPEN);
    ck_assert_uint_eq(known(), 2);
}
END_TEST

/* Fairness */

START_TEST(many_ports_of_one_address_are_not_all_probed) {
    for (uint16_t port = PORT; port < PORT + 2000; port++)
        join(endpoint_at("10.1.2.3", port));
    ck_assert_uint_eq(known(), ADDRESS_MAX);
    ck_assert_uint_eq(run_for(INTERVAL_S * 1000), ADDRESS_MAX);
}
END_TEST

START_TEST(address_that_changes_ports_gets_no_more_probes) {
    uint32_t probes = 0;
    for (uint16_t port = PORT; port < PORT + 500; port++) {
        join(endpoint_at("10.1.2.3", port));
        probes += run_for(1000);
        leave(endpoint_at("10.1.2.3", port));
    }
    ck_assert_uint_eq(probes, ADDRESS_MAX);
    now_ms += INTERVAL_S * 1000;
    join(endpoint_at("10.1.2.3", PORT + 600));
    assert_next(endpoint_at("10.1.2.3", PORT + 600));
}
END_TEST

START_TEST(busy_address_does_not_keep_others_waiting) {
    for (uint16_t port = PORT; port < PORT + 2000; port++)
        join(endpoint_at("10.1.2.3", port));
    join(machine(1));
    const uint64_t start_ms = now_ms;
    for (int i = 0; i < ADDRESS_MAX; i++)
        assert_next(endpoint_at("10.1.2.3", (uint16_t)(PORT + i)));
    assert_next(machine(1));
    ck_assert_uint_le(now_ms - start_ms, ADDRESS_MAX * 1000 / PER_S);
}
END_TEST

static void use_up(const char *address) {
    for (uint16_t port = PORT; port < PORT + ADDRESS_MAX; port++) {
        join(endpoint_at(address, port));
        check(endpoint_at(address, port), REACH_OPEN);
        leave(endpoint_at(address, port));
    }
}

START_TEST(peer_whose_address_had_its_checks_waits_for_the_next_interval) {
    use_up("10.1.2.3");
    join(endpoint_at("10.1.2.3", PORT + 99));
    assert_none_now();
    now_ms += 1000;
    assert_none_now();
    assert_state(endpoint_at("10.1.2.3", PORT + 99), REACH_UNKNOWN, false);
    assert_next(endpoint_at("10.1.2.3", PORT + 99));
    ck_assert_uint_ge(now_ms - START_MS, INTERVAL_S * 1000);
}
END_TEST

START_TEST(request_gets_an_address_no_more_probes) {
    use_up("10.1.2.3");
    join(endpoint_at("10.1.2.3", PORT + 99));
    for (int i = 0; i < 20; i++) {
        now_ms += 2000;
        want(endpoint_at("10.1.2.3", PORT + 99));
        assert_none_now();
    }
    now_ms = START_MS + INTERVAL_S * 1000 + 1000;
    want(endpoint_at("10.1.2.3", PORT + 99));
    assert_next(endpoint_at("10.1.2.3", PORT + 99));
}
END_TEST

START_TEST(v6_network_may_have_more_than_one_address) {
    char text[ENDPOINT_TEXT_LEN];
    uint32_t most = 64 * ADDRESS_MAX;
    for (uint32_t i = 0; i < 2 * most; i++) {
        snprintf(text, sizeof text, "fd00::%x", i + 1);
        join(endpoint_at(text, 6881));
    }
    ck_assert_uint_eq(known(), most);
    join(endpoint_at("fd00:0:0:1::1", 6881));
    ck_assert_uint_eq(known(), most + 1);
    for (uint16_t port = PORT; port < PORT + 20; port++)
        join(endpoint_at("fd00:0:0:2::1", port));
    ck_assert_uint_eq(known(), most + 1 + ADDRESS_MAX);
}
END_TEST

START_TEST(steady_peers_are_all_checked_in_every_interval) {
    for (uint32_t number = 0; number < 50; number++) {
        for (uint16_t port = PORT; port < PORT + ADDRESS_MAX; port++) {
            struct endpoint peer = machine(number);
            endpoint_set_port(&peer, port);
            join(peer);
        }
    }
    for (int interval = 0; interval < 5; interval++) {
        const uint32_t probes = run_for(INTERVAL_S * 1000 + 25 * 1000);
        ck_assert_uint_ge(probes, 50 * ADDRESS_MAX);
    }
}
END_TEST

/* Random joins, leaves, requests and probes; at the end no peer is left. */
START_TEST(any_order_of_events_ends_empty) {
    enum { PEERS = 300, STEPS = 200000 };
    struct random random = { .state = 7 };
    for (int step = 0; step < STEPS; step++) {
        const struct endpoint peer = machine(random_below(&random, PEERS));
        const uint32_t torrent = random_below(&random, 3);
        struct endpoint next;
        switch (random_below(&random, 6)) {
        case 0:
        case 1:
            join_torrent(peer, torrent);
            break;
        case 2:
        case 3:
            leave_torrent(peer, torrent);
            break;
        case 4:
            if (probe_plan_next(plan, now_ms, &next) && random_below(&random, 2) == 0)
                finish(next, (enum reach)random_below(&random, REACHES));
            break;
        default:
            finish(peer, REACH_OPEN);
        }
        now_ms += random_below(&random, 200);
        REQUIRE(known() <= PEERS);
        REQUIRE(probe_plan_counts(plan).waiting <= known());
    }
    for (uint32_t number = 0; number < PEERS; number++) {
        for (uint32_t torrent = 0; torrent < 3; torrent++)
            leave_torrent(machine(number), torrent);
    }
    ck_assert_uint_eq(known(), 0);
    ck_assert_uint_eq(probe_plan_counts(plan).waiting, 0);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name) {
    TCase *tests = tcase_create(name);
    tcase_add_checked_fixture(tests, begin, end);
    suite_add_tcase(suite, tests);
    return tests;
}

UNIT_SUITE(probe_plan) {
    Suite *suite = suite_create("probe plan");
    TCase *order = add_case(suite, "order");
    tcase_add_test(order, new_peers_are_probed_in_order_of_arrival);
    tcase_add_test(order, result_is_kept_with_its_time);
    tcase_add_test(order, peer_is_checked_again_after_the_interval);
    tcase_add_test(order, new_peers_come_before_probed_ones);
    tcase_add_test(order, nothing_is_due_without_peers);
    tcase_add_test(order, running_probe_is_not_started_twice);
    tcase_add_test(order, probe_that_did_not_take_place_is_repeated);
    TCase *pace = add_case(suite, "pace");
    tcase_add_test(pace, probes_keep_to_the_rate);
    tcase_add_test(pace, idle_time_saves_no_probes_for_later);
    tcase_add_test(pace, high_rate_is_kept_with_a_coarse_clock);
    tcase_add_test(pace, probes_stay_spread_out);
    tcase_add_test(pace, clock_of_another_thread_may_lie_behind);
    TCase *peers = add_case(suite, "peers");
    tcase_add_test(peers, peer_that_left_is_forgotten);
    tcase_add_test(peers, returning_peer_is_probed_again);
    tcase_add_test(peers, result_for_a_peer_that_left_changes_nothing);
    tcase_add_test(peers, peer_of_several_torrents_is_checked_once);
    tcase_add_test(peers, torrent_joined_twice_is_one);
    tcase_add_test(peers, leaving_an_unknown_torrent_changes_nothing);
    tcase_add_test(peers, torrents_of_one_peer_are_bounded);
    tcase_add_test(peers, peer_outside_of_the_networks_is_left_alone);
    tcase_add_test(peers, port_where_no_client_listens_is_left_alone);
    tcase_add_test(peers, full_plan_takes_no_more_peers);
    tcase_add_test(peers, narrower_networks_are_taken_over);
    tcase_add_test(peers, shorter_interval_holds_at_once);
    tcase_add_test(peers, counts_add_up);
    TCase *looks = add_case(suite, "looks");
    tcase_add_test(looks, requested_peer_is_probed);
    tcase_add_test(looks, requested_peer_is_kept);
    tcase_add_test(looks, peers_that_join_again_survive_a_loss_of_changes);
    tcase_add_test(looks, loss_of_one_torrent_costs_its_peers_only);
    TCase *fairness = add_case(suite, "fairness");
    tcase_add_test(fairness, many_ports_of_one_address_are_not_all_probed);
    tcase_add_test(fairness, address_that_changes_ports_gets_no_more_probes);
    tcase_add_test(fairness, busy_address_does_not_keep_others_waiting);
    tcase_add_test(fairness, peer_whose_address_had_its_checks_waits_for_the_next_interval);
    tcase_add_test(fairness, request_gets_an_address_no_more_probes);
    tcase_add_test(fairness, v6_network_may_have_more_than_one_address);
    tcase_add_test(fairness, steady_peers_are_all_checked_in_every_interval);
    tcase_add_test(fairness, any_order_of_events_ends_empty);
    return suite;
}
