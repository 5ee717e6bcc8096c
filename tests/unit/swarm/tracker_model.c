#include "swarm/tracker_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry_support.h"
#include "swarm/swarm_snapshot.h"
#include "swarm/tracker.h"

enum {
    TORRENTS = 4,
    CLIENTS = 12,
    ADDRESSES = 12,
    PORTS = 2,
    PEERS_MAX = 256,
    COMPLETIONS = 1024,
    REPLY_MAX = 64,
    FEED_CAPACITY = 4096,
    INTERVAL_S = 120,
    TIMEOUT_S = 2 * INTERVAL_S,
    IDLE_S = 600,
    START_S = 5000,
};

#define REQUIRE_MODEL(condition)                                                                   \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);          \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

struct model_peer {
    unsigned torrent;
    struct endpoint endpoint;
    uint8_t peer_id[PEER_ID_LEN];
    uint32_t key;
    bool seeder, paused, counted;
    uint32_t deadline_s;
};

/* A completion that was counted, of a peer that may have left. */
struct model_completion {
    unsigned torrent;
    struct endpoint endpoint;
    uint8_t peer_id[PEER_ID_LEN];
    uint32_t key;
};

struct model_completions {
    struct model_completion list[COMPLETIONS];
    size_t count;
};

struct model {
    struct model_peer peers[PEERS_MAX];
    size_t count;
    struct model_completions present, past;
    uint32_t completions_since_s;
    struct {
        bool known;
        uint32_t downloaded, idle_since_s;
        uint32_t seeders, leechers; /* as the latest change says */
    } torrents[TORRENTS];
};

struct run {
    const uint8_t *data;
    size_t size, at;
    struct tracker *tracker;
    struct tracker_options options;
    struct model model, fed;
    bool banned;
    bool blocked[TORRENTS];
    uint32_t now_s;
};

static unsigned next_below(struct run *run, unsigned bound) {
    return run->at < run->size ? run->data[run->at++] % bound : 0;
}

static void write_hash(unsigned torrent, uint8_t hash[static INFO_HASH_LEN]) {
    memset(hash, (int)(0x11 * (torrent + 1)), INFO_HASH_LEN);
}

static unsigned torrent_of(const uint8_t hash[static INFO_HASH_LEN]) {
    return hash[0] / 0x11 - 1U;
}

/* The addresses are 80.0.0.N and 2001:db8:0:N::1, which are /64s of one /56. */
static struct endpoint make_endpoint(unsigned address, unsigned port) {
    char text[ENDPOINT_TEXT_LEN];
    struct endpoint endpoint;
    snprintf(text, sizeof text, address % 2 == 0 ? "80.0.0.%u" : "2001:db8:0:%u::1", address);
    REQUIRE_MODEL(endpoint_parse_address(text, &endpoint));
    endpoint_set_port(&endpoint, (uint16_t)(6881 + port));
    return endpoint;
}

static bool address_equal(const struct endpoint *a, const struct endpoint *b) {
    return a->family == b->family && memcmp(a->wire, b->wire, address_len(a->family)) == 0;
}

/* The model's rules */

static struct model_peer *model_find(struct model *model, unsigned torrent,
                                     const struct endpoint *endpoint) {
    for (size_t i = 0; i < model->count; i++) {
        if (model->peers[i].torrent == torrent &&
            endpoint_equal(&model->peers[i].endpoint, endpoint))
            return &model->peers[i];
    }
    return NULL;
}

static struct model_peer *model_find_identity(struct model *model, unsigned torrent, uint8_t family,
                                              const uint8_t *peer_id, uint32_t key) {
    for (size_t i = 0; i < model->count; i++) {
        const struct model_peer *peer = &model->peers[i];
        if (key != 0 && peer->torrent == torrent && peer->endpoint.family == family &&
            peer->key == key && memcmp(peer->peer_id, peer_id, PEER_ID_LEN) == 0)
            return &model->peers[i];
    }
    return NULL;
}

