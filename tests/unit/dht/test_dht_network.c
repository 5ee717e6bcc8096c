/* Lookups in a network of 1,000 nodes: each finds the one stored peer of its torrent. */
#include "dht/dht_network.h"
#include "support.h"

/* Sanitizers make it twenty times slower. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { NODES = 100, LOOKUPS = 100 };
#else
enum { NODES = 1000, LOOKUPS = 200 };
#endif

enum { TORRENTS = 20, FOUND_WITHIN_MS = 3000 };

static uint32_t lookups_found(struct dht_network *network) {
    struct dht_network_lookup lookups[LOOKUPS];
    uint32_t found = 0;
    for (uint32_t i = 0; i < LOOKUPS; i++) {
        struct dht_network_lookup *lookup = &lookups[i];
        if (i >= TORRENTS) {
            *lookup = lookups[i % TORRENTS];
            continue;
        }
        numbered_id(lookup->info_hash, i);
        lookup->peer = dht_network_store(network, lookup->info_hash);
    }
    dht_network_run(network, 30000);
    dht_network_find(network, lookups, LOOKUPS);
    for (uint32_t i = 0; i < LOOKUPS; i++)
        found += lookups[i].found_after_ms <= FOUND_WITHIN_MS;
    return found;
}

/* One in 60 nodes leaves between the announces and the lookups. */
static const struct dht_network_options networks[] = {
    {
        .nodes = NODES,
        .loss_percent = 5,
        .delay_min_ms = 5,
        .delay_max_ms = 100,
        .lifetime_s = 1800,
        .seed = 1,
    },
    {
        .nodes = NODES,
        .hostile_percent = 33,
        .loss_percent = 5,
        .delay_min_ms = 5,
        .delay_max_ms = 100,
        .lifetime_s = 1800,
        .seed = 2,
    },
};

START_TEST(peers_are_found_in_three_seconds) {
    struct dht_network *network = dht_network_create(&networks[_i]);
    dht_network_run(network, 30000);
    const uint32_t found = lookups_found(network);
    dht_network_delete(network);
    ck_assert_uint_ge(found, LOOKUPS * 99 / 100);
}
END_TEST

UNIT_SUITE(dht_network) {
    Suite *suite = suite_create("dht_network");
    TCase *lookups = tcase_create("lookups");
    tcase_set_timeout(lookups, 600);
    tcase_add_loop_test(lookups, peers_are_found_in_three_seconds, 0, LOOPS_OF(networks));
    suite_add_tcase(suite, lookups);
    return suite;
}
