#include "cluster/cluster.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/utf8.h"
#include "cluster/node.h"
#include "cluster/node_description.h"
#include "cluster/registry_sharing.h"
#include "cluster/stored_counts.h"
#include "cluster/tracker_walk.h"
#include "store/store.h"

enum {
    MIB = 1 << 20,
    SENT_MAX = 16 * MIB,
    TOMBSTONES_MAX = 1 << 22,
    COMPLETIONS_MAX = 1 << 20,
    COUNTERS_MAX = 1 << 24,
    STREAM_AGE_MAX_S = 900,
    PAUSE_MS = 50,       /* between steps without a connection */
    WAIT_MS = 50,        /* of a step without work; the registry is looked at after each */
    QUEUED_MAX = 4096,   /* changes of the registry, while a snapshot arrives */
    LAST_STEPS = 50,     /* to send what waits at the end */
    FULL_MS = 60000,     /* after a peer was refused, until the node asks for a snapshot */
    LOST_AGE_MS = 60000, /* changes that are lost were made within this time */
};

struct cluster {
    struct tracker *tracker;
    struct node *node;
    struct tracker_table merging;    /* of the thread */
    struct tracker_table own;        /* of cluster_on_changes */
    struct tracker_walk peers;       /* of the thread */
    struct registry_sharing sharing; /* of the thread */
    struct sharing_facts facts;
    char name[CLUSTER_NAME_LEN];
    struct stored_counts counts;
    struct hash_key secret; /* at the start */
    struct store *store;    /* NULL: none */
    uint64_t started_ms;
    uint64_t full_ms; /* when a peer was refused for lack of room; 0: none was */
    _Atomic bool joined;
    _Atomic bool has_set_aside;
    _Atomic bool knows_secret;
    _Atomic uint64_t clock_offset_ms;
    _Atomic bool stop;
    pthread_t thread;
    bool running;
};

/* The tracker. */

static void refresh(const struct cluster *cluster, struct tracker_table *table) {
    table->now_ms = clock_now_ms();
    table->clock_offset_ms = atomic_load(&cluster->clock_offset_ms);
    /* Until the counts are adopted, the store may know a greater one. */
    table->only_raises = !atomic_load(&cluster->counts.adopted);
}

#define REGISTRY_DONE UINT64_MAX

/* The registry comes first, since it decides about the peers. */
static bool walk(void *context, struct table_cursor *cursor, const struct table_visitor *visitor) {
    struct cluster *cluster = context;
    uint64_t *registry = &cursor->at[CURSOR_REGISTRY];
    if (*registry == REGISTRY_DONE)
        return tracker_walk_step(&cluster->peers, cursor, &cluster->merging, visitor);
    if (!registry_sharing_walk(&cluster->sharing, registry, visitor))
        *registry = REGISTRY_DONE;
    return true;
}

static void merge_registry(void *context, const struct record *record) {
    struct cluster *cluster = context;
    registry_sharing_merge(&cluster->sharing, record);
}

static bool is_behind(void *context) {
    const struct cluster *cluster = context;
    return registry_count_queued(tracker_registry(cluster->tracker)) > QUEUED_MAX;
}

static uint64_t count_announces(void *context) {
    const struct cluster *cluster = context;
    return tracker_stats(cluster->tracker).announces_total;
}

/* Since limits differ, the only test is to try again. */
static bool has_room(void *context) {
    struct cluster *cluster = context;
    struct tracker_table *table = &cluster->merging;
    if (table->full)
        cluster->full_ms = table->now_ms;
    table->full = false;
    if (cluster->full_ms != 0 && table->now_ms >= cluster->full_ms + FULL_MS)
        cluster->full_ms = 0;
    return cluster->full_ms == 0;
}