/* The peer of the same client in the other family, which has the same role; NULL: none. */
static struct model_peer *model_find_twin(struct model *model, const struct model_peer *peer) {
    const uint8_t other = peer->endpoint.family == FAMILY_V4 ? FAMILY_V6 : FAMILY_V4;
    return model_find_identity(model, peer->torrent, other, peer->peer_id, peer->key);
}

static void model_match_twin(struct model *model, struct model_peer *peer) {
    struct model_peer *twin = model_find_twin(model, peer);
    if (twin == NULL)
        return;
    twin->seeder = peer->seeder;
    twin->paused = peer->paused;
    peer->counted = twin->counted = peer->counted || twin->counted;
}

static void model_remove(struct model *model, struct model_peer *peer) {
    *peer = model->peers[--model->count];
}

static uint32_t model_count(const struct model *model, unsigned torrent) {
    uint32_t count = 0;
    for (size_t i = 0; i < model->count; i++)
        count += model->peers[i].torrent == torrent;
    return count;
}

/* Clients of a torrent: twins count once. */
struct model_clients {
    uint32_t seeders, leechers, paused;
};

static struct model_clients model_count_clients(struct model *model, unsigned torrent) {
    struct model_clients clients = { 0 };
    for (size_t i = 0; i < model->count; i++) {
        const struct model_peer *peer = &model->peers[i];
        if (peer->torrent != torrent ||
            (peer->endpoint.family == FAMILY_V4 && model_find_twin(model, peer) != NULL))
            continue;
        clients.seeders += peer->seeder;
        clients.leechers += !peer->seeder;
        clients.paused += peer->paused;
    }
    return clients;
}

static uint32_t model_count_address(const struct model *model, int torrent,
                                    const struct endpoint *endpoint) {
    uint32_t count = 0;
    for (size_t i = 0; i < model->count; i++)
        count += (torrent < 0 || model->peers[i].torrent == (unsigned)torrent) &&
                 address_equal(&model->peers[i].endpoint, endpoint);
    return count;
}

static uint32_t model_count_v6(const struct model *model, int torrent) {
    uint32_t count = 0;
    for (size_t i = 0; i < model->count; i++)
        count += (torrent < 0 || model->peers[i].torrent == (unsigned)torrent) &&
                 model->peers[i].endpoint.family == FAMILY_V6;
    return count;
}

/* A /56 may have four times as many peers as a /64. */
static bool model_address_is_full(const struct model *model, int torrent,
                                  const struct endpoint *endpoint, uint32_t max) {
    return model_count_address(model, torrent, endpoint) >= max ||
           (endpoint->family == FAMILY_V6 && model_count_v6(model, torrent) >= 4 * max);
}

static uint32_t model_torrents(const struct model *model) {
    uint32_t count = 0;
    for (unsigned i = 0; i < TORRENTS; i++)
        count += model->torrents[i].known;
    return count;
}

/* Without a key, a client is recognised by its address. */
static bool model_remembers(const struct model_completions *completions,
                            const struct model_peer *peer) {
    for (size_t i = 0; i < completions->count; i++) {
        const struct model_completion *completion = &completions->list[i];
        if (completion->torrent == peer->torrent && completion->key == peer->key &&
            memcmp(completion->peer_id, peer->peer_id, PEER_ID_LEN) == 0 &&
            (peer->key != 0 || address_equal(&completion->endpoint, &peer->endpoint)))
            return true;
    }
    return false;
}

static void model_remember(struct model *model, const struct model_peer *peer) {
    struct model_completions *completions = &model->present;
    if (model_remembers(completions, peer))
        return;
    struct model_completion *completion = &completions->list[completions->count++];
    REQUIRE_MODEL(completions->count < COMPLETIONS);
    *completion = (struct model_completion){ .torrent = peer->torrent,
                                             .endpoint = peer->endpoint,
                                             .key = peer->key };
    memcpy(completion->peer_id, peer->peer_id, PEER_ID_LEN);
}

