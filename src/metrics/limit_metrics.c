#include "metrics/limit_metrics.h"

#include <math.h>

/* `hit` is what an announce or a scrape is told that meets the limit; ANNOUNCE_OK where the tracker
 * does not see it. */
static const struct {
    const char *resource;
    enum announce_result hit;
} limiteds[LIMITEDS] = {
    [LIMITED_TORRENTS] = { "torrents", ANNOUNCE_TORRENTS_FULL },
    [LIMITED_PEERS] = { "peers", ANNOUNCE_PEERS_FULL },
    [LIMITED_TORRENT_PEERS] = { "torrent_peers", ANNOUNCE_SWARM_FULL },
    [LIMITED_ADDRESS_PEERS] = { "address_peers", ANNOUNCE_ADDRESS_FULL },
    [LIMITED_ADDRESS_TORRENT_PEERS] = { "address_torrent_peers", ANNOUNCE_ADDRESS_SWARM_FULL },
    [LIMITED_MEMORY] = { "memory_bytes", ANNOUNCE_MEMORY_FULL },
    [LIMITED_ADDRESS_REQUESTS] = { "address_requests_per_second", ANNOUNCE_TOO_FAST },
    [LIMITED_HTTP_CONNECTIONS] = { "http_connections", ANNOUNCE_OK },
    [LIMITED_HTTP_ADDRESS_CONNECTIONS] = { "http_address_connections", ANNOUNCE_OK },
};

static double zero_is_none(double limit) {
    return limit > 0 ? limit : INFINITY;
}

struct limit_figures limit_figures_of(const struct tracker_options *options,
                                      uint32_t connections_max,
                                      uint32_t connections_per_address_max) {
    return (struct limit_figures){
        .limits = {
            [LIMITED_TORRENTS] = options->torrents_max,
            [LIMITED_PEERS] = options->peers_max,
            [LIMITED_TORRENT_PEERS] = options->torrent_peers_max,
            [LIMITED_ADDRESS_PEERS] = zero_is_none(options->address_peers_max),
            [LIMITED_ADDRESS_TORRENT_PEERS] = zero_is_none(options->address_torrent_peers_max),
            [LIMITED_MEMORY] = zero_is_none((double)options->memory_max_mib * 1024 * 1024),
            [LIMITED_ADDRESS_REQUESTS] = zero_is_none(options->requests_per_s),
            [LIMITED_HTTP_CONNECTIONS] = connections_max,
            [LIMITED_HTTP_ADDRESS_CONNECTIONS] = zero_is_none(connections_per_address_max),
        },
    };
}

static void write_hits(struct writer *w, int limited, uint64_t hits) {
    metrics_text_value(w, "skep_limit_hits_total",
                       METRIC_LABELS({ "resource", limiteds[limited].resource }), (double)hits);
}

void limit_metrics_write(struct writer *w, const struct limit_figures *figures,
                         const struct tracker_stats *stats, uint64_t connections_refused) {
    metrics_text_family(
        w, "skep_limit", METRIC_GAUGE,
        "What the settings allow of each resource, in the unit that its name says.");
    for (int i = 0; i < LIMITEDS; i++)
        metrics_text_value(w, "skep_limit", METRIC_LABELS({ "resource", limiteds[i].resource }),
                           figures->limits[i]);
    metrics_text_family(w, "skep_limit_hits_total", METRIC_COUNTER,
                        "How often something was refused because a limit was reached.");
    for (int i = 0; i < LIMITEDS; i++) {
        const enum announce_result hit = limiteds[i].hit;
        if (hit != ANNOUNCE_OK)
            write_hits(w, i, stats->announces[hit] + stats->scrapes[hit]);
    }
    write_hits(w, LIMITED_HTTP_ADDRESS_CONNECTIONS, connections_refused);
}
