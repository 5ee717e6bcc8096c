/* Nodes with plain tables, in virtual time, on a real redis-server. */
#include "cluster/node.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cluster/joining.h"
#include "cluster/tracker_table.h"
#include "engine_server.h"
#include "swarm/stamp.h"

enum {
    NODES = 3,
    PEERS_MAX = 1 << 16,
    PEERS_PER_TORRENT = 100,
    STEP_MS = 20,
    INTERVAL_S = 120,
    JOIN_MS = 31000, /* until a node joins without a snapshot */
    WHOLE_MS = JOIN_MS + 1000 * INTERVAL_S,
    MANY = 25000, /* peers of a snapshot with several chunks */
};

/* Peers by number. */
struct table {
    struct node_facts facts;
    uint64_t highest;
    bool is_full;
    bool lacks_memory;   /* for walks */
    uint32_t torrents;   /* that a walk passes instead of peers; 0: it does not */
    uint32_t downloaded; /* of the torrent that was counted last */
    uint32_t adoptions;
    bool present[PEERS_MAX];
    struct held_peer peers[PEERS_MAX];
};

static struct engine_server server;
static struct table tables[NODES];
static struct node *nodes[NODES];
static struct node_options options;
static uint64_t now_ms;

static struct peer_key key_of(uint32_t number) {
    struct peer_key key = { .endpoint = numbered_endpoint(FAMILY_V4, number) };
    numbered_id(key.info_hash, number / PEERS_PER_TORRENT);
    return key;
}

static uint32_t number_of(const struct peer_key *key) {
    const struct endpoint first = numbered_endpoint(FAMILY_V4, 0);
    const uint32_t number = load_u32(key->endpoint.wire) - load_u32(first.wire);
    REQUIRE(number < PEERS_MAX);
    return number;
}

static bool put_peer(struct table *table, const struct peer_key *key,
                     const struct held_peer *peer) {
    const uint32_t number = number_of(key);
    if (table->is_full && !table->present[number])
        return false;
    table->present[number] = true;
    table->peers[number] = *peer;
    if (peer->stamp > table->highest)
        table->highest = peer->stamp;
    return true;
}

static void remove_peer(void *context, const struct peer_key *key, uint64_t stamp) {
    struct table *table = context;
    const uint32_t number = number_of(key);
    if (table->peers[number].stamp <= stamp)
        table->present[number] = false;
}

static bool merge_peer(void *context, const struct peer_key *key, const struct held_peer *peer,
                       merge_rule *rule, void *decision, const uint32_t *downloaded) {
    struct table *table = context;
    const uint32_t number = number_of(key);
    const enum merge_effect effect =
        rule(decision, table->present[number] ? &table->peers[number] : NULL);
    if (effect == MERGE_REMOVE)
        remove_peer(context, key, peer->stamp);
    if (effect != MERGE_PUT)
        return true;
    if (!put_peer(table, key, peer))
        return false;
    if (downloaded != NULL)
        table->downloaded = *downloaded;
    return true;
}

static void count_downloads(void *context, const uint8_t info_hash[static INFO_HASH_LEN],
                            uint32_t downloaded, uint64_t stamp) {
    struct table *table = context;
    (void)info_hash;
    (void)stamp;
    table->downloaded = downloaded;
}

static bool walk_torrents(const struct table *table, struct table_cursor *cursor,
                          const struct table_visitor *visitor) {
    for (int i = 0; i < TABLE_STEP && cursor->at[0] < table->torrents; i++) {
        const struct peer_key key = key_of((uint32_t)cursor->at[0]++ * PEERS_PER_TORRENT);
        visitor->torrent(visitor->context, key.info_hash, 1);
    }
    return cursor->at[0] < table->torrents;
}

static bool walk(void *context, struct table_cursor *cursor, const struct table_visitor *visitor) {
    const struct table *table = context;
    if (table->lacks_memory) {
        visitor->missing(visitor->context);
        return false;
    }
    if (table->torrents > 0)
        return walk_torrents(table, cursor, visitor);
    for (int i = 0; i < TABLE_STEP && cursor->at[0] < PEERS_MAX; i++) {
        const uint32_t number = (uint32_t)cursor->at[0]++;
        const struct peer_key key = key_of(number);
        if (number % PEERS_PER_TORRENT == 0)
            visitor->torrent(visitor->context, key.info_hash, 1);
        if (table->present[number] && table->peers[number].stamp != 0)
            visitor->peer(visitor->context, &key, &table->peers[number]);
    }
    return cursor->at[0] < PEERS_MAX;
}

static void merge_registry(void *context, const struct record *record) {
    (void)context;
    (void)record;
}

static bool has_room(void *context) {
    const struct table *table = context;
    return !table->is_full;
}

static void end_join(void *context, bool confirmed) {
    struct table *table = context;
    for (size_t i = 0; i < PEERS_MAX; i++) {
        if (table->peers[i].stamp == 0)
            table->present[i] = table->present[i] && !confirmed;
    }
}

static bool adopt_counts(void *context, struct replica *replica, bool confirmed) {
    struct table *table = context;
    (void)replica;
    (void)confirmed;
    table->adoptions++;
    return false;
}

static void move_counts(void *context, struct replica *past, struct replica *replica) {
    (void)context;
    (void)past;
    (void)replica;
}

static void update(void *context, const struct node_facts *facts) {
    struct table *table = context;
    table->facts = *facts;
}

static struct peer_table peers_of(int n) {
    return (struct peer_table){
        .context = &tables[n],
        .merge = merge_peer,
        .remove = remove_peer,
        .count = count_downloads,
    };
}

