/* All figures of a running skepd, for its page of metrics. */
#ifndef SKEP_CMD_FIGURES_H
#define SKEP_CMD_FIGURES_H

#include "base/bytes.h"
#include "cmd/recorder.h"
#include "server/http_counters.h"
#include "server/prober.h"
#include "server/udp_server.h"
#include "swarm/tracker.h"

/* Where the figures come from. What is NULL has none to give. */
struct figures {
    const struct tracker *tracker;
    const struct recorder *recorder;
    const struct udp_server *udp;
    const struct http_counters *http;
    struct prober *prober;
};

/* Writes them all; `context` is a struct figures. Any thread. */
void figures_write(void *context, struct writer *w);

#endif
