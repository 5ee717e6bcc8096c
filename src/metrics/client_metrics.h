/* Metric of peers by client name and major version. A thread of its own counts them, since that
 * takes a walk over all peers: only while the metric is read, and for at most 1 % of the time. */
#ifndef SKEP_METRICS_CLIENT_METRICS_H
#define SKEP_METRICS_CLIENT_METRICS_H

#include "base/bytes.h"
#include "swarm/swarm_snapshot.h"
#include "wire/client_family.h"

enum {
    CLIENT_METRICS_SHOWN = 20, /* those with most peers; the rest is "other" */
    CLIENT_METRICS_MAX = 512,  /* told apart; anything else is "other" */
};

struct client_metrics;

/* Starts the thread. `tracker` must outlive it. NULL if out of memory or threads. */
struct client_metrics *client_metrics_start(struct tracker *tracker);
void client_metrics_stop(struct client_metrics *metrics); /* NULL is ignored */

/* Writes the last counts. Any thread. */
void client_metrics_write(struct client_metrics *metrics, struct writer *w);

/* Peers by client; all zeros is empty. For the thread, and for tests. */
struct client_count {
    struct client_family family; /* an empty name: free */
    uint64_t peers;
};

struct client_counts {
    uint64_t other;
    size_t count;
    struct client_count list[2 * CLIENT_METRICS_MAX]; /* a hash table */
};

void client_counts_add(struct client_counts *counts, const uint8_t peer_id[static PEER_ID_LEN]);

/* Copies the clients with most peers to `top`, most first, and returns their number. All others go
 * to `*other`. Changes the order of the table, which takes no more clients afterwards. */
size_t client_counts_top(struct client_counts *counts,
                         struct client_count top[static CLIENT_METRICS_SHOWN], uint64_t *other);

#endif
