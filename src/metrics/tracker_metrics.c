#include "metrics/tracker_metrics.h"

#include <math.h>

#include "wire/refusal.h"

/* `hit` is the result of an announce or a scrape that exceeds the limit; ANNOUNCE_OK if the tracker
 * does not enforce it. */
static const struct {
    const char *name;
    enum announce_result hit;
} resources[LIMITED_RESOURCES] = {
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

static double zero_is_unlimited(double limit) {
    return limit > 0 ? limit : INFINITY;
}

struct metrics_limits metrics_limits_of(const struct tracker_options *options,
                                        uint32_t connections_max,
                                        uint32_t connections_per_address_max) {
    return (struct metrics_limits){
        .max = {
            [LIMITED_TORRENTS] = options->torrents_max,
            [LIMITED_PEERS] = options->peers_max,
            [LIMITED_TORRENT_PEERS] = options->torrent_peers_max,
            [LIMITED_ADDRESS_PEERS] = zero_is_unlimited(options->address_peers_max),
            [LIMITED_ADDRESS_TORRENT_PEERS] = zero_is_unlimited(options->address_torrent_peers_max),
            [LIMITED_MEMORY] = zero_is_unlimited((double)options->memory_max_mib * 1024 * 1024),
            [LIMITED_ADDRESS_REQUESTS] = zero_is_unlimited(options->address_requests_per_s),
            [LIMITED_HTTP_CONNECTIONS] = connections_max,
            [LIMITED_HTTP_ADDRESS_CONNECTIONS] = zero_is_unlimited(connections_per_address_max),
        },
    };
}

static void write_results(struct writer *w, const char *name, const char *help,
                          const uint64_t counts[static ANNOUNCE_RESULTS]) {
    metrics_text_family(w, name, METRIC_COUNTER, help);
    for (int i = 0; i < ANNOUNCE_RESULTS; i++)
        metrics_text_value(w, name,
                           METRIC_LABELS({ "result", refusal_name((enum announce_result)i) }),
                           (double)counts[i]);
}

static void write_peers(struct writer *w, const char *family, const char *role, uint64_t count) {
    metrics_text_value(w, "skep_peers", METRIC_LABELS({ "family", family }, { "role", role }),
                       (double)count);
}

static void write_rate(struct writer *w, const char *direction, uint64_t rate) {
    metrics_text_value(w, "skep_transfer_bytes_per_second",
                       METRIC_LABELS({ "direction", direction }), (double)rate);
}

void tracker_metrics_write_totals(struct writer *w, const struct totals *totals) {
    metrics_text_family(w, "skep_torrents", METRIC_GAUGE,
                        "Tracked torrents: active ones have peers, idle ones have none.");
    metrics_text_value(w, "skep_torrents", METRIC_LABELS({ "state", "active" }),
                       (double)totals->torrents_active);
    metrics_text_value(w, "skep_torrents", METRIC_LABELS({ "state", "idle" }),
                       (double)totals->torrents_idle);
    metrics_text_family(w, "skep_peers", METRIC_GAUGE,
                        "Peers in all torrents; clients that announce over both families count "
                        "once, as both.");
    write_peers(w, "ipv4", "seeder", totals->seeders_v4 - totals->seeders_both);
    write_peers(w, "ipv4", "leecher", totals->leechers_v4 - totals->leechers_both);
    write_peers(w, "ipv6", "seeder", totals->seeders_v6 - totals->seeders_both);
    write_peers(w, "ipv6", "leecher", totals->leechers_v6 - totals->leechers_both);
    write_peers(w, "both", "seeder", totals->seeders_both);
    write_peers(w, "both", "leecher", totals->leechers_both);
    metrics_text_single(w, "skep_partial_seeds", METRIC_GAUGE,
                        "Leechers that are partial seeds (BEP 21).", (double)totals->paused);
    metrics_text_family(w, "skep_transfer_bytes_per_second", METRIC_GAUGE,
                        "Transfer rates of all peers, as they report them.");
    write_rate(w, "upload", totals->upload_rate);
    write_rate(w, "download", totals->download_rate);
}

void tracker_metrics_write(struct writer *w, const struct tracker_stats *stats,
                           uint32_t interval_s) {
    write_results(w, "skep_announces_total", "Announces over HTTP and UDP, by result.",
                  stats->announces);
    write_results(w, "skep_scrapes_total", "Scrapes over HTTP and UDP, by result.", stats->scrapes);
    metrics_text_single(w, "skep_listed_peers", METRIC_GAUGE,
                        "Peers as limits.peers_max counts them: twice if a client announces over "
                        "both families.",
                        stats->peers);
    metrics_text_single(w, "skep_swarms_memory_bytes", METRIC_GAUGE, "Memory used by all swarms.",
                        (double)stats->memory);
    metrics_text_single(w, "skep_announce_interval_seconds", METRIC_GAUGE,
                        "Announce interval at the current load.", interval_s);
}

static void write_resource(struct writer *w, const char *name, int resource, double value) {
    metrics_text_value(w, name, METRIC_LABELS({ "resource", resources[resource].name }), value);
}

static double count_evictions(const struct http_counters *http) {
    uint64_t sum = 0;
    for (int i = 0; i < HTTP_EVICTIONS; i++)
        sum += atomic_load(&http->evictions[i]);
    return (double)sum;
}

void tracker_metrics_write_limits(struct writer *w, const struct metrics_limits *limits,
                                  const struct tracker_stats *stats,
                                  const struct http_counters *http) {
    const char *name = "skep_limit";
    metrics_text_family(w, name, METRIC_GAUGE,
                        "Configured limit of each resource; +Inf if unlimited.");
    for (int i = 0; i < LIMITED_RESOURCES; i++)
        write_resource(w, name, i, limits->max[i]);
    name = "skep_limit_hits_total";
    metrics_text_family(w, name, METRIC_COUNTER, "Requests and connections rejected, by limit.");
    for (int i = 0; i < LIMITED_RESOURCES; i++) {
        const enum announce_result hit = resources[i].hit;
        if (hit != ANNOUNCE_OK)
            write_resource(w, name, i, (double)(stats->announces[hit] + stats->scrapes[hit]));
    }
    write_resource(w, name, LIMITED_HTTP_CONNECTIONS, count_evictions(http));
    write_resource(w, name, LIMITED_HTTP_ADDRESS_CONNECTIONS,
                   (double)atomic_load(&http->connections_refused));
}
