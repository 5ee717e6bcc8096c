/* The codec of the cluster: what is written is read, in few bytes; what is unknown is skipped. */
#include "cluster/record.h"

#include "support.h"
#include "swarm/announce.h"

#define STAMP UINT64_C(0x0123456789abcdef)

static struct record put_of(uint8_t family) {
    struct record record = {
        .kind = RECORD_PUT,
        .stamp = STAMP,
        .peer = { .endpoint = numbered_endpoint(family, 7), .on_lan = true },
        .state = {
            .key = 0xdeadbeef,
            .left = 1 << 20,
            .uploaded_kib = 300,
            .downloaded_kib = 70000,
            .passkey_tag = 42,
            .completed = STAMP - 1,
            .interval_s = 1800,
            .paused = true,
            .counted = true,
            .own_address = true,
            .from_dht = true,
        },
    };
    numbered_id(record.peer.info_hash, 1);
    numbered_id(record.state.peer_id, 2);
    return record;
}

/* The largest values of all fields. */
static struct record largest_put(void) {
    struct record record = put_of(FAMILY_V4);
    record.state.left = RECORD_LEFT_MAX;
    record.state.uploaded_kib = UINT64_MAX;
    record.state.downloaded_kib = UINT64_MAX;
    return record;
}

struct encoded {
    uint8_t data[2 * RECORD_MAX];
    size_t len;
};

static struct encoded encode(const struct record *record) {
    struct encoded encoded;
    struct writer w = writer_on(encoded.data, sizeof encoded.data);
    record_write(&w, record);
    ck_assert(!w.failed);
    encoded.len = w.len;
    return encoded;
}

static struct bytes bytes_in(const struct encoded *encoded) {
    return (struct bytes){ .data = encoded->data, .len = encoded->len };
}

static struct record decode(const struct encoded *encoded, enum record_kind kind) {
    struct bytes rest = bytes_in(encoded);
    struct record record;
    ck_assert_int_eq(record_read(&rest, &record), kind);
    ck_assert_uint_eq(rest.len, 0);
    return record;
}

static void assert_same_peer(const struct peer_key *a, const struct peer_key *b) {
    ck_assert_mem_eq(a->info_hash, b->info_hash, INFO_HASH_LEN);
    ck_assert(endpoint_equal(&a->endpoint, &b->endpoint));
    ck_assert_int_eq(a->on_lan, b->on_lan);
}

START_TEST(put_survives_the_way_back) {
    const struct record put = put_of(_i == 0 ? FAMILY_V4 : FAMILY_V6);
    const struct encoded encoded = encode(&put);
    const struct record found = decode(&encoded, RECORD_PUT);
    ck_assert_uint_eq(found.stamp, STAMP);
    assert_same_peer(&found.peer, &put.peer);
    ck_assert_mem_eq(found.state.peer_id, put.state.peer_id, PEER_ID_LEN);
    ck_assert_uint_eq(found.state.key, put.state.key);
    ck_assert_uint_eq(found.state.left, put.state.left);
    ck_assert_uint_eq(found.state.uploaded_kib, put.state.uploaded_kib);
    ck_assert_uint_eq(found.state.downloaded_kib, put.state.downloaded_kib);
    ck_assert_uint_eq(found.state.passkey_tag, put.state.passkey_tag);
    ck_assert_uint_eq(found.state.completed, put.state.completed);
    ck_assert_uint_eq(found.state.interval_s, put.state.interval_s);
    ck_assert(found.state.paused && found.state.counted);
    ck_assert(found.state.own_address && found.state.from_dht);
}
END_TEST

START_TEST(each_flag_of_a_put_is_its_own) {
    for (int flag = 0; flag < 4; flag++) {
        struct record put = put_of(FAMILY_V4);
        put.state.paused = flag == 0;
        put.state.counted = flag == 1;
        put.state.own_address = flag == 2;
        put.state.from_dht = flag == 3;
        put.state.passkey_tag = 0;
        put.state.completed = 0;
        put.peer.on_lan = false;
        const struct encoded encoded = encode(&put);
        const struct record found = decode(&encoded, RECORD_PUT);
        ck_assert_int_eq(found.state.paused, flag == 0);
        ck_assert_int_eq(found.state.counted, flag == 1);
        ck_assert_int_eq(found.state.own_address, flag == 2);
        ck_assert_int_eq(found.state.from_dht, flag == 3);
        ck_assert(found.state.passkey_tag == 0 && found.state.completed == 0);
        ck_assert(!found.peer.on_lan);
    }
}
END_TEST

