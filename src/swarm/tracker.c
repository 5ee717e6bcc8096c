#include "swarm/tracker.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "swarm/peer_pick.h"
#include "swarm/tracker_state.h"

static void publish_options(struct tracker *tracker, const struct tracker_options *options) {
    atomic_store_explicit(&tracker->interval_min_s, options->interval_min_s, memory_order_relaxed);
    atomic_store_explicit(&tracker->interval_max_s, options->interval_max_s, memory_order_relaxed);
    atomic_store_explicit(&tracker->budget_per_s, options->budget_per_s, memory_order_relaxed);
    atomic_store_explicit(&tracker->address_requests_per_s, options->address_requests_per_s,
                          memory_order_relaxed);
    atomic_store_explicit(&tracker->address_requests_burst, options->address_requests_burst,
                          memory_order_relaxed);
    atomic_store_explicit(&tracker->limit_loopback, options->limit_loopback, memory_order_relaxed);
}

static bool create_parts(struct tracker *tracker, size_t feed_capacity) {
    tracker->table = swarm_table_create(feed_capacity);
    if (tracker->table == NULL)
        return false;
    tracker->addresses = address_counts_create(&tracker->table->key);
    tracker->rates = rate_limit_create(&tracker->table->key);
    for (int i = 0; i < SHARDS; i++)
        tracker->table->shards[i].watchers.addresses = tracker->addresses;
    return tracker->addresses != NULL && tracker->rates != NULL;
}

struct tracker *tracker_create(const struct tracker_options *options, size_t feed_capacity) {
    const struct access_rules anyone = { .mode = ACCESS_OPEN };
    struct tracker *tracker = calloc(1, sizeof *tracker);
    struct access *access = access_create(&anyone);
    if (tracker != NULL && access != NULL && create_parts(tracker, feed_capacity) &&
        tracker_apply(tracker, options)) {
        tracker_set_access(tracker, access);
        return tracker;
    }
    access_delete(access);
    tracker_delete(tracker);
    return NULL;
}

void tracker_delete(struct tracker *tracker) {
    if (tracker == NULL)
        return;
    swarm_table_delete(tracker->table);
    address_counts_delete(tracker->addresses);
    rate_limit_delete(tracker->rates);
    access_delete(tracker->access);
    change_feed_free(&tracker->taken);
    free(tracker->options);
    free(tracker);
}

/* Options and access are read under a shard's lock only, so that the old ones are unused once the
 * last shard has the new ones. */
bool tracker_apply(struct tracker *tracker, const struct tracker_options *options) {
    assert(options->numwant_max <= NUMWANT_LIMIT);
    struct tracker_options *copy = malloc(sizeof *copy);
    if (copy == NULL)
        return false;
    *copy = *options;
    for (int i = 0; i < SHARDS; i++) {
        struct shard *shard = &tracker->table->shards[i];
        pthread_mutex_lock(&shard->lock);
        shard->options = copy;
        pthread_mutex_unlock(&shard->lock);
    }
    free(tracker->options);
    tracker->options = copy;
    publish_options(tracker, copy);
    return true;
}

void tracker_set_access(struct tracker *tracker, struct access *access) {
    for (int i = 0; i < SHARDS; i++) {
        struct shard *shard = &tracker->table->shards[i];
        pthread_mutex_lock(&shard->lock);
        shard->access = access;
        pthread_mutex_unlock(&shard->lock);
    }
    access_delete(tracker->access);
    tracker->access = access;
}

bool tracker_is_registered(struct tracker *tracker, const uint8_t info_hash[static INFO_HASH_LEN]) {
    uint64_t hash;
    struct shard *shard = swarm_table_lock(tracker->table, info_hash, &hash);
    const bool lists = access_is_registered(shard->access, info_hash);
    pthread_mutex_unlock(&shard->lock);
    return lists;
}

uint32_t tracker_interval_s(const struct tracker *tracker) {
    const uint32_t shortest = counter_read(&tracker->interval_min_s);
    const uint32_t longest = counter_read(&tracker->interval_max_s);
    const uint32_t wanted = counter_read(&tracker->peers) / counter_read(&tracker->budget_per_s);
    if (wanted < shortest)
        return shortest;
    return wanted > longest ? longest : wanted;
}

