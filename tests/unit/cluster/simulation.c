#include "simulation.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "cluster/answers.h"
#include "cluster/cluster_clock.h"
#include "cluster/gaps.h"
#include "cluster/joining.h"
#include "cluster/members.h"
#include "cluster/outbox.h"
#include "cluster/replica.h"
#include "support.h"
#include "swarm/stamp.h"

enum {
    NODES = 4,
    TORRENTS = 2,
    CLIENTS = 6, /* every third one has IPv6 */
    PLACES = 3,  /* addresses of a client; the last one is of its other family */
    OTHER_FAMILY = PLACES - 1,
    TORRENT_KEYS = CLIENTS * PLACES,
    KEYS = TORRENTS * TORRENT_KEYS,
    PASSKEYS = 2,
    FIRST_BLOCK = CLIENTS, /* registry entries: bans of clients, blocked torrents, passkeys */
    FIRST_PASSKEY = FIRST_BLOCK + TORRENTS,
    ENTRIES = FIRST_PASSKEY + PASSKEYS,
    IDLE_MS = 400000, /* then a torrent is forgotten */
    PAIRS = 32,
    REQUESTS = 64,
    CHUNKS = 64,
    KEYS_PER_CHUNK = 6,
    ID_BITS = 16,
    DATA_MAX = 32 << 20,
    ENTRIES_MAX = 1 << 18,
    ENTRY_MAX = 4096,
    READ_COUNT = 50,
    STEP_MS = 1000,
    HEARTBEAT_MS = 5000,
    LASTING_MS = 60000,
    CURRENT_MS = 30000,
    PEER_TIMEOUT_MIN_S = 240,
    INTERVAL_MIN_S = 120,
    INTERVAL_MAX_S = 300,
    SLACK_MS = 60000,
    LONG_S = 4000, /* tombstones and completions are kept for at most 1620 s */
    LONG_EVERY = 16,
};

#define START_MS UINT64_C(1700000000000)

struct slot {
    bool present;
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
    uint64_t changed[TORRENTS];
    struct record registry[ENTRIES];
};

struct source {
    uint64_t request; /* 0: none */
    size_t index;
    uint32_t chunk;
    bool whole;
    bool partial; /* the node was not whole: it sends restored peers, too */
    uint64_t began_ms;
};

struct node {
    uint64_t id;
    uint64_t site;
    uint64_t incarnation;
    bool up;
    uint64_t start_ms; /* when it starts, if it is down */
    bool restart_empty;
    bool restart_old;
    const struct node *copy_of; /* whose database it starts with */
    uint64_t paused_until_ms;
    uint64_t cut_off_until_ms;
    int64_t skew_ms;
    uint32_t interval_s;
    uint32_t room;
    uint64_t stop_ms; /* when it stops, and loses what it did in the last step; 0: not at all */
    uint64_t excused_until_ms; /* peers whose removal it has lost are there until then */
    uint64_t hold_until_ms;    /* the clock has jumped: no peer expires */
    uint64_t gave_up_ms;       /* it has joined without a snapshot; the cluster's clock */
    struct cluster_clock clock;
    uint64_t changed[TORRENTS]; /* stamp of the last change */
    uint64_t highest;
    uint64_t number;
    uint64_t own_read; /* number of the last own entry that was read back */
    uint64_t heartbeat_ms;
    uint64_t lasting_ms; /* when counters and registry were sent */
    uint64_t walk_from;
    size_t walked;     /* KEYS: no walk is running */
    uint64_t position; /* id of the last entry that was read */
    uint64_t run;
    struct slot slots[KEYS];
    uint64_t sweep_ms;               /* when the first peer expires */
    uint64_t forget_ms;              /* when it looks for torrents to forget */
    struct record registry[ENTRIES]; /* kind RECORD_NONE: no entry */
    struct replica replica;
    struct outbox outbox;
    struct gaps gaps;
    struct joining joining;
    struct source source;
    struct rows rows;
    struct rows old_rows;
    bool has_old_rows;
};

struct entry {
    uint64_t id; /* of a stream: milliseconds of the engine's clock << ID_BITS, or more */
    uint32_t offset;
    uint32_t len;
};

struct snapshot {
    uint64_t request;
    const struct node *requester;
    bool taken;
    uint64_t progress_ms; /* a chunk was written or read; the engine's keys expire without it */
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
    bool died;        /* with the only nodes that knew it */
    uint64_t removed; /* greatest stamp of a removal */
    uint64_t deadline_ms;
    uint64_t last_deadline_ms; /* of all puts since the removal */
    uint64_t past_deadline_ms; /* of those before it */
    uint64_t excused_until_ms; /* nothing was sent for its client by an outdated record */
};

struct simulation {
    struct random random;
    enum broken_rule broken;
    uint64_t now_ms;
    uint32_t nodes_used;
    struct node nodes[NODES];
    struct client clients[TORRENTS][CLIENTS];
    struct truth truths[KEYS];
    struct record registry[ENTRIES]; /* the greatest record of each */
    bool ever_edited[ENTRIES];
    bool registry_died[ENTRIES];
    uint32_t downloaded[TORRENTS];
    struct {
        uint32_t times;
        uint64_t last_ms;
    } counted[TORRENTS][CLIENTS];
    bool counts_died[TORRENTS];
    bool forgotten[TORRENTS];
    bool removals_lost;               /* a queue was full */
    uint64_t idle_until_ms[TORRENTS]; /* until then no client joins */
    uint32_t holes;
    uint32_t excused; /* clients: see struct truth */
    bool has_sites;
    bool has_blocks;
    bool has_idle;
    bool is_long;              /* nodes restart from rows of long ago */
    uint32_t favourite;        /* fault, half of all */
    bool copied;               /* a database */
    uint64_t whole_by_time_ms; /* the last time that a node became it, by the engine's clock */
    /* The engine. */
    uint64_t engine_run;
    uint64_t engine_offset_ms;
    uint64_t jumped_ms;                /* when it has jumped; 0: never */
    uint64_t engine_jump_ms;           /* the part of it that stays */
    bool clocks_differ;                /* or did for a while, at nodes that were cut off */
    struct entry entries[ENTRIES_MAX]; /* this and what follows is not cleared by a run */
    uint64_t entry_count;
    uint64_t first_entry; /* older ones were trimmed */
    struct snapshot snapshots[REQUESTS];
    size_t snapshot_count;
    uint8_t data[DATA_MAX];
    size_t data_len;
    char failure[256];
};

static struct simulation sim;
static struct answers answers[NODES];

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
    [RULE_RETURNED] = "counters are sent after an absence",
    [RULE_ROOM] = "a snapshot without room is not complete",
    [RULE_SITES] = "LAN peers of other sites are skipped",
    [RULE_JUMP] = "no peer expires after a jump of the clock",
    [RULE_COPY] = "copied nodes take new ids",
    [RULE_TELL_COMPLETIONS] = "completions without a whole node",
    [RULE_LOST_LASTING] = "counters that did not fit are sent again",
    [RULE_BEFORE_START] = "completions of before the start stay counted",
    [RULE_GUESSED_STAMP] = "restored peers without a snapshot have no stamp",
    [RULE_KEPT_GUESS] = "guesses of a copy have no stamp",
    [RULE_LATE_SNAPSHOT] = "unconfirmed peers go at a late snapshot",
    [RULE_TELL_READ] = "a node that was away reads before it tells",
    [RULE_COPIED_GUESS] = "guessed stamps of a copy beat no record",
    [RULE_NEW_ID] = "completions are taken back after a change of the id",
    [RULE_OUTDATED] = "a node that may lack changes sends each announce",
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

