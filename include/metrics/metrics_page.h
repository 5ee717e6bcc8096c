/* All figures of a running skepd, for Prometheus. */
#ifndef SKEP_METRICS_METRICS_PAGE_H
#define SKEP_METRICS_METRICS_PAGE_H

#include "base/bytes.h"
#include "daemon/config.h"
#include "probe/prober.h"
#include "server/http_counters.h"
#include "server/udp_server.h"
#include "store/change_writer.h"
#include "swarm/sweeper.h"
#include "swarm/tracker.h"

/* Where the figures come from. All of it must outlive them. What may be NULL has none to give then.
 */
struct metrics_page_parts {
    struct tracker *tracker;
    const struct sweeper *sweeper;
    const struct change_writer *change_writer;
    bool store_enabled;           /* it writes a database */
    const struct udp_server *udp; /* may be NULL */
    const struct http_counters *http;
    struct prober *prober;
};

struct metrics_page;

/* Copies `parts` and takes the limits from `config`. NULL without memory. */
struct metrics_page *metrics_page_create(const struct metrics_page_parts *parts,
                                         const struct config *config);
void metrics_page_delete(struct metrics_page *page); /* NULL is fine */

/* The settings were read again. Any thread. */
void metrics_page_apply(struct metrics_page *page, const struct config *config);

/* Writes them all; `context` is a struct metrics_page. Any thread. */
void metrics_page_write(void *context, struct writer *w);

#endif
