/* Missing entries, snapshots, and the records and entries that wait. */
#include "base/random.h"
#include "cluster/answers.h"
#include "cluster/gaps.h"
#include "cluster/joining.h"
#include "cluster/members.h"
#include "cluster/outbox.h"
#include "support.h"
#include "swarm/announce.h"
#include "swarm/stamp.h"

enum { NODE = 7, STARTED = 100 };

static void note(struct gaps *gaps, uint64_t number, uint64_t now_ms) {
    const struct entry_header entry = { .node = NODE, .incarnation = STARTED, .number = number };
    gaps_note(gaps, &entry, false, now_ms);
}

START_TEST(answer_is_repeated_once_the_first_one_was_read) {
    static struct answers answers;
    struct record answer = { .kind = RECORD_COUNTER, .stamp = 1, .count = { .counted = 5 } };
    ck_assert(answers_add(&answers, &answer, 0, 3));
    answer.stamp = 2;
    ck_assert(!answers_add(&answers, &answer, 2, 4));
    answer.count.counted = 6;
    ck_assert(answers_add(&answers, &answer, 2, 4));
    ck_assert(!answers_add(&answers, &answer, 3, 5));
    ck_assert(answers_add(&answers, &answer, 4, 6));
    answers_clear(&answers);
    ck_assert(answers_add(&answers, &answer, 0, 1));
    answer = (struct record){ .kind = RECORD_COMPLETION, .stamp = 1 };
    ck_assert(answers_add(&answers, &answer, 0, 1));
    answer.stamp = 2;
    ck_assert(answers_add(&answers, &answer, 0, 1));
}
END_TEST

START_TEST(missing_entry_is_a_hole_after_three_seconds) {
    struct gaps gaps = { 0 };
    note(&gaps, 1, 0);
    note(&gaps, 2, 0);
    note(&gaps, 2, 0);
    ck_assert(!gaps_take_hole(&gaps, 10000));
    note(&gaps, 4, 10000);
    ck_assert(!gaps_take_hole(&gaps, 12999));
    ck_assert(gaps_take_hole(&gaps, 13000) && !gaps_take_hole(&gaps, 20000));
    note(&gaps, 5, 20000);
    ck_assert(!gaps_take_hole(&gaps, 30000));
}
END_TEST

START_TEST(late_entry_closes_the_gap) {
    struct gaps gaps = { 0 };
    note(&gaps, 1, 0);
    note(&gaps, 4, 1);
    note(&gaps, 3, 1000);
    note(&gaps, 2, 2000);
    ck_assert(!gaps_take_hole(&gaps, 9000));
    note(&gaps, 200, 9000);
    ck_assert(gaps_take_hole(&gaps, 12000));
}
END_TEST

START_TEST(position_of_another_node_shows_a_lost_tail) {
    struct gaps gaps = { 0 };
    const struct position position = { .node = NODE, .incarnation = STARTED, .number = 3 };
    note(&gaps, 1, 1);
    gaps_expect(&gaps, &position, 1);
    ck_assert(gaps_take_hole(&gaps, GAP_PATIENCE_MS + 1));
    gaps = (struct gaps){ 0 };
    gaps_cover(&gaps, &position, 1);
    gaps_expect(&gaps, &position, 1);
    note(&gaps, 4, 9000);
    ck_assert(!gaps_take_hole(&gaps, 19000));
}
END_TEST

START_TEST(new_incarnation_begins_at_one) {
    struct gaps gaps = { 0 };
    note(&gaps, 1, 1);
    struct entry_header entry = { .node = NODE, .incarnation = STARTED + 1, .number = 2 };
    gaps_note(&gaps, &entry, false, 1);
    note(&gaps, 9, 1); /* no longer counted */
    ck_assert(gaps_take_hole(&gaps, GAP_PATIENCE_MS + 1));
    entry.incarnation++;
    gaps_note(&gaps, &entry, true, 1);
    ck_assert(!gaps_take_hole(&gaps, 9000));
}
END_TEST

