/* The DHT nodes to start from, as configured: "HOST:PORT", with a host name, an IPv4 address or an
 * IPv6 address in brackets. Names are resolved in the background. */
#ifndef SKEP_SERVER_DHT_BOOTSTRAP_H
#define SKEP_SERVER_DHT_BOOTSTRAP_H

#include "base/bytes.h"
#include "base/endpoint.h"

enum {
    DHT_BOOTSTRAP_NAMES_MAX = 8,
    DHT_BOOTSTRAP_NAME_LEN = 262, /* a host name of 255 bytes with a port */
    DHT_BOOTSTRAP_FOUND_MAX = 2 * DHT_BOOTSTRAP_NAMES_MAX,
};

struct dht_bootstrap {
    size_t count;
    char list[DHT_BOOTSTRAP_NAMES_MAX][DHT_BOOTSTRAP_NAME_LEN];
};

/* Whether `text` is a host and a port. Pure. */
bool dht_bootstrap_valid(const char *text);

struct dht_resolution;

/* Resolves the names on a thread of its own. NULL if out of memory or threads. */
struct dht_resolution *dht_resolution_start(const struct dht_bootstrap *bootstrap);

/* Copies what it has found so far, up to DHT_BOOTSTRAP_FOUND_MAX addresses: at most one of each
 * family for a name; some twice. True if it has ended. */
bool dht_resolution_take(struct dht_resolution *resolution, struct endpoint *found, size_t *count);

/* A bit for each name, from the lowest one, that has no address. Call it once it has ended. */
uint32_t dht_resolution_failed(const struct dht_resolution *resolution);

/* Does not wait for the thread. NULL is ignored. */
void dht_resolution_release(struct dht_resolution *resolution);

#endif