/* The first and the fourth client have the same addresses, in the LANs of two sites. */
static bool is_on_lan(uint32_t client) {
    return sim.has_sites && client % 3 == 0;
}

static bool has_both_families(uint32_t client) {
    return client % 4 == 1;
}

/* Whether records of a client are merged at a site. */
static bool is_of_site(uint32_t client, uint64_t site) {
    return !is_on_lan(client) || site == client / 3;
}

static uint8_t passkey_of(uint32_t client) {
    return (uint8_t)(client / 3);
}

static void make_keys(void) {
    for (size_t number = 0; number < KEYS; number++) {
        const uint32_t client = client_of(number);
        const bool other = number % PLACES == OTHER_FAMILY;
        const uint8_t family = (client % 3 == 2) != other ? FAMILY_V6 : FAMILY_V4;
        const bool on_lan = is_on_lan(client);
        const uint32_t host = (on_lan ? 0 : client) * PLACES + (uint32_t)(number % PLACES);
        keys[number] = (struct peer_key){
            .endpoint = numbered_endpoint(family, host),
            .on_lan = on_lan,
        };
        numbered_id(keys[number].info_hash, torrent_of(number));
    }
}

static size_t number_of_torrent(const uint8_t *info_hash) {
    for (size_t torrent = 0; torrent < TORRENTS; torrent++) {
        const struct peer_key *first = &keys[torrent * TORRENT_KEYS];
        if (memcmp(first->info_hash, info_hash, INFO_HASH_LEN) == 0)
            return torrent;
    }
    abort();
}

