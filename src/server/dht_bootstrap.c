#include "server/dht_bootstrap.h"

#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { PORT_DIGITS_MAX = 5 };

/* The resolver cannot be interrupted, so a thread that is no longer needed ends by itself. */
struct dht_resolution {
    atomic_int references;
    atomic_bool ended;
    uint32_t failed; /* a bit for each name that has no address; complete at the end */
    struct dht_bootstrap bootstrap;
    atomic_size_t count; /* complete elements of `found` */
    struct endpoint found[DHT_BOOTSTRAP_FOUND_MAX];
};

/* The host without brackets; the port. */
struct host_port {
    char host[DHT_BOOTSTRAP_NAME_LEN];
    char port[PORT_DIGITS_MAX + 1];
};

static bool split_port(const char *text, struct host_port *out) {
    const size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > PORT_DIGITS_MAX || text[digits] != '\0')
        return false;
    const long port = strtol(text, NULL, 10);
    memcpy(out->port, text, digits + 1);
    return port > 0 && port <= UINT16_MAX;
}

static bool is_host(const char *host, bool brackets) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    struct endpoint address;
    if (brackets)
        return endpoint_parse_address(host, &address) && address.family == FAMILY_V6;
    return *host != '\0' && host[strspn(host, letters)] == '\0';
}

static bool split(const char *text, struct host_port *out) {
    const char *colon = strrchr(text, ':');
    if (colon == NULL || strlen(text) >= DHT_BOOTSTRAP_NAME_LEN)
        return false;
    size_t len = (size_t)(colon - text);
    const bool brackets = len > 2 && text[0] == '[' && text[len - 1] == ']';
    if (brackets) {
        text++;
        len -= 2;
    }
    memcpy(out->host, text, len);
    out->host[len] = '\0';
    return is_host(out->host, brackets) && split_port(colon + 1, out);
}

bool dht_bootstrap_valid(const char *text) {
    struct host_port parts;
    return split(text, &parts);
}

/* Adds the first address of a family. False if there is none. */
static bool add_address(struct dht_resolution *resolution, const struct addrinfo *list,
                        int family) {
    for (; list != NULL && list->ai_family != family; list = list->ai_next)
        continue;
    if (list == NULL)
        return false;
    resolution->found[resolution->count] = endpoint_from_sockaddr(list->ai_addr);
    resolution->count++;
    return true;
}

static bool resolve_name(struct dht_resolution *resolution, const char *text, int flags) {
    struct host_port parts;
    struct addrinfo *list = NULL;
    const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM, .ai_flags = flags };
    if (!split(text, &parts) || getaddrinfo(parts.host, parts.port, &hints, &list) != 0)
        return false;
    const bool v4 = add_address(resolution, list, AF_INET);
    const bool v6 = add_address(resolution, list, AF_INET6);
    freeaddrinfo(list);
    return v4 || v6;
}

static void *resolve(void *argument) {
    struct dht_resolution *resolution = argument;
    const struct dht_bootstrap *bootstrap = &resolution->bootstrap;
    /* An address does not wait for a name server. */
    for (size_t i = 0; i < bootstrap->count; i++)
        (void)resolve_name(resolution, bootstrap->list[i], AI_NUMERICHOST);
    for (size_t i = 0; i < bootstrap->count; i++) {
        if (!resolve_name(resolution, bootstrap->list[i], 0))
            resolution->failed |= 1U << i;
    }
    atomic_store(&resolution->ended, true);
    dht_resolution_release(resolution);
    return NULL;
}

struct dht_resolution *dht_resolution_start(const struct dht_bootstrap *bootstrap) {
    pthread_t thread;
    struct dht_resolution *resolution = calloc(1, sizeof *resolution);
    if (resolution == NULL)
        return NULL;
    resolution->bootstrap = *bootstrap;
    atomic_init(&resolution->references, 2);
    if (pthread_create(&thread, NULL, resolve, resolution) != 0) {
        free(resolution);
        return NULL;
    }
    pthread_setname_np(thread, "dht names");
    pthread_detach(thread);
    return resolution;
}

bool dht_resolution_take(struct dht_resolution *resolution, struct endpoint *found, size_t *count) {
    const bool ended = atomic_load(&resolution->ended);
    *count = atomic_load(&resolution->count);
    memcpy(found, resolution->found, *count * sizeof *found);
    return ended;
}

uint32_t dht_resolution_failed(const struct dht_resolution *resolution) {
    return resolution->failed;
}

void dht_resolution_release(struct dht_resolution *resolution) {
    if (resolution != NULL && atomic_fetch_sub(&resolution->references, 1) == 1)
        free(resolution);
}
