#include "simulation.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "cluster/cluster_clock.h"
#include "cluster/gaps.h"
#include "cluster/joining.h"
#include "cluster/outbox.h"
#include "cluster/replica.h"
#include "support.h"
#include "swarm/stamp.h"

enum {
    NODES = 4,
    TORRENTS = 2,
    CLIENTS = 6, /* every third one has IPv6 */
    PLACES = 2,  /* addresses of a client */
    KEYS = TORRENTS * CLIENTS * PLACES,
    PAIRS = 32,
    REQUESTS = 64,
    CHUNKS = 64,
    KEYS_PER_CHUNK = 6,
    DATA_MAX = 8 << 20,
    ENTRIES_MAX = 1 << 16,
    ENTRY_MAX = 4096,
    READ_COUNT = 50,
    STEP_MS = 1000,
    HEARTBEAT_MS = 5000,
    LASTING_MS = 60000,
    PEER_TIMEOUT_MIN_S = 240,
    INTERVAL_MIN_S = 120,
    INTERVAL_MAX_S = 300,
    SLACK_MS = 60000,
};

#define START_MS UINT64_C(1700000000000)

struct slot {
    bool present;
    bool guessed; /* its stamp is a guess: no snapshot was available after a restart */
    struct held_peer peer;
    uint64_t deadline_ms; /* UINT64_MAX: not before the node has joined */
};

/* What a node's database contains. */
struct rows {
    bool present[KEYS];
    struct peer_state states[KEYS];
    struct counter_slot pairs[TORRENTS][PAIRS];
    struct stamped_hash completions[64];
    uint8_t completed[64][INFO_HASH_LEN]; /* their torrents */
    size_t completion_count;
    struct record registry[CLIENTS];
};

struct source {
    uint64_t request; /* 0: none */
    size_t index;
    uint32_t chunk;
    bool whole;
    uint64_t began_ms;
};

struct node {
    uint64_t id;
    uint64_t incarnation;
    bool up;
    uint64_t start_ms; /* when it starts, if it is down */
    bool restart_empty;
    bool restart_old;
    uint64_t paused_until_ms;
    uint64_t cut_off_until_ms;
    int64_t skew_ms;
    uint32_t interval_s;
    uint32_t room;
    uint64_t stop_ms; /* when it stops, and loses what it did in the last step; 0: not at all */
    uint64_t excused_until_ms; /* peers whose removal it has lost are there until then */
    struct cluster_clock clock;
    uint64_t highest;
    uint64_t number;
    uint64_t heartbeat_ms;
    uint64_t lasting_ms; /* when counters and registry were sent */
    bool told;           /* what it restored */
    uint64_t walk_from;
    size_t walked;     /* KEYS: no walk is running */
    uint64_t position; /* entries read */
    uint64_t run;
    struct slot slots[KEYS];
    struct record registry[CLIENTS]; /* kind RECORD_NONE: no entry */
    struct replica replica;
    struct outbox outbox;
    struct gaps gaps;
    struct joining joining;
    struct source source;
    struct rows rows;
    struct rows old_rows;
};

struct entry {
    uint32_t offset;
    uint32_t len;
};

struct snapshot {
    uint64_t request;
    bool taken;
    uint64_t excused_until_ms;
    struct entry chunks[CHUNKS];
    size_t count;
    size_t read;
};

struct client {
    uint8_t place;
    uint64_t moved_ms;
    bool complete;
    uint8_t completed_at; /* its place */
    bool active;
    bool answered; /* its last announce */
    uint64_t next_ms;
    uint8_t home; /* node */
    bool roams;
};

struct truth {
    uint64_t stamp; /* 0: no record was ever made */
    bool put;
    bool died; /* with the only nodes that knew it */
    uint64_t deadline_ms;
};

struct simulation {
    struct random random;
    enum broken_rule broken;
    uint64_t now_ms;
    uint32_t nodes_used;
    struct node nodes[NODES];
    struct client clients[TORRENTS][CLIENTS];
    struct truth truths[KEYS];
    struct record registry[CLIENTS]; /* the greatest record of each */
    bool ever_banned[CLIENTS];
    bool registry_died[CLIENTS];
    uint32_t downloaded[TORRENTS];
    struct {
        uint32_t times;
        uint64_t last_ms;
    } counted[TORRENTS][CLIENTS];
    bool counts_died[TORRENTS];
    bool faulty;
    /* The engine. */
    struct entry entries[ENTRIES_MAX];
    uint64_t entry_count;
    uint64_t first_entry; /* older ones were trimmed */
    uint64_t engine_run;
    uint64_t engine_offset_ms;
    bool clocks_differ; /* or did for a while, at nodes that were cut off */
    struct snapshot snapshots[REQUESTS];
    size_t snapshot_count;
    uint8_t data[DATA_MAX];
    size_t data_len;
    char failure[256];
};

static struct simulation sim;

const char *const broken_rule_names[RULE_COUNT] = {
    [RULE_NONE] = "none",
    [RULE_GREATER_STAMP] = "greater stamp wins",
    [RULE_TOMBSTONES] = "tombstones",
    [RULE_UNSENT_DEADLINE] = "deadline moves only if sent",
    [RULE_ENGINE_CLOCK] = "clock of the engine",
    [RULE_MOVE] = "move removes the old address",
    [RULE_KNOWN_COMPLETION] = "known completion is not counted",
    [RULE_TAKE_BACK] = "completion is taken back",
    [RULE_NOT_JOINED] = "count apart before the join",
    [RULE_COUNTERS_IN_SNAPSHOT] = "counters in the snapshot",
    [RULE_RESTORED_STAMP] = "restored peers have no stamp",
    [RULE_HOLES] = "holes",
    [RULE_RESEND] = "resend after a failover",
    [RULE_LASTING] = "counters and registry without a whole node",
    [RULE_REGISTRY_ORDER] = "order of registry entries",
    [RULE_REFRESH] = "refresh",
    [RULE_STARTED] = "started is sent",
    [RULE_WALK] = "walk after an overflow",
    [RULE_TOMBSTONES_IN_SNAPSHOT] = "tombstones in the snapshot",
    [RULE_SNAPSHOT_REMOVES] = "tombstones in a snapshot remove peers",
    [RULE_UNCONFIRMED] = "unconfirmed peers go",
    [RULE_WHOLE_SOURCE] = "whole source",
    [RULE_READ_FIRST] = "read before the sweep",
    [RULE_ANSWER_COMPLETION] = "smaller stamp of a completion is answered",
    [RULE_SEND_RESTORED] = "restored counters are sent",
    [RULE_BEFORE_START] = "completions of before the start stay counted",
};

static bool chance(uint32_t permille) {
    return random_below(&sim.random, 1000) < permille;
}

static uint64_t some_ms(uint32_t from_s, uint32_t to_s) {
    return UINT64_C(1000) * (from_s + random_below(&sim.random, to_s - from_s + 1));
}

/* Keys of the universe. */

static size_t key_number(uint32_t torrent, uint32_t client, uint32_t place) {
    return (torrent * CLIENTS + client) * PLACES + place;
}

