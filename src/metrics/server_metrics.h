/* Metrics of the HTTP server, the UDP server and the prober. Any thread. */
#ifndef SKEP_METRICS_SERVER_METRICS_H
#define SKEP_METRICS_SERVER_METRICS_H

#include "base/metrics_text.h"
#include "probe/prober.h"
#include "server/http_counters.h"
#include "server/refused_families.h"
#include "server/udp_server.h"

void server_metrics_write_http(struct writer *w, const struct http_counters *counters);
void server_metrics_write_refused(struct writer *w, struct refused_families *families);

/* `udp` may be NULL. */
void server_metrics_write_bytes(struct writer *w, const struct http_counters *http,
                                const struct udp_server_stats *udp);
void server_metrics_write_udp(struct writer *w, const struct udp_server_stats *stats);
void server_metrics_write_probes(struct writer *w, const struct prober_stats *stats);

#endif