static void update(void *context, const struct node_facts *facts) {
    struct cluster *cluster = context;
    const uint64_t now_ms = clock_now_ms();
    const struct tracker_cluster told = {
        .node = facts->node,
        .clock_offset_ms = cluster_clock_read(&facts->clock, now_ms) - now_ms,
        .merged_ms = facts->merged_ms,
        .current_until_ms = facts->current_until_ms,
        .budget_per_s =
            facts->budget_per_s > UINT32_MAX ? UINT32_MAX : (uint32_t)facts->budget_per_s,
    };
    atomic_store(&cluster->clock_offset_ms, told.clock_offset_ms);
    tracker_set_cluster(cluster->tracker, &told);
    registry_set_node(tracker_registry(cluster->tracker), told.node, told.clock_offset_ms);
    if (facts->connected)
        atomic_store(&cluster->knows_secret, true);
    cluster->facts.node = *facts;
    cluster->sharing.node_id = facts->node;
}

static void end_join(void *context, bool confirmed) {
    struct cluster *cluster = context;
    const struct tracker_table *table = &cluster->merging;
    if (!confirmed)
        cluster->peers.gave_up_ms = table->now_ms + table->clock_offset_ms;
    atomic_store(&cluster->joined, true);
    cluster->facts.joined = true;
    cluster->facts.confirmed = confirmed;
    tracker_end_join(cluster->tracker, confirmed, table->now_ms);
}

static bool adopt_counts(void *context, struct replica *replica, bool confirmed) {
    struct cluster *cluster = context;
    cluster->merging.only_raises = false;
    return stored_counts_adopt(&cluster->counts, replica, confirmed, cluster->merging.now_ms);
}

static void move_counts(void *context, struct replica *past, struct replica *replica) {
    const struct cluster *cluster = context;
    stored_counts_move(&cluster->counts, past, replica, cluster->merging.now_ms);
}

static struct node_table table_of(struct cluster *cluster) {
    return (struct node_table){
        .peers = tracker_table_peers(&cluster->merging),
        .context = cluster,
        .walk = walk,
        .merge_registry = merge_registry,
        .is_behind = is_behind,
        .count_announces = count_announces,
        .has_room = has_room,
        .update = update,
        .end_join = end_join,
        .adopt_counts = adopt_counts,
        .move_counts = move_counts,
    };
}

/* Start and stop. */

static bool make_random_ids(uint64_t *incarnation, uint64_t *counting, uint64_t node) {
    const uint64_t mask = (1U << STAMP_NODE_BITS) - 1;
    uint64_t random[2];
    if (!random_secret(random, sizeof random))
        return false;
    *incarnation = (uint64_t)clock_unix_s() << 32 | random[0] >> 32;
    *counting = (random[1] & ~mask) | (node & mask);
    return true;
}

static uint64_t hash_site(const char *site) {
    static const struct hash_key key = { { 0x73697465, 0 } }; /* the same at all nodes */
    return site[0] == '\0' ? 0 : keyed_hash(&key, site, strlen(site));
}

static void load_counts(void *context, struct replica *replica) {
    struct cluster *cluster = context;
    if (!stored_counts_load(&cluster->counts, cluster->store, replica, clock_now_ms()))
        log_warning("cluster: cannot read the download counts: %s", store_failure(cluster->store));
}

