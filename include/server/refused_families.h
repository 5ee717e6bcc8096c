/* Refused and malformed announces by client name and major version, for the metrics. Bounded: the
 * first clients have a count of their own, all others share one. Any thread. */
#ifndef SKEP_SERVER_REFUSED_FAMILIES_H
#define SKEP_SERVER_REFUSED_FAMILIES_H

#include <pthread.h>

#include "swarm/refused_clients.h"
#include "wire/client_family.h"

enum { REFUSED_FAMILIES_MAX = 64 };

/* Each count only grows. */
struct refused_family_counts {
    uint64_t other; /* unknown clients, and those that came too late */
    size_t count;
    struct {
        struct client_family family;
        uint64_t announces;
    } list[REFUSED_FAMILIES_MAX];
};

struct refused_families {
    pthread_mutex_t lock; /* guards `counts` */
    struct refused_family_counts counts;
};

void refused_families_init(struct refused_families *families);
void refused_families_add(struct refused_families *families, const struct refused_client *clients,
                          size_t count);

/* Counts one announce. */
void refused_families_count(struct refused_families *families,
                            const uint8_t peer_id[static PEER_ID_LEN]);

struct refused_family_counts refused_families_read(struct refused_families *families);

#endif