START_TEST(more_nodes_than_places_replace_silent_ones) {
    struct gaps gaps = { 0 };
    for (uint64_t node = 1; node <= 2 * NODES_MAX; node++) {
        const struct entry_header entry = { .node = node, .incarnation = 1, .number = 1 };
        gaps_note(&gaps, &entry, false, node);
    }
    ck_assert_uint_eq(gaps.count, NODES_MAX);
}
END_TEST

START_TEST(entry_of_a_copied_node_is_recognised) {
    struct entry_header entry = { .node = NODE, .incarnation = STARTED };
    ck_assert_int_eq(entry_origin(&entry, NODE, STARTED), ENTRY_OWN);
    ck_assert_int_eq(entry_origin(&entry, NODE, STARTED + 1),
                     ENTRY_OF_OTHER); /* before a restart */
    ck_assert_int_eq(entry_origin(&entry, NODE, STARTED - 1), ENTRY_OF_COPY);
    entry.node = NODE + 1;
    ck_assert_int_eq(entry_origin(&entry, NODE, STARTED + 1), ENTRY_OF_OTHER);
    entry.node = NODE + (1 << STAMP_NODE_BITS);
    ck_assert_int_eq(entry_origin(&entry, NODE, STARTED + 1), ENTRY_OF_COPY);
}
END_TEST

enum { HERE = 1, YOUNGER = 2, ASKING = 3 };

/* A node that has joined. */
static struct heartbeat joined_node(void) {
    return (struct heartbeat){ .joined = true, .interval_max_s = 300 };
}

static void note_node(struct members *members, uint64_t node, const struct heartbeat *heartbeat) {
    const struct entry_header entry = { .node = node, .incarnation = node, .number = 1 };
    members_note(members, &entry, heartbeat, 1000);
}

START_TEST(members_share_low_bits_with_a_new_id) {
    struct members members = { 0 };
    const struct heartbeat heartbeat = { 0 };
    ck_assert(!members_share_bits(&members, HERE));
    note_node(&members, HERE, &heartbeat);
    note_node(&members, YOUNGER, &heartbeat);
    const uint64_t other = UINT64_C(1) << STAMP_NODE_BITS;
    ck_assert(members_share_bits(&members, HERE) && members_share_bits(&members, YOUNGER + other));
    ck_assert(!members_share_bits(&members, HERE ^ 512));
}
END_TEST

static bool serves(const struct members *members, uint64_t node, bool empty) {
    const struct member own = { .node = node, .incarnation = node, .empty = empty };
    return members_may_serve(members, ASKING, &own, 1000);
}

START_TEST(empty_node_is_served_by_the_oldest_one_that_has_peers) {
    struct members members = { 0 };
    const struct heartbeat asking = { .empty = true, .interval_max_s = 300 };
    struct heartbeat other = joined_node();
    ck_assert(!serves(&members, HERE, false)); /* it is unknown */
    note_node(&members, ASKING, &asking);
    ck_assert(serves(&members, HERE, false) && serves(&members, HERE, true));
    note_node(&members, YOUNGER, &other);
    ck_assert(serves(&members, HERE, false) && !serves(&members, HERE, true));
    note_node(&members, HERE, &other);
    ck_assert(!serves(&members, YOUNGER, false));
    other.empty = true;
    note_node(&members, HERE, &other);
    ck_assert(serves(&members, YOUNGER, false) && !serves(&members, YOUNGER, true));
}
END_TEST

START_TEST(no_peers_are_sent_beside_a_whole_node_or_to_one_that_has_some) {
    struct members members = { 0 };
    struct heartbeat asking = { .empty = true, .interval_max_s = 300 };
    struct heartbeat other = joined_node();
    other.whole = true;
    note_node(&members, ASKING, &asking);
    note_node(&members, YOUNGER, &other);
    ck_assert(!serves(&members, HERE, false));
    members.list[1].heard_ms = 0;
    members.list[0].heard_ms = MEMBER_ALIVE_MS;
    const struct member own = { .node = HERE };
    ck_assert(members_may_serve(&members, ASKING, &own, MEMBER_ALIVE_MS + 1));
    asking.empty = false;
    note_node(&members, ASKING, &asking);
    ck_assert(!members_may_serve(&members, ASKING, &own, MEMBER_ALIVE_MS + 1));
}
END_TEST