START_TEST(put_of_v4_peer_has_at_most_100_bytes) {
    struct record put = largest_put();
    ck_assert_uint_le(encode(&put).len, RECORD_PUT_V4_MAX);
    put = put_of(FAMILY_V4);
    put.state.passkey_tag = 0;
    put.state.completed = 0;
    ck_assert_uint_le(encode(&put).len, 75);
}
END_TEST

START_TEST(put_may_have_a_count) {
    struct record put = put_of(_i == 0 ? FAMILY_V4 : FAMILY_V6);
    put.count = (struct node_count){ .node = 7, .counted = UINT32_MAX, .taken_back = 1 };
    struct encoded encoded = encode(&put);
    struct record found = decode(&encoded, RECORD_PUT);
    assert_same_peer(&found.peer, &put.peer);
    ck_assert_uint_eq(found.state.completed, put.state.completed);
    ck_assert_uint_eq(found.count.node, 7);
    ck_assert_uint_eq(found.count.counted, UINT32_MAX);
    ck_assert_uint_eq(found.count.taken_back, 1);
    for (size_t more = 1; more <= 3; more++) { /* bytes of a later version */
        encoded.data[encoded.len++] = 0;
        encoded.data[0]++; /* its length */
        found = decode(&encoded, RECORD_PUT);
        ck_assert_uint_eq(found.count.taken_back, 1);
    }
    put.count.node = 0;
    encoded = encode(&put);
    ck_assert_uint_eq(decode(&encoded, RECORD_PUT).count.node, 0);
    encoded.data[encoded.len++] = 0; /* not a whole count */
    encoded.data[0]++;
    (void)decode(&encoded, RECORD_UNKNOWN);
}
END_TEST

START_TEST(numbers_beyond_the_format_are_clamped) {
    struct record put = largest_put();
    put.state.left = LEFT_UNKNOWN - 1;
    const struct encoded encoded = encode(&put);
    const struct record found = decode(&encoded, RECORD_PUT);
    ck_assert_uint_eq(found.state.left, RECORD_LEFT_MAX);
    ck_assert_uint_eq(found.state.uploaded_kib, RECORD_TOTAL_KIB_MAX);
    ck_assert_uint_eq(found.state.downloaded_kib, RECORD_TOTAL_KIB_MAX);
}
END_TEST

static const uint64_t lefts[] = { 0, 1, 126, 127, 128, RECORD_LEFT_MAX, LEFT_UNKNOWN };

START_TEST(left_survives_the_way_back) {
    struct record put = put_of(FAMILY_V4);
    put.state.left = lefts[_i];
    const struct encoded encoded = encode(&put);
    ck_assert_uint_eq(decode(&encoded, RECORD_PUT).state.left, lefts[_i]);
}
END_TEST

START_TEST(remove_has_the_key_and_the_stamp) {
    struct record record = put_of(_i == 0 ? FAMILY_V4 : FAMILY_V6);
    record.kind = RECORD_REMOVE;
    const struct encoded encoded = encode(&record);
    const struct record found = decode(&encoded, RECORD_REMOVE);
    ck_assert_uint_eq(found.stamp, STAMP);
    assert_same_peer(&found.peer, &record.peer);
    ck_assert_uint_le(encoded.len, 50);
}
END_TEST

START_TEST(completion_and_counter_survive_the_way_back) {
    struct record record = { .kind = RECORD_COMPLETION, .stamp = 1, .completion.identity = 5 };
    numbered_id(record.completion.info_hash, 3);
    struct encoded encoded = encode(&record);
    struct record found = decode(&encoded, RECORD_COMPLETION);
    ck_assert_mem_eq(found.completion.info_hash, record.completion.info_hash, INFO_HASH_LEN);
    ck_assert_uint_eq(found.completion.identity, 5);

    record = (struct record){
        .kind = RECORD_COUNTER,
        .stamp = 2,
        .count = { .node = UINT64_MAX, .counted = UINT32_MAX, .taken_back = 130 },
    };
    numbered_id(record.counter.info_hash, 4);
    encoded = encode(&record);
    found = decode(&encoded, RECORD_COUNTER);
    ck_assert_mem_eq(found.counter.info_hash, record.counter.info_hash, INFO_HASH_LEN);
    ck_assert_uint_eq(found.count.node, UINT64_MAX);
    ck_assert_uint_eq(found.count.counted, UINT32_MAX);
    ck_assert_uint_eq(found.count.taken_back, 130);
}
END_TEST