/* A node that starts; what its table has was restored from its store. */
static void start_node(int n) {
    const struct node_table table = {
        .peers = peers_of(n),
        .context = &tables[n],
        .walk = walk,
        .merge_registry = merge_registry,
        .has_room = has_room,
        .update = update,
        .end_join = end_join,
        .adopt_counts = adopt_counts,
        .move_counts = move_counts,
    };
    char name[] = "a";
    name[0] = (char)(name[0] + n);
    options.name = name;
    options.version = "1.0";
    options.replica.node = (UINT64_C(77) << STAMP_NODE_BITS) + (uint64_t)n + 1;
    options.replica.counting = (UINT64_C(88) << STAMP_NODE_BITS) + (uint64_t)n + 1;
    options.replica.secret.half[0] = (uint64_t)n;
    options.incarnation = now_ms;
    options.clock_ms = (uint64_t)clock_unix_ms();
    nodes[n] = node_create(&options, &table, now_ms);
    ck_assert_ptr_nonnull(nodes[n]);
    node_set_load(nodes[n], INTERVAL_S, 1000);
}

static void stop_node(int n) {
    node_delete(nodes[n]);
    nodes[n] = NULL;
}

static void begin(void) {
    log_set_level(LOG_LEVEL_ERROR);
    server = engine_server_start(NULL);
    memset(tables, 0, sizeof tables);
    now_ms = 1000000;
    options = (struct node_options){
        .engine = { .prefix = "skep", .timeout_ms = 20000 },
        .replica = { .tombstones_max = 1000, .completions_max = 1000, .counters_max = 10000 },
        .queues = { .puts_max = 1 << 20, .other_max = 1 << 20, .sent_max = 1 << 20 },
        .join_timeout_ms = SNAPSHOT_PATIENCE_MS,
        .stream_bytes_max = 64 << 20,
        .stream_age_max_s = 900,
    };
    options.engine.urls.count = 1;
    options.engine.urls.list[0] = engine_server_url(&server);
}

static void end(void) {
    for (int n = 0; n < NODES; n++)
        stop_node(n);
    engine_server_stop(&server);
}

static void step_all(uint32_t ms) {
    now_ms += ms;
    for (int n = 0; n < NODES; n++) {
        if (nodes[n] != NULL)
            (void)node_step(nodes[n], now_ms, 0);
    }
}

static void run_for(uint32_t ms, uint32_t step_ms) {
    for (uint32_t i = 0; i < ms; i += step_ms)
        step_all(step_ms);
}

/* A first node, which has become whole. */
static void start_cluster(void) {
    start_node(0);
    run_for(WHOLE_MS + 5000, 1000);
    ck_assert(node_status(nodes[0]).whole);
}

static uint64_t next_stamp(int n) {
    struct table *table = &tables[n];
    table->highest = stamp_next(cluster_clock_read(&table->facts.clock, now_ms), table->highest,
                                table->facts.node);
    return table->highest;
}

static struct change change_of(int n, uint32_t number, enum change_kind kind) {
    const struct peer_key key = key_of(number);
    struct change change = {
        .kind = kind,
        .origin = ORIGIN_SENT,
        .stamp = next_stamp(n),
        .peer = key.endpoint,
        .left = number,
        .interval_s = INTERVAL_S,
    };
    memcpy(change.info_hash, key.info_hash, INFO_HASH_LEN);
    numbered_id(change.peer_id, number);
    return change;
}

/* As the tracker does: its own peers first, then the feed. */
static void put_own(int n, const struct change *change) {
    struct record record;
    record_of_peer(change, &record);
    put_peer(&tables[n], &record.peer, &(struct held_peer){ record.stamp, record.state });
}

static void note(int n, const struct change *change) {
    const struct peer_table peers = peers_of(n);
    node_note_changes(nodes[n], &peers, change, 1);
}

static void announce(int n, uint32_t number) {
    const struct change change = change_of(n, number, CHANGE_PEER_JOINED);
    put_own(n, &change);
    note(n, &change);
}

static void announce_many(int n, uint32_t first, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        announce(n, first + i);
}

static void leave(int n, uint32_t number) {
    const struct change change = change_of(n, number, CHANGE_PEER_LEFT);
    tables[n].present[number] = false;
    note(n, &change);
}

static void complete(int n, uint32_t number) {
    struct change change = change_of(n, number, CHANGE_PEER_COMPLETED);
    change.counted = true;
    put_own(n, &change);
    note(n, &change);
}

/* Peers that are not in the stream, since they were announced before. */
static void put_quietly(int n, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const struct change change = change_of(n, i, CHANGE_PEER_JOINED);
        put_own(n, &change);
    }
}

static uint32_t count_peers(int n) {
    uint32_t count = 0;
    for (size_t i = 0; i < PEERS_MAX; i++)
        count += tables[n].present[i];
    return count;
}

static bool agree(int a, int b) {
    for (size_t i = 0; i < PEERS_MAX; i++) {
        if (tables[a].present[i] != tables[b].present[i] ||
            (tables[a].present[i] && tables[a].peers[i].stamp != tables[b].peers[i].stamp))
            return false;
    }
    return true;
}

/* Virtual time, so a slow machine does not matter; but chunks and connections need some steps. */
static void await_agreement(int a, int b, uint32_t limit_ms) {
    for (uint32_t waited_ms = 0; waited_ms < limit_ms && !agree(a, b); waited_ms += STEP_MS)
        step_all(STEP_MS);
    ck_assert_msg(agree(a, b), "%d has %u peers, %d has %u", a, count_peers(a), b, count_peers(b));
}

static void await_ready(int n) {
    for (int i = 0; i < 1000 && !node_status(nodes[n]).joined; i++)
        step_all(STEP_MS);
    ck_assert(node_status(nodes[n]).joined);
}

START_TEST(change_at_one_node_reaches_the_others) {
    for (int n = 0; n < NODES; n++)
        start_node(n);
    run_for(100, STEP_MS);
    announce(0, 1);
    announce(1, 2);
    leave(2, 3);
    run_for(100, STEP_MS);
    for (int n = 0; n < NODES; n++)
        ck_assert(tables[n].present[1] && tables[n].present[2] && count_peers(n) == 2);
    ck_assert_uint_eq(tables[2].peers[1].state.left, 1);
    leave(1, 1);
    run_for(100, STEP_MS);
    for (int n = 0; n < NODES; n++)
        ck_assert(!tables[n].present[1] && tables[n].present[2]);
}
END_TEST