static uint32_t client_of(size_t key) {
    return (uint32_t)(key / PLACES % CLIENTS);
}

static uint32_t torrent_of(size_t key) {
    return (uint32_t)(key / PLACES / CLIENTS);
}

static struct peer_key keys[KEYS];

static void make_keys(void) {
    for (size_t number = 0; number < KEYS; number++) {
        const uint32_t client = client_of(number);
        const uint8_t family = client % 3 == 2 ? FAMILY_V6 : FAMILY_V4;
        const uint32_t host = client * PLACES + (uint32_t)(number % PLACES);
        keys[number] = (struct peer_key){ .endpoint = numbered_endpoint(family, host) };
        numbered_id(keys[number].info_hash, torrent_of(number));
    }
}

static size_t number_of_torrent(const uint8_t *info_hash) {
    for (size_t torrent = 0; torrent < TORRENTS; torrent++) {
        const struct peer_key *first = &keys[torrent * CLIENTS * PLACES];
        if (memcmp(first->info_hash, info_hash, INFO_HASH_LEN) == 0)
            return torrent;
    }
    abort();
}

static size_t number_of_key(const struct peer_key *key) {
    const size_t first = number_of_torrent(key->info_hash) * CLIENTS * PLACES;
    for (size_t i = 0; i < CLIENTS * PLACES; i++) {
        if (endpoint_equal(&keys[first + i].endpoint, &key->endpoint))
            return first + i;
    }
    abort();
}

/* Nodes. */

static bool is_running(const struct node *node) {
    return node->up && sim.now_ms >= node->paused_until_ms;
}

static bool is_connected(const struct node *node) {
    return sim.now_ms >= node->cut_off_until_ms;
}

static uint64_t clock_of(const struct node *node) {
    if (sim.broken == RULE_ENGINE_CLOCK)
        return sim.now_ms + (uint64_t)node->skew_ms;
    return cluster_clock_read(&node->clock, sim.now_ms);
}

static bool is_banned(const struct node *node, uint32_t client) {
    const struct record *entry = &node->registry[client];
    return entry->kind != RECORD_NONE && entry->registry.restricts;
}

static uint32_t count_peers(const struct node *node) {
    uint32_t count = 0;
    for (size_t i = 0; i < KEYS; i++)
        count += node->slots[i].present;
    return count;
}

static bool find_peer(void *context, const struct peer_key *key, struct held_peer *held) {
    struct node *node = context;
    const struct slot *slot = &node->slots[number_of_key(key)];
    *held = slot->peer;
    if (sim.broken == RULE_GREATER_STAMP)
        held->stamp = 0;
    return slot->present;
}

static void set_slot(struct node *node, size_t key, const struct held_peer *peer) {
    node->slots[key] = (struct slot){
        .present = true,
        .peer = *peer,
        .deadline_ms = peer_deadline_ms(peer->stamp, peer->state.interval_s),
    };
}

static bool put_peer(void *context, const struct peer_key *key, const struct held_peer *peer) {
    struct node *node = context;
    const size_t number = number_of_key(key);
    if (is_banned(node, client_of(number)))
        return false;
    if (!node->slots[number].present && count_peers(node) >= node->room) {
        joining_set_room(&node->joining, false);
        return false;
    }
    set_slot(node, number, peer);
    return true;
}

static void remove_peer(void *context, const struct peer_key *key, uint64_t stamp) {
    struct node *node = context;
    (void)stamp;
    node->slots[number_of_key(key)].present = false;
}

static struct peer_table table_of(struct node *node) {
    return (struct peer_table){
        .context = node,
        .find = find_peer,
        .put = put_peer,
        .remove = remove_peer,
    };
}

/* The oracle. */

static void differ(const struct node *node, const char *what, size_t number) {
    if (sim.failure[0] == '\0')
        snprintf(sim.failure, sizeof sim.failure, "node %d: %s %zu", (int)(node - sim.nodes), what,
                 number);
}

static void note_truth(size_t key, const struct record *record) {
    struct truth *truth = &sim.truths[key];
    if (record->stamp <= truth->stamp)
        return;
    *truth = (struct truth){ .stamp = record->stamp, .put = record->kind == RECORD_PUT };
    if (truth->put)
        truth->deadline_ms = peer_deadline_ms(record->stamp, record->state.interval_s);
}

static bool knows_truth(const struct node *node, size_t key) {
    const uint64_t stamp = sim.truths[key].stamp;
    return (node->slots[key].present && node->slots[key].peer.stamp >= stamp) ||
           replica_removal(&node->replica, &keys[key]) >= stamp;
}

static uint64_t hash_torrent(const struct node *node, uint32_t torrent) {
    uint8_t info_hash[INFO_HASH_LEN];
    numbered_id(info_hash, torrent);
    return replica_hash_torrent(&node->replica, info_hash);
}

static bool knows_counts(const struct node *node, uint32_t torrent, const struct node *other) {
    const uint64_t hash = hash_torrent(node, torrent);
    uint32_t cursor = 0;
    for (const struct counter_slot *slot =
             counter_table_next(&other->replica.counters, hash, &cursor);
         slot != NULL; slot = counter_table_next(&other->replica.counters, hash, &cursor)) {
        const struct counter_pair pair =
            counter_table_find(&node->replica.counters, hash, slot->node);
        if (pair.counted < slot->pair.counted || pair.taken_back < slot->pair.taken_back)
            return false;
    }
    return true;
}

static uint64_t completion_stamp(const struct node *node, uint32_t torrent, uint32_t client) {
    const uint8_t place = sim.clients[torrent][client].completed_at;
    const struct peer_key *key = &keys[key_number(torrent, client, place)];
    struct peer_state state = { .key = client % 2 };
    numbered_id(state.peer_id, 1000 + client);
    return stamp_set_find(&node->replica.completions,
                          replica_hash_client(&node->replica, key, &state));
}

/* Whether the node counted a completion that another one counted, too, before they knew. */
static bool counted_twice(const struct node *dead, uint32_t torrent) {
    for (uint32_t client = 0; client < CLIENTS; client++) {
        const uint64_t stamp = completion_stamp(dead, torrent, client);
        for (size_t i = 0; i < sim.nodes_used && stamp_is_of(stamp, dead->id); i++) {
            if (sim.nodes[i].up && &sim.nodes[i] != dead &&
                completion_stamp(&sim.nodes[i], torrent, client) != stamp)
                return true;
        }
    }
    return false;
}

/* A node dies: what no other running node knows is lost. */
static void note_death(const struct node *dead) {
    bool key_known[KEYS] = { false };
    bool counts_known[TORRENTS] = { false };
    bool registry_known[CLIENTS] = { false };
    for (size_t i = 0; i < sim.nodes_used; i++) {
        const struct node *node = &sim.nodes[i];
        if (node == dead || !node->up)
            continue;
        for (size_t key = 0; key < KEYS; key++)
            key_known[key] = key_known[key] || knows_truth(node, key);
        for (uint32_t torrent = 0; torrent < TORRENTS; torrent++)
            counts_known[torrent] = counts_known[torrent] || knows_counts(node, torrent, dead);
        for (uint32_t client = 0; client < CLIENTS; client++)
            registry_known[client] = registry_known[client] ||
                                     node->registry[client].stamp == sim.registry[client].stamp;
    }
    for (size_t key = 0; key < KEYS; key++)
        sim.truths[key].died = sim.truths[key].died || !key_known[key];
    for (uint32_t torrent = 0; torrent < TORRENTS; torrent++) {
        if (!counts_known[torrent] || counted_twice(dead, torrent))
            sim.counts_died[torrent] = true;
    }
    for (uint32_t client = 0; client < CLIENTS; client++)
        sim.registry_died[client] = sim.registry_died[client] || !registry_known[client];
}

