#include "probe/probe_plan.h"

#include <stdlib.h>

#include "probe/probe_quota.h"
#include "probe/queue_table.h"
#include "probe/torrent_set.h"

enum {
    TOKEN = 1000,    /* one check; with `per_s` a second, a millisecond brings `per_s` */
    BURST_MS = 50,   /* so many milliseconds' tokens may gather; the clock ticks every 10 */
    PORT_MIN = 1024, /* below are a machine's own services, and no BitTorrent client */
};

/* Every peer stands in one of these lines. */
enum line { LINE_NEW, LINE_UNDER_WAY, LINE_LATER };

enum { LINES = LINE_LATER + 1 };

struct probe_peer {
    struct queue_slot slot;
    struct endpoint endpoint;
    enum reach reach;
    struct torrent_set torrents;
    uint64_t since_ms;      /* when it came into its line */
    uint64_t checked_ms;    /* 0: never */
    uint64_t kept_until_ms; /* though no torrent of it is known */
    struct probe_share share;
};

struct probe_plan {
    struct probe_limits limits;
    struct hash_key key;
    struct probe_quota *accounts;
    uint64_t tokens; /* in thousandths, at filled_ms */
    uint64_t filled_ms;
    uint32_t reached[REACHES];
    struct queue_table table;
};

static uint64_t interval_ms(const struct probe_plan *plan) {
    return (uint64_t)plan->limits.interval_s * 1000;
}

static struct probe_quota_limits quota_of(const struct probe_plan *plan) {
    return (struct probe_quota_limits){
        .peers_max = plan->limits.address_peers_max,
        .checks_max = plan->limits.address_peers_max,
        .interval_ms = interval_ms(plan),
    };
}

/* The table of peers */

/* NULL where there is none. */
static struct probe_peer *peer_at(const struct probe_plan *plan, uint32_t position) {
    return position == QUEUE_TABLE_NONE ? NULL : queue_table_at(&plan->table, position);
}

static struct probe_peer *first_in(const struct probe_plan *plan, enum line line) {
    return peer_at(plan, queue_table_first(&plan->table, line));
}

static uint32_t position_of(const struct probe_plan *plan, const struct probe_peer *peer) {
    return queue_table_position(&plan->table, peer);
}

static uint32_t hash_of(const struct probe_plan *plan, const struct endpoint *peer) {
    return (uint32_t)keyed_hash(&plan->key, peer->wire, endpoint_len(peer->family));
}

static bool is_at(const void *entry, const void *endpoint) {
    const struct probe_peer *peer = entry;
    return endpoint_equal(&peer->endpoint, endpoint);
}

static struct probe_peer *find(const struct probe_plan *plan, const struct endpoint *endpoint) {
    const uint32_t hash = hash_of(plan, endpoint);
    return peer_at(plan, queue_table_find(&plan->table, hash, is_at, endpoint));
}

static bool is_in(const struct probe_peer *peer, enum line line) {
    return peer->slot.line == line;
}

static void move(struct probe_plan *plan, struct probe_peer *peer, enum line line,
                 uint64_t now_ms) {
    peer->since_ms = now_ms;
    queue_table_move(&plan->table, position_of(plan, peer), line);
}

static uint32_t count(const struct probe_plan *plan) {
    uint32_t sum = 0;
    for (int line = 0; line < LINES; line++)
        sum += queue_table_count(&plan->table, (uint32_t)line);
    return sum;
}

/* NULL if it is not to be checked, or there is no room for it. */
static struct probe_peer *add(struct probe_plan *plan, const struct endpoint *endpoint,
                              uint64_t now_ms) {
    if (count(plan) >= plan->limits.peers_max || endpoint_port(endpoint) < PORT_MIN ||
        !networks_contain(&plan->limits.networks, endpoint))
        return NULL;
    const struct probe_quota_limits limits = quota_of(plan);
    struct probe_share share;
    if (!probe_quota_enter(plan->accounts, endpoint, &limits, &share))
        return NULL;
    struct probe_peer *peer =
        peer_at(plan, queue_table_add(&plan->table, hash_of(plan, endpoint), LINE_NEW));
    if (peer == NULL) {
        probe_quota_leave(plan->accounts, &share);
        return NULL;
    }
    peer->endpoint = *endpoint;
    peer->since_ms = now_ms;
    peer->share = share;
    plan->reached[REACH_UNKNOWN]++;
    return peer;
}

