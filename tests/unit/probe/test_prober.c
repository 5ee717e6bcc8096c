#include "probe/prober.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "support.h"

enum { A_WHILE_MS = 100, ROUNDS = 100 };

static struct prober_options options;
static struct prober *prober;
static struct endpoint listening; /* address of `listener` */
static int listener;

static void listen_somewhere(void) {
    struct sockaddr_storage bound;
    const struct endpoint any_port = endpoint_at("127.0.0.1", 0);
    socklen_t len = endpoint_to_sockaddr(&any_port, &bound);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ck_assert_int_ge(listener, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&bound, len), 0);
    ck_assert_int_eq(listen(listener, 64), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&bound, &len), 0);
    listening = endpoint_from_sockaddr((struct sockaddr *)&bound);
}

static void begin(void) {
    char error[ERROR_LEN];
    listen_somewhere();
    options = (struct prober_options){
        .enabled = true,
        .timeout_ms = 1000,
        .limits = { .per_s = 1000, .interval_s = 600, .peers_max = 100, .address_peers_max = 50 },
    };
    options.limits.networks.count = 1;
    ck_assert(network_parse("127.0.0.0/8", &options.limits.networks.list[0]));
    prober = prober_start(&options, error);
    ck_assert_msg(prober != NULL, "%s", error);
}

static void end(void) {
    prober_stop(prober);
    close(listener);
}

static void apply(void) {
    char error[ERROR_LEN];
    ck_assert_msg(prober_apply(prober, &options, error), "%s", error);
}

static void note(enum change_kind kind, struct endpoint peer, bool own_address) {
    const struct change change = { .kind = kind, .peer = peer, .own_address = own_address };
    prober_on_changes(prober, &change, 1);
}

/* Whether a connection arrives within the time. */
static bool is_probed(int timeout_ms) {
    struct pollfd incoming = { .fd = listener, .events = POLLIN };
    if (poll(&incoming, 1, timeout_ms) != 1)
        return false;
    close(accept(listener, NULL, NULL));
    return true;
}

static bool await_state(struct endpoint peer, enum reach reach) {
    const uint64_t until_ms = clock_now_ms() + patience_ms;
    while (prober_state(prober, &peer).reach != reach && clock_now_ms() < until_ms)
        poll(NULL, 0, 1);
    return prober_state(prober, &peer).reach == reach;
}

START_TEST(new_peer_is_probed) {
    const uint64_t start_ms = clock_now_ms();
    note(CHANGE_PEER_JOINED, listening, true);
    ck_assert(is_probed((int)patience_ms));
    ck_assert(await_state(listening, REACH_OPEN));
    ck_assert_uint_ge(prober_state(prober, &listening).probed_ms, start_ms);
    const struct prober_stats stats = prober_stats(prober);
    ck_assert_uint_eq(stats.finished[REACH_OPEN], 1);
    ck_assert_uint_eq(stats.now.peers[REACH_OPEN], 1);
    ck_assert_uint_eq(stats.now.waiting, 0);
}
END_TEST

START_TEST(new_peer_that_completes_at_once_is_probed) {
    note(CHANGE_PEER_COMPLETED, listening, true);
    ck_assert(await_state(listening, REACH_OPEN));
}
END_TEST

START_TEST(restored_peer_is_checked_once_confirmed) {
    note(CHANGE_PEER_JOINED, listening, false);
    note(CHANGE_PEER_UPDATED, listening, false);
    ck_assert(!is_probed(A_WHILE_MS));
    note(CHANGE_PEER_CONFIRMED, listening, true);
    ck_assert(await_state(listening, REACH_OPEN));
}
END_TEST

START_TEST(claimed_address_is_not_probed_on_request) {
    prober_request(prober, &listening, false);
    ck_assert(!is_probed(A_WHILE_MS));
}
END_TEST

START_TEST(requested_peer_is_probed) {
    prober_request(prober, &listening, true);
    ck_assert(await_state(listening, REACH_OPEN));
}
END_TEST

START_TEST(peer_whose_address_becomes_a_claim_is_forgotten) {
    note(CHANGE_PEER_JOINED, listening, true);
    ck_assert(await_state(listening, REACH_OPEN));
    note(CHANGE_PEER_UPDATED, listening, false);
    ck_assert_int_eq(prober_state(prober, &listening).reach, REACH_UNKNOWN);
}
END_TEST

START_TEST(change_of_a_torrent_is_ignored) {
    note(CHANGE_TORRENT, (struct endpoint){ 0 }, true);
    note(CHANGE_TORRENT_FORGOTTEN, (struct endpoint){ 0 }, false);
    ck_assert_uint_eq(prober_stats(prober).now.waiting, 0);
}
END_TEST

START_TEST(moved_peer_loses_its_result) {
    note(CHANGE_PEER_JOINED, listening, true);
    ck_assert(await_state(listening, REACH_OPEN));
    note(CHANGE_PEER_MOVED, listening, true);
    ck_assert_int_eq(prober_state(prober, &listening).reach, REACH_UNKNOWN);
    ck_assert_uint_eq(prober_stats(prober).now.peers[REACH_OPEN], 0);
}
END_TEST

START_TEST(results_survive_a_loss_of_changes) {
    note(CHANGE_PEER_JOINED, listening, true);
    ck_assert(await_state(listening, REACH_OPEN));
    prober_on_lost(prober);
    ck_assert_int_eq(prober_state(prober, &listening).reach, REACH_OPEN);
}
END_TEST