/* The node was never away. */
static enum joining_step tick(struct joining *joining, uint64_t now_ms) {
    joining->contact_ms = joining->read_ms = now_ms;
    return joining_tick(joining, true, now_ms + 1, 300, now_ms);
}

START_TEST(node_joins_by_a_snapshot) {
    struct joining joining = joining_begin(0);
    ck_assert_int_eq(tick(&joining, 0), JOINING_REQUEST);
    ck_assert_int_eq(tick(&joining, 1000), JOINING_WAIT);
    struct chunk_header chunk = { .request = joining.request, .whole = true };
    ck_assert_int_eq(joining_note_chunk(&joining, &chunk, 20000), CHUNK_MERGED);
    ck_assert_int_eq(joining_note_chunk(&joining, &chunk, 20000), CHUNK_IGNORED);
    ck_assert_int_eq(tick(&joining, 40000), JOINING_WAIT);
    chunk.index = 1;
    chunk.last = true;
    ck_assert_int_eq(joining_note_chunk(&joining, &chunk, 40000), CHUNK_FIRST_SNAPSHOT);
    ck_assert(joining.joined && joining.whole);
    ck_assert_int_eq(tick(&joining, 41000), JOINING_SEND_LASTING); /* what it restored */
    ck_assert_int_eq(tick(&joining, 42000), JOINING_WAIT);
}
END_TEST

START_TEST(node_that_was_away_reads_then_tells_what_lasts) {
    struct joining joining = {
        .joined = true, .whole = true, .has_room = true, .sent_lasting = true
    };
    ck_assert_int_eq(tick(&joining, 1000), JOINING_WAIT);
    ck_assert_int_eq(joining_tick(&joining, false, 1, 300, 150000), JOINING_WAIT);
    ck_assert_int_eq(joining_tick(&joining, true, 1, 300, 150999), JOINING_WAIT);
    ck_assert_int_eq(joining_tick(&joining, false, 1, 300, 300000), JOINING_WAIT);
    ck_assert_int_eq(joining_tick(&joining, true, 1, 300, 300999), JOINING_WAIT);
    joining.read_ms = 300998;
    ck_assert_int_eq(joining_tick(&joining, true, 1, 300, 301000), JOINING_WAIT);
    joining.read_ms = 300999;
    ck_assert_int_eq(joining_tick(&joining, true, 1, 300, 302000), JOINING_SEND_LASTING);
    ck_assert_int_eq(joining_tick(&joining, true, 1, 300, 303000), JOINING_WAIT);
}
END_TEST

START_TEST(snapshot_without_room_does_not_count) {
    struct joining joining = {
        .joined = true, .confirmed = true, .has_room = true, .sent_lasting = true
    };
    ck_assert_int_eq(tick(&joining, 1000), JOINING_REQUEST);
    joining_set_room(&joining, false);
    joining_set_room(&joining, true);
    const struct chunk_header chunk = { .request = joining.request, .whole = true, .last = true };
    ck_assert_int_eq(joining_note_chunk(&joining, &chunk, 2000), CHUNK_LAST);
    ck_assert(!joining.whole);
}
END_TEST

START_TEST(snapshot_of_a_source_with_a_hole_does_not_count) {
    struct joining joining = joining_begin(0);
    (void)tick(&joining, 0);
    const struct chunk_header chunk = { .request = joining.request, .last = true };
    joining.empty = true;
    ck_assert_int_eq(joining_note_chunk(&joining, &chunk, 1000), CHUNK_PARTIAL);
    ck_assert(!joining.joined && !joining.whole && !joining.empty);
    ck_assert_int_eq(tick(&joining, 2000), JOINING_GAVE_UP);
    ck_assert(joining.joined && !joining.whole && !joining.confirmed);
}
END_TEST

