#include <assert.h>

#include "base/prefetch.h"
#include "swarm/tracker.h"
#include "swarm/tracker_state.h"

enum {
    STEPS = 1 + SWARM_FETCHES,
    TORRENT_STEPS = 2, /* without a client */
    SMALL = 8 << 20,   /* bytes of all swarms; so few stay in the cache by themselves */
};

struct lookup {
    struct shard *shard;
    uint64_t hash;
};

static int steps_of(const struct announce_hint *hint) {
    return hint->client.family == FAMILY_NONE ? TORRENT_STEPS : STEPS;
}

static void prefetch_step(const struct lookup *lookup, const struct endpoint *client, int step) {
    if (step == 0) {
        shard_prefetch(lookup->shard, lookup->hash);
        return;
    }
    const struct swarm *swarm = shard_guess(lookup->shard, lookup->hash);
    if (swarm != NULL)
        swarm_prefetch(swarm, client, step - 1);
}

/* Each step reads what the step before has requested, for all announces in turn. */
void tracker_prefetch(struct tracker *tracker, const struct announce_hint *hints, size_t count) {
    struct lookup lookups[ANNOUNCE_HINTS_MAX];
    assert(count <= ANNOUNCE_HINTS_MAX);
    if (count < 2 || tally_read(&tracker->memory) < SMALL)
        return;
    for (size_t i = 0; i < count; i++) {
        struct lookup *lookup = &lookups[i];
        lookup->shard = swarm_table_shard(tracker->table, hints[i].info_hash, &lookup->hash);
        prefetch_line(lookup->shard);
        if (hints[i].limited)
            rate_limit_prefetch(tracker->rates, &hints[i].client);
    }
    for (int step = 0; step < STEPS; step++) {
        for (size_t i = 0; i < count; i++) {
            pthread_mutex_t *lock = &lookups[i].shard->lock;
            if (step >= steps_of(&hints[i]) || pthread_mutex_trylock(lock) != 0)
                continue;
            prefetch_step(&lookups[i], &hints[i].client, step);
            pthread_mutex_unlock(lock);
        }
    }
}
