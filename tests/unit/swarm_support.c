#include "swarm_support.h"

static const struct hash_key key = { .half = { 3, 4 } };

struct swarm *swarm;
struct change_feed feed;
const struct swarm_outputs watchers = { .feed = &feed };

void create_swarm(void) {
    uint8_t info_hash[INFO_HASH_LEN];
    numbered_id(info_hash, 77);
    swarm = swarm_create(info_hash, &key, NOW);
    change_feed_init(&feed, 10000);
}

void delete_swarm(void) {
    swarm_delete(swarm);
    change_feed_free(&feed);
}

struct announce_request client(uint32_t number) {
    struct announce_request request = { .left = 5, .key = number + 1, .event = EVENT_NONE };
    request.peer = numbered_endpoint(FAMILY_V4, number);
    numbered_id(request.peer_id, number);
    return request;
}

enum announce_result put_at(const struct announce_request *request, uint32_t now_s,
                            uint32_t peers_max) {
    const struct peer_put put = {
        .request = request,
        .peer = request->peer,
        .ttl_s = TTL,
        .now_s = now_s,
        .peers_max = peers_max,
    };
    uint32_t position;
    const enum announce_result result = swarm_put(swarm, &watchers, &put, &position);
    if (result == ANNOUNCE_OK) {
        const struct peer_list *list = swarm_list(swarm, request->peer.family);
        ck_assert_mem_eq(peer_list_wire(list, position), request->peer.wire,
                         endpoint_len(request->peer.family));
    }
    return result;
}

void put(const struct announce_request *request) {
    ck_assert_int_eq(put_at(request, NOW, PEERS_MAX), ANNOUNCE_OK);
}

void drop(const struct announce_request *request) {
    swarm_remove(swarm, &watchers, request, &request->peer, NOW);
}

void assert_counts(uint32_t seeders, uint32_t leechers, uint32_t downloaded) {
    ck_assert_uint_eq(swarm_seeders(swarm), seeders);
    ck_assert_uint_eq(swarm_leechers(swarm), leechers);
    ck_assert_uint_eq(swarm_peers(swarm), seeders + leechers);
    ck_assert_uint_eq(swarm->downloaded, downloaded);
}

void assert_told(const enum change_kind *kinds, size_t count) {
    ck_assert_uint_eq(feed.count, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(feed.changes[i].kind, kinds[i]);
    feed.count = 0;
}
