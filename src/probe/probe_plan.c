#include "probe/probe_plan.h"

#include <assert.h>
#include <stdlib.h>

#include "base/prefetch.h"
#include "probe/probe_quota.h"
#include "probe/queue_table.h"

enum {
    TOKEN = 1000,        /* cost of a probe; the bucket gains `per_s` each millisecond */
    BURST_MS = 50,       /* size of the bucket; the clock may advance in steps of 10 ms */
    PORT_MIN = 1024,     /* lower ports belong to services of the machine */
    TORRENTS_MAX = 1024, /* of one peer; further ones are ignored */
};

enum probe_queue { QUEUE_NEW, QUEUE_RUNNING, QUEUE_LATER, QUEUES };

struct probe_peer {
    struct queue_slot slot;
    struct endpoint endpoint;
    enum reach reach;
    uint64_t *torrents; /* hashes of info_hashes; few, so they are searched linearly */
    uint32_t torrent_count;
    uint32_t torrents_allocated;
    uint64_t since_ms;      /* when it entered its queue */
    uint64_t probed_ms;     /* end of the last probe; 0: never */
    uint64_t kept_until_ms; /* kept without a torrent until then */
    struct probe_quota_share share;
};

struct probe_plan {
    struct probe_limits limits;
    struct hash_key key;
    struct probe_quota *quota;
    uint64_t tokens; /* in 1/TOKEN, at `filled_ms` */
    uint64_t filled_ms;
    uint32_t reached[REACHES];
    struct queue_table table;
};

static uint64_t interval_ms(const struct probe_plan *plan) {
    return (uint64_t)plan->limits.interval_s * 1000;
}

static struct probe_quota_limits quota_limits(const struct probe_plan *plan) {
    return (struct probe_quota_limits){
        .peers_max = plan->limits.address_peers_max,
        .probes_max = plan->limits.address_peers_max,
        .interval_ms = interval_ms(plan),
    };
}

/* NULL for QUEUE_TABLE_NONE. */
static struct probe_peer *peer_at(const struct probe_plan *plan, uint32_t position) {
    return position == QUEUE_TABLE_NONE ? NULL : queue_table_at(&plan->table, position);
}

static struct probe_peer *first_in(const struct probe_plan *plan, enum probe_queue queue) {
    return peer_at(plan, queue_table_first(&plan->table, queue));
}

static uint32_t position_of(const struct probe_plan *plan, const struct probe_peer *peer) {
    return queue_table_position(&plan->table, peer);
}

static uint32_t hash_endpoint(const struct probe_plan *plan, const struct endpoint *peer) {
    return (uint32_t)keyed_hash(&plan->key, peer->wire, endpoint_len(peer->family));
}

static bool has_endpoint(const void *entry, const void *endpoint) {
    const struct probe_peer *peer = entry;
    return endpoint_equal(&peer->endpoint, endpoint);
}

static struct probe_peer *find_peer(const struct probe_plan *plan,
                                    const struct endpoint *endpoint) {
    const uint32_t hash = hash_endpoint(plan, endpoint);
    return peer_at(plan, queue_table_find(&plan->table, hash, has_endpoint, endpoint));
}

static bool is_in(const struct probe_peer *peer, enum probe_queue queue) {
    return peer->slot.queue == queue;
}

static void move_peer(struct probe_plan *plan, struct probe_peer *peer, enum probe_queue queue,
                      uint64_t now_ms) {
    peer->since_ms = now_ms;
    queue_table_move(&plan->table, position_of(plan, peer), queue);
}

static uint32_t count_peers(const struct probe_plan *plan) {
    uint32_t count = 0;
    for (uint32_t queue = 0; queue < QUEUES; queue++)
        count += queue_table_count(&plan->table, queue);
    return count;
}

/* NULL if the peer is not eligible, a limit is reached, or out of memory. */
static struct probe_peer *add_peer(struct probe_plan *plan, const struct endpoint *endpoint,
                                   uint64_t now_ms) {
    if (count_peers(plan) >= plan->limits.peers_max || endpoint_port(endpoint) < PORT_MIN ||
        !networks_contain(&plan->limits.networks, endpoint))
        return NULL;
    const struct probe_quota_limits limits = quota_limits(plan);
    struct probe_quota_share share;
    if (!probe_quota_enter(plan->quota, endpoint, &limits, &share))
        return NULL;
    struct probe_peer *peer =
        peer_at(plan, queue_table_add(&plan->table, hash_endpoint(plan, endpoint), QUEUE_NEW));
    if (peer == NULL) {
        probe_quota_leave(plan->quota, &share);
        return NULL;
    }
    peer->endpoint = *endpoint;
    peer->since_ms = now_ms;
    peer->share = share;
    plan->reached[REACH_UNKNOWN]++;
    return peer;
}