START_TEST(results_survive_a_loss_of_a_torrents_changes) {
    const struct endpoint none = { .family = FAMILY_NONE };
    note(CHANGE_PEER_JOINED, listening, true);
    ck_assert(await_state(listening, REACH_OPEN));
    note(CHANGE_TORRENT_LOST, none, false);
    ck_assert_int_eq(prober_state(prober, &listening).reach, REACH_OPEN);
    note(CHANGE_PEER_LEFT, listening, true);
    ck_assert_int_eq(prober_state(prober, &listening).reach, REACH_UNKNOWN);
}
END_TEST

START_TEST(disabled_prober_probes_no_peer) {
    options.enabled = false;
    apply();
    note(CHANGE_PEER_JOINED, listening, true);
    prober_request(prober, &listening, true);
    prober_on_lost(prober);
    ck_assert(!is_probed(A_WHILE_MS));
    ck_assert(!prober_stats(prober).enabled);
    ck_assert_int_eq(prober_state(prober, &listening).reach, REACH_UNKNOWN);
}
END_TEST

START_TEST(enabled_prober_probes_requested_peers) {
    options.enabled = false;
    apply();
    options.enabled = true;
    apply();
    prober_request(prober, &listening, true);
    ck_assert(await_state(listening, REACH_OPEN));
    ck_assert(prober_stats(prober).enabled);
}
END_TEST

START_TEST(other_networks_are_taken_over) {
    ck_assert(network_parse("127.0.0.2", &options.limits.networks.list[0]));
    apply();
    note(CHANGE_PEER_JOINED, listening, true);
    ck_assert(!is_probed(A_WHILE_MS));
}
END_TEST

START_TEST(shorter_interval_is_taken_over_while_it_sleeps) {
    note(CHANGE_PEER_JOINED, listening, true);
    ck_assert(is_probed((int)patience_ms));
    ck_assert(await_state(listening, REACH_OPEN));
    options.limits.interval_s = 1;
    apply();
    ck_assert(is_probed((int)patience_ms));
}
END_TEST

static _Atomic bool over;

static void *look_and_tell(void *argument) {
    (void)argument;
    for (uint16_t port = 1; !atomic_load(&over); port++) {
        const struct endpoint peer = endpoint_at("127.0.0.5", (uint16_t)(port % 20 + 1024));
        note(port % 3 == 0 ? CHANGE_PEER_LEFT : CHANGE_PEER_JOINED, peer, true);
        prober_request(prober, &listening, true);
        (void)prober_state(prober, &peer);
        (void)prober_stats(prober);
    }
    return NULL;
}

static pthread_t onlookers[2];

static void let_others_look(void) {
    atomic_store(&over, false);
    for (size_t i = 0; i < COUNT_OF(onlookers); i++)
        ck_assert_int_eq(pthread_create(&onlookers[i], NULL, look_and_tell, NULL), 0);
}

static void end_looks(void) {
    atomic_store(&over, true);
    for (size_t i = 0; i < COUNT_OF(onlookers); i++)
        pthread_join(onlookers[i], NULL);
}

START_TEST(prober_is_switched_during_requests) {
    let_others_look();
    for (int round = 0; round < ROUNDS; round++) {
        options.enabled = round % 2 == 0;
        apply();
        poll(NULL, 0, 1);
    }
    end_looks();
}
END_TEST

START_TEST(prober_stays_off_without_descriptors) {
    char error[ERROR_LEN];
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const struct rlimit none = { .rlim_cur = 0, .rlim_max = limit.rlim_max };
    options.enabled = false;
    apply();
    options.enabled = true;
    let_others_look();
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    for (int round = 0; round < ROUNDS; round++)
        ck_assert(!prober_apply(prober, &options, error));
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    end_looks();
    ck_assert(!prober_stats(prober).enabled);
}
END_TEST

START_TEST(stop_accepts_null) {
    prober_stop(NULL);
}
END_TEST

UNIT_SUITE(prober) {
    Suite *suite = suite_create("prober");
    TCase *tests = tcase_create("prober");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, new_peer_is_probed);
    tcase_add_test(tests, new_peer_that_completes_at_once_is_probed);
    tcase_add_test(tests, restored_peer_is_checked_once_confirmed);
    tcase_add_test(tests, claimed_address_is_not_probed_on_request);
    tcase_add_test(tests, requested_peer_is_probed);
    tcase_add_test(tests, peer_whose_address_becomes_a_claim_is_forgotten);
    tcase_add_test(tests, change_of_a_torrent_is_ignored);
    tcase_add_test(tests, moved_peer_loses_its_result);
    tcase_add_test(tests, results_survive_a_loss_of_changes);
    tcase_add_test(tests, results_survive_a_loss_of_a_torrents_changes);
    tcase_add_test(tests, disabled_prober_probes_no_peer);
    tcase_add_test(tests, enabled_prober_probes_requested_peers);
    tcase_add_test(tests, other_networks_are_taken_over);
    tcase_add_test(tests, shorter_interval_is_taken_over_while_it_sleeps);
    tcase_add_test(tests, prober_is_switched_during_requests);
    tcase_add_test(tests, prober_stays_off_without_descriptors);
    tcase_add_test(tests, stop_accepts_null);
    suite_add_tcase(suite, tests);
    return suite;
}