START_TEST(change_arrives_within_a_few_steps) {
    for (int n = 0; n < 2; n++)
        start_node(n);
    run_for(100, STEP_MS);
    announce(0, 1);
    step_all(STEP_MS);
    step_all(STEP_MS);
    ck_assert(tables[1].present[1]);
}
END_TEST

START_TEST(first_node_becomes_whole_without_a_snapshot) {
    start_node(0);
    run_for(1000, STEP_MS);
    struct node_status status = node_status(nodes[0]);
    ck_assert(status.connected && !status.joined && !node_status(nodes[0]).joined);
    run_for(JOIN_MS, 1000);
    status = node_status(nodes[0]);
    ck_assert(status.joined && !status.whole);
    ck_assert_uint_eq(tables[0].adoptions, 0);
    run_for(WHOLE_MS, 1000);
    ck_assert(node_status(nodes[0]).whole);
    ck_assert_uint_eq(tables[0].adoptions, 1);
}
END_TEST

START_TEST(joining_node_gets_a_snapshot_at_once) {
    start_cluster();
    announce_many(0, 10, 500);
    leave(0, 11);
    run_for(100, STEP_MS);
    start_node(1);
    await_ready(1);
    ck_assert(agree(0, 1) && count_peers(1) == 499 && node_status(nodes[1]).whole);
    ck_assert_uint_eq(node_status(nodes[0]).counts.snapshots_sent, 1);
    ck_assert_uint_eq(node_status(nodes[1]).counts.snapshots_received, 1);
}
END_TEST

START_TEST(snapshot_removes_restored_peers_that_it_lacks) {
    start_cluster();
    announce_many(0, 0, 10);
    for (uint32_t i = 5; i < 15; i++)
        tables[1].present[i] = true;
    start_node(1);
    await_ready(1);
    ck_assert(agree(0, 1) && count_peers(1) == 10);
}
END_TEST

START_TEST(restored_peers_stay_until_a_snapshot_lacks_them) {
    for (uint32_t i = 0; i < 10; i++)
        tables[0].present[i] = true;
    start_node(0);
    run_for(JOIN_MS, 1000);
    ck_assert(node_status(nodes[0]).joined && count_peers(0) == 10);
    ck_assert_uint_eq(tables[0].peers[0].stamp, 0);
    announce(0, 3);
    start_node(1);
    run_for(2 * WHOLE_MS, 1000);
    ck_assert_uint_ge(node_status(nodes[0]).counts.snapshots_received, 1);
    ck_assert(agree(0, 1) && count_peers(0) == 1);
}
END_TEST

START_TEST(snapshot_that_lacks_peers_makes_no_node_whole) {
    start_cluster();
    put_quietly(0, 10);
    tables[0].lacks_memory = true;
    start_node(1);
    run_for(1000, STEP_MS);
    ck_assert_uint_ge(node_status(nodes[0]).counts.snapshots_sent, 1);
    ck_assert(count_peers(1) == 0 && !node_status(nodes[1]).whole);
    tables[0].lacks_memory = false;
    await_agreement(0, 1, 20000);
    ck_assert(count_peers(1) == 10 && node_status(nodes[1]).whole);
}
END_TEST

START_TEST(snapshot_of_many_chunks_takes_changes_meanwhile) {
    start_cluster();
    put_quietly(0, MANY);
    start_node(1);
    for (uint32_t i = 0; i < 200 && !node_status(nodes[1]).joined; i++) {
        step_all(STEP_MS);
        announce(0, MANY + i);
        leave(0, 2 * i);
    }
    await_agreement(0, 1, 20000);
    const struct node_status status = node_status(nodes[1]);
    ck_assert(status.joined && status.whole && status.counts.bytes_read > 1500000);
}
END_TEST

START_TEST(completion_at_two_nodes_counts_once) {
    start_cluster();
    start_node(1);
    await_ready(1);
    complete(0, 1);
    complete(1, 1);
    complete(0, 2);
    run_for(200, STEP_MS);
    complete(1, 1);
    run_for(200, STEP_MS);
    ck_assert_uint_eq(tables[0].downloaded, 2);
    ck_assert_uint_eq(tables[1].downloaded, 2);
    start_node(2);
    await_ready(2);
    ck_assert_uint_eq(tables[2].downloaded, 2);
}
END_TEST

START_TEST(completion_is_one_record_also_after_a_join) {
    start_cluster();
    start_node(1);
    await_ready(1);
    run_for(5000, STEP_MS);
    const uint64_t before[] = { node_status(nodes[0]).counts.records_sent,
                                node_status(nodes[1]).counts.records_sent };
    for (uint32_t i = 0; i < 500; i++)
        complete(0, i);
    run_for(1000, STEP_MS);
    ck_assert_uint_eq(node_status(nodes[0]).counts.records_sent - before[0], 500);
    ck_assert_uint_eq(node_status(nodes[1]).counts.records_sent - before[1], 0);
}
END_TEST

START_TEST(changes_wait_while_the_engine_is_away) {
    start_cluster();
    start_node(1);
    await_ready(1);
    announce_many(0, 0, 50);
    run_for(100, STEP_MS);
    kill(server.pid, SIGKILL);
    announce_many(0, 50, 50);
    leave(1, 7);
    run_for(3000, STEP_MS);
    ck_assert(!node_status(nodes[0]).connected && node_status(nodes[0]).error[0] != '\0');
    ck_assert(!agree(0, 1) && node_status(nodes[0]).waiting > 0);
    engine_server_restart(&server);
    await_agreement(0, 1, 10000);
    ck_assert_uint_eq(count_peers(0), 99);
    run_for(10000, 100);
    const struct node_status status = node_status(nodes[0]);
    ck_assert(status.connected && status.error[0] == '\0' && status.counts.connects == 2 &&
              status.counts.resends == 1 && status.counts.holes == 0);
}
END_TEST