/* Announces. */

static uint64_t draw_stamp(struct node *node) {
    node->highest = stamp_next(clock_of(node), node->highest, node->id);
    return node->highest;
}

static void send_record(struct node *node, size_t key, const struct record *record) {
    note_truth(key, record);
    outbox_add(&node->outbox, record);
}

static void remove_and_send(struct node *node, size_t key, uint64_t stamp) {
    const struct record record = { .kind = RECORD_REMOVE, .stamp = stamp, .peer = keys[key] };
    node->slots[key].present = false;
    if (sim.broken != RULE_TOMBSTONES)
        replica_note_removal(&node->replica, &record.peer, stamp);
    send_record(node, key, &record);
}

static void send_counter(struct node *node, const uint8_t *info_hash, uint64_t stamp) {
    struct record record;
    replica_own_counter(&node->replica, info_hash, stamp, &record);
    outbox_add(&node->outbox, &record);
}

static void count_completion(struct node *node, const struct peer_key *key,
                             struct peer_state *state, uint64_t stamp) {
    const uint64_t client = replica_hash_client(&node->replica, key, state);
    if (sim.broken == RULE_KNOWN_COMPLETION)
        stamp_set_free(&node->replica.completions);
    state->counted = true;
    if (!replica_count_completion(&node->replica, key->info_hash, client, stamp))
        return;
    const size_t torrent = number_of_torrent(key->info_hash);
    const uint32_t number = client_of(number_of_key(key));
    sim.counted[torrent][number].times++;
    sim.counted[torrent][number].last_ms = sim.now_ms;
    send_counter(node, key->info_hash, stamp);
}

static uint32_t remaining_s(const struct node *node, const struct slot *slot) {
    const uint64_t now_ms = clock_of(node);
    return slot->deadline_ms > now_ms ? (uint32_t)((slot->deadline_ms - now_ms) / 1000) : 0;
}

static void put_and_send(struct node *node, size_t key, struct peer_state *state,
                         enum announce_event event) {
    const uint32_t client = client_of(key);
    const size_t other = key_number(torrent_of(key), client, 1 - (uint32_t)(key % PLACES));
    const struct peer_key *peer = &keys[key];
    const uint64_t stamp = draw_stamp(node);
    if (node->slots[other].present && sim.broken == RULE_MOVE)
        node->slots[other].present = false;
    else if (node->slots[other].present)
        remove_and_send(node, other, stamp);
    if (event == EVENT_COMPLETED && !state->counted)
        count_completion(node, peer, state, stamp);
    if (state->counted)
        state->completed = stamp_set_find(&node->replica.completions,
                                          replica_hash_client(&node->replica, peer, state));
    const struct record record = {
        .kind = RECORD_PUT, .stamp = stamp, .peer = *peer, .state = *state
    };
    set_slot(node, key, &(struct held_peer){ .stamp = stamp, .state = *state });
    send_record(node, key, &record);
}

/* Returns the interval of the response. */
static uint32_t announce(struct node *node, uint32_t torrent, uint32_t client,
                         enum announce_event event) {
    const struct client *from = &sim.clients[torrent][client];
    const size_t key = key_number(torrent, client, from->place);
    const struct slot *other = &node->slots[key_number(torrent, client, 1 - from->place)];
    struct slot *slot = &node->slots[key];
    if (is_banned(node, client))
        return node->interval_s;
    const struct slot *past = slot->present ? slot : other->present ? other : NULL;
    struct peer_state state = {
        .key = client % 2, /* every second one has a key */
        .left = from->complete ? 0 : 1000,
        .interval_s = peer_recorded_interval_s(node->interval_s, PEER_TIMEOUT_MIN_S),
        .counted = past != NULL && past->peer.state.counted,
        .own_address = true,
    };
    numbered_id(state.peer_id, 1000 + client);
    const bool counts = event == EVENT_COMPLETED && !state.counted;
    const struct send_facts facts = {
        .event = event,
        .known = slot->present && slot->peer.stamp != 0,
        .changed = other->present || counts || slot->peer.state.left != state.left,
        .remaining_s = slot->present ? remaining_s(node, slot) : 0,
        .recorded_s = slot->peer.state.interval_s,
        .interval_s = node->interval_s,
    };
    const bool due = facts.known && !facts.changed && event != EVENT_STOPPED;
    enum send_what what = peer_what_to_send(&facts);
    if (due && sim.broken == (event == EVENT_STARTED ? RULE_STARTED : RULE_REFRESH))
        what = SEND_NOTHING;

    if (what == SEND_REMOVE)
        remove_and_send(node, key, draw_stamp(node));
    else if (what == SEND_PUT)
        put_and_send(node, key, &state, event);
    else if (sim.broken == RULE_UNSENT_DEADLINE && event != EVENT_STOPPED)
        slot->deadline_ms = clock_of(node) + UINT64_C(1000) * peer_lifetime_s(state.interval_s);
    return node->interval_s;
}

/* The engine. */

static uint32_t store_data(struct bytes bytes) {
    if (sim.data_len + bytes.len > DATA_MAX)
        abort();
    memcpy(sim.data + sim.data_len, bytes.data, bytes.len);
    sim.data_len += bytes.len;
    return (uint32_t)(sim.data_len - bytes.len);
}

static void add_entry(struct bytes bytes) {
    if (sim.entry_count == ENTRIES_MAX)
        abort();
    sim.entries[sim.entry_count++] =
        (struct entry){ .offset = store_data(bytes), .len = (uint32_t)bytes.len };
}

static struct bytes data_of(const struct entry *entry) {
    return (struct bytes){ .data = sim.data + entry->offset, .len = entry->len };
}

static void send_waiting(struct node *node) {
    uint8_t data[ENTRY_MAX];
    while (!outbox_is_empty(&node->outbox)) {
        struct writer w = writer_on(data, sizeof data);
        entry_header_write(&w, &(struct entry_header){
                                   .node = node->id,
                                   .incarnation = node->incarnation,
                                   .number = ++node->number,
                               });
        outbox_take(&node->outbox, &w);
        const struct bytes entry = { .data = data, .len = w.len };
        outbox_keep(&node->outbox, entry, sim.now_ms);
        add_entry(entry);
    }
}

/* Adds a record to a chunk, or, if that is NULL, sends it. */
static void emit(struct node *node, struct writer *chunk, const struct record *record) {
    if (chunk != NULL)
        record_write(chunk, record);
    else
        outbox_add(&node->outbox, record);
}

