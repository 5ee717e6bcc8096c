#include "tracker_support.h"

#include <string.h>

#include "cluster/peer_rules.h"
#include "swarm/stamp.h"

struct tracker_options test_options(void) {
    return (struct tracker_options){
        .interval_min_s = 120,
        .interval_max_s = 120,
        .budget_per_s = 1000,
        .numwant = 50,
        .numwant_max = 200,
        .torrents_max = 100000,
        .torrent_peers_max = 100000,
        .peers_max = 1000000,
        .idle_torrent_s = 3600,
    };
}

struct announce_request test_leecher(uint32_t number) {
    struct announce_request request = {
        .peer = numbered_endpoint(FAMILY_V4, number),
        .left = 1000,
        .key = number + 1,
        .numwant = NUMWANT_DEFAULT,
    };
    numbered_id(request.info_hash, TORRENT);
    numbered_id(request.peer_id, number);
    return request;
}

struct announce_request test_seeder(uint32_t number) {
    struct announce_request request = test_leecher(number);
    request.left = 0;
    return request;
}

struct announce_request test_leecher_at(uint32_t number, const char *address) {
    struct announce_request request = test_leecher(number);
    request.peer = endpoint_at(address, (uint16_t)(1000 + number));
    return request;
}

void test_announce(struct tracker *tracker, const struct announce_request *request, uint64_t now_ms,
                   struct reply *reply) {
    reply->response = (struct announce_response){
        .peers = reply->peers,
        .peer_ids = reply->peer_ids,
        .peers_max = NUMWANT_LIMIT,
    };
    reply->result = tracker_announce(tracker, request, now_ms, &reply->response);
}

void test_put(struct tracker *tracker, const struct announce_request *request, uint64_t now_ms) {
    static _Thread_local struct reply reply;
    test_announce(tracker, request, now_ms, &reply);
    REQUIRE(reply.result == ANNOUNCE_OK);
}

void test_fill(struct tracker *tracker, uint32_t count, uint32_t torrents) {
    for (uint32_t i = 0; i < count; i++) {
        struct announce_request peer = test_leecher(i);
        numbered_id(peer.info_hash, i % torrents);
        test_put(tracker, &peer, START_MS);
    }
}

void test_fill_swarm(struct tracker *tracker, uint32_t leechers) {
    for (uint32_t i = 1; i <= leechers; i++) {
        const struct announce_request peer = test_leecher(i);
        test_put(tracker, &peer, START_MS);
    }
}

uint64_t test_seconds_after(uint32_t s) {
    return START_MS + 1000ULL * s;
}

struct found_peer {
    struct held_peer *held;
    bool found;
};

static enum merge_effect note_held(void *context, const struct held_peer *held) {
    struct found_peer *found = context;
    found->found = held != NULL;
    if (held != NULL)
        *found->held = *held;
    return MERGE_NOTHING;
}

bool test_find_peer(struct tracker *tracker, const struct peer_key *key, struct held_peer *held) {
    const struct held_peer none = { 0 };
    struct found_peer found = { .held = held };
    (void)tracker_merge_peer(tracker, key, &none, note_held, &found, NULL, START_MS);
    return found.found;
}

static enum merge_effect apply_rules(void *context, const struct held_peer *held) {
    const struct record *record = context;
    return peer_merge(record, held, 0, stamp_ms(record->stamp));
}

enum announce_result test_merge_peer(struct tracker *tracker, const struct peer_key *key,
                                     const struct held_peer *peer, const struct merged_count *count,
                                     uint64_t now_ms) {
    struct record put = {
        .kind = RECORD_PUT, .stamp = peer->stamp, .peer = *key, .state = peer->state
    };
    return tracker_merge_peer(tracker, key, peer, apply_rules, &put, count, now_ms);
}

void test_merge_removal(struct tracker *tracker, const struct peer_key *key, uint64_t stamp,
                        uint64_t now_ms) {
    struct record removal = { .kind = RECORD_REMOVE, .stamp = stamp, .peer = *key };
    const struct held_peer peer = { .stamp = stamp };
    (void)tracker_merge_peer(tracker, key, &peer, apply_rules, &removal, NULL, now_ms);
}

struct scrape_entry test_scrape(struct tracker *tracker, uint32_t torrent) {
    uint8_t info_hash[INFO_HASH_LEN];
    numbered_id(info_hash, torrent);
    return tracker_scrape(tracker, info_hash);
}

bool reply_has(const struct reply *reply, const struct endpoint *peer) {
    const size_t len = endpoint_len(reply->response.family);
    for (uint32_t i = 0; i < reply->response.peer_count; i++) {
        if (peer->family == reply->response.family &&
            memcmp(reply->peers + i * len, peer->wire, len) == 0)
            return true;
    }
    return false;
}