static void forget(struct probe_plan *plan, struct probe_peer *peer) {
    probe_quota_leave(plan->accounts, &peer->share);
    torrent_set_clear(&peer->torrents);
    plan->reached[peer->reach]--;
    queue_table_remove(&plan->table, position_of(plan, peer));
}

/* Calls `visit` with every peer; it may forget that one. */
static void visit_all(struct probe_plan *plan, uint64_t now_ms,
                      void (*visit)(struct probe_plan *, struct probe_peer *, uint64_t)) {
    for (uint32_t line = 0; line < LINES; line++) {
        uint32_t next;
        for (uint32_t at = queue_table_first(&plan->table, line); at != QUEUE_TABLE_NONE;
             at = next) {
            next = queue_table_next(&plan->table, at);
            visit(plan, peer_at(plan, at), now_ms);
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
        .accounts = probe_quota_create(key),
        .tokens = TOKEN,
    };
    if (plan->accounts != NULL && queue_table_init(&plan->table, sizeof(struct probe_peer), LINES))
        return plan;
    probe_quota_delete(plan->accounts);
    free(plan);
    return NULL;
}

static void forget_any(struct probe_plan *plan, struct probe_peer *peer, uint64_t now_ms) {
    (void)now_ms;
    forget(plan, peer);
}

void probe_plan_delete(struct probe_plan *plan) {
    if (plan == NULL)
        return;
    visit_all(plan, 0, forget_any);
    queue_table_free(&plan->table);
    probe_quota_delete(plan->accounts);
    free(plan);
}

static void forget_outsider(struct probe_plan *plan, struct probe_peer *peer, uint64_t now_ms) {
    (void)now_ms;
    if (!networks_contain(&plan->limits.networks, &peer->endpoint))
        forget(plan, peer);
}

void probe_plan_apply(struct probe_plan *plan, const struct probe_limits *limits) {
    plan->limits = *limits;
    visit_all(plan, 0, forget_outsider);
}

/* Who comes and goes */

static uint64_t torrent_of(const struct probe_plan *plan, const uint8_t *info_hash) {
    return keyed_hash(&plan->key, info_hash, INFO_HASH_LEN);
}

void probe_plan_join(struct probe_plan *plan, const struct endpoint *endpoint,
                     const uint8_t info_hash[static INFO_HASH_LEN], uint64_t now_ms) {
    struct probe_peer *peer = find(plan, endpoint);
    if (peer == NULL)
        peer = add(plan, endpoint, now_ms);
    if (peer != NULL)
        torrent_set_add(&peer->torrents, torrent_of(plan, info_hash));
}

void probe_plan_leave(struct probe_plan *plan, const struct endpoint *endpoint,
                      const uint8_t info_hash[static INFO_HASH_LEN]) {
    struct probe_peer *peer = find(plan, endpoint);
    if (peer == NULL)
        return;
    torrent_set_remove(&peer->torrents, torrent_of(plan, info_hash));
    if (peer->torrents.count == 0)
        forget(plan, peer);
}

void probe_plan_want(struct probe_plan *plan, const struct endpoint *endpoint, uint64_t now_ms) {
    struct probe_peer *peer = find(plan, endpoint);
    if (peer == NULL)
        peer = add(plan, endpoint, now_ms);
    if (peer == NULL)
        return;
    peer->kept_until_ms = now_ms + interval_ms(plan);
    /* Its address had no checks left when its turn came. */
    if (is_in(peer, LINE_LATER) && peer->checked_ms == 0)
        move(plan, peer, LINE_NEW, now_ms);
}

static void doubt(struct probe_plan *plan, struct probe_peer *peer, uint64_t now_ms) {
    torrent_set_clear(&peer->torrents);
    peer->kept_until_ms = now_ms + interval_ms(plan);
}

void probe_plan_doubt(struct probe_plan *plan, uint64_t now_ms) {
    visit_all(plan, now_ms, doubt);
}

/* Whose turn it is */

static uint64_t tokens_at(const struct probe_plan *plan, uint64_t now_ms) {
    const uint64_t gathered = (uint64_t)plan->limits.per_s * BURST_MS;
    const uint64_t full = gathered > TOKEN ? gathered : TOKEN;
    if (now_ms <= plan->filled_ms)
        return plan->tokens < full ? plan->tokens : full;
    const uint64_t level = plan->tokens + (now_ms - plan->filled_ms) * plan->limits.per_s;
    return level < full ? level : full;
}

static bool is_kept(const struct probe_peer *peer, uint64_t now_ms) {
    return peer->torrents.count > 0 || peer->kept_until_ms > now_ms;
}

/* The first in line, unless that is one whose time has not come yet. */
static struct probe_peer *first_due(const struct probe_plan *plan, uint64_t now_ms) {
    struct probe_peer *newcomer = first_in(plan, LINE_NEW);
    if (newcomer != NULL)
        return newcomer;
    struct probe_peer *checked = first_in(plan, LINE_LATER);
    return checked != NULL && checked->since_ms + interval_ms(plan) <= now_ms ? checked : NULL;
}

bool probe_plan_next(struct probe_plan *plan, uint64_t now_ms, struct endpoint *endpoint) {
    const struct probe_quota_limits limits = quota_of(plan);
    probe_quota_expire(plan->accounts, &limits, now_ms);
    const uint64_t tokens = tokens_at(plan, now_ms);
    if (tokens < TOKEN)
        return false;
    for (struct probe_peer *peer; (peer = first_due(plan, now_ms)) != NULL;) {
        if (is_in(peer, LINE_LATER) && !is_kept(peer, now_ms)) {
            forget(plan, peer);
        } else if (!probe_quota_spend(plan->accounts, &peer->share, &limits, now_ms)) {
            move(plan, peer, LINE_LATER, now_ms);
        } else {
            plan->tokens = tokens - TOKEN;
            plan->filled_ms = now_ms > plan->filled_ms ? now_ms : plan->filled_ms;
            move(plan, peer, LINE_UNDER_WAY, now_ms);
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
    /* Another thread may have read the clock a moment before this one. */
    const uint64_t since_ms = now_ms > plan->filled_ms ? now_ms : plan->filled_ms;
    return since_ms + (TOKEN - tokens + plan->limits.per_s - 1) / plan->limits.per_s;
}

uint64_t probe_plan_next_ms(const struct probe_plan *plan, uint64_t now_ms) {
    const uint64_t token = token_ms(plan, now_ms);
    if (first_in(plan, LINE_NEW) != NULL)
        return token;
    const struct probe_peer *checked = first_in(plan, LINE_LATER);
    if (checked == NULL)
        return UINT64_MAX;
    const uint64_t due = checked->since_ms + interval_ms(plan);
    return due > token ? due : token;
}

void probe_plan_done(struct probe_plan *plan, const struct endpoint *endpoint, enum reach reach,
                     uint64_t now_ms) {
    struct probe_peer *peer = find(plan, endpoint);
    /* It may have left meanwhile, and even be back. */
    if (peer == NULL || !is_in(peer, LINE_UNDER_WAY))
        return;
    plan->reached[peer->reach]--;
    plan->reached[reach]++;
    peer->reach = reach;
    peer->checked_ms = now_ms;
    move(plan, peer, LINE_LATER, now_ms);
}

void probe_plan_put_back(struct probe_plan *plan, const struct endpoint *endpoint,
                         uint64_t now_ms) {
    struct probe_peer *peer = find(plan, endpoint);
    if (peer != NULL && is_in(peer, LINE_UNDER_WAY))
        move(plan, peer, LINE_NEW, now_ms);
}

struct reach_state probe_plan_state(const struct probe_plan *plan,
                                    const struct endpoint *endpoint) {
    const struct probe_peer *peer = find(plan, endpoint);
    if (peer == NULL)
        return (struct reach_state){ .reach = REACH_UNKNOWN };
    return (struct reach_state){
        .reach = peer->reach,
        .checked_ms = peer->checked_ms,
        .pending = !is_in(peer, LINE_LATER),
    };
}

struct probe_counts probe_plan_counts(const struct probe_plan *plan) {
    struct probe_counts counts = {
        .waiting = queue_table_count(&plan->table, LINE_NEW) +
                   queue_table_count(&plan->table, LINE_UNDER_WAY),
    };
    for (int reach = 0; reach < REACHES; reach++)
        counts.peers[reach] = plan->reached[reach];
    return counts;
}