/* Adds up to a tenth, so that clients that started together spread out; never exceeds the bounds.
 */
static uint32_t jittered_interval_s(const struct tracker *tracker, struct random *random) {
    const uint32_t base = tracker_interval_s(tracker);
    const uint32_t shortest = counter_read(&tracker->interval_min_s);
    const uint32_t longest = counter_read(&tracker->interval_max_s);
    uint32_t spread = base / 10;
    if (longest < shortest + spread)
        spread = longest > shortest ? longest - shortest : 0;
    const uint32_t lowest = base + spread > longest ? longest - spread : base;
    return lowest + random_below(random, spread + 1);
}

/* `ip` (BEP 3) is the client's address in any family. `ipv4` and `ipv6` (BEP 7) are further
 * addresses: only the one of the socket's family replaces it. */
static const struct endpoint *claimed_address(const struct announce_request *request) {
    const struct endpoint *same_family =
        request->peer.family == FAMILY_V6 ? &request->claimed_v6 : &request->claimed_v4;
    if (request->claimed.family != FAMILY_NONE)
        return &request->claimed;
    return same_family->family == request->peer.family ? same_family : NULL;
}

static struct endpoint known_address(const struct tracker_options *options,
                                     const struct announce_request *request) {
    const struct endpoint *claim = claimed_address(request);
    if (claim == NULL || !networks_contain(&options->ip_param_networks, &request->peer))
        return request->peer;
    struct endpoint claimed = *claim;
    endpoint_set_port(&claimed, endpoint_port(&request->peer));
    return claimed;
}

enum announce_result tracker_add_swarm(struct tracker *tracker, struct shard *shard,
                                       const uint8_t *info_hash, uint64_t hash, uint32_t now_s,
                                       struct swarm **swarm) {
    if (counter_read(&tracker->torrents) >= shard->options->torrents_max)
        return ANNOUNCE_TORRENTS_FULL;
    *swarm = shard_add(shard, &tracker->table->key, info_hash, hash, now_s);
    if (*swarm == NULL)
        return ANNOUNCE_NO_MEMORY;
    counter_add(&tracker->torrents, 1);
    tally_add(&tracker->memory, sizeof **swarm);
    return ANNOUNCE_OK;
}

static uint32_t wanted_peers(const struct tracker_options *options,
                             const struct announce_request *request,
                             const struct announce_response *response) {
    uint32_t want = request->numwant < 0 ? options->numwant : (uint32_t)request->numwant;
    if (want > options->numwant_max)
        want = options->numwant_max;
    return want < response->peers_max ? want : response->peers_max;
}

static void select_peers(const struct tracker_options *options, struct shard *shard,
                         struct swarm *swarm, const struct announce_request *request, bool on_lan,
                         uint32_t position, struct announce_response *response) {
    const struct endpoint *external =
        response->family == FAMILY_V6 ? &options->external_v6 : &options->external_v4;
    const bool substitute = !on_lan && external->family != FAMILY_NONE;
    const struct peer_filter filter = {
        .self = position,
        .leechers_only = request->left == 0 || request->event == EVENT_PAUSED,
        .outside_only = !on_lan && !substitute,
    };
    response->peer_count =
        peer_pick(swarm_list(swarm, response->family), &shard->random, &filter,
                  wanted_peers(options, request, response), substitute ? external->wire : NULL,
                  response->peers, response->peer_ids);
}

static void fill_counts(const struct swarm *swarm, struct announce_response *response) {
    response->seeders = swarm == NULL ? 0 : swarm_seeders(swarm);
    response->leechers = swarm == NULL ? 0 : swarm_leechers(swarm);
    response->downloaded = swarm == NULL ? 0 : swarm->downloaded;
}

/* Peers and memory of a swarm, to update the tracker's totals by the difference. */
struct usage {
    uint32_t peers;
    size_t memory;
};

static struct usage usage_of(const struct swarm *swarm) {
    return (struct usage){ .peers = swarm_peers(swarm), .memory = swarm_memory(swarm) };
}

static void update_totals(struct tracker *tracker, const struct swarm *swarm, struct usage before) {
    const struct usage after = usage_of(swarm);
    counter_add(&tracker->peers, after.peers - before.peers);
    tally_add(&tracker->memory, after.memory - before.memory);
}