static bool create_node(struct cluster *cluster, const struct cluster_options *options,
                        const struct cluster_identity *identity) {
    char name[CLUSTER_NAME_LEN] = "";
    memcpy(name, options->name, sizeof name);
    if (name[0] == '\0')
        (void)gethostname(name, sizeof name - 1);
    (void)utf8_copy_line(bytes_of(name), cluster->name, sizeof cluster->name);
    struct node_options node = {
        .engine = {
            .urls = options->engines,
            .password_file = options->password_file,
            .prefix = options->prefix[0] == '\0' ? "skep" : options->prefix,
            .timeout_ms = options->timeout_ms,
        },
        .replica = {
            .node = identity->node,
            .site = hash_site(options->site),
            .secret = { { identity->secret[0], identity->secret[1] } },
            .tombstones_max = TOMBSTONES_MAX,
            .completions_max = COMPLETIONS_MAX,
            .counters_max = COUNTERS_MAX,
            .rows = cluster->counts.rows,
        },
        .queues = {
            .puts_max = (size_t)options->queue_max_mib * MIB,
            .other_max = (size_t)options->queue_max_mib * MIB,
            .sent_max = SENT_MAX,
        },
        .clock_ms = (uint64_t)clock_unix_ms(),
        .name = cluster->name,
        .version = SKEP_VERSION,
        .empty = tracker_stats(cluster->tracker).peers == 0,
        .join_timeout_ms = options->join_timeout_s * 1000,
        .stream_bytes_max = (uint64_t)options->stream_max_mib * MIB,
        .stream_age_max_s = STREAM_AGE_MAX_S,
    };
    const struct node_table table = table_of(cluster);
    if (!make_random_ids(&node.incarnation, &node.replica.counting, identity->node))
        return false;
    cluster->counts.counting = node.replica.counting;
    cluster->secret = node.replica.secret;
    atomic_store(&cluster->knows_secret, identity->seen_s != 0);
    cluster->sharing = (struct registry_sharing){
        .registry = tracker_registry(cluster->tracker),
        .wait_ms = node.join_timeout_ms,
        .seen_s = identity->seen_s,
    };
    cluster->node = node_create(&node, &table, clock_now_ms());
    cluster->sharing.node = cluster->node;
    if (cluster->node == NULL)
        return false;
    node_visit_replica(cluster->node, load_counts, cluster);
    return true;
}

/* Without a writer, this thread settles changes and removes peers. */
static void share_registry(struct cluster *cluster) {
    struct registry *registry = tracker_registry(cluster->tracker);
    cluster->facts.now_ms = cluster->merging.now_ms;
    cluster->facts.now_s = clock_unix_s();
    if (cluster->store == NULL) {
        registry_settle_queued(registry);
        tracker_purge(cluster->tracker, cluster->facts.now_ms);
    }
    registry_sharing_step(&cluster->sharing, &cluster->facts);
    atomic_store(&cluster->has_set_aside, cluster->sharing.stage > SHARING_ADOPTS);
}

static void *run_cluster(void *argument) {
    struct cluster *cluster = argument;
    const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
    while (!atomic_load(&cluster->stop)) {
        refresh(cluster, &cluster->merging);
        if (!node_step(cluster->node, cluster->merging.now_ms, WAIT_MS))
            nanosleep(&pause, NULL);
        share_registry(cluster);
        stored_counts_step(&cluster->counts, cluster->node, cluster->merging.now_ms);
    }
    return NULL;
}

struct cluster *cluster_start(const struct cluster_options *options,
                              const struct cluster_identity *identity, struct tracker *tracker,
                              char error[static ERROR_LEN]) {
    struct cluster *cluster = calloc(1, sizeof *cluster);
    if (cluster == NULL) {
        error_set(error, "cluster: out of memory");
        return NULL;
    }
    cluster->tracker = tracker;
    cluster->started_ms = clock_now_ms();
    cluster->store = options->store;
    cluster->counts.tracker = tracker;
    cluster->counts.rows = options->store == NULL ? NULL : store_cluster(options->store);
    cluster->merging = (struct tracker_table){ .tracker = tracker };
    cluster->own = cluster->merging;
    if (!create_node(cluster, options, identity)) {
        error_set(error, "cluster: out of memory, or getrandom failed");
        cluster_stop(cluster, NULL);
        return NULL;
    }
    registry_follow(tracker_registry(tracker), registry_sharing_follow, &cluster->sharing);
    cluster->running = pthread_create(&cluster->thread, NULL, run_cluster, cluster) == 0;
    if (!cluster->running) {
        error_set(error, "cluster: cannot create a thread: out of memory or threads");
        cluster_stop(cluster, NULL);
        return NULL;
    }
    pthread_setname_np(cluster->thread, "cluster");
    return cluster;
}

