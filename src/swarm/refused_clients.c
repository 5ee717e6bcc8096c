#include "swarm/refused_clients.h"

#include <string.h>

static struct refused_client *find_client(struct refused_clients *clients,
                                          const struct endpoint *client,
                                          enum announce_result result) {
    for (size_t i = 0; i < clients->count; i++) {
        struct refused_client *known = &clients->list[i];
        if (known->result == result && endpoint_same_address(&known->address, client))
            return known;
    }
    return NULL;
}

void refused_clients_add(struct refused_clients *clients, const struct endpoint *client,
                         const struct announce_request *request, enum announce_result result,
                         const char detail[static REFUSAL_DETAIL_LEN]) {
    struct refused_client *known = find_client(clients, client, result);
    if (known != NULL) {
        known->count++;
        return;
    }
    if (clients->count == REFUSED_CLIENTS_MAX)
        return;
    known = &clients->list[clients->count++];
    *known = (struct refused_client){ .address = *client, .result = result, .count = 1 };
    endpoint_set_port(&known->address, 0);
    memcpy(known->info_hash, request->info_hash, INFO_HASH_LEN);
    memcpy(known->peer_id, request->peer_id, PEER_ID_LEN);
    memcpy(known->detail, detail, REFUSAL_DETAIL_LEN);
}