/* The position of the torrent, or the count. */
static uint32_t find_torrent(const struct probe_peer *peer, uint64_t torrent) {
    uint32_t at = 0;
    while (at < peer->torrent_count && peer->torrents[at] != torrent)
        at++;
    return at;
}

/* Starts small, since most peers have one torrent and there may be a million peers. */
static bool grow_torrents(struct probe_peer *peer) {
    const uint32_t allocated = peer->torrents_allocated == 0 ? 2 : 2 * peer->torrents_allocated;
    uint64_t *torrents = realloc(peer->torrents, allocated * sizeof *torrents);
    if (torrents == NULL)
        return false;
    peer->torrents = torrents;
    peer->torrents_allocated = allocated;
    return true;
}

static void add_torrent(struct probe_peer *peer, uint64_t torrent) {
    if (find_torrent(peer, torrent) < peer->torrent_count || peer->torrent_count == TORRENTS_MAX)
        return;
    if (peer->torrent_count < peer->torrents_allocated || grow_torrents(peer))
        peer->torrents[peer->torrent_count++] = torrent;
}

static void remove_torrent(struct probe_peer *peer, uint64_t torrent) {
    const uint32_t at = find_torrent(peer, torrent);
    if (at < peer->torrent_count)
        peer->torrents[at] = peer->torrents[--peer->torrent_count];
}

static void clear_torrents(struct probe_peer *peer) {
    free(peer->torrents);
    peer->torrents = NULL;
    peer->torrent_count = 0;
    peer->torrents_allocated = 0;
}

static void remove_peer(struct probe_plan *plan, struct probe_peer *peer) {
    probe_quota_leave(plan->quota, &peer->share);
    clear_torrents(peer);
    plan->reached[peer->reach]--;
    queue_table_remove(&plan->table, position_of(plan, peer));
}

/* Calls `visit` with each peer; it may remove that peer. */
static void visit_peers(struct probe_plan *plan, const void *context,
                        void (*visit)(struct probe_plan *, struct probe_peer *, const void *)) {
    for (uint32_t queue = 0; queue < QUEUES; queue++) {
        uint32_t next;
        for (uint32_t at = queue_table_first(&plan->table, queue); at != QUEUE_TABLE_NONE;
             at = next) {
            next = queue_table_next(&plan->table, at);
            visit(plan, peer_at(plan, at), context);
        }
    }
}

struct probe_plan *probe_plan_create(const struct probe_limits *limits,
                                     const struct hash_key *key) {
    struct probe_plan *plan = calloc(1, sizeof *plan);
    if (plan == NULL)
        return NULL;
    *plan = (struct probe_plan){
        .limits = *limits,
        .key = *key,
        .quota = probe_quota_create(key),
        .tokens = TOKEN,
    };
    if (plan->quota != NULL && queue_table_init(&plan->table, sizeof(struct probe_peer), QUEUES))
        return plan;
    probe_quota_delete(plan->quota);
    free(plan);
    return NULL;
}

static void free_peer(struct probe_plan *plan, struct probe_peer *peer, const void *context) {
    (void)plan;
    (void)context;
    clear_torrents(peer);
}

void probe_plan_delete(struct probe_plan *plan) {
    if (plan == NULL)
        return;
    visit_peers(plan, NULL, free_peer);
    queue_table_free(&plan->table);
    probe_quota_delete(plan->quota);
    free(plan);
}

static void remove_outsider(struct probe_plan *plan, struct probe_peer *peer, const void *context) {
    (void)context;
    if (!networks_contain(&plan->limits.networks, &peer->endpoint))
        remove_peer(plan, peer);
}

void probe_plan_apply(struct probe_plan *plan, const struct probe_limits *limits) {
    plan->limits = *limits;
    visit_peers(plan, NULL, remove_outsider);
}