static void emit_counters(struct node *node, struct writer *chunk) {
    for (uint32_t torrent = 0; torrent < TORRENTS; torrent++) {
        struct record record = { .kind = RECORD_COUNTER, .stamp = 1 };
        numbered_id(record.counter.info_hash, torrent);
        const uint64_t hash = replica_hash_torrent(&node->replica, record.counter.info_hash);
        uint32_t cursor = 0;
        for (const struct counter_slot *slot =
                 counter_table_next(&node->replica.counters, hash, &cursor);
             slot != NULL; slot = counter_table_next(&node->replica.counters, hash, &cursor)) {
            record.counter.node = slot->node;
            record.counter.counted = slot->pair.counted;
            record.counter.taken_back = slot->pair.taken_back;
            emit(node, chunk, &record);
        }
    }
}

static void emit_completions(struct node *node, struct writer *chunk) {
    struct stamped_hash found;
    size_t cursor = 0;
    while (stamp_set_next(&node->replica.completions, &cursor, &found)) {
        struct record record = { .kind = RECORD_COMPLETION,
                                 .stamp = found.stamp,
                                 .completion.identity = found.hash };
        memcpy(record.completion.info_hash, found.info_hash, INFO_HASH_LEN);
        emit(node, chunk, &record);
    }
}

static void emit_registry(struct node *node, struct writer *chunk) {
    for (uint8_t client = 0; client < CLIENTS; client++) {
        struct record record = node->registry[client];
        record.registry.key = (struct bytes){ .data = &client, .len = 1 };
        if (record.kind != RECORD_NONE)
            emit(node, chunk, &record);
    }
}

static void emit_peer(struct node *node, struct writer *chunk, size_t key) {
    const struct slot *slot = &node->slots[key];
    const struct record record = {
        .kind = RECORD_PUT,
        .stamp = slot->peer.stamp,
        .peer = keys[key],
        .state = slot->peer.state,
    };
    if (slot->present && !slot->guessed && record.stamp != 0)
        emit(node, chunk, &record);
}

static void walk_after_overflow(struct node *node) {
    if (node->walked == KEYS) {
        node->walk_from = outbox_take_dropped(&node->outbox);
        if (node->walk_from == 0 || sim.broken == RULE_WALK)
            return;
        node->walked = 0;
    }
    for (; node->walked < KEYS && outbox_has_room(&node->outbox); node->walked++) {
        if (node->slots[node->walked].peer.stamp >= node->walk_from)
            emit_peer(node, NULL, node->walked);
    }
}

static void send_again(struct node *node) {
    struct blob_cursor cursor = { 0 };
    struct blob blob;
    while (sim.broken != RULE_RESEND && blob_queue_next(&node->outbox.sent, &cursor, &blob)) {
        if (blob.time + SENT_KEPT_MS >= sim.now_ms)
            add_entry(blob.bytes);
    }
}

static void write_heartbeat(const struct node *node, struct writer *w) {
    uint8_t positions[RECORD_MAX];
    struct writer all = writer_on(positions, sizeof positions);
    gaps_write(&node->gaps, &all);
    position_write(&all, &(struct position){ node->id, node->incarnation, node->number });
    record_write(w, &(struct record){
                        .kind = RECORD_HEARTBEAT,
                        .heartbeat = {
                            .interval_max_s = INTERVAL_MAX_S,
                            .budget_per_s = 1,
                            .positions = { .data = positions, .len = all.len },
                        },
                    });
}

static void beat(struct node *node) {
    uint8_t data[RECORD_MAX + 2];
    struct writer w = writer_on(data, sizeof data);
    struct record record;
    if (sim.now_ms < node->heartbeat_ms)
        return;
    node->heartbeat_ms = sim.now_ms + HEARTBEAT_MS;
    write_heartbeat(node, &w);
    struct bytes rest = { .data = data, .len = w.len };
    if (record_read(&rest, &record) != RECORD_HEARTBEAT)
        abort();
    outbox_add(&node->outbox, &record);
}

/* Merging. */

static void read_positions(struct node *node, struct bytes rest, bool covered) {
    struct position position;
    while (position_read(&rest, &position)) {
        if (position.node == node->id)
            continue;
        if (covered)
            gaps_cover(&node->gaps, &position, sim.now_ms);
        else if (node->joining.joined)
            gaps_expect(&node->gaps, &position, sim.now_ms);
    }
}

static void remove_banned(struct node *node, uint32_t client) {
    for (size_t key = 0; key < KEYS; key++) {
        if (client_of(key) == client && is_banned(node, client))
            node->slots[key].present = false;
    }
}

static bool beats(const struct record *a, const struct record *b) {
    if (b->kind == RECORD_NONE)
        return true;
    return sim.broken == RULE_REGISTRY_ORDER ? a->stamp > b->stamp : registry_beats(a, b);
}

static void merge_registry(struct node *node, const struct record *record) {
    const uint32_t client = record->registry.key.data[0];
    if (!beats(record, &node->registry[client]))
        return;
    node->registry[client] = *record;
    node->registry[client].registry.key = (struct bytes){ 0 };
    remove_banned(node, client);
}

/* Peers are announced again, counters and the registry are not. So the nodes that are not whole
 * send theirs if another one asks: there may be no whole node. */
static void send_lasting(struct node *node) {
    if (!node->joining.joined || sim.now_ms < node->lasting_ms + LASTING_MS ||
        sim.broken == RULE_LASTING)
        return;
    node->lasting_ms = sim.now_ms;
    emit_completions(node, NULL);
    emit_counters(node, NULL);
    emit_registry(node, NULL);
}

/* What a node has restored the others may have lost, or never had. */
static void send_restored(struct node *node) {
    if (node->told || sim.broken == RULE_SEND_RESTORED)
        return;
    node->told = true;
    node->lasting_ms = 0;
    send_lasting(node);
}

static void begin_source(struct node *node, uint64_t request) {
    if (!node->joining.whole && sim.broken != RULE_WHOLE_SOURCE) {
        send_lasting(node);
        return;
    }
    for (size_t i = 0; i < sim.snapshot_count; i++) {
        struct snapshot *snapshot = &sim.snapshots[i];
        if (snapshot->request != request || snapshot->taken)
            continue;
        snapshot->taken = true;
        snapshot->excused_until_ms = node->excused_until_ms;
        node->source = (struct source){
            .request = request,
            .whole = true,
            .began_ms = sim.now_ms,
        };
    }
}

static void merge_record(struct node *node, const struct record *record, bool covered) {
    const struct peer_table table = table_of(node);
    struct record answer;
    if (record->stamp > node->highest)
        node->highest = record->stamp;
    if (record->kind == RECORD_HEARTBEAT)
        read_positions(node, record->heartbeat.positions, covered);
    else if (record->kind == RECORD_REQUEST)
        begin_source(node, record->request);
    else if (record->kind == RECORD_REGISTRY)
        merge_registry(node, record);
    else
        (void)replica_merge(&node->replica, &table, 0, record, clock_of(node), &answer);
    if (record->kind >= RECORD_REGISTRY && record->kind <= RECORD_REQUEST)
        return;
    if (sim.broken == RULE_TOMBSTONES)
        stamp_set_free(&node->replica.tombstones);
    if (answer.kind == RECORD_COMPLETION && sim.broken == RULE_ANSWER_COMPLETION)
        return;
    if (answer.kind != RECORD_NONE)
        outbox_add(&node->outbox, &answer);
}

