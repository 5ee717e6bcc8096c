/* When a peer is sent, when it expires, and which record of a key wins. */
#include "cluster/peer_rules.h"

#include "support.h"
#include "swarm/stamp.h"

#define NOW_MS UINT64_C(1700000000000)

enum { INTERVAL_S = 1800, LIFETIME_S = 4560 };

START_TEST(recorded_interval_is_at_least_half_of_the_timeout) {
    ck_assert_uint_eq(peer_recorded_interval_s(120, 660), 330);
    ck_assert_uint_eq(peer_recorded_interval_s(1800, 660), 1800);
    ck_assert_uint_eq(peer_recorded_interval_s(120, 661), 331);
    ck_assert_uint_eq(peer_recorded_interval_s(90000, 0), INTERVAL_LIMIT_S);
}
END_TEST

START_TEST(deadline_is_two_and_a_half_intervals_and_a_minute) {
    ck_assert_uint_eq(peer_lifetime_s(INTERVAL_S), LIFETIME_S);
    ck_assert_uint_eq(peer_deadline_ms(stamp_at(NOW_MS, 5), INTERVAL_S),
                      NOW_MS + 1000 * LIFETIME_S);
}
END_TEST

/* What a node sends `age_s` after the last record of a peer. */
static const struct {
    const char *what;
    struct send_facts facts;
    uint32_t age_s;
    enum send_what sent;
} sendings[] = {
    { "new", { .interval_s = INTERVAL_S }, LIFETIME_S, SEND_PUT },
    { "changed", { .known = true, .changed = true, .interval_s = INTERVAL_S }, 0, SEND_PUT },
    { "regular", { .known = true, .interval_s = INTERVAL_S }, 900, SEND_NOTHING },
    { "due", { .known = true, .interval_s = INTERVAL_S }, 901, SEND_PUT },
    { "longer interval", { .known = true, .interval_s = 3000 }, 0, SEND_PUT },
    { "shorter interval", { .known = true, .interval_s = 300 }, 2400, SEND_NOTHING },
    { "shorter interval, due", { .known = true, .interval_s = 300 }, 2401, SEND_PUT },
    { "others out of reach",
      { .known = true, .interval_s = INTERVAL_S, .outdated = true },
      1,
      SEND_PUT },
    { "past its deadline", { .known = true, .interval_s = 1 }, LIFETIME_S, SEND_PUT },
    { "started again", { .event = EVENT_STARTED, .known = true, .interval_s = 1 }, 0, SEND_PUT },
    { "completed again",
      { .event = EVENT_COMPLETED, .known = true, .interval_s = 1 },
      11,
      SEND_NOTHING },
    { "stopped", { .event = EVENT_STOPPED, .known = true, .interval_s = 1 }, 0, SEND_REMOVE },
    { "unknown stopped", { .event = EVENT_STOPPED, .interval_s = 1 }, LIFETIME_S, SEND_REMOVE },
};

START_TEST(announce_is_sent_if_it_must) {
    struct send_facts facts = sendings[_i].facts;
    facts.recorded_s = INTERVAL_S;
    facts.remaining_s = LIFETIME_S - sendings[_i].age_s;
    ck_assert_msg(peer_what_to_send(&facts) == sendings[_i].sent, "%s", sendings[_i].what);
}
END_TEST

static struct record put_at(uint64_t stamp, const char *peer_id) {
    struct record record = {
        .kind = RECORD_PUT,
        .stamp = stamp,
        .state.interval_s = INTERVAL_S,
    };
    memcpy(record.state.peer_id, peer_id, PEER_ID_LEN);
    return record;
}

static struct record remove_at(uint64_t stamp) {
    return (struct record){ .kind = RECORD_REMOVE, .stamp = stamp };
}

static const char id_a[] = "-AA0001-aaaaaaaaaaaa";
static const char id_b[] = "-BB0001-bbbbbbbbbbbb";

START_TEST(greater_stamp_wins) {
    const uint64_t stamp = stamp_at(NOW_MS, 1);
    const struct record put = put_at(stamp, id_a);
    const struct record removal = remove_at(stamp);
    struct held_peer held = { .stamp = stamp + 1, .state = put.state };
    ck_assert_int_eq(peer_merge(&put, NULL, 0, NOW_MS), MERGE_PUT);
    ck_assert_int_eq(peer_merge(&removal, NULL, 0, NOW_MS), MERGE_REMOVE);
    ck_assert_int_eq(peer_merge(&put, &held, 0, NOW_MS), MERGE_NOTHING);
    ck_assert_int_eq(peer_merge(&removal, &held, 0, NOW_MS), MERGE_NOTHING);
    held.stamp = stamp - 1;
    ck_assert_int_eq(peer_merge(&put, &held, 0, NOW_MS), MERGE_PUT);
    ck_assert_int_eq(peer_merge(&removal, &held, 0, NOW_MS), MERGE_REMOVE);
    ck_assert_int_eq(peer_merge(&put, &held, stamp + 1, NOW_MS), MERGE_NOTHING);
    ck_assert_int_eq(peer_merge(&put, NULL, stamp - 1, NOW_MS), MERGE_PUT);
    ck_assert_int_eq(peer_merge(&removal, NULL, stamp + 1, NOW_MS), MERGE_NOTHING);
    held.stamp = 0;
    ck_assert_int_eq(peer_merge(&put, &held, 0, NOW_MS), MERGE_PUT);
}
END_TEST

