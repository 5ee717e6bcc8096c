#include "server/refused_families.h"

#include <string.h>

void refused_families_init(struct refused_families *families) {
    *families = (struct refused_families){ .counts = { .count = 0 } };
    pthread_mutex_init(&families->lock, NULL);
}

static void add_client(struct refused_family_counts *counts, const struct refused_client *client) {
    struct client_family family;
    if (!client_family_read(client->peer_id, &family)) {
        counts->other += client->count;
        return;
    }
    size_t i = 0;
    while (i < counts->count && memcmp(&counts->list[i].family, &family, sizeof family) != 0)
        i++;
    if (i == REFUSED_FAMILIES_MAX) {
        counts->other += client->count;
        return;
    }
    if (i == counts->count)
        counts->list[counts->count++].family = family;
    counts->list[i].announces += client->count;
}

void refused_families_add(struct refused_families *families, const struct refused_client *clients,
                          size_t count) {
    pthread_mutex_lock(&families->lock);
    for (size_t i = 0; i < count; i++)
        add_client(&families->counts, &clients[i]);
    pthread_mutex_unlock(&families->lock);
}

struct refused_family_counts refused_families_read(struct refused_families *families) {
    pthread_mutex_lock(&families->lock);
    const struct refused_family_counts counts = families->counts;
    pthread_mutex_unlock(&families->lock);
    return counts;
}