static void merge_records(struct node *node, struct bytes rest, bool covered) {
    struct record record;
    for (enum record_kind kind = record_read(&rest, &record); kind != RECORD_NONE;
         kind = record_read(&rest, &record)) {
        if (kind == RECORD_UNKNOWN)
            abort();
        merge_record(node, &record, covered);
    }
}

static void read_entry(struct node *node, struct bytes rest) {
    struct entry_header header;
    if (!entry_header_read(&rest, &header))
        abort();
    if (header.node == node->id)
        return;
    gaps_note(&node->gaps, &header, !node->joining.joined, sim.now_ms);
    merge_records(node, rest, false);
}

/* A failover or a restart of the engine. */
static void notice_engine(struct node *node) {
    if (node->run == sim.engine_run)
        return;
    node->run = sim.engine_run;
    if (node->position > sim.entry_count)
        node->position = 0;
    (void)cluster_clock_follow(&node->clock, sim.now_ms + sim.engine_offset_ms, sim.now_ms);
    send_again(node);
}

static void read_stream(struct node *node) {
    if (node->position < sim.first_entry)
        node->position = sim.first_entry;
    for (int i = 0; i < READ_COUNT && node->position < sim.entry_count; i++)
        read_entry(node, data_of(&sim.entries[node->position++]));
}

/* Snapshots. */

static void write_tombstones(struct node *node, struct writer *w) {
    struct stamped_hash found;
    size_t cursor = 0;
    while (stamp_set_next(&node->replica.tombstones, &cursor, &found))
        record_write(w, &(struct record){
                            .kind = RECORD_TOMBSTONE, .stamp = found.stamp, .hash = found.hash });
}

/* The first chunk has the rest of the node's state, each has some peers. */
static void write_chunk(struct node *node, struct snapshot *snapshot) {
    static uint8_t data[1 << 16];
    struct source *source = &node->source;
    struct writer w = writer_on(data, sizeof data);
    const size_t end = source->index + KEYS_PER_CHUNK;
    const bool last = end >= KEYS;
    chunk_header_write(&w, &(struct chunk_header){
                               .request = source->request,
                               .node = node->id,
                               .index = source->chunk,
                               .whole = source->whole,
                               .last = last,
                           });
    if (source->chunk == 0) {
        write_heartbeat(node, &w);
        if (sim.broken != RULE_TOMBSTONES_IN_SNAPSHOT)
            write_tombstones(node, &w);
        emit_completions(node, &w);
        if (sim.broken != RULE_COUNTERS_IN_SNAPSHOT)
            emit_counters(node, &w);
        emit_registry(node, &w);
    }
    for (; source->index < end && source->index < KEYS; source->index++)
        emit_peer(node, &w, source->index);
    if (w.failed || snapshot->count == CHUNKS)
        abort();
    source->chunk++;
    snapshot->chunks[snapshot->count++] =
        (struct entry){ .offset = store_data((struct bytes){ data, w.len }),
                        .len = (uint32_t)w.len };
    if (last)
        source->request = 0;
}

static struct snapshot *find_snapshot(uint64_t request) {
    for (size_t i = 0; request != 0 && i < sim.snapshot_count; i++) {
        if (sim.snapshots[i].request == request)
            return &sim.snapshots[i];
    }
    return NULL;
}

static void serve_snapshot(struct node *node) {
    struct snapshot *snapshot = find_snapshot(node->source.request);
    node->source.whole =
        node->source.whole && (node->joining.whole || sim.broken == RULE_WHOLE_SOURCE);
    if (snapshot != NULL)
        write_chunk(node, snapshot);
    else
        node->source.request = 0;
}

/* A snapshot has ended: peers go that were removed before it, or, if it is the first one, that it
 * has not confirmed. */
static void drop_removed(struct node *node, bool first) {
    for (size_t key = 0; key < KEYS; key++) {
        struct slot *slot = &node->slots[key];
        const bool restored = slot->peer.stamp == 0;
        if (restored ? first && sim.broken != RULE_UNCONFIRMED
                     : sim.broken != RULE_SNAPSHOT_REMOVES &&
                           replica_removal(&node->replica, &keys[key]) >= slot->peer.stamp)
            slot->present = false;
    }
}

/* Restored peers of a node that has joined without a snapshot. */
static void guess_stamps(struct node *node) {
    for (size_t key = 0; key < KEYS; key++) {
        struct slot *slot = &node->slots[key];
        if (!slot->present || slot->peer.stamp != 0)
            continue;
        const uint64_t age_ms = UINT64_C(1500) * slot->peer.state.interval_s;
        slot->peer.stamp = stamp_at(clock_of(node) - age_ms, node->id);
        slot->deadline_ms = peer_deadline_ms(slot->peer.stamp, slot->peer.state.interval_s);
        slot->guessed = true;
    }
}

static void read_snapshot(struct node *node) {
    struct snapshot *snapshot = find_snapshot(node->joining.request);
    if (snapshot == NULL || snapshot->read == snapshot->count)
        return;
    struct bytes rest = data_of(&snapshot->chunks[snapshot->read++]);
    struct chunk_header header;
    if (!chunk_header_read(&rest, &header))
        abort();
    const enum joining_chunk chunk = joining_note_chunk(&node->joining, &header, sim.now_ms);
    if (chunk != CHUNK_IGNORED)
        merge_records(node, rest, true);
    if (chunk != CHUNK_FIRST_SNAPSHOT && chunk != CHUNK_LAST)
        return;
    drop_removed(node, chunk == CHUNK_FIRST_SNAPSHOT);
    replica_join(&node->replica);
    send_restored(node);
    if (node->joining.whole)
        node->excused_until_ms = snapshot->excused_until_ms;
}

static void request_snapshot(struct node *node) {
    const struct record record = { .kind = RECORD_REQUEST, .request = node->joining.request };
    if (sim.snapshot_count == REQUESTS) {
        memmove(sim.snapshots, sim.snapshots + 1, (REQUESTS - 1) * sizeof *sim.snapshots);
        sim.snapshot_count--;
    }
    sim.snapshots[sim.snapshot_count++] = (struct snapshot){ .request = node->joining.request };
    if (!node->joining.joined)
        node->position = sim.entry_count;
    outbox_add(&node->outbox, &record);
}

static void tick_joining(struct node *node) {
    if (gaps_take_hole(&node->gaps, sim.now_ms) && sim.broken != RULE_HOLES) {
        node->excused_until_ms = sim.now_ms + UINT64_C(1000) * peer_lifetime_s(INTERVAL_MAX_S);
        joining_lost(&node->joining);
    }
    if (!node->joining.has_room && count_peers(node) < node->room)
        joining_set_room(&node->joining, true);
    switch (joining_tick(&node->joining, is_connected(node), random_next(&sim.random) | 1,
                         INTERVAL_MAX_S, sim.now_ms)) {
    case JOINING_REQUEST:
        request_snapshot(node);
        break;
    case JOINING_GAVE_UP:
        guess_stamps(node);
        break;
    case JOINING_WHOLE:
    case JOINING_WAIT:
        break;
    }
}