START_TEST(guessed_stamp_beats_no_record) {
    const uint64_t stamp = stamp_at(NOW_MS, 1);
    const struct record put = put_at(stamp, id_a);
    const struct record guess = put_at(stamp_at(NOW_MS + 1, 0), id_b);
    const struct held_peer held = { .stamp = stamp, .state = put.state };
    const struct held_peer restored = { .state = put.state };
    ck_assert_int_eq(peer_merge(&guess, NULL, 0, NOW_MS), MERGE_PUT);
    ck_assert_int_eq(peer_merge(&guess, &held, 0, NOW_MS), MERGE_NOTHING);
    ck_assert_int_eq(peer_merge(&guess, &restored, 0, NOW_MS), MERGE_NOTHING);
    ck_assert_int_eq(peer_merge(&guess, NULL, stamp, NOW_MS), MERGE_NOTHING);
}
END_TEST

START_TEST(equal_stamps_have_one_winner) {
    const uint64_t stamp = stamp_at(NOW_MS, 1);
    const struct record a = put_at(stamp, id_a);
    const struct record b = put_at(stamp, id_b);
    const struct record removal = remove_at(stamp);
    const struct held_peer held_a = { .stamp = stamp, .state = a.state };
    const struct held_peer held_b = { .stamp = stamp, .state = b.state };
    ck_assert_int_eq(peer_merge(&b, &held_a, 0, NOW_MS), MERGE_PUT);
    ck_assert_int_eq(peer_merge(&a, &held_b, 0, NOW_MS), MERGE_NOTHING);
    ck_assert_int_eq(peer_merge(&a, &held_a, 0, NOW_MS), MERGE_NOTHING);
    struct record longer = a; /* of a copied node */
    longer.state.interval_s++;
    const struct held_peer held_longer = { .stamp = stamp, .state = longer.state };
    ck_assert_int_eq(peer_merge(&longer, &held_a, 0, NOW_MS), MERGE_PUT);
    ck_assert_int_eq(peer_merge(&a, &held_longer, 0, NOW_MS), MERGE_NOTHING);
    ck_assert_int_eq(peer_merge(&removal, &held_a, 0, NOW_MS), MERGE_REMOVE);
    ck_assert_int_eq(peer_merge(&a, NULL, stamp, NOW_MS), MERGE_NOTHING);
    ck_assert_int_eq(peer_merge(&removal, NULL, stamp, NOW_MS), MERGE_NOTHING);
}
END_TEST

START_TEST(put_past_its_deadline_is_not_merged) {
    const struct record put = put_at(stamp_at(NOW_MS, 1), id_a);
    const uint64_t deadline_ms = NOW_MS + 1000 * LIFETIME_S;
    ck_assert_int_eq(peer_merge(&put, NULL, 0, deadline_ms), MERGE_PUT);
    ck_assert_int_eq(peer_merge(&put, NULL, 0, deadline_ms + 1), MERGE_NOTHING);
}
END_TEST

START_TEST(record_from_the_far_future_is_not_merged) {
    const struct record put = put_at(stamp_at(NOW_MS + STAMP_AHEAD_MAX_MS, 1), id_a);
    ck_assert_int_eq(peer_merge(&put, NULL, 0, NOW_MS), MERGE_PUT);
    ck_assert_int_eq(peer_merge(&put, NULL, 0, NOW_MS - 1), MERGE_NOTHING);
}
END_TEST

static struct record restriction(uint64_t stamp) {
    return (struct record){ .stamp = stamp, .registry.restricts = true };
}

static struct record permit(uint64_t stamp, uint64_t known) {
    return (struct record){ .stamp = stamp, .registry.restriction = known };
}

/* Each beats all before it. */
START_TEST(registry_entries_have_one_order) {
    const struct record order[] = {
        permit(100, 0), permit(101, 0),  restriction(10), permit(11, 10),
        permit(12, 10), restriction(20), permit(90, 20),  restriction(25),
    };
    for (size_t a = 0; a < COUNT_OF(order); a++) {
        for (size_t b = 0; b < COUNT_OF(order); b++)
            ck_assert_int_eq(registry_beats(&order[a], &order[b]), a > b);
    }
}
END_TEST

UNIT_SUITE(cluster_peer_rules) {
    Suite *suite = suite_create("cluster_peer_rules");
    TCase *sending = tcase_create("sending");
    tcase_add_test(sending, recorded_interval_is_at_least_half_of_the_timeout);
    tcase_add_test(sending, deadline_is_two_and_a_half_intervals_and_a_minute);
    tcase_add_loop_test(sending, announce_is_sent_if_it_must, 0, LOOPS_OF(sendings));
    suite_add_tcase(suite, sending);

    TCase *merging = tcase_create("merging");
    tcase_add_test(merging, greater_stamp_wins);
    tcase_add_test(merging, equal_stamps_have_one_winner);
    tcase_add_test(merging, guessed_stamp_beats_no_record);
    tcase_add_test(merging, put_past_its_deadline_is_not_merged);
    tcase_add_test(merging, record_from_the_far_future_is_not_merged);
    tcase_add_test(merging, registry_entries_have_one_order);
    suite_add_tcase(suite, merging);
    return suite;
}
