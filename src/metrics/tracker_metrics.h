/* Metrics of the tracker: announces and scrapes by result, memory, the current interval, and the
 * configured limits with how often each was reached. Pure; any thread. */
#ifndef SKEP_METRICS_TRACKER_METRICS_H
#define SKEP_METRICS_TRACKER_METRICS_H

#include "base/metrics_text.h"
#include "server/http_counters.h"
#include "swarm/swarm_totals.h"
#include "swarm/tracker.h"

enum limited_resource {
    LIMITED_TORRENTS,
    LIMITED_PEERS,
    LIMITED_TORRENT_PEERS,
    LIMITED_ADDRESS_PEERS,
    LIMITED_ADDRESS_TORRENT_PEERS,
    LIMITED_MEMORY,           /* bytes */
    LIMITED_ADDRESS_REQUESTS, /* a second */
    LIMITED_HTTP_CONNECTIONS,
    LIMITED_HTTP_ADDRESS_CONNECTIONS,
    LIMITED_RESOURCES,
};

struct metrics_limits {
    double max[LIMITED_RESOURCES]; /* INFINITY: unlimited */
};

/* The limits of the tracker and of the HTTP server. `connections_per_address_max` 0: unlimited. */
struct metrics_limits metrics_limits_of(const struct tracker_options *options,
                                        uint32_t connections_max,
                                        uint32_t connections_per_address_max);

/* Torrents, peers and transfer rates. */
void tracker_metrics_write_totals(struct writer *w, const struct totals *totals);

void tracker_metrics_write(struct writer *w, const struct tracker_stats *stats,
                           uint32_t interval_s);

void tracker_metrics_write_limits(struct writer *w, const struct metrics_limits *limits,
                                  const struct tracker_stats *stats,
                                  const struct http_counters *http);

#endif