/* Whether the stream has a newer put of a peer that the node has not read. */
static bool is_put_unread(const struct node *node, size_t key) {
    for (uint64_t i = node->position; is_connected(node) && i < sim.entry_count; i++) {
        struct bytes rest = data_of(&sim.entries[i]);
        struct entry_header header;
        struct record record;
        if (!entry_header_read(&rest, &header))
            abort();
        while (record_read(&rest, &record) != RECORD_NONE) {
            if (record.kind == RECORD_PUT && number_of_key(&record.peer) == key &&
                record.stamp > node->slots[key].peer.stamp)
                return true;
        }
    }
    return false;
}

static void sweep(struct node *node) {
    const bool behind = is_connected(node) && node->position < sim.entry_count;
    const uint64_t now_ms = clock_of(node);
    if (behind && sim.broken != RULE_READ_FIRST)
        return;
    for (size_t key = 0; key < KEYS; key++) {
        struct slot *slot = &node->slots[key];
        if (!slot->present || slot->deadline_ms >= now_ms)
            continue;
        if (is_put_unread(node, key))
            differ(node, "expires, although there is a newer put, key", key);
        slot->present = false;
    }
    replica_age(&node->replica, INTERVAL_MAX_S, now_ms);
}

/* Starts and stops. */

static void save_rows(const struct node *node, struct rows *rows) {
    *rows = (struct rows){ 0 };
    for (size_t key = 0; key < KEYS; key++) {
        rows->present[key] = node->slots[key].present;
        rows->states[key] = node->slots[key].peer.state;
    }
    for (uint32_t torrent = 0; torrent < TORRENTS; torrent++) {
        uint32_t at = 0;
        for (size_t i = 0; i < PAIRS; i++) {
            const struct counter_slot *slot =
                counter_table_next(&node->replica.counters, hash_torrent(node, torrent), &at);
            if (slot == NULL)
                break;
            rows->pairs[torrent][i] = *slot;
        }
    }
    size_t cursor = 0;
    struct stamped_hash found;
    while (rows->completion_count < COUNT_OF(rows->completions) &&
           stamp_set_next(&node->replica.completions, &cursor, &found)) {
        memcpy(rows->completed[rows->completion_count], found.info_hash, INFO_HASH_LEN);
        rows->completions[rows->completion_count++] = found;
    }
    memcpy(rows->registry, node->registry, sizeof rows->registry);
}

static void restore_rows(struct node *node, const struct rows *rows) {
    for (size_t key = 0; key < KEYS; key++) {
        node->slots[key] = (struct slot){
            .present = rows->present[key],
            .peer = { .state = rows->states[key] },
            .deadline_ms = UINT64_MAX,
        };
    }
    for (uint32_t torrent = 0; torrent < TORRENTS; torrent++) {
        for (size_t i = 0; i < PAIRS; i++) {
            const struct counter_slot *slot = &rows->pairs[torrent][i];
            if (slot->node != 0)
                counter_table_merge(&node->replica.counters, slot->torrent, slot->node, slot->pair);
        }
    }
    for (size_t i = rows->completion_count; i > 0; i--) {
        struct stamped_hash known = rows->completions[i - 1];
        known.info_hash = rows->completed[i - 1];
        replica_restore_completion(&node->replica, &known);
        if (known.stamp > node->highest)
            node->highest = known.stamp;
    }
    for (uint32_t client = 0; client < CLIENTS; client++) {
        if (rows->registry[client].stamp > node->highest)
            node->highest = rows->registry[client].stamp;
    }
    memcpy(node->registry, rows->registry, sizeof node->registry);
}

static void restore_stamps(struct node *node) {
    for (size_t key = 0; key < KEYS; key++) {
        if (node->slots[key].present && sim.broken == RULE_RESTORED_STAMP)
            set_slot(node, key,
                     &(struct held_peer){ .stamp = draw_stamp(node),
                                          .state = node->slots[key].peer.state });
    }
}

static void start_node(struct node *node) {
    const struct replica_options options = {
        .node = node->id,
        .counting = random_next(&sim.random) << STAMP_NODE_BITS | (node->id & 1023),
        .secret = { { 1, 2 } },
        .tombstones_max = 1000,
        .completions_max = 1000,
        .counters_max = 1000,
    };
    const bool small = chance(300);
    const struct outbox_options queues = {
        .puts_max = small ? 1200 : 100000,
        .other_max = 200000,
        .sent_max = 200000,
    };
    node->up = true;
    node->incarnation = sim.now_ms;
    node->number = 0;
    node->highest = 0;
    node->heartbeat_ms = sim.now_ms;
    node->lasting_ms = 0;
    node->told = false;
    node->walked = KEYS;
    node->run = sim.engine_run;
    node->position = sim.entry_count;
    node->clock = cluster_clock_begin(sim.now_ms + sim.engine_offset_ms, sim.now_ms);
    memset(node->slots, 0, sizeof node->slots);
    memset(node->registry, 0, sizeof node->registry);
    node->gaps = (struct gaps){ 0 };
    node->source = (struct source){ 0 };
    node->excused_until_ms = 0;
    node->replica = replica_create(&options, clock_of(node));
    node->joining = joining_begin(sim.now_ms);
    if (!outbox_create(&node->outbox, &queues))
        abort();
    if (!node->restart_empty)
        restore_rows(node, node->restart_old ? &node->old_rows : &node->rows);
    node->restart_empty = node->restart_old = false;
    restore_stamps(node);
    if (sim.broken == RULE_NOT_JOINED)
        replica_join(&node->replica);
    if (sim.broken == RULE_BEFORE_START)
        node->replica.start = 0;
}

static void stop_node(struct node *node) {
    note_death(node);
    node->up = false;
    node->stop_ms = 0;
    replica_free(&node->replica);
    outbox_free(&node->outbox);
}

static void run_node(struct node *node) {
    if (node->stop_ms != 0 && sim.now_ms >= node->stop_ms)
        stop_node(node);
    if (!node->up && sim.now_ms >= node->start_ms)
        start_node(node);
    if (!is_running(node))
        return;
    if (sim.broken == RULE_READ_FIRST)
        sweep(node);
    if (is_connected(node)) {
        notice_engine(node);
        read_stream(node);
        read_snapshot(node);
    }
    tick_joining(node);
    sweep(node);
    beat(node);
    if (is_connected(node)) {
        send_waiting(node);
        walk_after_overflow(node);
        serve_snapshot(node);
    }
    if (sim.broken == RULE_TAKE_BACK)
        stamp_set_free(&node->replica.completions);
    if (node->stop_ms != 0)
        save_rows(node, &node->rows);
}

/* Clients. */