START_TEST(entries_lost_by_a_restart_are_sent_again) {
    start_cluster();
    start_node(1);
    start_node(2);
    await_ready(2);
    await_ready(1);
    announce_many(0, 0, 50);
    now_ms += STEP_MS;
    (void)node_step(nodes[0], now_ms, 0);
    engine_server_restart(&server);
    await_agreement(0, 1, 10000);
    await_agreement(0, 2, 10000);
    run_for(10000, 100);
    ck_assert(count_peers(2) == 50 && node_status(nodes[2]).counts.holes == 0);
    const struct node_status status = node_status(nodes[0]);
    ck_assert(status.resend_reason == RESEND_ENGINE && status.resent_ms > now_ms - 20000);
}
END_TEST

/* Each time, the entries sent again have counters that are outdated by now. */
START_TEST(outdated_counters_that_are_sent_again_are_answered_once) {
    start_cluster();
    start_node(1);
    start_node(2);
    await_ready(2);
    await_ready(1);
    for (uint32_t i = 0; i < 60; i++) {
        complete((int)i % NODES, i);
        run_for(2 * STEP_MS, STEP_MS);
    }
    for (uint32_t restart = 0; restart < 5; restart++) {
        engine_server_restart(&server);
        run_for(3000, STEP_MS);
        complete((int)restart % NODES, 60 + restart);
        run_for(1000, STEP_MS);
    }
    for (int n = 0; n < NODES; n++) {
        for (int i = 0; i < 1000 && tables[n].downloaded != 65; i++)
            step_all(STEP_MS);
        ck_assert_uint_eq(tables[n].downloaded, 65);
        ck_assert_uint_lt(node_status(nodes[n]).counts.records_sent, 300);
    }
}
END_TEST

START_TEST(promoted_replica_without_the_last_entries_gets_them_again) {
    struct engine_server replica = engine_server_start(NULL);
    options.engine.urls.count = 2;
    options.engine.urls.list[1] = engine_server_url(&replica);
    start_cluster();
    start_node(1);
    await_ready(1);
    engine_server_follow(&replica, &server);
    announce_many(0, 0, 10);
    run_for(100, STEP_MS);
    ck_assert_str_eq(engine_server_run(&replica, "REPLICAOF NO ONE"), "+OK\r\n");
    announce_many(0, 10, 10);
    leave(1, 3);
    run_for(100, STEP_MS);
    start_node(2); /* connects to the promoted one, if the other one refuses */
    (void)engine_server_run(&server, "REPLICAOF 127.0.0.1 1");
    announce_many(1, 20, 10);
    await_agreement(0, 1, 20000);
    await_agreement(0, 2, 20000);
    ck_assert_uint_eq(count_peers(2), 29);
    ck_assert_str_eq(node_status(nodes[0]).engine.url + strlen("unix://"), replica.socket);
    engine_server_stop(&replica);
}
END_TEST

START_TEST(emptied_stream_is_noticed) {
    start_cluster();
    start_node(1);
    await_ready(1);
    announce_many(0, 0, 10);
    now_ms += STEP_MS;
    (void)node_step(nodes[0], now_ms, 0);
    ck_assert_str_eq(engine_server_run(&server, "FLUSHALL"), "+OK\r\n");
    await_agreement(0, 1, 20000);
    ck_assert_uint_eq(node_status(nodes[0]).counts.resends, 1);
    ck_assert_int_eq(node_status(nodes[0]).resend_reason, RESEND_STREAM);
}
END_TEST

static void await_secret(int n, uint64_t secret) {
    for (int i = 0; i < 20 && tables[n].facts.secret.half[0] != secret; i++)
        run_for(1000, 1000);
    ck_assert_uint_eq(tables[n].facts.secret.half[0], secret);
}

START_TEST(lost_secret_is_put_back) {
    start_cluster();
    ck_assert_str_eq(engine_server_run(&server, "DEL skep:secret"), ":1\r\n");
    run_for(NODE_HEARTBEAT_MS, 1000);
    ck_assert_str_eq(engine_server_run(&server, "EXISTS skep:secret"), ":1\r\n");
    start_node(1);
    await_ready(1);
    ck_assert_uint_eq(tables[1].facts.secret.half[0], 0);
    ck_assert(tables[1].facts.foreign && !tables[0].facts.foreign);
}
END_TEST

START_TEST(new_secret_gives_way_to_that_of_the_cluster) {
    start_cluster();
    (void)engine_server_run(&server, "DEL skep:secret");
    start_node(1);
    run_for(200, STEP_MS);
    ck_assert_uint_eq(tables[1].facts.secret.half[0], 1);
    ck_assert(node_status(nodes[1]).joined && tables[1].facts.unsure && !tables[1].facts.foreign);
    announce(0, 7);
    run_for(200, STEP_MS);
    leave(1, 7);
    await_secret(1, 0);
    ck_assert(tables[1].facts.foreign);
    run_for(60000, 1000);
    ck_assert(!tables[1].facts.unsure && !tables[0].facts.foreign);
    ck_assert_uint_eq(tables[0].facts.secret.half[0], 0);
    await_agreement(0, 1, 1000);
    complete(1, 8); /* it counts under its own id again */
    run_for(200, STEP_MS);
    ck_assert_uint_eq(tables[0].downloaded, 1);
    ck_assert_uint_eq(tables[1].downloaded, 1);
}
END_TEST

