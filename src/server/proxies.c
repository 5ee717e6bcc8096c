#include "server/proxies.h"

#include <strings.h>

#include "wire/forwarded.h"

struct reading {
    struct networks trusted;
    struct forwarded standard; /* Forwarded */
    struct forwarded list;     /* X-Forwarded-For */
};

void proxies_init(struct proxies *proxies) {
    pthread_mutex_init(&proxies->lock, NULL);
    atomic_init(&proxies->any, false);
    proxies->trusted = (struct networks){ 0 };
}

void proxies_apply(struct proxies *proxies, const struct networks *trusted) {
    pthread_mutex_lock(&proxies->lock);
    proxies->trusted = *trusted;
    pthread_mutex_unlock(&proxies->lock);
    atomic_store(&proxies->any, trusted->count > 0);
}

static struct networks copy_trusted(struct proxies *proxies) {
    pthread_mutex_lock(&proxies->lock);
    const struct networks trusted = proxies->trusted;
    pthread_mutex_unlock(&proxies->lock);
    return trusted;
}

bool proxies_trust(struct proxies *proxies, const struct endpoint *peer) {
    if (!atomic_load(&proxies->any))
        return false;
    const struct networks trusted = copy_trusted(proxies);
    return networks_contain(&trusted, peer);
}

static enum MHD_Result read_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                   const char *value) {
    (void)kind;
    struct reading *reading = cls;
    if (value == NULL)
        return MHD_YES;
    if (strcasecmp(name, "Forwarded") == 0)
        forwarded_read(&reading->standard, bytes_of(value), &reading->trusted);
    else if (strcasecmp(name, "X-Forwarded-For") == 0)
        forwarded_read_list(&reading->list, bytes_of(value), &reading->trusted);
    return MHD_YES;
}

bool proxies_find_client(struct proxies *proxies, struct MHD_Connection *connection,
                         struct endpoint *peer) {
    if (!atomic_load(&proxies->any))
        return true;
    struct reading reading = { .trusted = copy_trusted(proxies) };
    if (!networks_contain(&reading.trusted, peer))
        return true;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, read_header, &reading);
    const struct forwarded found = forwarded_join(&reading.standard, &reading.list);
    if (found.state == FORWARDED_CLIENT) {
        const uint16_t port = endpoint_port(peer);
        *peer = found.client;
        endpoint_set_port(peer, port);
    }
    return found.state != FORWARDED_BROKEN;
}