void cluster_on_changes(void *context, const struct change *changes, size_t count) {
    struct cluster *cluster = context;
    const struct peer_table peers = tracker_table_peers(&cluster->own);
    refresh(cluster, &cluster->own);
    node_note_changes(cluster->node, &peers, changes, count);
}

void cluster_on_lost(void *context) {
    struct cluster *cluster = context;
    const uint64_t now_ms = clock_now_ms() + atomic_load(&cluster->clock_offset_ms);
    node_note_lost(cluster->node, stamp_at(now_ms - LOST_AGE_MS, 0));
}

void cluster_apply(struct cluster *cluster, uint32_t interval_max_s, uint32_t budget_per_s) {
    node_set_load(cluster->node, interval_max_s, budget_per_s);
}

bool cluster_is_ready(struct cluster *cluster) {
    return atomic_load(&cluster->joined);
}

bool cluster_has_set_aside(struct cluster *cluster) {
    return atomic_load(&cluster->has_set_aside);
}

bool cluster_secret(struct cluster *cluster, struct hash_key *secret, uint64_t *clock_offset_ms) {
    *secret = node_secret(cluster->node);
    *clock_offset_ms = atomic_load(&cluster->clock_offset_ms);
    return atomic_load(&cluster->knows_secret);
}

static void count_aside(struct cluster *cluster, struct cluster_status *status) {
    struct registry *registry = tracker_registry(cluster->tracker);
    if (!cluster_has_set_aside(cluster))
        return;
    status->torrents_aside = registry_count_aside(registry, REGISTRY_TORRENT);
    status->passkeys_aside = registry_count_aside(registry, REGISTRY_PASSKEY);
    status->names_aside = registry_count_aside(registry, REGISTRY_MACHINE);
}

void cluster_describe(struct cluster *cluster, struct cluster_status *status) {
    const struct node_status node = node_status(cluster->node);
    const uint64_t now_ms = clock_now_ms();
    node_description_fill(&node, now_ms, status);
    status->since_s = (uint32_t)((now_ms - cluster->started_ms) / 1000);
    memcpy(status->name, cluster->name, sizeof status->name);
    count_aside(cluster, status);
}

enum cluster_presence cluster_name_node(struct cluster *cluster, uint64_t node,
                                        char name[static CLUSTER_NAME_LEN]) {
    const struct node_status status = node_status(cluster->node);
    for (size_t i = 0; i < status.members.count; i++) {
        const struct member *member = &status.members.list[i];
        if (member->node != node)
            continue;
        snprintf(name, CLUSTER_NAME_LEN, "%s", member->name);
        return member_is_alive(member, clock_now_ms()) ? CLUSTER_NODE_ALIVE : CLUSTER_NODE_AWAY;
    }
    name[0] = '\0';
    return CLUSTER_NODE_UNKNOWN;
}

static void send_rest(struct cluster *cluster) {
    bool connected = node_status(cluster->node).connected;
    for (int i = 0; i < LAST_STEPS && connected && node_status(cluster->node).waiting > 0; i++) {
        refresh(cluster, &cluster->merging);
        connected = node_step(cluster->node, cluster->merging.now_ms, 1);
    }
}

void cluster_stop(struct cluster *cluster, struct cluster_identity *identity) {
    if (cluster == NULL)
        return;
    if (cluster->running) {
        atomic_store(&cluster->stop, true);
        node_stop(cluster->node);
        pthread_join(cluster->thread, NULL);
        send_rest(cluster);
    }
    if (identity != NULL) {
        /* Until the registry is shared, the database belongs to the cluster of the old secret. */
        const bool shared = cluster->sharing.stage == SHARING_RUNS;
        const struct hash_key secret = shared ? node_secret(cluster->node) : cluster->secret;
        identity->node = node_id(cluster->node);
        memcpy(identity->secret, secret.half, sizeof identity->secret);
    }
    registry_follow(tracker_registry(cluster->tracker), NULL, NULL);
    node_delete(cluster->node);
    stored_counts_free(&cluster->counts);
    tracker_walk_free(&cluster->peers);
    free(cluster);
}
