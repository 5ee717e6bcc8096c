/* Clients whose announces were refused, merged by address and result. Bounded: each shard of the
 * tracker keeps a few until they are taken, so that a flood costs no more memory and no more time
 * than a single refusal. */
#ifndef SKEP_SWARM_REFUSED_CLIENTS_H
#define SKEP_SWARM_REFUSED_CLIENTS_H

#include <stddef.h>

#include "swarm/announce.h"

enum { REFUSED_CLIENTS_MAX = 4 }; /* of a shard, between two takes */

/* The last three fields are those of the first announce. */
struct refused_client {
    struct endpoint address; /* port 0 */
    enum announce_result result;
    uint32_t count; /* announces */
    uint8_t info_hash[INFO_HASH_LEN];
    uint8_t peer_id[PEER_ID_LEN];
    char detail[REFUSAL_DETAIL_LEN];
};

/* All zeros is valid and empty. Locked by its owner. */
struct refused_clients {
    size_t count;
    struct refused_client list[REFUSED_CLIENTS_MAX];
};

/* Counts a refused announce of `client`. Ignored if there are REFUSED_CLIENTS_MAX others. */
void refused_clients_add(struct refused_clients *clients, const struct endpoint *client,
                         const struct announce_request *request, enum announce_result result,
                         const char detail[static REFUSAL_DETAIL_LEN]);

typedef void (*refused_clients_reader)(void *context, const struct refused_client *clients,
                                       size_t count);

#endif