START_TEST(node_without_an_answer_joins_and_is_whole_later) {
    struct joining joining = joining_begin(0);
    (void)tick(&joining, 0);
    ck_assert_int_eq(tick(&joining, SNAPSHOT_PATIENCE_MS), JOINING_GAVE_UP);
    ck_assert(joining.joined && !joining.whole);
    ck_assert_int_eq(tick(&joining, 30000), JOINING_SEND_LASTING);
    ck_assert_int_eq(tick(&joining, 30001), JOINING_REQUEST);
    ck_assert_int_eq(tick(&joining, 330001), JOINING_WHOLE);
    ck_assert(joining.whole);
    ck_assert_int_eq(tick(&joining, 400000), JOINING_REQUEST); /* for its counters and registry */
    struct chunk_header chunk = { .request = joining.request, .whole = true, .last = true };
    ck_assert_int_eq(joining_note_chunk(&joining, &chunk, 400001), CHUNK_FIRST_SNAPSHOT);
    ck_assert_int_eq(tick(&joining, 500000), JOINING_WAIT);
    joining_lost(&joining);
    ck_assert_int_eq(tick(&joining, 500001), JOINING_REQUEST);
    chunk.request = joining.request;
    ck_assert_int_eq(joining_note_chunk(&joining, &chunk, 500002), CHUNK_LAST);
}
END_TEST

START_TEST(hole_and_lack_of_room_end_wholeness) {
    struct joining joining = {
        .joined = true, .confirmed = true, .whole = true, .has_room = true, .sent_lasting = true
    };
    joining_lost(&joining);
    ck_assert(!joining.whole);
    ck_assert_int_eq(tick(&joining, 1000), JOINING_REQUEST);
    joining_lost(&joining); /* while the snapshot runs: it may lack these entries */
    const struct chunk_header chunk = { .request = joining.request, .whole = true, .last = true };
    ck_assert_int_eq(joining_note_chunk(&joining, &chunk, 2000), CHUNK_LAST);
    ck_assert(!joining.whole);
    joining_set_room(&joining, false);
    ck_assert_int_eq(tick(&joining, 3000), JOINING_WAIT);
    joining_set_room(&joining, true);
    ck_assert_int_eq(tick(&joining, 4000), JOINING_REQUEST);
    joining_set_room(&joining, false); /* it waits from the beginning */
    joining_set_room(&joining, true);
    ck_assert_int_eq(tick(&joining, 303999), JOINING_REQUEST);
    ck_assert_int_eq(tick(&joining, 603999), JOINING_WHOLE);
}
END_TEST

/* Strings whose first byte counts, of random lengths. */
START_TEST(queue_keeps_order_in_constant_memory) {
    struct random random = { .state = (uint64_t)_i };
    struct blob_queue queue;
    uint8_t data[60] = { 0 };
    uint8_t first = 0;
    uint8_t next = 0;
    ck_assert(blob_queue_create(&queue, 200));
    for (int step = 0; step < 5000; step++) {
        const size_t len = 1 + random_below(&random, sizeof data);
        data[0] = next;
        const bool fits = blob_queue_has_room(&queue, len);
        if (random_below(&random, 2) == 0) {
            REQUIRE(blob_queue_push(&queue, (struct bytes){ data, len }, len) == fits);
            next = (uint8_t)(next + fits);
        } else if (queue.count > 0) {
            blob_queue_pop(&queue);
            first++;
        }
        struct blob_cursor cursor = { 0 };
        struct blob blob;
        uint8_t expected = first;
        while (blob_queue_next(&queue, &cursor, &blob))
            REQUIRE(blob.bytes.data[0] == expected++ && blob.time == blob.bytes.len);
        REQUIRE(expected == next && (uint8_t)(next - first) == queue.count);
    }
    blob_queue_free(&queue);
}
END_TEST

static struct record numbered_record(enum record_kind kind, uint64_t stamp) {
    return (struct record){
        .kind = kind,
        .stamp = stamp,
        .peer.endpoint = numbered_endpoint(FAMILY_V4, 1),
        .state = { .interval_s = 300, .left = LEFT_UNKNOWN },
    };
}

