/* All operations that may run concurrently, at once; run it under ThreadSanitizer. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "swarm/swarm_snapshot.h"
#include "swarm/tracker_cluster.h"
#include "tracker_support.h"

enum { ANNOUNCERS = 4, ANNOUNCES = 6000, TORRENTS = 40, CLIENTS = 400 };

struct scene {
    struct tracker *tracker;
    bool cluster;
    _Atomic bool done;
    _Atomic uint32_t joined;
    _Atomic uint32_t gone;
};

struct announcer {
    struct scene *scene;
    uint32_t number;
};

static struct announce_request random_announce(struct random *random, uint32_t announcer) {
    static const enum announce_event events[] = {
        EVENT_NONE,      EVENT_NONE,    EVENT_NONE,   EVENT_STARTED,
        EVENT_COMPLETED, EVENT_STOPPED, EVENT_PAUSED,
    };
    const uint32_t client = announcer * CLIENTS + random_below(random, CLIENTS);
    struct announce_request request = test_leecher(client);
    request.left = random_below(random, 2);
    request.event = events[random_below(random, COUNT_OF(events))];
    if (client % 2 == 0)
        request.peer = numbered_endpoint(FAMILY_V6, client);
    numbered_id(request.info_hash, random_below(random, TORRENTS));
    return request;
}

static void *announce_a_lot(void *argument) {
    const struct announcer *announcer = argument;
    struct random random = { .state = announcer->number };
    struct reply *reply = malloc(sizeof *reply);
    for (uint32_t i = 0; i < ANNOUNCES; i++) {
        const struct announce_request request = random_announce(&random, announcer->number);
        const struct announce_hint hint = {
            .info_hash = request.info_hash,
            .client = request.peer,
            .limited = true,
        };
        tracker_prefetch(announcer->scene->tracker, (struct announce_hint[]){ hint, hint }, 2);
        test_announce(announcer->scene->tracker, &request, START_MS + 100ULL * i, reply);
    }
    free(reply);
    return NULL;
}

static void *sweep_meanwhile(void *argument) {
    struct scene *scene = argument;
    for (uint32_t i = 0; !atomic_load(&scene->done); i++) {
        tracker_sweep(scene->tracker, 16 * i, 16, START_MS + 1000ULL * i);
        test_scrape(scene->tracker, i % TORRENTS);
    }
    return NULL;
}

static void count_changes(void *context, const struct change *changes, size_t count) {
    struct scene *scene = context;
    for (size_t i = 0; i < count; i++) {
        if (change_removes_peer(changes[i].kind))
            atomic_fetch_add(&scene->gone, 1);
        else if (changes[i].kind == CHANGE_PEER_JOINED)
            atomic_fetch_add(&scene->joined, 1);
    }
}

static void ignore_changes(void *context, const struct change *changes, size_t count) {
    (void)context;
    (void)changes;
    (void)count;
}

static void *drain_meanwhile(void *argument) {
    struct scene *scene = argument;
    while (!atomic_load(&scene->done))
        tracker_drain(scene->tracker, count_changes, scene);
    return NULL;
}

static void ignore_torrents(void *context, const struct torrent_stats *torrents, size_t count) {
    (void)context;
    (void)torrents;
    (void)count;
}

static void *look_meanwhile(void *argument) {
    struct scene *scene = argument;
    struct tracker_options options = test_options();
    options.cluster = scene->cluster;
    while (!atomic_load(&scene->done)) {
        size_t count;
        free(tracker_info_hashes(scene->tracker, &count));
        tracker_dump(scene->tracker, 0, TRACKER_SHARDS, START_MS, ignore_changes, NULL);
        swarm_snapshot_torrents(scene->tracker, START_MS, ignore_torrents, NULL);
        options.numwant = options.numwant % 200 + 1;
        tracker_apply(scene->tracker, &options);
        tracker_interval_s(scene->tracker);
        tracker_stats(scene->tracker);
    }
    return NULL;
}

/* As the thread of a node does. */
static void *merge_meanwhile(void *argument) {
    struct scene *scene = argument;
    struct random random = { .state = 99 };
    for (uint32_t i = 0; !atomic_load(&scene->done); i++) {
        const struct announce_request request = random_announce(&random, i % ANNOUNCERS);
        const uint64_t now_ms = START_MS + 100ULL * i;
        struct peer_key key = { .endpoint = request.peer };
        struct held_peer peer = {
            .stamp = stamp_at(now_ms, 2),
            .state = { .key = request.key, .left = request.left, .interval_s = 120 },
        };
        const struct merged_count count = { .downloaded = i, .only_raises = i % 2 == 0 };
        memcpy(key.info_hash, request.info_hash, INFO_HASH_LEN);
        memcpy(peer.state.peer_id, request.peer_id, PEER_ID_LEN);
        tracker_set_cluster(
            scene->tracker,
            &(struct tracker_cluster){ .node = 1, .merged_ms = now_ms, .budget_per_s = 1000 });
        (void)test_find_peer(scene->tracker, &key, &peer);
        if (i % 6 == 0)
            tracker_merge_removal(scene->tracker, &key, stamp_at(now_ms, 2), now_ms);
        else if (i % 3 == 0)
            test_merge_removal(scene->tracker, &key, stamp_at(now_ms, 2), now_ms);
        else
            (void)test_merge_peer(scene->tracker, &key, &peer, &count, now_ms);
        (void)tracker_merge_downloaded(scene->tracker, key.info_hash, &count, 0, now_ms);
        if (i % 100 == 0)
            tracker_end_join(scene->tracker, true, now_ms);
    }
    return NULL;
}

