/* The /metrics page: every metric of a running skepd, in Prometheus' text format. */
#ifndef SKEP_METRICS_METRICS_PAGE_H
#define SKEP_METRICS_METRICS_PAGE_H

#include "base/bytes.h"
#include "cluster/cluster.h"
#include "probe/prober.h"
#include "server/dht_server.h"
#include "server/http_counters.h"
#include "server/refused_families.h"
#include "server/udp_server.h"
#include "store/change_writer.h"
#include "swarm/swarm_totals.h"
#include "swarm/sweeper.h"
#include "swarm/tracker.h"

/* What the metrics are read from. All of it must outlive the page. */
struct metrics_sources {
    struct tracker *tracker;
    struct swarm_totals *totals;
    const struct sweeper *sweeper;
    const struct change_writer *change_writer; /* NULL: no metrics of the store */
    const struct udp_server *udp;              /* NULL: no metrics of UDP */
    const struct http_counters *http;
    struct refused_families *refused;
    struct prober *prober;
    const char *database;    /* path; NULL: none */
    struct cluster *cluster; /* NULL: none */
    struct dht_server *dht;  /* NULL: none */
};

/* The settings that are exported as metrics. */
struct metrics_options {
    const struct tracker_options *tracker;
    uint32_t connections_max;             /* of the HTTP server */
    uint32_t connections_per_address_max; /* 0: unlimited */
};

struct metrics_page;

/* Copies `sources` and the limits in `options`, and starts a thread. NULL if out of memory or
 * threads. */
struct metrics_page *metrics_page_create(const struct metrics_sources *sources,
                                         const struct metrics_options *options);
void metrics_page_delete(struct metrics_page *page); /* NULL is ignored */

/* Copies the limits in `options`, but keeps the first `connections_max`, which the HTTP server
 * keeps until it stops. Any thread. */
void metrics_page_apply(struct metrics_page *page, const struct metrics_options *options);

/* Records a reload of the configuration; creating the page counts as the first one. Any thread. */
void metrics_page_set_reload(struct metrics_page *page, bool successful);

/* Writes all metrics. Any thread. */
void metrics_page_write(struct metrics_page *page, struct writer *w);

#endif