static void model_leave(struct model *model, struct model_peer *peer) {
    if (peer->counted)
        model_remember(model, peer);
    model_remove(model, peer);
}

static bool is_counted(struct model *model, const struct model_peer *peer) {
    const struct model_peer *v4 =
        model_find_identity(model, peer->torrent, FAMILY_V4, peer->peer_id, peer->key);
    const struct model_peer *v6 =
        model_find_identity(model, peer->torrent, FAMILY_V6, peer->peer_id, peer->key);
    return (v4 != NULL && v4->counted) || (v6 != NULL && v6->counted) ||
           model_remembers(&model->present, peer) || model_remembers(&model->past, peer);
}

static void model_complete(struct model *model, struct model_peer *peer) {
    model->torrents[peer->torrent].downloaded += !is_counted(model, peer);
    model_remember(model, peer);
    peer->counted = true;
}

static void model_stop(struct run *run, const struct announce_request *request) {
    struct model *model = &run->model;
    const unsigned torrent = torrent_of(request->info_hash);
    const uint8_t family = request->peer.family;
    struct model_peer *peer = model_find(model, torrent, &request->peer);
    if (peer == NULL)
        peer = model_find_identity(model, torrent, family, request->peer_id, request->key);
    if (peer == NULL)
        return;
    if (request->left == 0 && !peer->seeder && !peer->counted) {
        model_complete(model, peer);
        peer->seeder = true;
        peer->paused = false;
        model_match_twin(model, peer);
    }
    model_leave(model, peer);
    model->torrents[torrent].idle_since_s = run->now_s;
}

/* A refused client loses its own peer and no other. */
static void model_reject(struct run *run, const struct announce_request *request) {
    struct model *model = &run->model;
    const unsigned torrent = torrent_of(request->info_hash);
    struct model_peer *peer = model_find(model, torrent, &request->peer);
    if (peer == NULL || peer->key != request->key ||
        memcmp(peer->peer_id, request->peer_id, PEER_ID_LEN) != 0)
        peer = model_find_identity(model, torrent, request->peer.family, request->peer_id,
                                   request->key);
    if (peer == NULL)
        return;
    model_leave(model, peer);
    model->torrents[torrent].idle_since_s = run->now_s;
}

static enum announce_result model_check_room(const struct run *run, const struct endpoint *peer) {
    if (run->model.count >= run->options.peers_max)
        return ANNOUNCE_PEERS_FULL;
    if (model_address_is_full(&run->model, -1, peer, run->options.address_peers_max))
        return ANNOUNCE_ADDRESS_FULL;
    return ANNOUNCE_OK;
}

static enum announce_result model_check_swarm(const struct run *run, unsigned torrent,
                                              const struct endpoint *peer) {
    if (model_count(&run->model, torrent) >= run->options.torrent_peers_max)
        return ANNOUNCE_SWARM_FULL;
    if (run->model.count >= run->options.peers_max)
        return ANNOUNCE_PEERS_FULL;
    if (model_address_is_full(&run->model, (int)torrent, peer,
                              run->options.address_torrent_peers_max))
        return ANNOUNCE_ADDRESS_SWARM_FULL;
    return model_check_room(run, peer);
}