START_TEST(registry_entry_survives_the_way_back) {
    const struct record record = {
        .kind = RECORD_REGISTRY,
        .stamp = STAMP,
        .registry = {
            .kind = 3,
            .restricts = true,
            .restriction = 17,
            .key = bytes_of("key"),
            .value = bytes_of("value"),
        },
    };
    const struct encoded encoded = encode(&record);
    const struct record found = decode(&encoded, RECORD_REGISTRY);
    ck_assert_uint_eq(found.registry.kind, 3);
    ck_assert(found.registry.restricts);
    ck_assert_uint_eq(found.registry.restriction, 17);
    assert_bytes(found.registry.key, bytes_of("key"));
    assert_bytes(found.registry.value, bytes_of("value"));
}
END_TEST

START_TEST(heartbeat_survives_the_way_back) {
    uint8_t buffer[RECORD_MAX];
    struct writer w = writer_on(buffer, sizeof buffer);
    for (uint64_t i = 0; i < NODES_MAX; i++)
        position_write(&w, &(struct position){ UINT64_MAX - i, i, UINT64_MAX });
    const struct record record = {
        .kind = RECORD_HEARTBEAT,
        .heartbeat = {
            .joined = true,
            .empty = true,
            .interval_max_s = INTERVAL_LIMIT_S,
            .budget_per_s = UINT32_MAX,
            .name = bytes_of("a name of sixty-four bytes, which is the longest possible one..."),
            .positions = { .data = buffer, .len = w.len },
            .version = bytes_of("a version of thirty-one bytes.."),
            .announces_per_s = UINT32_MAX,
            .clock_offset_ms = -7,
            .has_lag = true,
            .behind_entries = UINT64_MAX,
            .behind_ms = 1234,
        },
    };
    const struct encoded encoded = encode(&record);
    const struct record found = decode(&encoded, RECORD_HEARTBEAT);
    ck_assert(found.heartbeat.joined && !found.heartbeat.whole && found.heartbeat.empty);
    ck_assert_uint_eq(found.heartbeat.interval_max_s, INTERVAL_LIMIT_S);
    ck_assert_uint_eq(found.heartbeat.budget_per_s, UINT32_MAX);
    assert_bytes(found.heartbeat.name, record.heartbeat.name);
    assert_bytes(found.heartbeat.version, record.heartbeat.version);
    ck_assert_uint_eq(found.heartbeat.announces_per_s, UINT32_MAX);
    ck_assert_int_eq(found.heartbeat.clock_offset_ms, -7);
    ck_assert(found.heartbeat.has_lag);
    ck_assert_uint_eq(found.heartbeat.behind_entries, RECORD_BEHIND_MAX);
    ck_assert_uint_eq(found.heartbeat.behind_ms, 1234);
    struct bytes rest = found.heartbeat.positions;
    struct position position;
    for (uint64_t i = 0; i < NODES_MAX; i++) {
        ck_assert(position_read(&rest, &position));
        ck_assert(position.node == UINT64_MAX - i && position.incarnation == i);
        ck_assert(position.number == UINT64_MAX);
    }
    ck_assert(!position_read(&rest, &position));
}
END_TEST

START_TEST(heartbeat_without_a_lag_is_read) {
    const struct encoded encoded = encode(&(struct record){
        .kind = RECORD_HEARTBEAT,
        .heartbeat = { .interval_max_s = 300, .clock_offset_ms = 9, .behind_ms = 5 },
    });
    const struct heartbeat found = decode(&encoded, RECORD_HEARTBEAT).heartbeat;
    ck_assert(found.clock_offset_ms == 9 && !found.has_lag && found.behind_ms == 0);
}
END_TEST

