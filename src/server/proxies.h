/* The proxies that are believed when they say whose request they pass on. */
#ifndef SKEP_SERVER_PROXIES_H
#define SKEP_SERVER_PROXIES_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/endpoint.h"

struct proxies {
    _Atomic bool any; /* so that nobody waits for the lock who has no proxies */
    pthread_mutex_t lock;
    struct networks trusted;
};

void proxies_init(struct proxies *proxies);

/* Believes those in `trusted` from now on, and nobody else. Any thread. */
void proxies_apply(struct proxies *proxies, const struct networks *trusted);

/* Whether `peer` is one of those that are believed. Any thread. */
bool proxies_trust(struct proxies *proxies, const struct endpoint *peer);

/* Whose request it is that `peer` sent. `*peer` keeps its port, and gets the address that the
 * request's headers name if it is a trusted proxy's; nobody else's headers are looked at. False if
 * they cannot be understood. Any thread. */
bool proxies_find_client(struct proxies *proxies, struct MHD_Connection *connection,
                         struct endpoint *peer);

#endif