START_TEST(full_outbox_drops_puts_and_asks_for_a_walk) {
    struct outbox outbox;
    const struct outbox_options options = { .puts_max = 2000, .other_max = 2000, .sent_max = 200 };
    uint8_t data[200];
    ck_assert(outbox_create(&outbox, &options) && outbox_is_empty(&outbox));
    uint64_t stamp = 1;
    for (; outbox.oldest_dropped == 0; stamp++) {
        const struct record put = numbered_record(RECORD_PUT, stamp);
        outbox_add(&outbox, &put);
    }
    const struct record removal = numbered_record(RECORD_REMOVE, stamp);
    outbox_add(&outbox, &removal);
    ck_assert_uint_eq(outbox.lost, 0);
    ck_assert_uint_eq(outbox_take_dropped(&outbox), 0);
    for (uint64_t found = 0; !outbox_is_empty(&outbox);) {
        struct writer w = writer_on(data, sizeof data);
        struct record record;
        outbox_take(&outbox, &w);
        struct bytes rest = { .data = data, .len = w.len };
        while (record_read(&rest, &record) != RECORD_NONE) {
            ck_assert_uint_eq(record.stamp, found == 0 ? stamp : found);
            found++;
        }
    }
    ck_assert(blob_queue_has_room(&outbox.puts, RECORD_MAX));
    ck_assert_uint_eq(outbox_take_dropped(&outbox), stamp - 1);
    ck_assert_uint_eq(outbox_take_dropped(&outbox), 0);
    outbox_free(&outbox);
}
END_TEST

START_TEST(full_outbox_tells_that_lasting_records_are_lost) {
    struct outbox outbox;
    const struct outbox_options options = { .puts_max = 100, .other_max = 200, .sent_max = 100 };
    uint8_t data[1000];
    ck_assert(outbox_create(&outbox, &options));
    struct record record = { .kind = RECORD_REMOVE };
    while (outbox.lost == 0) {
        record = numbered_record(RECORD_REMOVE, stamp_at(1, NODE));
        outbox_add(&outbox, &record);
    }
    record = (struct record){ .kind = RECORD_COMPLETION, .stamp = stamp_at(1, NODE) };
    ck_assert(!outbox.lost_lasting);
    outbox_add(&outbox, &record);
    ck_assert(!outbox_take_lost(&outbox)); /* not while it is full */
    struct writer w = writer_on(data, sizeof data);
    outbox_take(&outbox, &w);
    ck_assert(outbox_take_lost(&outbox));
    ck_assert(!outbox_take_lost(&outbox));
    outbox_free(&outbox);
}
END_TEST

/* Its peer is sent by a walk over the peers, its count by one over what lasts. */
START_TEST(put_with_a_count_is_not_dropped_silently) {
    struct outbox outbox;
    const struct outbox_options options = { .puts_max = 100, .other_max = 2000, .sent_max = 100 };
    uint8_t data[4000];
    uint64_t stamp = 1;
    ck_assert(outbox_create(&outbox, &options));
    for (; outbox.lost == 0; stamp++) {
        struct record put = numbered_record(RECORD_PUT, stamp);
        put.count = (struct node_count){ .node = NODE, .counted = (uint32_t)stamp };
        outbox_add(&outbox, &put);
    }
    ck_assert_uint_gt(outbox.puts.count, 0);
    ck_assert_uint_gt(outbox.other.count, 0);
    ck_assert_uint_eq(outbox.puts.count + outbox.other.count, stamp - 2);
    struct writer w = writer_on(data, sizeof data);
    outbox_take(&outbox, &w);
    ck_assert(outbox_is_empty(&outbox));
    ck_assert(outbox_take_lost(&outbox));
    ck_assert_uint_eq(outbox_take_dropped(&outbox), stamp - 1);
    outbox_free(&outbox);
}
END_TEST

START_TEST(full_outbox_drops_old_removals) {
    enum { LAST = 100 };
    struct outbox outbox;
    const struct outbox_options options = { .puts_max = 100, .other_max = 3000, .sent_max = 100 };
    uint8_t data[6000];
    uint32_t kinds[RECORD_TOMBSTONE + 1] = { 0 };
    ck_assert(outbox_create(&outbox, &options));
    struct record record = { .kind = RECORD_COMPLETION, .stamp = stamp_at(1, NODE) };
    outbox_add(&outbox, &record);
    record = numbered_record(RECORD_REMOVE, stamp_at(1, NODE));
    outbox_add(&outbox, &record);
    outbox_drop_old(&outbox, LAST);
    ck_assert_uint_eq(outbox.other.count, 2); /* there is room */
    for (uint64_t ms = 2; outbox.lost == 0; ms++) {
        record = numbered_record(RECORD_REMOVE, stamp_at(ms, NODE));
        outbox_add(&outbox, &record);
    }
    const size_t count = outbox.other.count;
    outbox_drop_old(&outbox, 11);
    ck_assert_uint_eq(outbox.other.count, count - 10);
    struct writer w = writer_on(data, sizeof data);
    outbox_take(&outbox, &w);
    struct bytes rest = { .data = data, .len = w.len };
    while (record_read(&rest, &record) != RECORD_NONE) {
        ck_assert(record.kind != RECORD_REMOVE || stamp_ms(record.stamp) > 10);
        kinds[record.kind]++;
    }
    ck_assert_uint_eq(kinds[RECORD_COMPLETION], 1);
    ck_assert_uint_eq(kinds[RECORD_REMOVE], count - 11);
    outbox_free(&outbox);
}
END_TEST