START_TEST(heartbeat_of_an_earlier_version_is_read) {
    enum { ADDED = 1 + 1 + 8 }; /* no version, no announces, the clock's offset */
    struct encoded encoded = encode(&(struct record){
        .kind = RECORD_HEARTBEAT,
        .heartbeat = { .interval_max_s = 300, .name = bytes_of("a"), .clock_offset_ms = 9 },
    });
    encoded.data[0] -= ADDED;
    encoded.len -= ADDED;
    const struct heartbeat found = decode(&encoded, RECORD_HEARTBEAT).heartbeat;
    assert_bytes(found.name, bytes_of("a"));
    ck_assert(found.version.len == 0 && found.announces_per_s == 0 && found.clock_offset_ms == 0);
}
END_TEST

START_TEST(snapshot_records_survive_the_way_back) {
    struct record record = { .kind = RECORD_REQUEST, .request = STAMP };
    struct encoded encoded = encode(&record);
    ck_assert_uint_eq(decode(&encoded, RECORD_REQUEST).request, STAMP);
    record = (struct record){ .kind = RECORD_TOMBSTONE, .stamp = 9, .hash = STAMP };
    encoded = encode(&record);
    const struct record found = decode(&encoded, RECORD_TOMBSTONE);
    ck_assert(found.hash == STAMP && found.stamp == 9);
}
END_TEST

START_TEST(headers_survive_the_way_back) {
    uint8_t data[2 * HEADER_MAX];
    struct writer w = writer_on(data, sizeof data);
    entry_header_write(&w, &(struct entry_header){ 1, 2, UINT64_MAX, UINT64_MAX });
    ck_assert_uint_le(w.len, HEADER_MAX);
    chunk_header_write(
        &w, &(struct chunk_header){ UINT64_MAX, 6, UINT64_MAX, UINT32_MAX, true, false });
    ck_assert_uint_le(w.len, sizeof data);
    struct bytes rest = { .data = data, .len = w.len };
    struct entry_header entry;
    struct chunk_header chunk;
    ck_assert(entry_header_read(&rest, &entry));
    ck_assert(entry.node == 1 && entry.incarnation == 2);
    ck_assert(entry.number == UINT64_MAX && entry.site == UINT64_MAX);
    ck_assert(chunk_header_read(&rest, &chunk));
    ck_assert(chunk.request == UINT64_MAX && chunk.node == 6 && chunk.site == UINT64_MAX);
    ck_assert(chunk.index == UINT32_MAX && chunk.whole && !chunk.last);
    ck_assert_uint_eq(rest.len, 0);
    ck_assert(!entry_header_read(&rest, &entry) && !chunk_header_read(&rest, &chunk));
}
END_TEST

/* A record of a kind that is not known yet. */
static void write_unknown(struct writer *w) {
    static const uint8_t record[] = { 3, 200, 1, 2 };
    writer_put(w, record, sizeof record);
}

START_TEST(unknown_records_and_fields_are_skipped) {
    struct record put = put_of(FAMILY_V4);
    put.count.node = 1;
    const struct encoded encoded = encode(&put);
    uint8_t data[4 * RECORD_MAX];
    struct writer w = writer_on(data, sizeof data);
    write_unknown(&w);
    writer_put(&w, encoded.data, encoded.len);
    /* The same with a field at its end that is not known yet. */
    ck_assert_uint_lt(encoded.data[0], 0x7f);
    data[w.len] = (uint8_t)(encoded.data[0] + 1);
    w.len++;
    writer_put(&w, encoded.data + 1, encoded.len - 1);
    writer_put(&w, "!", 1);
    write_unknown(&w);
    struct bytes rest = { .data = data, .len = w.len };
    struct record record;
    ck_assert_int_eq(record_read(&rest, &record), RECORD_UNKNOWN);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(record_read(&rest, &record), RECORD_PUT);
        ck_assert_uint_eq(record.stamp, STAMP);
    }
    ck_assert_int_eq(record_read(&rest, &record), RECORD_UNKNOWN);
    ck_assert_int_eq(record_read(&rest, &record), RECORD_NONE);
}
END_TEST

