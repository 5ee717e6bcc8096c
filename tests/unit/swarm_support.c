#include "swarm_support.h"

#include <string.h>

static const struct hash_key key = { .half = { 3, 4 } };

struct swarm *swarm;
struct change_feed feed;
static struct completion_set completions;
const struct swarm_outputs outputs = { .feed = &feed, .completions = &completions };

void create_swarm(void) {
    uint8_t info_hash[INFO_HASH_LEN];
    numbered_id(info_hash, 77);
    swarm = swarm_create(info_hash, &key, NOW);
    ck_assert_ptr_nonnull(swarm);
    change_feed_init(&feed, 10000);
}

void delete_swarm(void) {
    swarm_delete(swarm);
    completion_set_free(&completions);
    change_feed_free(&feed);
}

struct announce_request client(uint32_t number) {
    struct announce_request request = { .left = 5, .key = number + 1, .event = EVENT_NONE };
    request.peer = numbered_endpoint(FAMILY_V4, number);
    numbered_id(request.peer_id, number);
    return request;
}

void put_as(const struct announce_request *request, const struct endpoint *client, uint32_t now_s) {
    const struct peer_put put = {
        .request = request,
        .peer = *client,
        .ttl_s = TTL,
        .now_s = now_s,
    };
    const struct peer_place place = swarm_find(swarm, request, client);
    const uint32_t position = swarm_put(swarm, &outputs, &put, &place);
    REQUIRE(position != PEER_NOWHERE);
    REQUIRE(memcmp(peer_list_wire(place.list, position), client->wire,
                   endpoint_len(client->family)) == 0);
}

void put_at(const struct announce_request *request, uint32_t now_s) {
    put_as(request, &request->peer, now_s);
}

void put(const struct announce_request *request) {
    put_at(request, NOW);
}

void stop_at(const struct announce_request *request, uint32_t now_s) {
    const struct peer_place place = swarm_find(swarm, request, &request->peer);
    swarm_stop(swarm, &outputs, &place, request->left, now_s);
}

void drop(const struct announce_request *request) {
    stop_at(request, NOW);
}

void reject(const struct announce_request *request) {
    const struct peer_place place = swarm_find(swarm, request, &request->peer);
    swarm_reject(swarm, &outputs, &place, NOW);
}

uint32_t expire(uint32_t now_s, uint32_t limit) {
    uint32_t at = 0;
    return swarm_expire(swarm, &outputs, now_s, limit, &at);
}

void assert_counts(uint32_t seeders, uint32_t leechers, uint32_t downloaded) {
    ck_assert_uint_eq(swarm_seeders(swarm), seeders);
    ck_assert_uint_eq(swarm_leechers(swarm), leechers);
    ck_assert_uint_eq(swarm->v4.twins, swarm->v6.twins);
    ck_assert_uint_eq(swarm_peers(swarm), seeders + leechers + swarm->v4.twins);
    ck_assert_uint_eq(swarm->downloaded, downloaded);
}

const struct change *told(size_t place) {
    ck_assert_uint_lt(place, feed.count);
    return &feed.changes[place];
}

void assert_told(const enum change_kind *kinds, size_t count) {
    ck_assert_uint_eq(feed.count, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(feed.changes[i].kind, kinds[i]);
    feed.count = 0;
}