static enum announce_result model_put(struct run *run, const struct announce_request *request) {
    struct model *model = &run->model;
    const unsigned torrent = torrent_of(request->info_hash);
    if (!model->torrents[torrent].known) {
        const enum announce_result room = model_check_room(run, &request->peer);
        if (room != ANNOUNCE_OK)
            return room;
        if (model_torrents(model) >= run->options.torrents_max)
            return ANNOUNCE_TORRENTS_FULL;
        model->torrents[torrent].known = true;
        model->torrents[torrent].idle_since_s = run->now_s;
    }
    struct model_peer put = {
        .torrent = torrent,
        .endpoint = request->peer,
        .key = request->key,
        .seeder = request->left == 0,
        .paused = request->event == EVENT_PAUSED && request->left > 0,
        .deadline_s = run->now_s + TIMEOUT_S,
    };
    memcpy(put.peer_id, request->peer_id, PEER_ID_LEN);
    struct model_peer *here = model_find(model, torrent, &request->peer);
    struct model_peer *past =
        model_find_identity(model, torrent, request->peer.family, put.peer_id, put.key);
    const bool moved = past != NULL && past != here;
    if (here == NULL && !moved) {
        const enum announce_result room = model_check_swarm(run, torrent, &request->peer);
        if (room != ANNOUNCE_OK)
            return room;
    }
    if (moved) {
        put.counted = past->counted;
        model_leave(model, past);
        here = model_find(model, torrent, &request->peer);
    }
    if (here != NULL && memcmp(here->peer_id, put.peer_id, PEER_ID_LEN) == 0)
        put.counted = put.counted || here->counted;
    else if (here != NULL && here->counted)
        model_remember(model, here);
    if (request->event == EVENT_COMPLETED && !put.counted)
        model_complete(model, &put);
    if (here == NULL)
        here = &model->peers[model->count++];
    *here = put;
    model_match_twin(model, here);
    return ANNOUNCE_OK;
}

/* What the change feed and a dump say, applied */

static void apply_changes(void *context, const struct change *changes, size_t count) {
    struct model *model = context;
    for (size_t i = 0; i < count; i++) {
        const struct change *change = &changes[i];
        const unsigned torrent = torrent_of(change->info_hash);
        model->torrents[torrent].known = change->kind != CHANGE_TORRENT_FORGOTTEN;
        model->torrents[torrent].downloaded = change->downloaded;
        model->torrents[torrent].seeders = change->seeders;
        model->torrents[torrent].leechers = change->leechers;
        if (change->peer.family == FAMILY_NONE)
            continue;
        struct model_peer *peer = model_find(model, torrent, &change->peer);
        if (change_removes_peer(change->kind)) {
            REQUIRE_MODEL(peer != NULL);
            model_remove(model, peer);
            continue;
        }
        if (peer == NULL)
            peer = &model->peers[model->count++];
        *peer = (struct model_peer){
            .torrent = torrent,
            .endpoint = change->peer,
            .key = change->key,
            .seeder = change->left == 0,
            .paused = change->paused,
            .counted = change->counted,
        };
        memcpy(peer->peer_id, change->peer_id, PEER_ID_LEN);
    }
}

/* Some clients draw a new key for each announce; a new key alone is not a change. */
static void require_same(struct model *model, struct model *other) {
    REQUIRE_MODEL(model->count == other->count);
    for (size_t i = 0; i < model->count; i++) {
        const struct model_peer *peer = &model->peers[i];
        const struct model_peer *twin = model_find(other, peer->torrent, &peer->endpoint);
        REQUIRE_MODEL(twin != NULL);
        REQUIRE_MODEL(memcmp(twin->peer_id, peer->peer_id, PEER_ID_LEN) == 0);
        REQUIRE_MODEL(twin->seeder == peer->seeder && twin->paused == peer->paused);
        REQUIRE_MODEL(twin->counted == peer->counted);
    }
    for (unsigned i = 0; i < TORRENTS; i++)
        REQUIRE_MODEL(!model->torrents[i].known ||
                      model->torrents[i].downloaded == other->torrents[i].downloaded);
}

static void check_counts(struct run *run) {
    const struct tracker_stats stats = tracker_stats(run->tracker);
    REQUIRE_MODEL(stats.peers == run->model.count);
    REQUIRE_MODEL(stats.torrents == model_torrents(&run->model));
    for (unsigned i = 0; i < TORRENTS; i++) {
        uint8_t hash[INFO_HASH_LEN];
        write_hash(i, hash);
        const struct scrape_entry entry = tracker_scrape(run->tracker, hash);
        const struct model_clients clients = model_count_clients(&run->model, i);
        REQUIRE_MODEL(entry.seeders == clients.seeders && entry.leechers == clients.leechers);
        REQUIRE_MODEL(entry.downloaders == clients.leechers - clients.paused);
        REQUIRE_MODEL(entry.downloaded ==
                      (run->blocked[i] ? 0 : run->model.torrents[i].downloaded));
    }
}