/* One has joined without the engine, and a peer has left it, before they know each other. */
START_TEST(removal_holds_although_the_secret_is_another_one) {
    start_cluster();
    put_quietly(0, 2);
    kill(server.pid, SIGKILL);
    run_for(1000, STEP_MS);
    start_node(1);
    put_quietly(1, 2);
    run_for(JOIN_MS, 1000);
    ck_assert(node_status(nodes[1]).joined);
    leave(1, 1);
    engine_server_restart(&server);
    await_secret(1, tables[0].facts.secret.half[0]);
    await_secret(0, tables[1].facts.secret.half[0]);
    await_agreement(0, 1, WHOLE_MS);
    ck_assert_uint_eq(count_peers(0), 1);
}
END_TEST

START_TEST(value_that_is_no_secret_is_replaced) {
    start_cluster();
    ck_assert_str_eq(engine_server_run(&server, "SET skep:secret short"), "+OK\r\n");
    run_for(2 * NODE_HEARTBEAT_MS, 1000);
    ck_assert_str_eq(engine_server_run(&server, "STRLEN skep:secret"), ":16\r\n");
    ck_assert_str_eq(node_status(nodes[0]).error, "");
}
END_TEST

/* As the nodes of another cluster would do. */
static void replace_secret(char byte) {
    char command[128] = "SET skep:secret \"";
    for (int i = 0; i < 16; i++)
        snprintf(command + strlen(command), 5, "\\x%02x", (unsigned char)byte);
    strcat(command, "\"");
    ck_assert_str_eq(engine_server_run(&server, command), "+OK\r\n");
}

START_TEST(two_clusters_in_one_engine_become_one) {
    start_node(1);
    run_for(WHOLE_MS + 5000, 1000);
    for (int i = 0; i < 5; i++) {
        replace_secret('\xff');
        run_for(NODE_HEARTBEAT_MS, 1000);
        ck_assert_uint_eq(tables[1].facts.secret.half[0], 1);
    }
    run_for(2 * NODE_HEARTBEAT_MS, 1000);
    replace_secret('\0');
    run_for(NODE_HEARTBEAT_MS, 1000);
    ck_assert_uint_eq(tables[1].facts.secret.half[0], 1);
    for (int i = 0; i < 3; i++) {
        replace_secret('\0');
        run_for(NODE_HEARTBEAT_MS, 1000);
    }
    ck_assert_uint_eq(tables[1].facts.secret.half[0], 0);
}
END_TEST

/* As if the clock of the engine had been wrong. */
START_TEST(stream_whose_ids_begin_again_is_read) {
    start_cluster();
    start_node(1);
    await_ready(1);
    ck_assert_str_eq(engine_server_run(&server, "XSETID skep:stream 99999999999999-5"), "+OK\r\n");
    announce(0, 1);
    await_agreement(0, 1, 2000);
    ck_assert_str_eq(engine_server_run(&server, "DEL skep:stream"), ":1\r\n");
    for (uint32_t i = 0; i < 1000; i++) { /* until it has more entries than it had before */
        announce(0, 2 + i);
        now_ms += STEP_MS;
        (void)node_step(nodes[0], now_ms, 0);
    }
    await_agreement(0, 1, 2 * NODE_HEARTBEAT_MS);
}
END_TEST

START_TEST(trimmed_entries_are_replaced_by_a_snapshot) {
    start_cluster();
    start_node(1);
    await_ready(1);
    announce_many(0, 0, 10);
    run_for(100, STEP_MS);
    struct node *paused = nodes[1];
    nodes[1] = NULL;
    announce_many(0, 10, 10);
    leave(0, 5);
    run_for(100, STEP_MS);
    (void)engine_server_run(&server, "XTRIM skep:stream MAXLEN 0");
    announce_many(0, 20, 10);
    run_for(1000, STEP_MS);
    nodes[1] = paused;
    run_for(2000, STEP_MS);
    ck_assert(tables[1].present[25] && !tables[1].present[15] && tables[1].present[5]);
    await_agreement(0, 1, 20000);
    const struct node_status status = node_status(nodes[1]);
    ck_assert(status.counts.holes == 1 && status.counts.snapshots_received == 2 && status.whole);
    ck_assert_int_eq(status.snapshot_reason, SNAPSHOT_MISSING);
    ck_assert(status.snapshot_requested_ms <= status.snapshot_received_ms &&
              status.snapshot_received_ms <= now_ms && status.resend_reason == RESEND_NONE);
}
END_TEST

START_TEST(dropped_puts_are_sent_by_a_walk) {
    options.queues.puts_max = 100000;
    start_cluster();
    start_node(1);
    await_ready(1);
    kill(server.pid, SIGKILL);
    announce_many(0, 0, 5000);
    engine_server_restart(&server);
    await_agreement(0, 1, 20000);
    ck_assert_uint_eq(count_peers(1), 5000);
}
END_TEST

START_TEST(lost_changes_are_sent_by_a_walk) {
    start_cluster();
    start_node(1);
    await_ready(1);
    put_quietly(0, 100);
    run_for(1000, STEP_MS);
    const uint64_t stamp = next_stamp(0);
    for (uint32_t i = 200; i < 300; i++) {
        const struct change change = change_of(0, i, CHANGE_PEER_JOINED);
        put_own(0, &change);
    }
    node_note_lost(nodes[0], stamp);
    run_for(1000, STEP_MS);
    ck_assert(count_peers(1) == 100 && tables[1].present[200] && tables[1].present[299]);
}
END_TEST

enum { TORRENTS = 640, COUNTS = 60 /* of each */ };

static void count_much(void *context, struct replica *replica) {
    (void)context;
    for (uint32_t i = 0; i < TORRENTS; i++) {
        const struct peer_key key = key_of(i * PEERS_PER_TORRENT);
        for (uint32_t node = 0; node < COUNTS; node++)
            replica_restore_pair(replica, key.info_hash, UINT64_MAX - node,
                                 (struct counter_pair){ .counted = UINT32_MAX });
    }
}