static enum announce_result remove_peer(struct tracker *tracker, struct shard *shard, uint64_t hash,
                                        const struct announce_request *request, uint32_t now_s,
                                        struct announce_response *response) {
    struct swarm *swarm = shard_find(shard, request->info_hash, hash);
    if (swarm != NULL) {
        const struct usage before = usage_of(swarm);
        swarm_remove(swarm, &shard->watchers, request, &response->client, now_s);
        update_totals(tracker, swarm, before);
    }
    fill_counts(swarm, response);
    return ANNOUNCE_OK;
}

static enum announce_result check_capacity(const struct tracker *tracker,
                                           const struct tracker_options *options) {
    if (counter_read(&tracker->peers) >= options->peers_max)
        return ANNOUNCE_PEERS_FULL;
    if (options->memory_max_mib > 0 &&
        tally_read(&tracker->memory) >> 20 >= options->memory_max_mib)
        return ANNOUNCE_MEMORY_FULL;
    return ANNOUNCE_OK;
}

/* Finds or creates the swarm. It is not created for a peer that is refused anyway. */
static enum announce_result find_swarm(struct tracker *tracker, struct shard *shard, uint64_t hash,
                                       const struct peer_put *put, struct swarm **swarm) {
    const uint8_t *info_hash = put->request->info_hash;
    *swarm = shard_find(shard, info_hash, hash);
    if (*swarm != NULL)
        return ANNOUNCE_OK;
    const enum announce_result admission = swarm_check_limits(&shard->watchers, put);
    if (admission != ANNOUNCE_OK)
        return admission;
    return tracker_add_swarm(tracker, shard, info_hash, hash, put->now_s, swarm);
}

/* Clients keep a minimum interval of their own, whatever the tracker asks for: libtorrent's is five
 * minutes. */
static uint16_t peer_timeout_s(const struct tracker_options *options, uint32_t interval_s) {
    const uint32_t twice = 2 * interval_s;
    return (uint16_t)(twice > options->peer_timeout_min_s ? twice : options->peer_timeout_min_s);
}

static enum announce_result put_peer(struct tracker *tracker, struct shard *shard, uint64_t hash,
                                     const struct announce_request *request, uint32_t now_s,
                                     struct announce_response *response) {
    const struct tracker_options *options = shard->options;
    const bool limited = tracker_limits_address(tracker, &response->client);
    const struct peer_put put = {
        .request = request,
        .peer = response->client,
        .on_lan = networks_contain(&options->lan, &response->client),
        .ttl_s = peer_timeout_s(options, response->interval_s),
        .now_s = now_s,
        .room = check_capacity(tracker, options),
        .peers_max = options->torrent_peers_max,
        .address_peers_max = limited ? options->address_peers_max : 0,
        .address_torrent_peers_max = limited ? options->address_torrent_peers_max : 0,
    };
    struct swarm *swarm;
    enum announce_result result = find_swarm(tracker, shard, hash, &put, &swarm);
    if (result != ANNOUNCE_OK)
        return result;
    const struct usage before = usage_of(swarm);
    uint32_t position;
    result = swarm_put(swarm, &shard->watchers, &put, &position);
    update_totals(tracker, swarm, before);
    if (result != ANNOUNCE_OK)
        return result;
    select_peers(options, shard, swarm, request, put.on_lan, position, response);
    fill_counts(swarm, response);
    return ANNOUNCE_OK;
}

static enum announce_result check_access(const struct shard *shard,
                                         const struct announce_request *request,
                                         struct announce_response *response) {
    const struct requester requester = {
        .address = &response->client,
        .peer_id = request->peer_id,
        .passkey = &request->passkey,
    };
    const enum announce_result result = access_check(shard->access, &requester, response->detail);
    if (result != ANNOUNCE_OK)
        return result;
    return access_is_registered(shard->access, request->info_hash) ? ANNOUNCE_OK
                                                                   : ANNOUNCE_TORRENT_NOT_LISTED;
}

static bool exceeds_rate(struct tracker *tracker, const struct endpoint *address, uint64_t now_ms) {
    const uint32_t per_s = counter_read(&tracker->address_requests_per_s);
    return per_s > 0 && tracker_limits_address(tracker, address) &&
           !rate_limit_take(tracker->rates, address, per_s,
                            counter_read(&tracker->address_requests_burst), now_ms);
}