static void check_all(struct run *run) {
    check_counts(run);
    REQUIRE_MODEL(tracker_drain(run->tracker, apply_changes, &run->fed));
    require_same(&run->model, &run->fed);
    for (unsigned i = 0; i < TORRENTS; i++) {
        const struct model_clients clients = model_count_clients(&run->model, i);
        REQUIRE_MODEL(run->fed.torrents[i].seeders == clients.seeders &&
                      run->fed.torrents[i].leechers == clients.leechers);
    }
}

static void check_dump(struct run *run) {
    static struct model dumped;
    dumped = (struct model){ 0 };
    REQUIRE_MODEL(tracker_dump(run->tracker, 0, TRACKER_SHARDS, run->now_s * UINT64_C(1000),
                               apply_changes, &dumped));
    /* A peer's changes carry no count of their own here. */
    for (unsigned i = 0; i < TORRENTS; i++)
        dumped.torrents[i].downloaded = run->model.torrents[i].downloaded;
    require_same(&run->model, &dumped);
}

/* Operations */

static struct announce_request make_request(struct run *run) {
    static const enum announce_event events[] = { EVENT_NONE,    EVENT_NONE,    EVENT_COMPLETED,
                                                  EVENT_STARTED, EVENT_STOPPED, EVENT_PAUSED };
    const unsigned client = next_below(run, CLIENTS);
    const unsigned place = next_below(run, ADDRESSES * PORTS);
    const unsigned kind = next_below(run, 24);
    struct announce_request request = {
        .peer = make_endpoint(place % ADDRESSES, place / ADDRESSES),
        .left = kind % 4 == 0 ? 0 : 1000,
        .key = client % 3 == 0 ? 0 : client,
        .event = events[kind / 4],
        .numwant = (int32_t)next_below(run, REPLY_MAX),
    };
    write_hash(next_below(run, TORRENTS), request.info_hash);
    memset(request.peer_id, (int)('a' + client), PEER_ID_LEN);
    return request;
}

static void check_reply(struct run *run, const struct announce_request *request,
                        const struct announce_response *response) {
    const size_t len = endpoint_len(request->peer.family);
    const bool leechers_only = request->left == 0 || request->event == EVENT_PAUSED;
    uint32_t choice = 0;
    for (size_t i = 0; i < run->model.count; i++) {
        const struct model_peer *peer = &run->model.peers[i];
        choice += peer->torrent == torrent_of(request->info_hash) &&
                  peer->endpoint.family == request->peer.family &&
                  !(leechers_only && peer->seeder) &&
                  !endpoint_equal(&peer->endpoint, &request->peer);
    }
    const uint32_t wanted = (uint32_t)request->numwant;
    REQUIRE_MODEL(response->peer_count == (choice < wanted ? choice : wanted));
    for (uint32_t i = 0; i < response->peer_count; i++) {
        const struct endpoint peer =
            endpoint_from_wire(request->peer.family, response->peers + i * len);
        const struct model_peer *found =
            model_find(&run->model, torrent_of(request->info_hash), &peer);
        REQUIRE_MODEL(found != NULL && !endpoint_equal(&peer, &request->peer));
        REQUIRE_MODEL(!(leechers_only && found->seeder));
        REQUIRE_MODEL(memcmp(response->peer_ids + i * PEER_ID_LEN, found->peer_id, PEER_ID_LEN) ==
                      0);
        for (uint32_t before = 0; before < i; before++)
            REQUIRE_MODEL(memcmp(response->peers + before * len, response->peers + i * len, len) !=
                          0);
    }
}