/* They take more than twice the queue. */
START_TEST(walk_over_many_counts_loses_none) {
    options.replica.counters_max = TORRENTS * COUNTS;
    start_node(0);
    node_visit_replica(nodes[0], count_much, NULL);
    tables[0].torrents = TORRENTS;
    run_for(JOIN_MS, 1000);
    ck_assert(node_status(nodes[0]).joined);
    run_for(5000, STEP_MS);
    ck_assert_uint_ge(node_status(nodes[0]).counts.records_sent, TORRENTS * COUNTS);
    ck_assert_uint_eq(node_status(nodes[0]).lost, 0);
}
END_TEST

START_TEST(joining_node_asks_again_if_the_source_stops) {
    start_cluster();
    announce_many(0, 0, 100);
    start_node(1);
    await_ready(1);
    put_quietly(0, MANY);
    memcpy(tables[1].present, tables[0].present, sizeof tables[0].present);
    memcpy(tables[1].peers, tables[0].peers, sizeof tables[0].peers);
    start_node(2);
    while (!node_status(nodes[0]).sending && !node_status(nodes[1]).sending)
        step_all(STEP_MS);
    const int source = node_status(nodes[0]).sending ? 0 : 1;
    stop_node(source);
    run_for(JOIN_MS, 500);
    await_agreement(1 - source, 2, 20000);
    ck_assert(node_status(nodes[2]).whole);
}
END_TEST

START_TEST(full_node_is_not_whole_and_recovers) {
    start_cluster();
    start_node(1);
    await_ready(1);
    tables[1].is_full = true;
    announce_many(0, 0, 10);
    run_for(200, STEP_MS);
    ck_assert(count_peers(1) == 0 && !node_status(nodes[1]).whole &&
              !node_status(nodes[1]).has_room && node_status(nodes[1]).joined);
    tables[1].is_full = false;
    await_agreement(0, 1, 20000);
    ck_assert(count_peers(1) == 10 && node_status(nodes[1]).whole);
    ck_assert_int_eq(node_status(nodes[1]).snapshot_reason, SNAPSHOT_NO_ROOM);
}
END_TEST

START_TEST(copy_of_a_node_takes_another_id) {
    start_node(0);
    run_for(100, STEP_MS);
    const uint64_t id = tables[0].facts.node;
    struct node *first = nodes[0];
    tables[1] = tables[0];
    start_node(0);
    nodes[1] = first; /* both have the id, and table 0 */
    announce(1, 5);
    run_for(6000, 100);
    ck_assert(!stamp_is_of(node_status(nodes[1]).node, id));
    ck_assert_uint_eq(node_status(nodes[0]).node, id);
}
END_TEST

START_TEST(nodes_know_each_other) {
    for (int n = 0; n < NODES; n++)
        start_node(n);
    run_for(6000, 100);
    const struct node_status status = node_status(nodes[0]);
    ck_assert_uint_eq(status.members.count, NODES - 1);
    ck_assert(strchr("bc", status.members.list[0].name[0]) != NULL);
    ck_assert_str_eq(status.members.list[0].version, "1.0");
    ck_assert_uint_eq(tables[0].facts.budget_per_s, 3000);
    stop_node(2);
    run_for(MEMBER_ALIVE_MS + 6000, 500);
    ck_assert_uint_eq(tables[0].facts.budget_per_s, 2000);
}
END_TEST

/* A read brings 4096 entries. */
START_TEST(paused_node_is_behind_until_it_has_read_all) {
    start_cluster();
    start_node(1);
    await_ready(1);
    run_for(6000, 100);
    ck_assert_uint_eq(node_status(nodes[1]).behind_entries, 0);
    struct node *paused = nodes[1];
    nodes[1] = NULL;
    for (uint32_t i = 0; i < 6000; i++) {
        announce(0, i);
        run_for(STEP_MS, STEP_MS);
    }
    nodes[1] = paused;
    uint64_t entries = 0, told = 0;
    for (int i = 0; i < 100; i++) {
        step_all(STEP_MS);
        const struct node_status status = node_status(nodes[1]);
        if (status.behind_entries > entries) {
            entries = status.behind_entries;
            ck_assert(status.behind_ms > 0 && status.behind_ms <= 130000);
        }
        const struct member *member = &node_status(nodes[0]).members.list[0];
        told = member->behind_entries > told ? member->behind_entries : told;
    }
    ck_assert(entries > 1500 && entries < 2500);
    ck_assert_uint_eq(told, entries);
    run_for(6000, 100);
    ck_assert_uint_eq(node_status(nodes[1]).behind_entries, 0);
    ck_assert_uint_eq(node_status(nodes[1]).behind_ms, 0);
    const struct member *member = &node_status(nodes[0]).members.list[0];
    ck_assert(member->has_lag && member->behind_entries == 0 && member->behind_ms == 0);
}
END_TEST

START_TEST(node_is_not_behind_a_stream_that_began_again) {
    start_cluster();
    start_node(1);
    await_ready(1);
    announce_many(0, 0, 1000);
    run_for(6000, 100);
    engine_server_restart(&server);
    run_for(20000, 100);
    for (int n = 0; n < 2; n++) {
        const struct node_status status = node_status(nodes[n]);
        ck_assert(status.connected && status.behind_entries == 0 && status.behind_ms == 0);
    }
}
END_TEST

START_TEST(rates_are_those_of_the_last_heartbeats) {
    start_cluster();
    start_node(1);
    await_ready(1);
    run_for(5000, 100);
    for (uint32_t i = 0; i < 100; i++) {
        announce_many(0, i * 10, 10);
        run_for(100, STEP_MS);
    }
    struct node_status status = node_status(nodes[0]);
    ck_assert(status.per_s[NODE_RECORDS_SENT] >= 95 && status.per_s[NODE_RECORDS_SENT] <= 105);
    ck_assert(status.per_s[NODE_BYTES_SENT] > 4000 && status.per_s[NODE_BYTES_SENT] < 20000);
    status = node_status(nodes[1]);
    ck_assert(status.per_s[NODE_RECORDS_MERGED] >= 95 && status.per_s[NODE_RECORDS_MERGED] <= 105);
    ck_assert(status.per_s[NODE_BYTES_READ] > 4000 && status.per_s[NODE_BYTES_READ] < 20000);
    ck_assert_uint_eq(status.per_s[NODE_RECORDS_SENT], 0);
    run_for(11000, 100);
    ck_assert_uint_eq(node_status(nodes[0]).per_s[NODE_RECORDS_SENT], 0);
}
END_TEST

