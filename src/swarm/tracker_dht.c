#include "swarm/tracker_dht.h"

#include <string.h>

#include "swarm/idle_torrents.h"
#include "swarm/join_limits.h"
#include "swarm/peer_view.h"
#include "swarm/tracker_state.h"

/* Records of a cluster have an interval, from which the lifetime of a peer follows. */
enum { RECORDED_INTERVAL_S = 2 * (DHT_PEER_TTL_S - DEADLINE_SLACK_S) / 5 };

_Static_assert(RECORDED_INTERVAL_S * 5 / 2 + DEADLINE_SLACK_S == DHT_PEER_TTL_S,
               "both give the same lifetime");

static bool is_shared(struct tracker *tracker, enum dht_share share, const uint8_t *info_hash,
                      enum registry_privacy privacy) {
    if (share == DHT_SHARE_ALL)
        return true;
    return share == DHT_SHARE_REGISTERED && privacy == PRIVACY_PUBLIC &&
           registry_has_torrent(tracker->registry, info_hash);
}

/* Applies the access rules to a client of the DHT, which has no passkey. `peer_id` NULL: it is not
 * put into a swarm. The shard is locked. */
static enum dht_verdict judge(struct tracker *tracker, const struct shard *shard,
                              enum dht_share share, const uint8_t *info_hash,
                              const struct endpoint *address, const uint8_t *peer_id) {
    const struct passkey none = { .given = false };
    const struct requester requester = { address, peer_id, &none };
    const enum registry_privacy privacy = registry_torrent_privacy(tracker->registry, info_hash);
    char detail[REFUSAL_DETAIL_LEN];
    const enum announce_result access =
        access_check(shard->access, tracker->registry, &requester, detail);
    const enum announce_result torrent =
        access_check_torrent(shard->access, tracker->registry, info_hash, detail);
    if (privacy == PRIVACY_PRIVATE || torrent == ANNOUNCE_TORRENT_BLOCKED ||
        (access != ANNOUNCE_OK && access != ANNOUNCE_PASSKEY_MISSING))
        return DHT_REFUSED;
    return access == ANNOUNCE_OK && torrent == ANNOUNCE_OK &&
                   is_shared(tracker, share, info_hash, privacy)
               ? DHT_SHARED
               : DHT_NOT_SHARED;
}

static void write_peers(struct shard *shard, struct swarm *swarm,
                        const struct dht_requester *requester, struct writer *peers) {
    const struct tracker_options *options = shard->options;
    const struct announce_request request = {
        .peer = requester->address,
        .reached = requester->reached,
        .left = LEFT_UNKNOWN,
    };
    const struct peer_view view = {
        .request = &request,
        .on_lan = networks_contain(&options->lan, &requester->address),
        .lan = &options->lan,
        .external_v4 = &options->external_v4,
        .external_v6 = &options->external_v6,
    };
    const struct peer_list *list = swarm_list(swarm, requester->address.family);
    const size_t len = endpoint_len(list->family);
    const uint32_t room = (uint32_t)((peers->capacity - peers->len) / len);
    const uint32_t count = peer_view_pick(&view, list, &shard->random, PEER_NOWHERE, room, room,
                                          peers->data + peers->len, NULL);
    peers->len += count * len;
}

enum dht_verdict tracker_dht_peers(struct tracker *tracker, enum dht_share share,
                                   const uint8_t info_hash[static INFO_HASH_LEN],
                                   const struct dht_requester *requester, struct writer *peers) {
    uint64_t hash;
    struct shard *shard = swarm_table_lock(tracker->table, info_hash, &hash);
    const enum dht_verdict verdict =
        judge(tracker, shard, share, info_hash, &requester->address, NULL);
    struct swarm *swarm = verdict == DHT_SHARED ? shard_find(shard, info_hash, hash) : NULL;
    if (swarm != NULL)
        write_peers(shard, swarm, requester, peers);
    swarm_table_unlock(shard);
    return verdict;
}

/* The swarm must have room for the peer. */
static bool put_peer(struct tracker *tracker, struct shard *shard, struct swarm *swarm,
                     const struct announce_request *request, const struct peer_place *place,
                     uint64_t now_ms) {
    const bool cluster = shard->options->cluster;
    const struct peer_put put = {
        .request = request,
        .peer = request->peer,
        .on_lan = networks_contain(&shard->options->lan, &request->peer),
        .ttl_s = cluster ? RECORDED_INTERVAL_S : DHT_PEER_TTL_S,
        .now_s = tracker_seconds(now_ms),
    };
    const uint32_t peers = swarm_peers(swarm);
    const size_t memory = swarm_memory(swarm);
    if (cluster)
        tracker_state_draw_stamp(tracker, shard, now_ms);
    const bool good = swarm_put(swarm, &shard->outputs, &put, place) != PEER_NOWHERE;
    shard->outputs.stamping = (struct swarm_stamping){ .origin = ORIGIN_NODE };
    tracker_state_update_totals(tracker, shard, swarm, peers, memory);
    return good;
}

/* The shard is locked. */
static enum dht_verdict take_announce(struct tracker *tracker, struct shard *shard, uint64_t hash,
                                      const struct announce_request *request, uint64_t now_ms) {
    const uint32_t now_s = tracker_seconds(now_ms);
    struct swarm *swarm = shard_find(shard, request->info_hash, hash);
    struct peer_place place = { .here = PEER_NOWHERE, .own = PEER_NOWHERE };
    if (swarm != NULL)
        place = swarm_find(swarm, request, &request->peer);
    if (place.here != PEER_NOWHERE && place.here != place.own)
        return DHT_SHARED;
    if (place.here == PEER_NOWHERE &&
        join_limits_check(tracker, shard->options, swarm, &request->peer) != ANNOUNCE_OK)
        return DHT_REFUSED;
    if (swarm == NULL) {
        if (tracker_add_swarm(tracker, shard, request->info_hash, hash, now_s, &swarm) !=
            ANNOUNCE_OK)
            return DHT_REFUSED;
        place = swarm_find(swarm, request, &request->peer);
    }
    return put_peer(tracker, shard, swarm, request, &place, now_ms) ? DHT_SHARED : DHT_REFUSED;
}

enum dht_verdict tracker_dht_announce(struct tracker *tracker, enum dht_share share,
                                      const uint8_t info_hash[static INFO_HASH_LEN],
                                      const struct endpoint *peer, uint64_t now_ms) {
    struct announce_request request = { .peer = *peer, .left = LEFT_UNKNOWN };
    memcpy(request.info_hash, info_hash, INFO_HASH_LEN);
    dht_peer_id(request.peer_id, peer);
    const bool allowed = tracker_allows_request(tracker, peer, true, now_ms);
    uint64_t hash;
    struct shard *shard = swarm_table_lock(tracker->table, info_hash, &hash);
    enum dht_verdict verdict =
        allowed ? judge(tracker, shard, share, info_hash, peer, request.peer_id) : DHT_REFUSED;
    if (verdict == DHT_SHARED)
        verdict = take_announce(tracker, shard, hash, &request, now_ms);
    swarm_table_unlock(shard);
    return verdict;
}