static uint32_t count_scraped(struct tracker *tracker) {
    uint32_t peers = 0;
    for (uint32_t torrent = 0; torrent < TORRENTS; torrent++) {
        const struct scrape_entry entry = test_scrape(tracker, torrent);
        ck_assert_uint_le(entry.downloaders, entry.leechers);
        peers += entry.seeders + entry.leechers;
    }
    return peers;
}

START_TEST(announces_sweeps_and_drains_run_at_once) {
    struct tracker_options options = test_options();
    options.cluster = _i == 1;
    struct scene scene = {
        .tracker = tracker_create(&options, FEED_CAPACITY),
        .cluster = options.cluster,
    };
    struct announcer announcers[ANNOUNCERS];
    pthread_t threads[ANNOUNCERS];
    pthread_t others[4];
    ck_assert_ptr_nonnull(scene.tracker);
    ck_assert(tracker_reserve_memory(scene.tracker, 1 << 30)); /* enough for a prefetch */
    void *(*const meanwhile[])(void *) = { sweep_meanwhile, drain_meanwhile, look_meanwhile,
                                           merge_meanwhile };
    const size_t other_count = options.cluster ? 4 : 3;
    for (size_t i = 0; i < other_count; i++)
        ck_assert_int_eq(pthread_create(&others[i], NULL, meanwhile[i], &scene), 0);
    for (uint32_t i = 0; i < ANNOUNCERS; i++) {
        announcers[i] = (struct announcer){ .scene = &scene, .number = i };
        ck_assert_int_eq(pthread_create(&threads[i], NULL, announce_a_lot, &announcers[i]), 0);
    }
    for (size_t i = 0; i < ANNOUNCERS; i++)
        pthread_join(threads[i], NULL);
    atomic_store(&scene.done, true);
    for (size_t i = 0; i < other_count; i++)
        pthread_join(others[i], NULL);
    ck_assert_uint_eq(tracker_stats(scene.tracker).peers, count_scraped(scene.tracker));
    ck_assert(tracker_drain(scene.tracker, count_changes, &scene));
    tracker_sweep(scene.tracker, 0, TRACKER_SHARDS, UINT32_MAX);
    tracker_delete(scene.tracker);
}
END_TEST

UNIT_SUITE(tracker_threads) {
    Suite *suite = suite_create("tracker_threads");
    TCase *threads = tcase_create("threads");
    tcase_add_loop_test(threads, announces_sweeps_and_drains_run_at_once, 0, 2);
    suite_add_tcase(suite, threads);
    return suite;
}
