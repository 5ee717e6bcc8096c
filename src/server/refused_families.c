#include "server/refused_families.h"

#include <string.h>

void refused_families_init(struct refused_families *families) {
    *families = (struct refused_families){ .counts = { .count = 0 } };
    pthread_mutex_init(&families->lock, NULL);
}

static void add_announces(struct refused_family_counts *counts, const uint8_t *peer_id,
                          uint32_t announces) {
    struct client_family family;
    if (!client_family_read(peer_id, &family)) {
        counts->other += announces;
        return;
    }
    size_t i = 0;
    while (i < counts->count && memcmp(&counts->list[i].family, &family, sizeof family) != 0)
        i++;
    if (i == REFUSED_FAMILIES_MAX) {
        counts->other += announces;
        return;
    }
    if (i == counts->count)
        counts->list[counts->count++].family = family;
    counts->list[i].announces += announces;
}

void refused_families_add(struct refused_families *families, const struct refused_client *clients,
                          size_t count) {
    pthread_mutex_lock(&families->lock);
    for (size_t i = 0; i < count; i++)
        add_announces(&families->counts, clients[i].peer_id, clients[i].count);
    pthread_mutex_unlock(&families->lock);
}

void refused_families_count(struct refused_families *families,
                            const uint8_t peer_id[static PEER_ID_LEN]) {
    pthread_mutex_lock(&families->lock);
    add_announces(&families->counts, peer_id, 1);
    pthread_mutex_unlock(&families->lock);
}

struct refused_family_counts refused_families_read(struct refused_families *families) {
    pthread_mutex_lock(&families->lock);
    const struct refused_family_counts counts = families->counts;
    pthread_mutex_unlock(&families->lock);
    return counts;
}