START_TEST(truncated_record_is_the_end) {
    const struct record put = put_of(FAMILY_V6);
    const struct encoded encoded = encode(&put);
    for (size_t len = 0; len < encoded.len; len++) {
        struct bytes rest = { .data = encoded.data, .len = len };
        struct record record;
        ck_assert_int_eq(record_read(&rest, &record), RECORD_NONE);
        ck_assert_uint_eq(rest.len, 0);
    }
}
END_TEST

static void spoil_port(struct record *record) {
    endpoint_set_port(&record->peer.endpoint, 0);
}

static void spoil_address(struct record *record) {
    memset(record->peer.endpoint.wire, 0xff, 4);
}

static void spoil_stamp(struct record *record) {
    record->stamp = 0;
    record->state.completed = 0;
}

static void spoil_completed(struct record *record) {
    record->state.completed = record->stamp + 1;
}

static void spoil_interval(struct record *record) {
    record->state.interval_s = INTERVAL_LIMIT_S + 1;
}

static void remove_interval(struct record *record) {
    record->state.interval_s = 0;
}

static void (*const spoilers[])(struct record *record) = {
    spoil_port, spoil_address, spoil_stamp, spoil_completed, spoil_interval, remove_interval,
};

START_TEST(invalid_put_is_skipped) {
    struct record put = put_of(FAMILY_V4);
    spoilers[_i](&put);
    const struct encoded encoded = encode(&put);
    (void)decode(&encoded, RECORD_UNKNOWN);
}
END_TEST

START_TEST(invalid_other_records_are_skipped) {
    const struct record invalid[] = {

        { .kind = RECORD_COUNTER, .stamp = 1, .count = { .counted = 1 } },

        { .kind = RECORD_REGISTRY, .stamp = 1, .registry = { .value = bytes_of("value") } },
        { .kind = RECORD_REGISTRY,
          .stamp = 1,
          .registry = { .key = bytes_of("key"), .restriction = 2 } },
        { .kind = RECORD_HEARTBEAT, .heartbeat = { .interval_max_s = 0 } },
        { .kind = RECORD_TOMBSTONE, .stamp = 0 },
    };
    for (size_t i = 0; i < COUNT_OF(invalid); i++) {
        const struct encoded encoded = encode(&invalid[i]);
        (void)decode(&encoded, RECORD_UNKNOWN);
    }
}
END_TEST

START_TEST(record_beyond_the_room_fails) {
    const struct record put = put_of(FAMILY_V4);
    uint8_t data[60];
    struct writer w = writer_on(data, sizeof data);
    record_write(&w, &put);
    ck_assert(w.failed);
}
END_TEST

UNIT_SUITE(cluster_record) {
    Suite *suite = suite_create("cluster_record");
    TCase *both = tcase_create("both_ways");
    tcase_add_loop_test(both, put_survives_the_way_back, 0, 2);
    tcase_add_test(both, each_flag_of_a_put_is_its_own);
    tcase_add_test(both, put_of_v4_peer_has_at_most_100_bytes);
    tcase_add_loop_test(both, put_may_have_a_count, 0, 2);
    tcase_add_test(both, numbers_beyond_the_format_are_clamped);
    tcase_add_loop_test(both, left_survives_the_way_back, 0, LOOPS_OF(lefts));
    tcase_add_loop_test(both, remove_has_the_key_and_the_stamp, 0, 2);
    tcase_add_test(both, completion_and_counter_survive_the_way_back);
    tcase_add_test(both, registry_entry_survives_the_way_back);
    tcase_add_test(both, heartbeat_survives_the_way_back);
    tcase_add_test(both, heartbeat_without_a_lag_is_read);
    tcase_add_test(both, heartbeat_of_an_earlier_version_is_read);
    tcase_add_test(both, snapshot_records_survive_the_way_back);
    tcase_add_test(both, headers_survive_the_way_back);
    suite_add_tcase(suite, both);

    TCase *skipped = tcase_create("skipped");
    tcase_add_test(skipped, unknown_records_and_fields_are_skipped);
    tcase_add_test(skipped, truncated_record_is_the_end);
    tcase_add_loop_test(skipped, invalid_put_is_skipped, 0, LOOPS_OF(spoilers));
    tcase_add_test(skipped, invalid_other_records_are_skipped);
    tcase_add_test(skipped, record_beyond_the_room_fails);
    suite_add_tcase(suite, skipped);
    return suite;
}