/* Each step reads what the step before has requested, for all peers in turn. */
void probe_plan_prefetch(const struct probe_plan *plan, const struct endpoint *const *peers,
                         size_t count) {
    uint32_t hashes[PROBE_PLAN_BATCH_MAX];
    const struct probe_peer *found[PROBE_PLAN_BATCH_MAX];
    assert(count <= PROBE_PLAN_BATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        hashes[i] = hash_endpoint(plan, peers[i]);
        queue_table_prefetch(&plan->table, hashes[i]);
    }
    for (size_t i = 0; i < count; i++) {
        found[i] = peer_at(plan, queue_table_guess(&plan->table, hashes[i]));
        if (found[i] != NULL)
            prefetch_range(found[i], sizeof *found[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (found[i] != NULL)
            prefetch_line(found[i]->torrents);
    }
}

static uint64_t hash_torrent(const struct probe_plan *plan, const uint8_t *info_hash) {
    return keyed_hash(&plan->key, info_hash, INFO_HASH_LEN);
}

void probe_plan_join(struct probe_plan *plan, const struct endpoint *endpoint,
                     const uint8_t info_hash[static INFO_HASH_LEN], uint64_t now_ms) {
    struct probe_peer *peer = find_peer(plan, endpoint);
    if (peer == NULL)
        peer = add_peer(plan, endpoint, now_ms);
    if (peer != NULL)
        add_torrent(peer, hash_torrent(plan, info_hash));
}

void probe_plan_leave(struct probe_plan *plan, const struct endpoint *endpoint,
                      const uint8_t info_hash[static INFO_HASH_LEN]) {
    struct probe_peer *peer = find_peer(plan, endpoint);
    if (peer == NULL)
        return;
    remove_torrent(peer, hash_torrent(plan, info_hash));
    if (peer->torrent_count == 0)
        remove_peer(plan, peer);
}

void probe_plan_request(struct probe_plan *plan, const struct endpoint *endpoint, uint64_t now_ms) {
    struct probe_peer *peer = find_peer(plan, endpoint);
    if (peer == NULL)
        peer = add_peer(plan, endpoint, now_ms);
    if (peer == NULL)
        return;
    peer->kept_until_ms = now_ms + interval_ms(plan);
    /* It was postponed because its address had no probes left. */
    if (is_in(peer, QUEUE_LATER) && peer->probed_ms == 0)
        move_peer(plan, peer, QUEUE_NEW, now_ms);
}

struct clearing {
    bool all;
    uint64_t torrent; /* otherwise */
    uint64_t kept_until_ms;
};

static void clear_and_keep(struct probe_plan *plan, struct probe_peer *peer, const void *context) {
    const struct clearing *clearing = context;
    (void)plan;
    if (clearing->all)
        clear_torrents(peer);
    else
        remove_torrent(peer, clearing->torrent);
    if (peer->torrent_count == 0 && peer->kept_until_ms < clearing->kept_until_ms)
        peer->kept_until_ms = clearing->kept_until_ms;
}

void probe_plan_clear_torrents(struct probe_plan *plan, uint64_t now_ms) {
    const struct clearing clearing = { .all = true, .kept_until_ms = now_ms + interval_ms(plan) };
    visit_peers(plan, &clearing, clear_and_keep);
}

void probe_plan_clear_torrent(struct probe_plan *plan,
                              const uint8_t info_hash[static INFO_HASH_LEN], uint64_t now_ms) {
    const struct clearing clearing = {
        .torrent = hash_torrent(plan, info_hash),
        .kept_until_ms = now_ms + interval_ms(plan),
    };
    visit_peers(plan, &clearing, clear_and_keep);
}

static uint64_t tokens_at(const struct probe_plan *plan, uint64_t now_ms) {
    const uint64_t burst = (uint64_t)plan->limits.per_s * BURST_MS;
    const uint64_t full = burst > TOKEN ? burst : TOKEN;
    if (now_ms <= plan->filled_ms)
        return plan->tokens < full ? plan->tokens : full;
    const uint64_t level = plan->tokens + (now_ms - plan->filled_ms) * plan->limits.per_s;
    return level < full ? level : full;
}

static bool is_kept(const struct probe_peer *peer, uint64_t now_ms) {
    return peer->torrent_count > 0 || peer->kept_until_ms > now_ms;
}

/* The first new peer, or else the peer probed longest ago if its interval has ended. */
static struct probe_peer *first_due(const struct probe_plan *plan, uint64_t now_ms) {
    struct probe_peer *new_peer = first_in(plan, QUEUE_NEW);
    if (new_peer != NULL)
        return new_peer;
    struct probe_peer *probed = first_in(plan, QUEUE_LATER);
    return probed != NULL && probed->since_ms + interval_ms(plan) <= now_ms ? probed : NULL;
}

bool probe_plan_next(struct probe_plan *plan, uint64_t now_ms, struct endpoint *endpoint) {
    const struct probe_quota_limits limits = quota_limits(plan);
    probe_quota_expire(plan->quota, &limits, now_ms);
    const uint64_t tokens = tokens_at(plan, now_ms);
    if (tokens < TOKEN)
        return false;
    for (struct probe_peer *peer; (peer = first_due(plan, now_ms)) != NULL;) {
        if (is_in(peer, QUEUE_LATER) && !is_kept(peer, now_ms)) {
            remove_peer(plan, peer);
        } else if (!probe_quota_spend(plan->quota, &peer->share, &limits, now_ms)) {
            move_peer(plan, peer, QUEUE_LATER, now_ms);
        } else {
            plan->tokens = tokens - TOKEN;
            plan->filled_ms = now_ms > plan->filled_ms ? now_ms : plan->filled_ms;
            move_peer(plan, peer, QUEUE_RUNNING, now_ms);
            *endpoint = peer->endpoint;
            return true;
        }
    }
    return false;
}

static uint64_t token_ms(const struct probe_plan *plan, uint64_t now_ms) {
    const uint64_t tokens = tokens_at(plan, now_ms);
    if (tokens >= TOKEN)
        return now_ms;
    /* `now_ms` may be earlier than `filled_ms`: another thread read the clock first. */
    const uint64_t since_ms = now_ms > plan->filled_ms ? now_ms : plan->filled_ms;
    return since_ms + (TOKEN - tokens + plan->limits.per_s - 1) / plan->limits.per_s;
}

uint64_t probe_plan_next_ms(const struct probe_plan *plan, uint64_t now_ms) {
    const uint64_t token = token_ms(plan, now_ms);
    if (first_in(plan, QUEUE_NEW) != NULL)
        return token;
    const struct probe_peer *probed = first_in(plan, QUEUE_LATER);
    if (probed == NULL)
        return UINT64_MAX;
    const uint64_t due = probed->since_ms + interval_ms(plan);
    return due > token ? due : token;
}

void probe_plan_finish(struct probe_plan *plan, const struct endpoint *endpoint, enum reach reach,
                       uint64_t now_ms) {
    struct probe_peer *peer = find_peer(plan, endpoint);
    /* It may have left during the probe, and may have joined again. */
    if (peer == NULL || !is_in(peer, QUEUE_RUNNING))
        return;
    plan->reached[peer->reach]--;
    plan->reached[reach]++;
    peer->reach = reach;
    peer->probed_ms = now_ms;
    move_peer(plan, peer, QUEUE_LATER, now_ms);
}

void probe_plan_retry(struct probe_plan *plan, const struct endpoint *endpoint, uint64_t now_ms) {
    struct probe_peer *peer = find_peer(plan, endpoint);
    if (peer != NULL && is_in(peer, QUEUE_RUNNING))
        move_peer(plan, peer, QUEUE_NEW, now_ms);
}

struct reach_state probe_plan_state(const struct probe_plan *plan,
                                    const struct endpoint *endpoint) {
    const struct probe_peer *peer = find_peer(plan, endpoint);
    if (peer == NULL)
        return (struct reach_state){ .reach = REACH_UNKNOWN };
    return (struct reach_state){
        .reach = peer->reach,
        .probed_ms = peer->probed_ms,
        .pending = !is_in(peer, QUEUE_LATER),
    };
}

struct probe_counts probe_plan_counts(const struct probe_plan *plan) {
    struct probe_counts counts = {
        .waiting = queue_table_count(&plan->table, QUEUE_NEW) +
                   queue_table_count(&plan->table, QUEUE_RUNNING),
    };
    for (int reach = 0; reach < REACHES; reach++)
        counts.peers[reach] = plan->reached[reach];
    return counts;
}
