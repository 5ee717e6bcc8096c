/* What the UDP server tells, as figures. Pure; any thread. */
#ifndef SKEP_METRICS_UDP_METRICS_H
#define SKEP_METRICS_UDP_METRICS_H

#include "base/metrics_text.h"
#include "server/udp_server.h"

void udp_metrics_write(struct writer *w, const struct udp_server_stats *stats);

#endif