/* The key, as a node of a site sees it. */
static size_t number_of_key(const struct peer_key *key, uint64_t site) {
    const size_t first = number_of_torrent(key->info_hash) * TORRENT_KEYS;
    for (size_t i = 0; i < TORRENT_KEYS; i++) {
        if (endpoint_equal(&keys[first + i].endpoint, &key->endpoint) &&
            is_of_site(client_of(first + i), site))
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

static uint64_t stamp_bits(const struct node *node) {
    return (uint64_t)(node - sim.nodes) + 1;
}

static uint64_t clock_of(const struct node *node) {
    if (sim.broken == RULE_ENGINE_CLOCK)
        return sim.now_ms + (uint64_t)node->skew_ms;
    return cluster_clock_read(&node->clock, sim.now_ms);
}

static bool restricts(const struct record *entry) {
    return entry->kind != RECORD_NONE && entry->registry.restricts;
}

/* Whether a registry refuses the peer of a key. */
static bool refuses(const struct record registry[static ENTRIES], size_t key) {
    const uint32_t client = client_of(key);
    return restricts(&registry[client]) || restricts(&registry[FIRST_BLOCK + torrent_of(key)]) ||
           restricts(&registry[FIRST_PASSKEY + passkey_of(client)]);
}

static uint32_t count_peers(const struct node *node) {
    uint32_t count = 0;
    for (size_t i = 0; i < KEYS; i++)
        count += node->slots[i].present;
    return count;
}

static void set_slot(struct node *node, size_t key, const struct held_peer *peer) {
    node->slots[key] = (struct slot){
        .present = true,
        .peer = *peer,
        .deadline_ms = peer_deadline_ms(peer->stamp, peer->state.interval_s),
    };
    /* Like a restored peer: each record beats it, and the first snapshot must confirm it. */
    if (stamp_is_guessed(peer->stamp) && sim.broken != RULE_KEPT_GUESS)
        node->slots[key].peer.stamp = 0;
    if (node->slots[key].deadline_ms < node->sweep_ms)
        node->sweep_ms = node->slots[key].deadline_ms;
}

static void note_change(struct node *node, size_t torrent, uint64_t stamp) {
    if (stamp > node->changed[torrent])
        node->changed[torrent] = stamp;
}

static void note_count(void *context, const uint8_t info_hash[static INFO_HASH_LEN],
                       uint32_t downloaded, uint64_t stamp) {
    (void)downloaded;
    note_change(context, number_of_torrent(info_hash), stamp);
}

static bool put_peer(struct node *node, size_t number, const struct held_peer *peer) {
    if (refuses(node->registry, number))
        return false;
    if (!node->slots[number].present && count_peers(node) >= node->room) {
        joining_set_room(&node->joining, false);
        if (sim.broken == RULE_ROOM)
            node->joining.lost = false;
        return false;
    }
    set_slot(node, number, peer);
    note_change(node, torrent_of(number), peer->stamp);
    return true;
}

static void remove_peer(void *context, const struct peer_key *key, uint64_t stamp) {
    struct node *node = context;
    const size_t number = number_of_key(key, node->site);
    node->slots[number].present = false;
    note_change(node, torrent_of(number), stamp);
}

static bool merge_peer(void *context, const struct peer_key *key, const struct held_peer *peer,
                       merge_rule *rule, void *decision, const uint32_t *downloaded) {
    struct node *node = context;
    const size_t number = number_of_key(key, node->site);
    struct held_peer held = node->slots[number].peer;
    const bool found = node->slots[number].present;
    (void)downloaded;
    if (sim.broken == RULE_GREATER_STAMP)
        held.stamp = 0;
    const enum merge_effect effect = rule(decision, found ? &held : NULL);
    if (effect == MERGE_REMOVE && found)
        remove_peer(context, key, peer->stamp);
    return effect != MERGE_PUT || put_peer(node, number, peer);
}

static struct peer_table table_of(struct node *node) {
    return (struct peer_table){
        .context = node,
        .merge = merge_peer,
        .remove = remove_peer,
        .count = note_count,
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
    const bool put = record->kind == RECORD_PUT;
    const uint64_t deadline_ms =
        put ? peer_deadline_ms(record->stamp, record->state.interval_s) : 0;
    if (!put && record->stamp > truth->removed) {
        truth->removed = record->stamp;
        truth->past_deadline_ms = truth->last_deadline_ms;
    }
    if (put && record->stamp > truth->removed && deadline_ms > truth->last_deadline_ms)
        truth->last_deadline_ms = deadline_ms;
    /* Two records with one stamp are of nodes with one id. A removal beats a put. */
    const bool same = record->stamp == truth->stamp;
    if (record->stamp < truth->stamp ||
        (same && put && (!truth->put || deadline_ms <= truth->deadline_ms)))
        return;
    truth->stamp = record->stamp;
    truth->put = put;
    truth->died = false;
    truth->deadline_ms = deadline_ms;
    if (!put)
        truth->last_deadline_ms = 0;
}

static bool knows_truth(const struct node *node, size_t key) {
    const uint64_t stamp = sim.truths[key].stamp;
    return (node->slots[key].present && node->slots[key].peer.stamp >= stamp) ||
           replica_removal(&node->replica, &keys[key]) >= stamp;
}

static bool knows_removal(const struct node *node, size_t key) {
    return replica_removal(&node->replica, &keys[key]) >= sim.truths[key].removed;
}

/* What it had removed comes back. */
static void lose_removal(struct truth *truth) {
    if (truth->past_deadline_ms > truth->last_deadline_ms)
        truth->last_deadline_ms = truth->past_deadline_ms;
    truth->removed = 0;
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
    bool removal_known[KEYS] = { false };
    bool counts_known[TORRENTS] = { false };
    bool registry_known[ENTRIES] = { false };
    for (size_t i = 0; i < sim.nodes_used; i++) {
        const struct node *node = &sim.nodes[i];
        if (node == dead || !node->up)
            continue;
        for (size_t key = 0; key < KEYS; key++) {
            key_known[key] = key_known[key] || knows_truth(node, key);
            removal_known[key] = removal_known[key] || knows_removal(node, key);
        }
        for (uint32_t torrent = 0; torrent < TORRENTS; torrent++)
            counts_known[torrent] = counts_known[torrent] || knows_counts(node, torrent, dead);
        for (uint32_t entry = 0; entry < ENTRIES; entry++)
            registry_known[entry] =
                registry_known[entry] || node->registry[entry].stamp == sim.registry[entry].stamp;
    }
    for (size_t key = 0; key < KEYS; key++) {
        sim.truths[key].died = sim.truths[key].died || !key_known[key];
        if (!removal_known[key])
            lose_removal(&sim.truths[key]);
    }
    for (uint32_t torrent = 0; torrent < TORRENTS; torrent++) {
        if (!counts_known[torrent] || counted_twice(dead, torrent))
            sim.counts_died[torrent] = true;
    }
    for (uint32_t entry = 0; entry < ENTRIES; entry++)
        sim.registry_died[entry] = sim.registry_died[entry] || !registry_known[entry];
}

/* Announces. */

static uint64_t draw_stamp(struct node *node) {
    node->highest = stamp_next(clock_of(node), node->highest, node->id);
    return node->highest;
}

static void queue_record(struct node *node, const struct record *record) {
    const uint64_t lost = node->outbox.lost;
    outbox_add(&node->outbox, record);
    sim.removals_lost = sim.removals_lost || node->outbox.lost > lost;
}

static void send_record(struct node *node, size_t key, const struct record *record) {
    note_truth(key, record);
    queue_record(node, record);
}

static void remove_and_send(struct node *node, size_t key, uint64_t stamp) {
    const struct record record = { .kind = RECORD_REMOVE, .stamp = stamp, .peer = keys[key] };
    if (node->slots[key].present)
        note_change(node, torrent_of(key), stamp);
    node->slots[key].present = false;
    if (sim.broken != RULE_TOMBSTONES)
        replica_note_removal(&node->replica, &record.peer, stamp);
    send_record(node, key, &record);
}

static struct node_count count_completion(struct node *node, const struct peer_key *key,
                                          struct peer_state *state, uint64_t stamp) {
    const uint64_t client = replica_hash_client(&node->replica, key, state);
    if (sim.broken == RULE_KNOWN_COMPLETION)
        stamp_set_free(&node->replica.completions);
    state->counted = true;
    const struct node_count count =
        replica_count_completion(&node->replica, key->info_hash, client, stamp);
    if (count.node == 0)
        return count;
    const size_t torrent = number_of_torrent(key->info_hash);
    const uint32_t number = client_of(number_of_key(key, node->site));
    sim.counted[torrent][number].times++;
    sim.counted[torrent][number].last_ms = sim.now_ms;
    return count;
}

static uint32_t remaining_s(const struct node *node, const struct slot *slot) {
    const uint64_t now_ms = clock_of(node);
    return slot->deadline_ms > now_ms ? (uint32_t)((slot->deadline_ms - now_ms) / 1000) : 0;
}

/* The key that a client leaves if it announces at this one, or this one. */
static size_t left_key(const struct node *node, size_t key) {
    const size_t place = key % PLACES;
    const size_t other = place == OTHER_FAMILY ? key : key - place + (1 - place);
    return node->slots[other].present ? other : key;
}

static void put_and_send(struct node *node, size_t key, struct peer_state *state,
                         enum announce_event event) {
    const size_t left = left_key(node, key);
    const struct peer_key *peer = &keys[key];
    const uint64_t stamp = draw_stamp(node);
    if (left != key && sim.broken == RULE_MOVE)
        node->slots[left].present = false;
    else if (left != key)
        remove_and_send(node, left, stamp);
    struct node_count count = { 0 };
    if (event == EVENT_COMPLETED && !state->counted)
        count = count_completion(node, peer, state, stamp);
    if (state->counted)
        state->completed = stamp_set_find(&node->replica.completions,
                                          replica_hash_client(&node->replica, peer, state));
    const struct record record = {
        .kind = RECORD_PUT, .stamp = stamp, .count = count, .peer = *peer, .state = *state
    };
    set_slot(node, key, &(struct held_peer){ .stamp = stamp, .state = *state });
    note_change(node, torrent_of(key), stamp);
    send_record(node, key, &record);
}

/* Whether it has all changes of the others, as far as it knows. */
static bool is_current(const struct node *node) {
    return sim.now_ms < node->joining.read_ms + CURRENT_MS;
}

/* A node has sent nothing for an announce because of a record that another node has replaced. */
static void note_outdated(const struct node *node, size_t key) {
    if (is_current(node) && node->slots[key].peer.stamp < sim.truths[key].stamp)
        sim.truths[key].excused_until_ms = sim.now_ms + UINT64_C(1000) * node->interval_s;
}

/* Returns the interval of the response. */
static uint32_t announce(struct node *node, uint32_t torrent, uint32_t client, uint32_t place,
                         enum announce_event event) {
    const struct client *from = &sim.clients[torrent][client];
    const size_t key = key_number(torrent, client, place);
    const size_t left = left_key(node, key);
    struct slot *slot = &node->slots[key];
    if (refuses(node->registry, key))
        return node->interval_s;
    const struct slot *past = slot->present ? slot : left != key ? &node->slots[left] : NULL;
    struct peer_state state = {
        .key = client % 2, /* every second one has a key */
        .passkey_tag = 1 + passkey_of(client),
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
        .outdated = !is_current(node) && sim.broken != RULE_OUTDATED,
        .changed = left != key || counts || slot->peer.state.left != state.left,
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
    if (what == SEND_NOTHING)
        note_outdated(node, key);
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

static uint64_t engine_now_ms(void) {
    return sim.now_ms + sim.engine_offset_ms;
}

static uint64_t last_id(void) {
    return sim.entry_count == 0 ? 0 : sim.entries[sim.entry_count - 1].id;
}

static void add_entry(struct bytes bytes) {
    const uint64_t id = engine_now_ms() << ID_BITS;
    if (sim.entry_count == ENTRIES_MAX)
        abort();
    const struct entry entry = {
        .id = id > last_id() ? id : last_id() + 1,
        .offset = store_data(bytes),
        .len = (uint32_t)bytes.len,
    };
    sim.entries[sim.entry_count++] = entry;
}

/* Number of the first entry in the stream after a position. */
static uint64_t entry_after(uint64_t position) {
    uint64_t number = sim.entry_count;
    while (number > sim.first_entry && sim.entries[number - 1].id > position)
        number--;
    return number;
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
                                   .site = node->site,
                               });
        outbox_take(&node->outbox, &w);
        const struct bytes entry = { .data = data, .len = w.len };
        outbox_keep(&node->outbox, entry, sim.now_ms);
        add_entry(entry);
    }
}

/* Adds a record to a chunk, or, if that is NULL, sends it, with a pause while the queue is full. */
static void emit(struct node *node, struct writer *chunk, const struct record *record) {
    if (chunk != NULL) {
        record_write(chunk, record);
        return;
    }
    if (!blob_queue_has_room(&node->outbox.other, 100))
        send_waiting(node);
    queue_record(node, record);
}

static void emit_counters(struct node *node, struct writer *chunk) {
    for (uint32_t torrent = 0; torrent < TORRENTS; torrent++) {
        struct record record = { .kind = RECORD_COUNTER, .stamp = node->changed[torrent] };
        numbered_id(record.counter.info_hash, torrent);
        const uint64_t hash = replica_hash_torrent(&node->replica, record.counter.info_hash);
        uint32_t cursor = 0;
        for (const struct counter_slot *slot =
                 counter_table_next(&node->replica.counters, hash, &cursor);
             slot != NULL; slot = counter_table_next(&node->replica.counters, hash, &cursor)) {
            record.count.node = slot->node;
            record.count.counted = slot->pair.counted;
            record.count.taken_back = slot->pair.taken_back;
            emit(node, chunk, &record);
        }
    }
}

static void emit_completions(struct node *node, struct writer *chunk) {
    struct stamped_hash found;
    struct stamp_cursor cursor = { 0 };
    while (stamp_set_next(&node->replica.completions, &cursor, &found)) {
        struct record record;
        replica_write_completion(&record, &found);
        emit(node, chunk, &record);
    }
}

static void emit_registry(struct node *node, struct writer *chunk) {
    for (uint32_t entry = 0; entry < ENTRIES; entry++) {
        const uint8_t key = (uint8_t)entry;
        struct record record = node->registry[entry];
        record.registry.key = (struct bytes){ .data = &key, .len = 1 };
        if (record.kind != RECORD_NONE)
            emit(node, chunk, &record);
    }
}

static void emit_peer(struct node *node, struct writer *chunk, size_t key) {
    const struct slot *slot = &node->slots[key];
    const uint64_t guess =
        chunk == NULL || !node->source.partial
            ? 0
            : stamp_at(node->gave_up_ms - UINT64_C(1500) * slot->peer.state.interval_s,
                       sim.broken == RULE_COPIED_GUESS ? node->id : 0);
    const struct record record = {
        .kind = RECORD_PUT,
        .stamp = slot->peer.stamp != 0 ? slot->peer.stamp : guess,
        .peer = keys[key],
        .state = slot->peer.state,
    };
    if (slot->present && record.stamp != 0)
        emit(node, chunk, &record);
}

static void walk_after_overflow(struct node *node) {
    if (node->walked == KEYS) {
        node->walk_from = outbox_take_dropped(&node->outbox);
        if (node->walk_from == 0 || sim.broken == RULE_WALK)
            return;
        node->walked = 0;
    }
    for (; node->walked < KEYS && blob_queue_has_room(&node->outbox.puts, RECORD_MAX);
         node->walked++) {
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

/* No entry is as old as a torrent that is forgotten. */
static void trim_stream(void) {
    const uint64_t kept_ms = sim.has_idle ? IDLE_MS / 2 : 3 * IDLE_MS;
    while (sim.first_entry < sim.entry_count &&
           sim.entries[sim.first_entry].id >> ID_BITS < engine_now_ms() - kept_ms)
        sim.first_entry++;
}

static void beat(struct node *node) {
    uint8_t data[RECORD_MAX + 2];
    struct writer w = writer_on(data, sizeof data);
    struct record record;
    if (sim.now_ms < node->heartbeat_ms)
        return;
    node->heartbeat_ms = sim.now_ms + HEARTBEAT_MS;
    trim_stream();
    outbox_drop_old(&node->outbox,
                    clock_of(node) - UINT64_C(1000) * peer_lifetime_s(INTERVAL_MAX_S));
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

static void remove_refused(struct node *node) {
    for (size_t key = 0; key < KEYS; key++) {
        if (refuses(node->registry, key))
            node->slots[key].present = false;
    }
}

static bool beats(const struct record *a, const struct record *b) {
    if (b->kind == RECORD_NONE)
        return true;
    return sim.broken == RULE_REGISTRY_ORDER ? a->stamp > b->stamp : registry_beats(a, b);
}

static void merge_registry(struct node *node, const struct record *record) {
    const uint32_t entry = record->registry.key.data[0];
    if (!beats(record, &node->registry[entry]))
        return;
    node->registry[entry] = *record;
    node->registry[entry].registry.key = (struct bytes){ 0 };
    remove_refused(node);
}

/* Peers are announced again, counters and the registry are not. So the nodes that are not whole
 * send theirs if another one requests a snapshot: there may be no whole node. A real node sends
 * them sooner if that one has not joined. */
static void send_lasting(struct node *node) {
    if (!node->joining.joined || sim.now_ms < node->lasting_ms + LASTING_MS ||
        sim.broken == RULE_LASTING)
        return;
    node->lasting_ms = sim.now_ms;
    if (sim.broken != RULE_TELL_COMPLETIONS)
        emit_completions(node, NULL);
    emit_counters(node, NULL);
    emit_registry(node, NULL);
}

/* Of a node that is not whole to an empty one, if there is none that has been up for longer. */
static bool may_copy(const struct node *node, const struct node *requester) {
    for (size_t i = 0; i < sim.nodes_used; i++) {
        const struct node *other = &sim.nodes[i];
        const bool fuller = other->joining.empty != node->joining.empty
                                ? node->joining.empty
                                : other->incarnation < node->incarnation;
        if (other != requester && other != node && is_running(other) && is_connected(other) &&
            (other->joining.whole || (other->joining.joined && fuller)))
            return false;
    }
    return node->joining.joined && requester->joining.empty;
}

static void begin_source(struct node *node, uint64_t request) {
    const bool whole = node->joining.whole || sim.broken == RULE_WHOLE_SOURCE;
    if (!whole)
        send_lasting(node);
    for (size_t i = 0; i < sim.snapshot_count; i++) {
        struct snapshot *snapshot = &sim.snapshots[i];
        if (snapshot->request != request || snapshot->taken ||
            (!whole && !may_copy(node, snapshot->requester)))
            continue;
        snapshot->taken = true;
        snapshot->excused_until_ms = node->excused_until_ms;
        node->source = (struct source){
            .request = request,
            .whole = whole,
            .partial = !whole,
            .began_ms = sim.now_ms,
        };
    }
}

static void send_answer(struct node *node, const struct record *answer) {
    struct answers *known = &answers[node - sim.nodes];
    if (answer->kind == RECORD_COMPLETION && sim.broken == RULE_ANSWER_COMPLETION)
        return;
    if (answers_add(known, answer, node->own_read, node->number + 1))
        queue_record(node, answer);
}

static void merge_record(struct node *node, uint64_t site, const struct record *record,
                         bool covered) {
    const struct peer_table table = table_of(node);
    const struct record_hashes hashes = replica_hash_record(&node->replica, record);
    struct replica_answers found = { .count = 0 };
    if (record->stamp > node->highest)
        node->highest = record->stamp;
    if (record->kind == RECORD_HEARTBEAT)
        read_positions(node, record->heartbeat.positions, covered);
    else if (record->kind == RECORD_REQUEST)
        begin_source(node, record->request);
    else if (record->kind == RECORD_REGISTRY)
        merge_registry(node, record);
    else
        (void)replica_merge(&node->replica, &table, site, record, &hashes, clock_of(node), &found);
    if (record->kind >= RECORD_REGISTRY && record->kind <= RECORD_REQUEST)
        return;
    if (sim.broken == RULE_TOMBSTONES)
        stamp_set_free(&node->replica.tombstones);
    for (size_t i = 0; i < found.count; i++)
        send_answer(node, &found.list[i]);
}

static void merge_records(struct node *node, uint64_t site, struct bytes rest, bool covered) {
    struct record record;
    for (enum record_kind kind = record_read(&rest, &record); kind != RECORD_NONE;
         kind = record_read(&rest, &record)) {
        if (kind == RECORD_UNKNOWN)
            abort();
        merge_record(node, sim.broken == RULE_SITES ? node->site : site, &record, covered);
    }
}

/* The low bits are new, too, but those of no other node. */
static void take_new_id(struct node *node) {
    const uint64_t low = (node->id + NODES) & ((1U << STAMP_NODE_BITS) - 1);
    node->id = random_next(&sim.random) << STAMP_NODE_BITS | low;
    node->replica.options.node = node->replica.options.counting = node->id;
    node->number = node->own_read = 0;
    answers_clear(&answers[node - sim.nodes]);
    for (uint32_t i = 0; sim.broken == RULE_NEW_ID && i < node->replica.completions.present.size;
         i++)
        node->replica.completions.present.details[i].counted_here = false;
}

static void read_entry(struct node *node, struct bytes rest) {
    struct entry_header header;
    if (!entry_header_read(&rest, &header))
        abort();
    const enum entry_origin origin = entry_origin(&header, node->id, node->incarnation);
    if (origin == ENTRY_OWN && header.number > node->own_read)
        node->own_read = header.number;
    if (origin == ENTRY_OWN)
        return;
    if (origin == ENTRY_OF_COPY && sim.broken != RULE_COPY)
        take_new_id(node);
    if (header.node != node->id)
        gaps_note(&node->gaps, &header, !node->joining.joined, sim.now_ms);
    merge_records(node, header.site, rest, false);
}

/* A failover or a restart of the engine. */
static void notice_engine(struct node *node) {
    if (node->run == sim.engine_run)
        return;
    const uint64_t back = (uint64_t)SENT_KEPT_MS << ID_BITS;
    const uint64_t end = node->position > last_id() ? last_id() : node->position;
    node->run = sim.engine_run;
    node->position = end > back ? end - back : 0;
    if (cluster_clock_follow(&node->clock, engine_now_ms(), sim.now_ms) && sim.broken != RULE_JUMP)
        node->hold_until_ms = sim.now_ms + UINT64_C(1000) * INTERVAL_MAX_S;
    send_again(node);
}

static void read_stream(struct node *node) {
    const uint64_t first = entry_after(node->position);
    for (uint64_t i = first; i < first + READ_COUNT && i < sim.entry_count; i++) {
        node->position = sim.entries[i].id;
        read_entry(node, data_of(&sim.entries[i]));
    }
}

static bool is_behind(const struct node *node) {
    return node->position < last_id();
}

/* Snapshots. */

static void write_tombstones(struct node *node, struct writer *w) {
    struct stamped_hash found;
    struct stamp_cursor cursor = { 0 };
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
                               .site = node->site,
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
    snapshot->progress_ms = sim.now_ms;
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

/* A snapshot has ended: peers go that were removed before it, or, if it is the first one since the
 * start, that it has not confirmed. */
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

/* Restored peers of a node that has joined without a snapshot expire as if their last record
 * was 1.5 intervals old. Their stamp stays 0, so that each record beats them. */
static void end_lasting(struct node *node) {
    node->gave_up_ms = clock_of(node);
    for (size_t key = 0; key < KEYS; key++) {
        struct slot *slot = &node->slots[key];
        if (!slot->present || slot->peer.stamp != 0)
            continue;
        const uint32_t interval_s = slot->peer.state.interval_s;
        const uint64_t guess = stamp_at(clock_of(node) - UINT64_C(1500) * interval_s, node->id);
        slot->deadline_ms = peer_deadline_ms(guess, interval_s);
        if (sim.broken == RULE_GUESSED_STAMP)
            slot->peer.stamp = guess;
        node->sweep_ms = 0;
    }
}

static void read_snapshot(struct node *node) {
    struct snapshot *snapshot = find_snapshot(node->joining.request);
    if (snapshot == NULL || snapshot->read == snapshot->count ||
        sim.now_ms > snapshot->progress_ms + SNAPSHOT_PATIENCE_MS)
        return;
    snapshot->progress_ms = sim.now_ms;
    struct bytes rest = data_of(&snapshot->chunks[snapshot->read++]);
    struct chunk_header header;
    if (!chunk_header_read(&rest, &header))
        abort();
    if (sim.broken == RULE_LATE_SNAPSHOT)
        node->joining.confirmed = node->joining.joined;
    const enum joining_chunk chunk = joining_note_chunk(&node->joining, &header, sim.now_ms);
    if (chunk != CHUNK_IGNORED)
        merge_records(node, header.site, rest, true);
    if (chunk != CHUNK_FIRST_SNAPSHOT && chunk != CHUNK_LAST)
        return;
    drop_removed(node, chunk == CHUNK_FIRST_SNAPSHOT);
    replica_join(&node->replica);
    if (node->joining.whole)
        node->excused_until_ms = snapshot->excused_until_ms;
}

static void request_snapshot(struct node *node) {
    const struct record record = { .kind = RECORD_REQUEST, .request = node->joining.request };
    if (sim.snapshot_count == REQUESTS) {
        memmove(sim.snapshots, sim.snapshots + 1, (REQUESTS - 1) * sizeof *sim.snapshots);
        sim.snapshot_count--;
    }
    sim.snapshots[sim.snapshot_count++] = (struct snapshot){
        .request = node->joining.request,
        .requester = node,
    };
    outbox_add(&node->outbox, &record);
}

static void tick_joining(struct node *node) {
    if (sim.broken == RULE_RETURNED)
        node->joining.contact_ms = sim.now_ms;
    if (gaps_take_hole(&node->gaps, sim.now_ms) && sim.broken != RULE_HOLES) {
        node->excused_until_ms = sim.now_ms + UINT64_C(1000) * peer_lifetime_s(INTERVAL_MAX_S);
        joining_lost(&node->joining);
        sim.holes++;
    }
    if (outbox_take_lost(&node->outbox) && sim.broken != RULE_LOST_LASTING)
        node->joining.sent_lasting = false;
    if ((is_connected(node) && !is_behind(node)) || sim.broken == RULE_TELL_READ)
        node->joining.read_ms = sim.now_ms;
    if (!node->joining.has_room && count_peers(node) < node->room)
        joining_set_room(&node->joining, true);
    switch (joining_tick(&node->joining, is_connected(node), random_next(&sim.random) | 1,
                         INTERVAL_MAX_S, sim.now_ms)) {
    case JOINING_REQUEST:
        request_snapshot(node);
        break;
    case JOINING_GAVE_UP:
        end_lasting(node);
        break;
    case JOINING_WHOLE:
        sim.whole_by_time_ms = engine_now_ms();
        break;
    case JOINING_SEND_LASTING:
        node->lasting_ms = 0;
        send_lasting(node);
        break;
    case JOINING_WAIT:
        break;
    }
}

/* Whether the stream has a newer put of a peer that the node has not read. */
static bool is_put_unread(const struct node *node, size_t key) {
    for (uint64_t i = entry_after(node->position); is_connected(node) && i < sim.entry_count; i++) {
        struct bytes rest = data_of(&sim.entries[i]);
        struct entry_header header;
        struct record record;
        if (!entry_header_read(&rest, &header))
            abort();
        while (record_read(&rest, &record) != RECORD_NONE) {
            if (record.kind == RECORD_PUT && is_of_site(client_of(key), header.site) &&
                number_of_key(&record.peer, header.site) == key &&
                record.stamp > node->slots[key].peer.stamp)
                return true;
        }
    }
    return false;
}

static bool is_edited(size_t key) {
    const uint32_t client = client_of(key);
    return sim.ever_edited[client] || sim.ever_edited[FIRST_BLOCK + torrent_of(key)] ||
           sim.ever_edited[FIRST_PASSKEY + passkey_of(client)];
}

/* Whether the client of a key announces in time, and the node knows its last put. A node that has
 * started after a jump of the clock, or was cut off, does not know of it. */
static bool is_announced(const struct node *node, size_t key) {
    const struct client *client = &sim.clients[torrent_of(key)][client_of(key)];
    if (sim.jumped_ms != 0 && (sim.jumped_ms <= node->incarnation >> 2 ||
                               sim.jumped_ms < stamp_ms(node->slots[key].peer.stamp)))
        return false;
    return client->active && client->answered && client->place == key % PLACES && !is_edited(key) &&
           client->next_ms > sim.now_ms && sim.truths[key].put &&
           node->slots[key].peer.stamp == sim.truths[key].stamp;
}

static bool is_excused(size_t key) {
    const bool excused = sim.now_ms <= sim.truths[key].excused_until_ms;
    sim.excused += excused;
    return excused;
}

static void expire_peers(struct node *node, uint64_t now_ms) {
    node->sweep_ms = UINT64_MAX;
    for (size_t key = 0; key < KEYS; key++) {
        struct slot *slot = &node->slots[key];
        if (slot->present && slot->deadline_ms >= now_ms && slot->deadline_ms < node->sweep_ms)
            node->sweep_ms = slot->deadline_ms;
        if (!slot->present || slot->deadline_ms >= now_ms)
            continue;
        if (is_put_unread(node, key))
            differ(node, "expires, although there is a newer put, key", key);
        if (is_announced(node, key) && !is_excused(key))
            differ(node, "expires the active client of key", key);
        slot->present = false;
    }
}

/* Forgets torrents without peers. */
static void forget_torrents(struct node *node, uint64_t now_ms) {
    for (size_t torrent = 0; torrent < TORRENTS; torrent++) {
        const uint64_t hash = hash_torrent(node, (uint32_t)torrent);
        bool used = now_ms < stamp_ms(node->changed[torrent]) + IDLE_MS;
        for (size_t i = 0; i < TORRENT_KEYS; i++)
            used = used || node->slots[torrent * TORRENT_KEYS + i].present;
        if (used)
            continue;
        if (counter_table_sum(&node->replica.counters, hash) > 0)
            sim.forgotten[torrent] = true;
        counter_table_forget(&node->replica.counters, hash);
    }
}

static void sweep(struct node *node) {
    const bool behind = is_connected(node) && is_behind(node);
    const uint64_t now_ms = clock_of(node);
    if ((behind && sim.broken != RULE_READ_FIRST) || sim.now_ms < node->hold_until_ms)
        return;
    if (now_ms > node->sweep_ms)
        expire_peers(node, now_ms);
    if (sim.now_ms < node->forget_ms)
        return;
    node->forget_ms = sim.now_ms + 10000;
    if (sim.has_idle)
        forget_torrents(node, now_ms);
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
    struct stamp_cursor cursor = { 0 };
    struct stamped_hash found;
    while (rows->completion_count < COUNT_OF(rows->completions) &&
           stamp_set_next(&node->replica.completions, &cursor, &found)) {
        memcpy(rows->completed[rows->completion_count], found.info_hash, INFO_HASH_LEN);
        rows->completions[rows->completion_count++] = found;
    }
    memcpy(rows->registry, node->registry, sizeof rows->registry);
    memcpy(rows->changed, node->changed, sizeof rows->changed);
}

static void restore_rows(struct node *node, const struct rows *rows) {
    for (size_t key = 0; key < KEYS; key++) {
        node->slots[key] = (struct slot){
            .present = rows->present[key],
            .peer = { .state = rows->states[key] },
            .deadline_ms = UINT64_MAX,
        };
        node->slots[key].peer.state.completed = 0;
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
        known.counted_here = sim.broken == RULE_BEFORE_START && stamp_is_of(known.stamp, node->id);
        replica_restore_completion(&node->replica, &known);
        if (known.stamp > node->highest)
            node->highest = known.stamp;
    }
    for (uint32_t entry = 0; entry < ENTRIES; entry++) {
        if (rows->registry[entry].stamp > node->highest)
            node->highest = rows->registry[entry].stamp;
    }
    memcpy(node->changed, rows->changed, sizeof node->changed);
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
    if (node->restart_empty)
        node->id = random_next(&sim.random) << STAMP_NODE_BITS | stamp_bits(node);
    if (node->copy_of != NULL)
        node->id = node->copy_of->id;
    const struct replica_options options = {
        .node = node->id,
        .counting = random_next(&sim.random) << STAMP_NODE_BITS |
                    (node->id & ((1U << STAMP_NODE_BITS) - 1)),
        .site = node->site,
        .secret = { { 1, 2 } },
        .tombstones_max = 1000,
        .completions_max = 1000,
        .counters_max = 1000,
    };
    const bool small = chance(300);
    const struct outbox_options queues = {
        .puts_max = small ? 1200 : 100000,
        .other_max = small && chance(500) ? 300 : 200000,
        .sent_max = 200000,
    };
    node->up = true;
    node->incarnation = sim.now_ms << 2 | (uint64_t)(node - sim.nodes);
    node->number = node->own_read = 0;
    answers_clear(&answers[node - sim.nodes]);
    node->highest = 0;
    node->heartbeat_ms = sim.now_ms;
    node->lasting_ms = 0;
    node->walked = KEYS;
    node->run = sim.engine_run;
    node->position = last_id();
    node->clock = cluster_clock_begin(engine_now_ms(), sim.now_ms);
    node->sweep_ms = node->forget_ms = node->hold_until_ms = 0;
    memset(node->changed, 0, sizeof node->changed);
    memset(node->slots, 0, sizeof node->slots);
    memset(node->registry, 0, sizeof node->registry);
    node->gaps = (struct gaps){ 0 };
    node->source = (struct source){ 0 };
    node->excused_until_ms = 0;
    node->replica = replica_create(&options, clock_of(node));
    node->joining = joining_begin(sim.now_ms);
    node->joining.sent_lasting = sim.broken == RULE_SEND_RESTORED;
    if (!outbox_create(&node->outbox, &queues))
        abort();
    if (node->copy_of != NULL)
        restore_rows(node, &node->copy_of->rows);
    else if (!node->restart_empty)
        restore_rows(node, node->restart_old ? &node->old_rows : &node->rows);
    node->joining.empty = count_peers(node) == 0;
    node->restart_empty = node->restart_old = false;
    node->copy_of = NULL;
    restore_stamps(node);
    if (sim.broken == RULE_NOT_JOINED)
        replica_join(&node->replica);
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
    if (is_connected(node)) {
        beat(node);
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

static bool can_reach(const struct node *node, uint32_t number) {
    return is_running(node) && is_of_site(number, node->site);
}

static struct node *reachable_node(const struct client *client, uint32_t number) {
    const uint32_t first = client->roams ? random_below(&sim.random, sim.nodes_used) : client->home;
    for (uint32_t i = 0; i < sim.nodes_used; i++) {
        struct node *node = &sim.nodes[(first + i) % sim.nodes_used];
        if (can_reach(node, number))
            return node;
    }
    return NULL;
}

static void announce_somewhere(uint32_t torrent, uint32_t number, enum announce_event event) {
    struct client *client = &sim.clients[torrent][number];
    struct node *node = reachable_node(client, number);
    client->next_ms = sim.now_ms + 30000;
    client->answered = node != NULL;
    if (node == NULL)
        return;
    const uint32_t interval_s = announce(node, torrent, number, client->place, event);
    client->next_ms = sim.now_ms + UINT64_C(1000) * interval_s;
    node = has_both_families(number) ? reachable_node(client, number) : NULL;
    if (node == NULL)
        return;
    const uint32_t other_s = announce(node, torrent, number, OTHER_FAMILY, event);
    if (other_s < interval_s)
        client->next_ms = sim.now_ms + UINT64_C(1000) * other_s;
}

static void announce_everywhere(uint32_t torrent, uint32_t number, enum announce_event event) {
    announce_somewhere(torrent, number, event);
    for (uint32_t i = 0; i < sim.nodes_used; i++) {
        struct node *node = &sim.nodes[i];
        if (can_reach(node, number))
            (void)announce(node, torrent, number, sim.clients[torrent][number].place, event);
    }
}

static void complete(uint32_t torrent, uint32_t number) {
    struct client *client = &sim.clients[torrent][number];
    if (client->complete || reachable_node(client, number) == NULL ||
        is_edited(key_number(torrent, number, 0)))
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
    const uint32_t what = random_below(&sim.random, 1000 / (TORRENTS * CLIENTS));
    if (!client->active) {
        if (what < 8 && sim.now_ms >= sim.idle_until_ms[torrent]) {
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
        }
    }
    if (quiet)
        return;
    /* As arguments, compilers would draw them in different orders. */
    const uint32_t client = random_below(&sim.random, CLIENTS);
    act(random_below(&sim.random, TORRENTS), client);
}

/* All clients leave a torrent, so that it is forgotten. */
static void leave_torrent(void) {
    const uint32_t torrent = random_below(&sim.random, TORRENTS);
    sim.idle_until_ms[torrent] = sim.now_ms + some_ms(300, 900);
    for (uint32_t number = 0; number < CLIENTS; number++) {
        struct client *client = &sim.clients[torrent][number];
        if (client->active && chance(900))
            announce_somewhere(torrent, number, EVENT_STOPPED);
        client->active = false;
    }
}

/* A ban, or its end, at a node that is in contact with the others or not. In some runs also of a
 * torrent or a passkey. */
static void edit_registry(void) {
    uint8_t entry = (uint8_t)random_below(&sim.random, sim.has_blocks ? ENTRIES : CLIENTS);
    struct node *node = &sim.nodes[random_below(&sim.random, sim.nodes_used)];
    if (!is_running(node))
        return;
    const struct record *past = &node->registry[entry];
    const struct record record = {
        .kind = RECORD_REGISTRY,
        .stamp = draw_stamp(node),
        .registry = {
            .restricts = chance(500),
            .restriction = past->kind == RECORD_NONE    ? 0
                           : past->registry.restricts   ? past->stamp
                                                        : past->registry.restriction,
            .key = { .data = &entry, .len = 1 },
        },
    };
    sim.ever_edited[entry] = true;
    if (sim.registry[entry].kind == RECORD_NONE || registry_beats(&record, &sim.registry[entry])) {
        sim.registry[entry] = record;
        sim.registry_died[entry] = false;
    }
    merge_registry(node, &record);
    queue_record(node, &record);
}

/* Faults. */

/* Another node with a database, of which a copy is made. */
static const struct node *copied_node(const struct node *node) {
    struct node *other = &sim.nodes[random_below(&sim.random, sim.nodes_used)];
    if (other == node || !other->up)
        return NULL;
    save_rows(other, &other->rows);
    sim.copied = true;
    return other;
}

static void break_node(struct node *node) {
    switch (chance(500) ? sim.favourite : random_below(&sim.random, 7)) {
    case 0:
        node->cut_off_until_ms = sim.now_ms + some_ms(5, 600);
        break;
    case 1:
        node->paused_until_ms = sim.now_ms + some_ms(5, 400);
        break;
    case 2:
        if (is_running(node)) {
            node->start_ms = sim.now_ms + some_ms(2, sim.is_long ? LONG_S : 300);
            node->restart_empty = chance(200);
            node->restart_old = chance(300);
            if (chance(100))
                node->copy_of = copied_node(node);
            node->stop_ms = sim.now_ms + STEP_MS;
        }
        break;
    case 3:
        node->interval_s =
            INTERVAL_MIN_S + random_below(&sim.random, INTERVAL_MAX_S - INTERVAL_MIN_S + 1);
        break;
    case 4:
        if (!node->up || (sim.is_long && node->has_old_rows))
            break;
        save_rows(node, &node->old_rows);
        node->has_old_rows = true;
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

static void jump_clock(void) {
    sim.jumped_ms = sim.now_ms;
    sim.engine_jump_ms = some_ms(31, 600);
}

static void break_engine(void) {
    const uint64_t kept = sim.entry_count - sim.first_entry;
    switch (chance(500) ? sim.favourite % 4 : random_below(&sim.random, 4)) {
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
        if (chance(200) && !sim.has_idle && sim.jumped_ms == 0)
            jump_clock();
        sim.engine_offset_ms = sim.engine_jump_ms + (chance(500) ? 0 : some_ms(0, 20));
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
    if (sim.has_idle && chance(2))
        leave_torrent();
}

static void heal(void) {
    for (uint32_t i = 0; i < sim.nodes_used; i++) {
        struct node *node = &sim.nodes[i];
        node->cut_off_until_ms = node->paused_until_ms = node->start_ms = 0;
        node->room = UINT32_MAX;
    }
}

/* Comparison. */

static bool is_at(const struct client *client, uint32_t number, size_t place) {
    return place == client->place || (place == OTHER_FAMILY && has_both_families(number));
}

/* A client that announces is listed; after an interval, also if it has moved back at a node that
 * had not read its move, or has started at a node whose clock was behind. */
static void compare_client(size_t key) {
    const struct truth *truth = &sim.truths[key];
    const uint32_t number = client_of(key);
    const struct client *client = &sim.clients[torrent_of(key)][number];
    if (!client->active || !client->answered || client->next_ms < sim.now_ms ||
        client->moved_ms + UINT64_C(1000) * INTERVAL_MAX_S > sim.now_ms ||
        !is_at(client, number, key % PLACES) || is_edited(key) || truth->died || sim.clocks_differ)
        return;
    if ((!truth->put || truth->deadline_ms < engine_now_ms()) && !is_excused(key))
        differ(&sim.nodes[0], "does not list the active client of key", key);
}

/* A client that crashed: nodes that became whole because every client had announced again never
 * hear of it if they lost its put; nor do those whose snapshot came from another site. */
static bool is_gone(size_t key) {
    const uint32_t number = client_of(key);
    const struct client *client = &sim.clients[torrent_of(key)][number];
    const bool active = client->active && is_at(client, number, key % PLACES);
    const uint64_t announced_by_ms =
        stamp_ms(sim.truths[key].stamp) + UINT64_C(1000) * INTERVAL_MAX_S;
    return !active && (announced_by_ms < sim.whole_by_time_ms || is_on_lan(number));
}

static bool has_registry_died(size_t key) {
    const uint32_t client = client_of(key);
    return sim.registry_died[client] || sim.registry_died[FIRST_BLOCK + torrent_of(key)] ||
           sim.registry_died[FIRST_PASSKEY + passkey_of(client)];
}

static void compare_key(const struct node *node, size_t key) {
    const struct truth *truth = &sim.truths[key];
    const struct slot *slot = &node->slots[key];
    if (slot->present && refuses(sim.registry, key) && !has_registry_died(key))
        differ(node, "has a refused peer, key", key);
    if (slot->present && !is_of_site(client_of(key), node->site))
        differ(node, "has a peer of another site, key", key);
    if (truth->died || is_edited(key) || !is_of_site(client_of(key), node->site))
        return;
    const uint64_t now_ms = engine_now_ms();
    if (truth->put && truth->deadline_ms > now_ms + SLACK_MS && !slot->present && !is_gone(key))
        differ(node, "lacks key", key);
    if (truth->put && slot->present && truth->deadline_ms > now_ms + SLACK_MS &&
        slot->peer.stamp != truth->stamp)
        differ(node, "has an old state of key", key);
    /* An earlier put of another node, with a longer interval, may outlast the last one. */
    const bool expired = truth->put && truth->last_deadline_ms + SLACK_MS < now_ms;
    if (slot->present && expired && sim.now_ms >= node->hold_until_ms + STEP_MS)
        differ(node, "has expired key", key);
    /* A removal may be lost; then the peer stays until its deadline. A snapshot of another site
     * does not have those of a LAN. */
    if (slot->present && !truth->put && sim.now_ms > node->excused_until_ms && !sim.removals_lost &&
        !is_on_lan(client_of(key)))
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
    /* Nodes may have forgotten it at different times, if one of them knew a peer for longer. */
    if (sim.forgotten[torrent])
        return;
    if (sum != downloads_at(&sim.nodes[0], torrent))
        differ(node, "disagrees about the downloads of torrent", torrent);
    if (sim.counts_died[torrent] || sim.copied)
        return;
    if (sum < right)
        differ(node, "counted too few for torrent", torrent);
    if (sum > right + forgotten_counts(torrent))
        differ(node, "counted too many for torrent", torrent);
}

static void compare_node(const struct node *node) {
    if (!node->joining.joined)
        differ(node, "has not joined", 0);
    for (size_t key = 0; key < KEYS; key++)
        compare_key(node, key);
    for (uint32_t entry = 0; entry < ENTRIES; entry++) {
        if (!sim.registry_died[entry] && node->registry[entry].stamp != sim.registry[entry].stamp)
            differ(node, "differs in the registry: entry", entry);
    }
    for (uint32_t torrent = 0; torrent < TORRENTS; torrent++)
        compare_downloads(node, torrent);
}

/* A node that restarts cannot send again what a failover lost, and others may not notice. */
static bool has_restarted(uint64_t stamp) {
    for (uint32_t i = 0; i < sim.nodes_used; i++) {
        if (stamp_is_of(stamp, sim.nodes[i].id) && stamp_ms(stamp) < sim.nodes[i].incarnation >> 2)
            return true;
    }
    return false;
}

/* Nodes that lack nothing agree as soon as they have read everything; the others have an interval.
 */
static void compare_early(void) {
    for (uint32_t i = 0; i < sim.nodes_used; i++) {
        const struct node *node = &sim.nodes[i];
        if (!node->joining.whole || node->joining.by_time || sim.now_ms < node->excused_until_ms ||
            is_behind(node))
            continue;
        for (size_t key = 0; key < KEYS; key++) {
            if (!has_restarted(sim.truths[key].stamp) && !is_on_lan(client_of(key)))
                compare_key(node, key);
        }
    }
    for (size_t key = 0; key < KEYS; key++)
        compare_client(key);
}

/* All nodes start at once: they have nothing to restore. */
static void start_whole(struct node *node) {
    start_node(node);
    node->joining.joined = node->joining.whole = node->joining.sent_lasting = true;
    node->joining.empty = false;
    replica_join(&node->replica);
}

static void begin(uint64_t seed, enum broken_rule broken) {
    memset(&sim, 0, offsetof(struct simulation, entries));
    sim.random = (struct random){ .state = seed };
    sim.broken = broken;
    sim.now_ms = START_MS;
    sim.nodes_used = 2 + random_below(&sim.random, NODES - 1);
    sim.has_sites = chance(200);
    sim.has_blocks = chance(200);
    sim.has_idle = chance(200);
    sim.is_long = seed % LONG_EVERY == 0;
    sim.favourite = random_below(&sim.random, 7);
    sim.entry_count = sim.first_entry = sim.snapshot_count = sim.data_len = 0;
    sim.engine_run = 1;
    sim.failure[0] = '\0';
    make_keys();
    for (uint32_t i = 0; i < NODES; i++) {
        struct node *node = &sim.nodes[i];
        node->restart_empty = true;
        node->site = sim.has_sites ? i % 2 : 0;
        node->interval_s = INTERVAL_MIN_S;
        node->room = UINT32_MAX;
        node->skew_ms = (int64_t)some_ms(0, 1200) - 600000;
    }
    for (uint32_t i = 0; i < sim.nodes_used; i++)
        start_whole(&sim.nodes[i]);
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
    begin(seed, broken);
    run_for(600 + random_below(&sim.random, 900) + (sim.is_long ? LONG_S : 0), PHASE_FAULTY);
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

uint32_t simulation_holes(void) {
    return sim.holes;
}

uint32_t simulation_excused(void) {
    return sim.excused;
}
