/* The limits that the settings draw, as figures, and how often each was in the way. Pure; any
 * thread. */
#ifndef SKEP_METRICS_LIMIT_METRICS_H
#define SKEP_METRICS_LIMIT_METRICS_H

#include "base/metrics_text.h"
#include "swarm/tracker.h"

/* What is limited. */
enum limited {
    LIMITED_TORRENTS,
    LIMITED_PEERS,
    LIMITED_TORRENT_PEERS,
    LIMITED_ADDRESS_PEERS,
    LIMITED_ADDRESS_TORRENT_PEERS,
    LIMITED_MEMORY,           /* bytes */
    LIMITED_ADDRESS_REQUESTS, /* a second */
    LIMITED_HTTP_CONNECTIONS,
    LIMITED_HTTP_ADDRESS_CONNECTIONS,
    LIMITEDS,
};

struct limit_figures {
    double limits[LIMITEDS]; /* INFINITY: none */
};

/* The tracker's limits, and those of the HTTP server: its connections at a time, and how many of
 * them one address may have (0: any number). */
struct limit_figures limit_figures_of(const struct tracker_options *options,
                                      uint32_t connections_max,
                                      uint32_t connections_per_address_max);

/* `connections_refused` are those that one address had too many. */
void limit_metrics_write(struct writer *w, const struct limit_figures *figures,
                         const struct tracker_stats *stats, uint64_t connections_refused);

#endif