static void announce(struct run *run) {
    uint8_t peers[REPLY_MAX * ENDPOINT_MAX_LEN];
    uint8_t peer_ids[REPLY_MAX * PEER_ID_LEN];
    const struct announce_request request = make_request(run);
    struct announce_response response = { .peers = peers,
                                          .peer_ids = peer_ids,
                                          .peers_max = REPLY_MAX };
    const struct endpoint banned = make_endpoint(0, 0);
    enum announce_result expected = ANNOUNCE_OK;
    if (run->banned && address_equal(&request.peer, &banned))
        expected = ANNOUNCE_BANNED;
    else if (run->blocked[torrent_of(request.info_hash)])
        expected = ANNOUNCE_TORRENT_BLOCKED;
    if (expected != ANNOUNCE_OK)
        model_reject(run, &request);
    else if (request.event == EVENT_STOPPED)
        model_stop(run, &request);
    else
        expected = model_put(run, &request);
    REQUIRE_MODEL(tracker_announce(run->tracker, &request, run->now_s * UINT64_C(1000),
                                   &response) == expected);
    if (expected == ANNOUNCE_OK && request.event != EVENT_STOPPED)
        check_reply(run, &request, &response);
}

static void sweep(struct run *run) {
    struct model *model = &run->model;
    const bool crowded =
        model_torrents(model) >= run->options.torrents_max - run->options.torrents_max / 8;
    tracker_sweep(run->tracker, 0, TRACKER_SHARDS, run->now_s * UINT64_C(1000));
    for (size_t i = 0; i < model->count;) {
        if (model->peers[i].deadline_s > run->now_s) {
            i++;
            continue;
        }
        model->torrents[model->peers[i].torrent].idle_since_s = run->now_s;
        model_leave(model, &model->peers[i]);
    }
    if (run->now_s - model->completions_since_s >= INTERVAL_S) {
        model->past = model->present;
        model->present.count = 0;
        model->completions_since_s = run->now_s;
    }
    for (unsigned i = 0; i < TORRENTS; i++) {
        const bool idle = model->torrents[i].known && model_count(model, i) == 0;
        uint8_t hash[INFO_HASH_LEN];
        struct torrent_stats stats;
        write_hash(i, hash);
        bool forgotten =
            model->torrents[i].downloaded == 0 ||
            run->now_s - model->torrents[i].idle_since_s >= run->options.idle_torrent_s;
        /* Which of several torrents goes first if there is no room depends on their shards. */
        if (idle && !forgotten && crowded)
            forgotten =
                !swarm_snapshot_torrent(run->tracker, hash, run->now_s * UINT64_C(1000), &stats);
        if (idle && forgotten) {
            model->torrents[i].known = false;
            model->torrents[i].downloaded = 0;
        }
    }
}

struct restoring {
    struct tracker *tracker;
    uint64_t now_ms;
};

static void restore_changes(void *context, const struct change *changes, size_t count) {
    const struct restoring *restoring = context;
    for (size_t i = 0; i < count; i++)
        REQUIRE_MODEL(tracker_restore(restoring->tracker, &changes[i], 1, restoring->now_ms));
}

static struct tracker *create_tracker(const struct tracker_options *options) {
    struct tracker *tracker = tracker_create(options, FEED_CAPACITY);
    REQUIRE_MODEL(tracker != NULL);
    return tracker;
}

static void set_ban(struct run *run, bool banned) {
    const struct registry_row ban = test_ban_row("80.0.0.0", "");
    struct registry *registry = tracker_registry(run->tracker);
    run->banned = banned;
    if (banned)
        test_put_row(registry, &ban);
    else
        (void)test_remove_row(registry, &ban);
}

static void set_block(struct run *run, unsigned torrent, bool blocked) {
    uint8_t hash[INFO_HASH_LEN];
    write_hash(torrent, hash);
    const struct registry_row block = test_torrent_row(REGISTRY_BLOCK, hash);
    struct registry *registry = tracker_registry(run->tracker);
    run->blocked[torrent] = blocked;
    if (blocked)
        test_put_row(registry, &block);
    else
        (void)test_remove_row(registry, &block);
}