START_TEST(clock_of_the_engine_is_followed) {
    options.clock_ms = 5;
    start_node(0);
    run_for(100, STEP_MS);
    const uint64_t unix_ms = (uint64_t)clock_unix_ms();
    const uint64_t cluster_ms = cluster_clock_read(&tables[0].facts.clock, now_ms);
    ck_assert(cluster_ms + 60000 > unix_ms && cluster_ms < unix_ms + 60000);
}
END_TEST

START_TEST(peers_may_expire_once_the_stream_is_read) {
    start_node(0);
    run_for(2000, STEP_MS);
    ck_assert_uint_ge(tables[0].facts.merged_ms + 1100, now_ms);
    now_ms += 60000; /* a pause of the process */
    ck_assert_uint_lt(tables[0].facts.merged_ms, now_ms - 59000);
    run_for(1100, STEP_MS);
    ck_assert_uint_ge(tables[0].facts.merged_ms + 1100, now_ms);
    ck_assert_uint_gt(tables[0].facts.current_until_ms, now_ms);
    kill(server.pid, SIGKILL);
    run_for(4000, STEP_MS);
    ck_assert_uint_lt(tables[0].facts.merged_ms, now_ms - 3000);
    run_for(10000, STEP_MS);
    ck_assert_uint_ge(tables[0].facts.merged_ms + 1100, now_ms);
    run_for(20000, 500);
    ck_assert_uint_lt(tables[0].facts.current_until_ms, now_ms);
}
END_TEST

/* Leaves it `room` bytes. */
static void limit_engine(uint32_t room) {
    unsigned long used = 0;
    char command[64];
    const char *const line = strstr(engine_server_run(&server, "INFO memory"), "used_memory:");
    ck_assert(line != NULL && sscanf(line, "used_memory:%lu", &used) == 1);
    snprintf(command, sizeof command, "CONFIG SET maxmemory %lu", used + room);
    ck_assert_str_eq(engine_server_run(&server, command), "+OK\r\n");
}

static void send_60000_peers(void) {
    for (uint32_t i = 0; i < 60; i++) {
        announce_many(0, i * 1000, 1000);
        run_for(100, STEP_MS);
    }
}

static bool has_sent_all(int n) {
    const struct node_status status = node_status(nodes[n]);
    return status.waiting == 0 && status.error[0] == '\0';
}

START_TEST(full_engine_is_trimmed) {
    start_cluster();
    limit_engine(4 << 20);
    send_60000_peers();
    send_60000_peers();
    for (int i = 0; i < 60 && !has_sent_all(0); i++)
        run_for(1000, STEP_MS);
    ck_assert(has_sent_all(0));
    start_node(1);
    await_agreement(0, 1, 60000);
    ck_assert_uint_eq(count_peers(1), 60000);
}
END_TEST

START_TEST(full_engine_gets_room_for_a_snapshot) {
    start_cluster();
    send_60000_peers();
    limit_engine(300 << 10);
    start_node(1);
    await_agreement(0, 1, 60000);
    ck_assert(node_status(nodes[1]).whole && count_peers(1) == 60000);
}
END_TEST

START_TEST(empty_node_gets_the_peers_of_a_node_that_is_not_whole) {
    options.empty = true;
    start_node(1);
    options.empty = false;
    start_node(0);
    put_quietly(0, MANY);
    run_for(JOIN_MS, 500);
    await_agreement(0, 1, JOIN_MS);
    ck_assert(!node_status(nodes[0]).whole && !node_status(nodes[1]).whole);
    options.empty = true;
    start_node(2);
    await_agreement(0, 2, 1000);
    const struct node_status status = node_status(nodes[2]);
    ck_assert(count_peers(2) == MANY && !status.whole && status.counts.snapshots_received == 1);
    await_ready(2); /* it does not wait for a better copy */
    ck_assert_uint_eq(node_status(nodes[1]).counts.snapshots_received, 1);
    run_for(JOIN_MS, 500);
    ck_assert_uint_eq(node_status(nodes[0]).counts.snapshots_sent, 2);
}
END_TEST

static void run_command(const char *command) {
    ck_assert_str_eq(engine_server_run(&server, command), "+OK\r\n");
}

/* Standard error until it is passed to count_lines. */
struct caught_log {
    FILE *file;
    int real;
};

static struct caught_log catch_log(void) {
    struct caught_log caught = { .file = tmpfile(), .real = dup(STDERR_FILENO) };
    ck_assert(caught.file != NULL && caught.real >= 0);
    fflush(stderr);
    ck_assert_int_ge(dup2(fileno(caught.file), STDERR_FILENO), 0);
    log_set_level(LOG_LEVEL_INFO);
    return caught;
}

static void release_log(struct caught_log *caught) {
    dup2(caught->real, STDERR_FILENO);
    close(caught->real);
    fclose(caught->file);
}

static int count_lines(const struct caught_log *caught, const char *text) {
    char line[LOG_LINE_MAX + 1];
    int count = 0;
    rewind(caught->file);
    while (fgets(line, sizeof line, caught->file) != NULL)
        count += strstr(line, text) != NULL;
    return count;
}