/* Completed and stopped are sent once and must not be lost. */
static bool may_come_early(enum announce_event event) {
    return event == EVENT_COMPLETED || event == EVENT_STOPPED;
}

static enum announce_result handle_announce(struct tracker *tracker, struct shard *shard,
                                            uint64_t hash, const struct announce_request *request,
                                            uint32_t now_s, struct announce_response *response) {
    const enum announce_result verdict = check_access(shard, request, response);
    if (request->event == EVENT_STOPPED || verdict != ANNOUNCE_OK) {
        /* A rejected peer is removed from the swarm. */
        remove_peer(tracker, shard, hash, request, now_s, response);
        return verdict;
    }
    return put_peer(tracker, shard, hash, request, now_s, response);
}

enum announce_result tracker_announce(struct tracker *tracker,
                                      const struct announce_request *request, uint64_t now_ms,
                                      struct announce_response *response) {
    const bool fast =
        exceeds_rate(tracker, &request->peer, now_ms) && !may_come_early(request->event);
    uint64_t hash;
    struct shard *shard = swarm_table_lock(tracker->table, request->info_hash, &hash);
    response->interval_s = jittered_interval_s(tracker, &shard->random);
    response->min_interval_s = response->interval_s / 2;
    response->client = known_address(shard->options, request);
    response->family = response->client.family;
    response->peer_count = 0;
    response->detail[0] = '\0';
    const enum announce_result result =
        fast ? ANNOUNCE_TOO_FAST
             : handle_announce(tracker, shard, hash, request, tracker_seconds(now_ms), response);
    if (result == ANNOUNCE_OK)
        tally_own(&shard->answered);
    else
        tally_add(&tracker->refused[result], 1);
    swarm_table_unlock(shard);
    return result;
}

bool tracker_limits_address(const struct tracker *tracker, const struct endpoint *address) {
    return atomic_load_explicit(&tracker->limit_loopback, memory_order_relaxed) ||
           !endpoint_is_loopback(address);
}

enum announce_result tracker_check_scrape(struct tracker *tracker, const struct endpoint *address,
                                          const struct passkey *passkey, uint64_t now_ms,
                                          char detail[static REFUSAL_DETAIL_LEN]) {
    enum announce_result result = ANNOUNCE_TOO_FAST;
    detail[0] = '\0';
    if (!exceeds_rate(tracker, address, now_ms)) {
        /* Any shard's lock protects the access rules; the port spreads the load. */
        struct shard *shard = &tracker->table->shards[endpoint_port(address) % SHARDS];
        const struct requester requester = { .address = address, .passkey = passkey };
        pthread_mutex_lock(&shard->lock);
        result = access_check(shard->access, &requester, detail);
        pthread_mutex_unlock(&shard->lock);
    }
    tally_add(&tracker->scrapes[result], 1);
    return result;
}

struct scrape_entry tracker_scrape(struct tracker *tracker,
                                   const uint8_t info_hash[static INFO_HASH_LEN]) {
    struct scrape_entry entry = { 0 };
    uint64_t hash;
    struct shard *shard = swarm_table_lock(tracker->table, info_hash, &hash);
    const struct swarm *swarm = shard_find(shard, info_hash, hash);
    if (swarm != NULL) {
        entry.seeders = swarm_seeders(swarm);
        entry.leechers = swarm_leechers(swarm);
        entry.downloaders = entry.leechers - swarm->paused;
        entry.downloaded = swarm->downloaded;
    }
    swarm_table_unlock(shard);
    return entry;
}

struct tracker_stats tracker_stats(const struct tracker *tracker) {
    struct tracker_stats stats = {
        .torrents = counter_read(&tracker->torrents),
        .peers = counter_read(&tracker->peers),
        .memory = tally_read(&tracker->memory),
    };
    for (int i = 0; i < ANNOUNCE_RESULTS; i++) {
        stats.announces[i] = tally_read(&tracker->refused[i]);
        stats.scrapes[i] = tally_read(&tracker->scrapes[i]);
    }
    for (int i = 0; i < SHARDS; i++)
        stats.announces[ANNOUNCE_OK] += tally_read(&tracker->table->shards[i].answered);
    for (int i = 0; i < ANNOUNCE_RESULTS; i++)
        stats.announces_total += stats.announces[i];
    return stats;
}
