/* State of the running skepd for the API: persistence, and warnings about present and coming
 * problems. */
#ifndef SKEP_WEB_VIEWS_HEALTH_REPORT_H
#define SKEP_WEB_VIEWS_HEALTH_REPORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cluster/cluster.h"
#include "server/dht_server.h"
#include "server/http_counters.h"
#include "server/udp_server.h"
#include "store/change_writer.h"
#include "swarm/tracker.h"

enum { HEALTH_WARNINGS_MAX = 8, HEALTH_WARNING_LEN = 384 };

struct health_report {
    bool store_failing;
    double store_lag_s; /* age of the oldest change that is not saved yet */
    size_t warning_count;
    char warnings[HEALTH_WARNINGS_MAX][HEALTH_WARNING_LEN]; /* sentences for the operator */
};

/* Limits as configured; 0: unlimited. */
struct health_options {
    uint32_t torrents_max;
    uint32_t peers_max;
    uint32_t memory_max_mib;
};

/* What the report is made from. Pointers are borrowed and may be NULL. All zeros is valid. */
struct health_sources {
    const struct tracker *tracker;
    const struct change_writer *change_writer;
    const struct udp_server *udp;
    const struct http_counters *http;
    struct cluster *cluster;
    struct dht_server *dht;
    _Atomic uint32_t torrents_max;
    _Atomic uint32_t peers_max;
    _Atomic uint32_t memory_max_mib;
    _Atomic bool certificate_failed; /* at the last reload */
};

/* Any thread. */
void health_report_apply(struct health_sources *sources, const struct health_options *options);

/* Records whether the HTTPS certificate could be reloaded. Any thread. */
void health_report_set_certificate(struct health_sources *sources, bool good);

/* Whether most peers have the address of the default router: NAT, such as the bridge of a
 * container, then hides the clients from the tracker and from each other. Any thread. */
bool health_report_find_router(const struct tracker *tracker, struct endpoint *router,
                               uint32_t *peers);

/* Overwrites `report`. Any thread. */
void health_report_fill(const struct health_sources *sources, struct health_report *report);

#endif