/* Two commands fail in turn. */
START_TEST(failure_is_logged_once_in_a_minute) {
    static const char forbid[] = "ACL SETUSER default -xadd -memory|usage";
    static const char permit[] = "ACL SETUSER default +@all";
    struct caught_log caught = catch_log();
    start_node(0);
    run_for(100, STEP_MS);
    for (int i = 0; i < 2; i++) {
        run_command(forbid);
        run_for(20000, 500);
        run_command(permit);
        run_for(6000, 500);
    }
    const int adds = count_lines(&caught, "'xadd'");
    const int usages = count_lines(&caught, "'memory|usage'");
    const int ends = count_lines(&caught, "takes changes again");
    run_for(60000, 500);
    run_command(forbid);
    run_for(20000, 500);
    const int later = count_lines(&caught, "'xadd'");
    release_log(&caught);
    ck_assert_int_eq(adds, 1);
    ck_assert_int_eq(usages, 1);
    ck_assert_int_eq(ends, 1);
    ck_assert_int_eq(later, 2);
}
END_TEST

START_TEST(refused_read_is_tried_again_later) {
    for (int n = 0; n < 2; n++)
        start_node(n);
    run_for(100, STEP_MS);
    run_command("ACL SETUSER default -xread");
    ck_assert(!node_step(nodes[0], now_ms, 0));
    announce(1, 5);
    run_for(2000, STEP_MS);
    const char *line = strstr(engine_server_run(&server, "INFO commandstats"), "cmdstat_xread:");
    const char *rejected = line == NULL ? NULL : strstr(line, "rejected_calls=");
    ck_assert(rejected != NULL && strtol(rejected + strlen("rejected_calls="), NULL, 10) <= 6);
    ck_assert_ptr_nonnull(strstr(node_status(nodes[0]).error, "xread"));
    run_for(20000, 500);
    ck_assert_uint_ge(tables[0].facts.merged_ms + 1100, now_ms); /* peers expire */
    run_command("ACL SETUSER default +xread");
    await_agreement(0, 1, 5000);
    ck_assert(tables[0].present[5]);
    run_for(6000, 100);
    ck_assert(node_status(nodes[0]).error[0] == '\0');
}
END_TEST

/* Also if old changes fill it. */
START_TEST(node_joins_a_full_engine_once_it_has_room) {
    start_cluster();
    send_60000_peers();
    stop_node(0);
    ck_assert_str_eq(engine_server_run(&server, "DEL skep:secret"), ":1\r\n");
    limit_engine(0);
    start_node(1);
    step_all(STEP_MS);
    struct node_status status = node_status(nodes[1]);
    ck_assert(!status.connected && strstr(status.error, "OOM") != NULL);
    for (int i = 0; i < 100 && !node_status(nodes[1]).connected; i++)
        step_all(1000);
    status = node_status(nodes[1]);
    ck_assert(status.connected && status.error[0] == '\0');
}
END_TEST

UNIT_SUITE(node) {
    Suite *suite = suite_create("node");
    TCase *tcase = tcase_create("node");
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, change_at_one_node_reaches_the_others);
    tcase_add_test(tcase, change_arrives_within_a_few_steps);
    tcase_add_test(tcase, first_node_becomes_whole_without_a_snapshot);
    tcase_add_test(tcase, snapshot_that_lacks_peers_makes_no_node_whole);
    tcase_add_test(tcase, joining_node_gets_a_snapshot_at_once);
    tcase_add_test(tcase, snapshot_removes_restored_peers_that_it_lacks);
    tcase_add_test(tcase, restored_peers_stay_until_a_snapshot_lacks_them);
    tcase_add_test(tcase, snapshot_of_many_chunks_takes_changes_meanwhile);
    tcase_add_test(tcase, completion_at_two_nodes_counts_once);
    tcase_add_test(tcase, completion_is_one_record_also_after_a_join);
    tcase_add_test(tcase, changes_wait_while_the_engine_is_away);
    tcase_add_test(tcase, entries_lost_by_a_restart_are_sent_again);
    tcase_add_test(tcase, outdated_counters_that_are_sent_again_are_answered_once);
    tcase_add_test(tcase, promoted_replica_without_the_last_entries_gets_them_again);
    tcase_add_test(tcase, emptied_stream_is_noticed);
    tcase_add_test(tcase, lost_secret_is_put_back);
    tcase_add_test(tcase, new_secret_gives_way_to_that_of_the_cluster);
    tcase_add_test(tcase, removal_holds_although_the_secret_is_another_one);
    tcase_add_test(tcase, value_that_is_no_secret_is_replaced);
    tcase_add_test(tcase, two_clusters_in_one_engine_become_one);
    tcase_add_test(tcase, stream_whose_ids_begin_again_is_read);
    tcase_add_test(tcase, trimmed_entries_are_replaced_by_a_snapshot);
    tcase_add_test(tcase, dropped_puts_are_sent_by_a_walk);
    tcase_add_test(tcase, lost_changes_are_sent_by_a_walk);
    tcase_add_test(tcase, walk_over_many_counts_loses_none);
    tcase_add_test(tcase, joining_node_asks_again_if_the_source_stops);
    tcase_add_test(tcase, full_node_is_not_whole_and_recovers);
    tcase_add_test(tcase, copy_of_a_node_takes_another_id);
    tcase_add_test(tcase, nodes_know_each_other);
    tcase_add_test(tcase, paused_node_is_behind_until_it_has_read_all);
    tcase_add_test(tcase, node_is_not_behind_a_stream_that_began_again);
    tcase_add_test(tcase, rates_are_those_of_the_last_heartbeats);
    tcase_add_test(tcase, clock_of_the_engine_is_followed);
    tcase_add_test(tcase, peers_may_expire_once_the_stream_is_read);
    tcase_add_test(tcase, full_engine_is_trimmed);
    tcase_add_test(tcase, full_engine_gets_room_for_a_snapshot);
    tcase_add_test(tcase, empty_node_gets_the_peers_of_a_node_that_is_not_whole);
    tcase_add_test(tcase, failure_is_logged_once_in_a_minute);
    tcase_add_test(tcase, refused_read_is_tried_again_later);
    tcase_add_test(tcase, node_joins_a_full_engine_once_it_has_room);
    suite_add_tcase(suite, tcase);
    return suite;
}