/* Removes what the registry refuses. */
static void purge(struct run *run) {
    struct model *model = &run->model;
    const struct endpoint banned = make_endpoint(0, 0);
    tracker_purge(run->tracker, run->now_s * UINT64_C(1000));
    for (size_t i = 0; i < model->count;) {
        struct model_peer *peer = &model->peers[i];
        if (run->blocked[peer->torrent] ||
            (run->banned && address_equal(&peer->endpoint, &banned))) {
            model->torrents[peer->torrent].idle_since_s = run->now_s;
            model_leave(model, peer);
        } else {
            i++;
        }
    }
}

/* A restart: bounds are wide while the peers come back, as the store gives all of them. */
static void restart(struct run *run) {
    const struct tracker_options narrow = run->options;
    struct tracker_options wide = narrow;
    wide.peers_max = wide.torrents_max = wide.torrent_peers_max = PEERS_MAX;
    struct restoring restoring = { create_tracker(&wide), run->now_s * UINT64_C(1000) };
    REQUIRE_MODEL(tracker_dump(run->tracker, 0, TRACKER_SHARDS, restoring.now_ms, restore_changes,
                               &restoring));
    tracker_delete(run->tracker);
    run->tracker = restoring.tracker;
    REQUIRE_MODEL(tracker_apply(run->tracker, &narrow));
    set_ban(run, run->banned);
    for (unsigned i = 0; i < TORRENTS; i++)
        set_block(run, i, run->blocked[i]);
    run->model.present.count = run->model.past.count = 0;
    run->model.completions_since_s = 0;
    for (size_t i = 0; i < run->model.count; i++)
        run->model.peers[i].deadline_s = run->now_s + TIMEOUT_S;
}

static void reload(struct run *run) {
    run->options.peers_max = 4 + next_below(run, 40);
    run->options.torrent_peers_max = 2 + next_below(run, 20);
    run->options.torrents_max = 2 + next_below(run, 8);
    run->options.address_peers_max = 2 + next_below(run, 8);
    run->options.address_torrent_peers_max = 1 + next_below(run, 4);
    REQUIRE_MODEL(tracker_apply(run->tracker, &run->options));
}

static void step(struct run *run) {
    switch (next_below(run, 32)) {
    case 0:
        run->now_s += next_below(run, 200);
        break;
    case 1:
        sweep(run);
        break;
    case 2:
        reload(run);
        break;
    case 3:
        set_ban(run, !run->banned);
        purge(run);
        break;
    case 6: {
        const unsigned torrent = next_below(run, TORRENTS);
        set_block(run, torrent, !run->blocked[torrent]);
        purge(run);
        break;
    }
    case 4:
        check_dump(run);
        break;
    case 5:
        if (next_below(run, 4) == 0)
            restart(run);
        break;
    default:
        announce(run);
    }
}

void tracker_model_run(const uint8_t *data, size_t size) {
    static struct run run;
    run = (struct run){
        .data = data,
        .size = size,
        .now_s = START_S,
        .options = {
            .interval_min_s = INTERVAL_S,
            .interval_max_s = INTERVAL_S,
            .budget_per_s = 1000,
            .numwant = REPLY_MAX,
            .numwant_max = REPLY_MAX,
            .torrents_max = TORRENTS,
            .torrent_peers_max = PEERS_MAX,
            .peers_max = PEERS_MAX,
            .address_peers_max = PEERS_MAX,
            .address_torrent_peers_max = PEERS_MAX,
            .idle_torrent_s = IDLE_S,
        },
    };
    run.tracker = create_tracker(&run.options);
    while (run.at < run.size) {
        step(&run);
        check_all(&run);
    }
    check_dump(&run);
    tracker_delete(run.tracker);
}