static struct node *reachable_node(const struct client *client) {
    const uint32_t first = client->roams ? random_below(&sim.random, sim.nodes_used) : client->home;
    for (uint32_t i = 0; i < sim.nodes_used; i++) {
        struct node *node = &sim.nodes[(first + i) % sim.nodes_used];
        if (is_running(node))
            return node;
    }
    return NULL;
}

static void announce_somewhere(uint32_t torrent, uint32_t number, enum announce_event event) {
    struct client *client = &sim.clients[torrent][number];
    struct node *node = reachable_node(client);
    client->next_ms = sim.now_ms + 30000;
    client->answered = node != NULL;
    if (node == NULL)
        return;
    client->next_ms = sim.now_ms + UINT64_C(1000) * announce(node, torrent, number, event);
}

static void announce_everywhere(uint32_t torrent, uint32_t number, enum announce_event event) {
    announce_somewhere(torrent, number, event);
    for (uint32_t i = 0; i < sim.nodes_used; i++) {
        if (is_running(&sim.nodes[i]))
            (void)announce(&sim.nodes[i], torrent, number, event);
    }
}

static bool is_any_running(void) {
    for (uint32_t i = 0; i < sim.nodes_used; i++) {
        if (is_running(&sim.nodes[i]))
            return true;
    }
    return false;
}

static void complete(uint32_t torrent, uint32_t number) {
    struct client *client = &sim.clients[torrent][number];
    if (client->complete || !is_any_running() || sim.ever_banned[number])
        return;
    client->complete = true;
    client->completed_at = client->place;
    sim.downloaded[torrent]++;
    if (chance(500))
        announce_everywhere(torrent, number, EVENT_COMPLETED);
    else
        announce_somewhere(torrent, number, EVENT_COMPLETED);
}

static void act(uint32_t torrent, uint32_t number) {
    struct client *client = &sim.clients[torrent][number];
    const uint32_t what = random_below(&sim.random, 1000);
    if (!client->active) {
        if (what < 8) {
            client->active = true;
            announce_somewhere(torrent, number, EVENT_STARTED);
        }
    } else if (what < 2) {
        client->active = false;
        announce_somewhere(torrent, number, EVENT_STOPPED);
        if (chance(300)) {
            client->active = true;
            sim.now_ms++;
            announce_somewhere(torrent, number, EVENT_STARTED);
        }
    } else if (what < 3) {
        client->active = false; /* it crashes */
    } else if (what < 5) {
        client->place = 1 - client->place;
        client->moved_ms = sim.now_ms;
        announce_somewhere(torrent, number, EVENT_NONE);
    } else if (what < 7) {
        complete(torrent, number);
    } else if (what < 8) {
        announce_everywhere(torrent, number, EVENT_NONE);
    } else if (what < 9) {
        client->home = (uint8_t)random_below(&sim.random, sim.nodes_used);
        client->roams = chance(500);
    }
}

static void run_clients(bool quiet) {
    for (uint32_t torrent = 0; torrent < TORRENTS; torrent++) {
        for (uint32_t number = 0; number < CLIENTS; number++) {
            const struct client *client = &sim.clients[torrent][number];
            if (client->active && sim.now_ms >= client->next_ms)
                announce_somewhere(torrent, number, EVENT_NONE);
            else if (!quiet)
                act(torrent, number);
        }
    }
}

/* A ban, or its end, at a node that is in contact with the others or not. */
static void edit_registry(void) {
    uint8_t client = (uint8_t)random_below(&sim.random, CLIENTS);
    struct node *node = &sim.nodes[random_below(&sim.random, sim.nodes_used)];
    if (!is_running(node))
        return;
    const struct record *past = &node->registry[client];
    const struct record record = {
        .kind = RECORD_REGISTRY,
        .stamp = draw_stamp(node),
        .registry = {
            .restricts = chance(500),
            .restriction = past->kind == RECORD_NONE    ? 0
                           : past->registry.restricts   ? past->stamp
                                                        : past->registry.restriction,
            .key = { .data = &client, .len = 1 },
        },
    };
    sim.ever_banned[client] = true;
    if (sim.registry[client].kind == RECORD_NONE ||
        registry_beats(&record, &sim.registry[client])) {
        sim.registry[client] = record;
        sim.registry_died[client] = false;
    }
    merge_registry(node, &record);
    outbox_add(&node->outbox, &record);
}

/* Faults. */

static void break_node(struct node *node) {
    switch (random_below(&sim.random, 7)) {
    case 0:
        node->cut_off_until_ms = sim.now_ms + some_ms(5, 600);
        break;
    case 1:
        node->paused_until_ms = sim.now_ms + some_ms(5, 400);
        break;
    case 2:
        if (is_running(node)) {
            node->start_ms = sim.now_ms + some_ms(2, 300);
            node->restart_empty = chance(200);
            node->restart_old = chance(300);
            node->stop_ms = sim.now_ms + STEP_MS;
        }
        break;
    case 3:
        node->interval_s =
            INTERVAL_MIN_S + random_below(&sim.random, INTERVAL_MAX_S - INTERVAL_MIN_S + 1);
        break;
    case 4:
        if (node->up)
            save_rows(node, &node->old_rows);
        break;
    case 5:
        node->room = chance(300) ? 4 + random_below(&sim.random, 10) : UINT32_MAX;
        break;
    case 6: /* the connection breaks, and replies to XADD are lost */
        if (is_running(node) && is_connected(node))
            send_again(node);
        break;
    }
}

static void break_engine(void) {
    const uint64_t kept = sim.entry_count - sim.first_entry;
    switch (random_below(&sim.random, 4)) {
    case 0: /* a failover */
        sim.entry_count -= random_below(&sim.random, kept < 20 ? (uint32_t)kept + 1 : 20);
        sim.engine_run++;
        break;
    case 1: /* restarted empty, or from an old file */
        sim.entry_count = sim.first_entry = chance(500) ? 0 : sim.first_entry + kept / 2;
        sim.engine_run++;
        sim.snapshot_count = 0;
        break;
    case 2:
        sim.first_entry = sim.entry_count - (kept < 5 ? kept : 5);
        break;
    case 3:
        sim.engine_offset_ms = chance(500) ? 0 : some_ms(0, 20);
        sim.clocks_differ = true;
        sim.engine_run++;
        break;
    }
}

static void run_faults(void) {
    if (chance(6))
        break_node(&sim.nodes[random_below(&sim.random, sim.nodes_used)]);
    if (chance(2))
        break_engine();
}

static void heal(void) {
    for (uint32_t i = 0; i < sim.nodes_used; i++) {
        struct node *node = &sim.nodes[i];
        node->cut_off_until_ms = node->paused_until_ms = node->start_ms = 0;
        node->room = UINT32_MAX;
    }
}

/* Comparison. */

/* A client that announces is listed; after an interval, also if it has moved back at a node that
 * had not read its move, or has started at a node whose clock was behind. */
static void compare_client(size_t key) {
    const struct truth *truth = &sim.truths[key];
    const uint32_t number = client_of(key);
    const struct client *client = &sim.clients[torrent_of(key)][number];
    if (!client->active || !client->answered || client->next_ms < sim.now_ms ||
        client->moved_ms + UINT64_C(1000) * INTERVAL_MAX_S > sim.now_ms ||
        client->place != key % PLACES || sim.ever_banned[number] || truth->died ||
        sim.clocks_differ)
        return;
    if (!truth->put || truth->deadline_ms < sim.now_ms + sim.engine_offset_ms)
        differ(&sim.nodes[0], "does not list the active client of key", key);
}

