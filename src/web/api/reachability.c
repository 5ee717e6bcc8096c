/* Whether peers can be reached, as far as the prober knows. */
#include "web/api/api_call.h"

enum { SEEDERS_LOOKED_AT = 16 };

struct reach_state api_reach(const struct api_call *call, const struct endpoint *peer) {
    const struct reach_state unknown = { .reach = REACH_UNKNOWN };
    struct prober *prober = call->api->parts.prober;
    return prober == NULL ? unknown : prober_state(prober, peer);
}

static bool is_shut(enum reach reach) {
    return reach == REACH_REFUSED || reach == REACH_SILENT;
}

json_t *api_reach_counts(const struct api_call *call, const struct address_row *row) {
    struct endpoint peer = row->address;
    uint32_t counts[REACHES] = { 0 };
    for (size_t i = 0; i < row->port_count; i++) {
        endpoint_set_port(&peer, row->ports[i]);
        counts[api_reach(call, &peer).reach]++;
    }
    json_t *object = json_object();
    api_put(&object, "open", api_count(counts[REACH_OPEN]));
    api_put(&object, "firewalled",
            api_count((uint64_t)counts[REACH_REFUSED] + counts[REACH_SILENT]));
    api_put(&object, "unknown", api_count(counts[REACH_UNKNOWN]));
    return object;
}

/* Whether the torrent has seeders, and each was checked in vain. */
static bool are_seeders_shut(const struct api_call *call, const uint8_t *info_hash) {
    struct peer_stats peers[SEEDERS_LOOKED_AT];
    size_t total;
    size_t shut = 0;
    const size_t count = swarm_snapshot_peers(call->api->parts.tracker, info_hash, call->now_ms, 0,
                                              peers, SEEDERS_LOOKED_AT, &total);
    for (size_t i = 0; i < count && peers[i].seeder; i++, shut++) {
        if (!is_shut(api_reach(call, &peers[i].peer).reach))
            return false;
    }
    return shut > 0;
}

/* A seeder that cannot be reached may still connect to others itself: then data flows. */
enum health api_health(const struct api_call *call, const struct torrent_stats *stats) {
    const uint32_t seeders = torrent_seeders(stats);
    const bool wanted = torrent_leechers(stats) > stats->paused && stats->download_rate == 0;
    if (call->api->parts.prober != NULL && wanted && seeders > 0 && seeders <= SEEDERS_LOOKED_AT &&
        are_seeders_shut(call, stats->info_hash))
        return HEALTH_STUCK;
    return torrent_list_health(stats);
}