START_TEST(sent_entries_are_kept_for_two_minutes) {
    struct outbox outbox;
    const struct outbox_options options = { .puts_max = 1, .other_max = 1, .sent_max = 100 };
    ck_assert(outbox_create(&outbox, &options));
    outbox_keep(&outbox, bytes_of("first"), 0);
    outbox_keep(&outbox, bytes_of("second"), SENT_KEPT_MS);
    ck_assert_uint_eq(outbox.sent.count, 2);
    outbox_keep(&outbox, bytes_of("third"), SENT_KEPT_MS + 1);
    struct blob blob;
    ck_assert(blob_queue_first(&outbox.sent, &blob));
    assert_bytes(blob.bytes, bytes_of("second"));
    for (int i = 0; i < 20; i++)
        outbox_keep(&outbox, bytes_of("another one"), SENT_KEPT_MS + 2);
    ck_assert_uint_le(outbox.sent.count, 4);
    outbox_free(&outbox);
}
END_TEST

UNIT_SUITE(cluster_transport) {
    Suite *suite = suite_create("cluster_transport");
    TCase *answers_case = tcase_create("answers");
    tcase_add_test(answers_case, answer_is_repeated_once_the_first_one_was_read);
    suite_add_tcase(suite, answers_case);

    TCase *gaps = tcase_create("gaps");
    tcase_add_test(gaps, missing_entry_is_a_hole_after_three_seconds);
    tcase_add_test(gaps, late_entry_closes_the_gap);
    tcase_add_test(gaps, position_of_another_node_shows_a_lost_tail);
    tcase_add_test(gaps, new_incarnation_begins_at_one);
    tcase_add_test(gaps, more_nodes_than_places_replace_silent_ones);
    tcase_add_test(gaps, entry_of_a_copied_node_is_recognised);
    tcase_add_test(gaps, members_share_low_bits_with_a_new_id);
    suite_add_tcase(suite, gaps);

    TCase *joining = tcase_create("joining");
    tcase_add_test(joining, empty_node_is_served_by_the_oldest_one_that_has_peers);
    tcase_add_test(joining, no_peers_are_sent_beside_a_whole_node_or_to_one_that_has_some);
    tcase_add_test(joining, node_joins_by_a_snapshot);
    tcase_add_test(joining, node_that_was_away_reads_then_tells_what_lasts);
    tcase_add_test(joining, snapshot_without_room_does_not_count);
    tcase_add_test(joining, snapshot_of_a_source_with_a_hole_does_not_count);
    tcase_add_test(joining, node_without_an_answer_joins_and_is_whole_later);
    tcase_add_test(joining, hole_and_lack_of_room_end_wholeness);
    suite_add_tcase(suite, joining);

    TCase *outbox = tcase_create("outbox");
    tcase_add_loop_test(outbox, queue_keeps_order_in_constant_memory, 0, 10);
    tcase_add_test(outbox, full_outbox_drops_puts_and_asks_for_a_walk);
    tcase_add_test(outbox, full_outbox_tells_that_lasting_records_are_lost);
    tcase_add_test(outbox, put_with_a_count_is_not_dropped_silently);
    tcase_add_test(outbox, full_outbox_drops_old_removals);
    tcase_add_test(outbox, sent_entries_are_kept_for_two_minutes);
    suite_add_tcase(suite, outbox);
    return suite;
}