static void compare_key(const struct node *node, size_t key) {
    const struct truth *truth = &sim.truths[key];
    const struct slot *slot = &node->slots[key];
    const uint32_t client = client_of(key);
    const bool banned =
        sim.registry[client].kind != RECORD_NONE && sim.registry[client].registry.restricts;
    if (banned && !sim.registry_died[client] && slot->present)
        differ(node, "has the peer of a banned client:", key);
    if (truth->died || slot->guessed || sim.ever_banned[client])
        return;
    const uint64_t now_ms = sim.now_ms + sim.engine_offset_ms;
    if (truth->put && truth->deadline_ms > now_ms + SLACK_MS && !slot->present)
        differ(node, "lacks key", key);
    if (truth->put && slot->present && truth->deadline_ms > now_ms + SLACK_MS &&
        slot->peer.stamp != truth->stamp)
        differ(node, "has an old state of key", key);
    const bool expired = truth->put && truth->deadline_ms + SLACK_MS < now_ms;
    if (slot->present && expired)
        differ(node, "has expired key", key);
    /* A removal may be lost; then the peer stays until its deadline. */
    if (slot->present && !truth->put && sim.now_ms > node->excused_until_ms)
        differ(node, "has removed key", key);
}

/* Completions that several nodes counted so long ago that, if they were not in contact, they have
 * forgotten them before they could take them back. */
static uint32_t forgotten_counts(uint32_t torrent) {
    const uint64_t kept_ms = UINT64_C(1000) * peer_lifetime_s(INTERVAL_MAX_S);
    uint32_t count = 0;
    for (uint32_t client = 0; client < CLIENTS; client++) {
        const uint32_t times = sim.counted[torrent][client].times;
        if (times > 1 && sim.counted[torrent][client].last_ms + kept_ms < sim.now_ms)
            count += times - 1;
    }
    return count;
}

static uint32_t downloads_at(const struct node *node, uint32_t torrent) {
    return counter_table_sum(&node->replica.counters, hash_torrent(node, torrent));
}

static void compare_downloads(const struct node *node, uint32_t torrent) {
    const uint32_t right = sim.downloaded[torrent];
    const uint32_t sum = downloads_at(node, torrent);
    if (sum != downloads_at(&sim.nodes[0], torrent))
        differ(node, "disagrees about the downloads of torrent", torrent);
    if (sum < right && !sim.counts_died[torrent])
        differ(node, "counted too few for torrent", torrent);
    if (sum > right + forgotten_counts(torrent) && !sim.counts_died[torrent])
        differ(node, "counted too many for torrent", torrent);
}

static void compare_node(const struct node *node) {
    if (!node->joining.joined)
        differ(node, "has not joined", 0);
    for (size_t key = 0; key < KEYS; key++)
        compare_key(node, key);
    for (uint32_t client = 0; client < CLIENTS; client++) {
        if (!sim.registry_died[client] &&
            node->registry[client].stamp != sim.registry[client].stamp)
            differ(node, "differs in the registry: client", client);
    }
    for (uint32_t torrent = 0; torrent < TORRENTS; torrent++)
        compare_downloads(node, torrent);
}

/* Nodes that lack nothing agree as soon as they have read everything; the others have an interval.
 */
static void compare_early(void) {
    for (uint32_t i = 0; i < sim.nodes_used; i++) {
        const struct node *node = &sim.nodes[i];
        if (!node->joining.whole || node->joining.by_time || sim.now_ms < node->excused_until_ms ||
            node->position < sim.entry_count)
            continue;
        for (size_t key = 0; key < KEYS; key++)
            compare_key(node, key);
    }
    for (size_t key = 0; key < KEYS; key++)
        compare_client(key);
}

static void begin(uint64_t seed, enum broken_rule broken) {
    sim.random = (struct random){ .state = seed };
    sim.broken = broken;
    sim.now_ms = START_MS;
    sim.nodes_used = 2 + random_below(&sim.random, NODES - 1);
    memset(sim.nodes, 0, sizeof sim.nodes);
    memset(sim.clients, 0, sizeof sim.clients);
    memset(sim.truths, 0, sizeof sim.truths);
    memset(sim.registry, 0, sizeof sim.registry);
    memset(sim.ever_banned, 0, sizeof sim.ever_banned);
    memset(sim.registry_died, 0, sizeof sim.registry_died);
    memset(sim.downloaded, 0, sizeof sim.downloaded);
    memset(sim.counts_died, 0, sizeof sim.counts_died);
    memset(sim.counted, 0, sizeof sim.counted);
    sim.entry_count = sim.first_entry = sim.snapshot_count = sim.data_len = 0;
    sim.engine_run = 1;
    sim.engine_offset_ms = 0;
    sim.clocks_differ = false;
    sim.failure[0] = '\0';
    sim.faulty = false;
    for (uint32_t i = 0; i < NODES; i++) {
        struct node *node = &sim.nodes[i];
        node->id = random_next(&sim.random) << STAMP_NODE_BITS | (i + 1);
        node->restart_empty = true;
        node->interval_s = INTERVAL_MIN_S;
        node->room = UINT32_MAX;
        node->skew_ms = (int64_t)some_ms(0, 1200) - 600000;
    }
}

enum phase { PHASE_FAULTY, PHASE_QUIET, PHASE_SILENT };

static void run_for(uint32_t seconds, enum phase phase) {
    for (uint32_t i = 0; i < seconds; i++) {
        if (phase == PHASE_FAULTY) {
            run_faults();
            if (chance(3))
                edit_registry();
        }
        for (uint32_t n = 0; n < sim.nodes_used; n++)
            run_node(&sim.nodes[n]);
        if (phase != PHASE_SILENT)
            run_clients(phase == PHASE_QUIET);
        sim.now_ms += STEP_MS;
    }
}

const char *simulation_run(uint64_t seed, enum broken_rule broken) {
    make_keys();
    begin(seed, broken);
    run_for(INTERVAL_MAX_S + 60,
            PHASE_QUIET); /* all nodes start at once, empty, and become whole */
    sim.faulty = true;
    run_for(600 + random_below(&sim.random, 900), PHASE_FAULTY);
    heal();
    run_for(20, PHASE_SILENT);
    compare_early();
    run_for(INTERVAL_MAX_S + 100, PHASE_QUIET);
    run_for(10, PHASE_SILENT);
    for (uint32_t i = 0; i < sim.nodes_used; i++)
        compare_node(&sim.nodes[i]);
    for (size_t key = 0; key < KEYS; key++)
        compare_client(key);
    for (uint32_t i = 0; i < sim.nodes_used; i++) {
        replica_free(&sim.nodes[i].replica);
        outbox_free(&sim.nodes[i].outbox);
    }
    return sim.failure[0] == '\0' ? NULL : sim.failure;
}
