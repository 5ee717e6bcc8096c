#include "swarm/tracker.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "swarm/idle_torrents.h"
#include "swarm/join_limits.h"
#include "swarm/peer_sending.h"
#include "swarm/peer_view.h"
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
    tracker->registry = registry_create();
    tracker->addresses = address_counts_create(&tracker->table->key);
    tracker->idle.addresses = address_counts_create(&tracker->table->key);
    tracker->rates = rate_limit_create(&tracker->table->key);
    for (int i = 0; i < SHARDS; i++)
        tracker->table->shards[i].outputs.addresses = tracker->addresses;
    return tracker->registry != NULL && tracker->addresses != NULL &&
           tracker->idle.addresses != NULL && tracker->rates != NULL;
}

struct tracker *tracker_create(const struct tracker_options *options, size_t feed_capacity) {
    const struct access_rules anyone = { .mode = ACCESS_OPEN };
    struct tracker *tracker = calloc(1, sizeof *tracker);
    struct access *access = access_create(&anyone);
    if (tracker != NULL)
        pthread_mutex_init(&tracker->walk_lock, NULL);
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
    address_counts_delete(tracker->idle.addresses);
    rate_limit_delete(tracker->rates);
    access_delete(tracker->access);
    registry_delete(tracker->registry);
    change_feed_free(&tracker->taken);
    pthread_mutex_destroy(&tracker->walk_lock);
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
    if (tracker->options != NULL)
        copy->cluster = tracker->options->cluster;
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

struct registry *tracker_registry(const struct tracker *tracker) {
    return tracker->registry;
}

enum announce_result tracker_check_torrent(struct tracker *tracker,
                                           const uint8_t info_hash[static INFO_HASH_LEN],
                                           char detail[static REFUSAL_DETAIL_LEN]) {
    uint64_t hash;
    struct shard *shard = swarm_table_lock(tracker->table, info_hash, &hash);
    detail[0] = '\0';
    const enum announce_result result =
        access_check_torrent(shard->access, tracker->registry, info_hash, detail);
    swarm_table_unlock(shard);
    return result;
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

/* One announce while its shard is locked. */
struct announce {
    const struct announce_request *request;
    struct tracker *tracker;
    struct shard *shard;
    uint64_t hash;
    uint64_t now_ms;
    uint32_t now_s;
    bool exceeds_rate;       /* the address has sent too many requests */
    struct swarm *swarm;     /* NULL if the torrent has none */
    struct peer_place place; /* of the client in `swarm` */
};

/* A client that names an address of the other family (BEP 7) has both. It is known by its own
 * address only. */
static uint8_t other_family(const struct announce_request *request, uint8_t family) {
    const struct endpoint *claim =
        family == FAMILY_V6 ? &request->claimed_v4 : &request->claimed_v6;
    const bool named = claim->family != FAMILY_NONE && claim->family != family;
    const bool usable = !endpoint_is_loopback(claim) || endpoint_is_loopback(&request->peer);
    return named && usable ? claim->family : FAMILY_NONE;
}

/* What every response has, refusals included. */
static void begin_response(const struct announce *announce, struct announce_response *response) {
    response->interval_s = jittered_interval_s(announce->tracker, &announce->shard->random);
    response->min_interval_s = response->interval_s / 2;
    response->client = known_address(announce->shard->options, announce->request);
    response->family = response->client.family;
    response->peer_count = 0;
    response->other_family = other_family(announce->request, response->family);
    response->other_count = 0;
    response->detail[0] = '\0';
}

/* How many of `want` peers the other family may have at least: half, or what the own one lacks. */
static uint32_t share_of_other(const struct peer_list *own, const struct peer_list *other,
                               uint32_t want) {
    const uint32_t lacking = want > peer_list_count(own) ? want - peer_list_count(own) : 0;
    const uint32_t share = lacking > want / 2 ? lacking : want / 2;
    return share < peer_list_count(other) ? share : peer_list_count(other);
}

static void select_peers(const struct announce *announce, bool on_lan, uint32_t position,
                         struct announce_response *response) {
    const struct announce_request *request = announce->request;
    const uint32_t want = wanted_peers(announce->shard->options, request, response);
    const struct peer_list *own = announce->place.list;
    const bool both = response->other_family != FAMILY_NONE;
    const struct peer_list *other =
        both ? swarm_list(announce->swarm, response->other_family) : NULL;
    const uint32_t share = both ? share_of_other(own, other, want) : 0;
    const struct tracker_options *options = announce->shard->options;
    const struct peer_view view = {
        .request = request,
        .on_lan = on_lan,
        .lan = &options->lan,
        .external_v4 = &options->external_v4,
        .external_v6 = &options->external_v6,
    };
    struct random *random = &announce->shard->random;
    const size_t count = peer_view_pick(&view, own, random, position, want - share,
                                        response->peers_max, response->peers, response->peer_ids);
    response->peer_count = (uint32_t)count;
    if (!both)
        return;
    const uint32_t self = peer_list_find_identity(other, request->peer_id, request->key);
    uint8_t *ids = response->peer_ids == NULL ? NULL : response->peer_ids + count * PEER_ID_LEN;
    response->other_count =
        peer_view_pick(&view, other, random, self, want - response->peer_count,
                       response->peers_max - response->peer_count,
                       response->peers + count * endpoint_len(response->family), ids);
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

static void update_totals(const struct announce *announce, struct usage before) {
    struct tracker *tracker = announce->tracker;
    const struct usage after = usage_of(announce->swarm);
    counter_add(&tracker->peers, after.peers - before.peers);
    tally_add(&tracker->memory, after.memory - before.memory);
    idle_torrents_update(tracker, announce->shard->options, announce->swarm, before.peers);
}

static bool is_known(const struct announce *announce) {
    return announce->swarm != NULL && peer_place_is_known(&announce->place);
}

static void find_client(struct announce *announce, const struct endpoint *client) {
    announce->swarm = shard_find(announce->shard, announce->request->info_hash, announce->hash);
    if (announce->swarm != NULL)
        announce->place = swarm_find(announce->swarm, announce->request, client);
}

/* A refused client is removed from the swarm. */
static void reject_peer(const struct announce *announce) {
    if (!is_known(announce))
        return;
    const struct usage before = usage_of(announce->swarm);
    swarm_reject(announce->swarm, &announce->shard->outputs, &announce->place, announce->now_s);
    update_totals(announce, before);
}

/* In a cluster, what the announce changes from here on is sent to the other nodes. */
static void begin_sending(const struct announce *announce) {
    if (!announce->shard->options->cluster)
        return;
    change_feed_prefetch(&announce->shard->feed);
    tracker_state_draw_stamp(announce->tracker, announce->shard, announce->now_ms);
}

static void end_sending(const struct announce *announce) {
    if (announce->shard->options->cluster)
        announce->shard->outputs.stamping = (struct swarm_stamping){ .origin = ORIGIN_NODE };
}

/* The other nodes may know the peer, also if this one knows it at another address. */
static void send_absence(const struct announce *announce, const struct endpoint *client) {
    const struct tracker_options *options = announce->shard->options;
    struct change change = {
        .kind = CHANGE_PEER_ABSENT,
        .origin = ORIGIN_SENT,
        .peer = *client,
        .on_lan = networks_contain(&options->lan, client),
        .stamp = announce->shard->outputs.stamping.stamp,
    };
    memcpy(change.info_hash, announce->request->info_hash, INFO_HASH_LEN);
    if (options->cluster)
        change_feed_push(&announce->shard->feed, &change);
}

/* Clients repeat a stop whose response was lost, so a stop of an unknown peer is no error. Over the
 * rate limit its response has no counts: it would be a scrape without a limit. */
static void stop_peer(const struct announce *announce, struct announce_response *response) {
    const bool known = is_known(announce);
    const bool is_here = known && announce->place.here != PEER_NOWHERE;
    const bool limited = announce->exceeds_rate && !known;
    begin_sending(announce);
    if (known) {
        const struct usage before = usage_of(announce->swarm);
        swarm_stop(announce->swarm, &announce->shard->outputs, &announce->place,
                   announce->request->left, announce->now_s);
        update_totals(announce, before);
    }
    if (!is_here && !limited && endpoint_port(&response->client) != 0)
        send_absence(announce, &response->client);
    end_sending(announce);
    fill_counts(limited ? NULL : announce->swarm, response);
}

/* Makes room for a client that is not in the swarm. The swarm is not created for a peer that is
 * refused anyway. */
static enum announce_result admit_peer(struct announce *announce, const struct endpoint *client) {
    const enum announce_result result =
        join_limits_check(announce->tracker, announce->shard->options, announce->swarm, client);
    if (result != ANNOUNCE_OK || announce->swarm != NULL)
        return result;
    const enum announce_result added =
        tracker_add_swarm(announce->tracker, announce->shard, announce->request->info_hash,
                          announce->hash, announce->now_s, &announce->swarm);
    if (added == ANNOUNCE_OK)
        announce->place = swarm_find(announce->swarm, announce->request, client);
    return added;
}

/* Clients keep a minimum interval of their own, whatever the tracker asks for: libtorrent's is five
 * minutes. */
static uint16_t peer_timeout_s(const struct tracker_options *options, uint32_t interval_s) {
    const uint32_t twice = 2 * interval_s;
    return (uint16_t)(twice > options->peer_timeout_min_s ? twice : options->peer_timeout_min_s);
}

static uint16_t recorded_ttl_s(const struct tracker_options *options, uint32_t interval_s) {
    return options->cluster ? peer_recorded_interval_s(interval_s, options->peer_timeout_min_s)
                            : peer_timeout_s(options, interval_s);
}

static bool updates_in_place(const struct peer_place *place) {
    return place->here != PEER_NOWHERE && (place->own == place->here || place->own == PEER_NOWHERE);
}

/* Whether the other nodes of the cluster must be informed of the announce. */
static bool put_is_sent(const struct announce *announce, const struct peer_put *put,
                        uint32_t interval_s) {
    const struct peer_place *place = &announce->place;
    if (!updates_in_place(place))
        return true;
    const struct peer_record *record = peer_list_record(place->list, place->here);
    const uint32_t deadline_s = peer_list_deadline(place->list, place->here);
    const struct send_facts facts = {
        .event = put->request->event,
        .known = record->flags & PEER_STAMPED,
        .outdated = announce->now_s >= counter_read(&announce->tracker->current_until_s),
        .changed = swarm_put_changes(put, place->list, place->here),
        .remaining_s = clock_elapsed_s(announce->now_s, deadline_s),
        .recorded_s = peer_record_interval_s(record),
        .interval_s = interval_s,
    };
    return peer_what_to_send(&facts) == SEND_PUT;
}

/* Returns the peer's position, or PEER_NOWHERE if out of memory. */
static uint32_t store_peer(const struct announce *announce, const struct peer_put *put) {
    struct swarm *swarm = announce->swarm;
    const struct peer_list *list = announce->place.list;
    /* Most announces update a peer in place, in arrays that are there, which changes no total. */
    const bool in_place = updates_in_place(&announce->place) &&
                          (put->passkey_tag == 0 || list->has_word[WORD_TAG]) &&
                          (!announce->shard->options->cluster || list->has_word[WORD_STAMP]);
    struct usage before = { 0 };
    if (!in_place)
        before = usage_of(swarm);
    begin_sending(announce);
    const uint32_t position = swarm_put(swarm, &announce->shard->outputs, put, &announce->place);
    end_sending(announce);
    if (!in_place)
        update_totals(announce, before);
    return position;
}

static enum announce_result put_peer(struct announce *announce,
                                     struct announce_response *response) {
    const struct tracker_options *options = announce->shard->options;
    const struct peer_put put = {
        .request = announce->request,
        .peer = response->client,
        .on_lan = networks_contain(&options->lan, &response->client),
        .ttl_s = recorded_ttl_s(options, response->interval_s),
        .now_s = announce->now_s,
        .passkey_tag = access_needs_passkey(announce->shard->access)
                           ? registry_passkey_tag(announce->request->passkey.digest)
                           : 0,
    };
    if (!is_known(announce)) {
        const enum announce_result admission = admit_peer(announce, &response->client);
        if (admission != ANNOUNCE_OK)
            return admission;
    }
    struct swarm *swarm = announce->swarm;
    uint32_t position = announce->place.here;
    if (!options->cluster || put_is_sent(announce, &put, response->interval_s))
        position = store_peer(announce, &put);
    if (position == PEER_NOWHERE)
        return ANNOUNCE_NO_MEMORY;
    select_peers(announce, put.on_lan, position, response);
    fill_counts(swarm, response);
    return ANNOUNCE_OK;
}

/* A client with port 0 cannot be connected to: it is given peers, but is neither listed nor
 * counted, even if it was with another port. */
static void answer_unlisted(struct announce *announce, struct announce_response *response) {
    const struct networks *lan = &announce->shard->options->lan;
    begin_sending(announce);
    reject_peer(announce);
    end_sending(announce);
    if (announce->swarm != NULL)
        select_peers(announce, networks_contain(lan, &response->client), PEER_NOWHERE, response);
    fill_counts(announce->swarm, response);
}

static enum announce_result check_access(const struct announce *announce,
                                         struct announce_response *response) {
    const struct announce_request *request = announce->request;
    const struct access *access = announce->shard->access;
    const struct requester requester = {
        .address = &response->client,
        .peer_id = request->peer_id,
        .passkey = &request->passkey,
    };
    struct registry *registry = announce->tracker->registry;
    const enum announce_result result =
        access_check(access, registry, &requester, response->detail);
    if (result != ANNOUNCE_OK)
        return result;
    return access_check_torrent(access, registry, request->info_hash, response->detail);
}

/* Takes one of the address's requests, or, if not `take`, only looks. */
static bool exceeds_rate(struct tracker *tracker, const struct endpoint *address, bool take,
                         uint64_t now_ms) {
    const uint32_t per_s = counter_read(&tracker->address_requests_per_s);
    if (per_s == 0 || !tracker_limits_address(tracker, address))
        return false;
    const uint32_t burst = counter_read(&tracker->address_requests_burst);
    return take ? !rate_limit_take(tracker->rates, address, per_s, burst, now_ms)
                : !rate_limit_has(tracker->rates, address, per_s, burst, now_ms);
}

/* Clients send these events once and do not repeat them if they are refused. */
static bool is_sent_once(enum announce_event event) {
    return event == EVENT_COMPLETED || event == EVENT_STOPPED;
}

/* Over the rate limit, a peer may complete once. For any other client event=completed is a join,
 * and a peer that has completed has nothing new to say. */
static bool completes_peer(const struct announce *announce) {
    return announce->swarm != NULL &&
           swarm_is_uncounted(&announce->place, announce->request->peer_id);
}

static enum announce_result handle_announce(struct announce *announce,
                                            struct announce_response *response) {
    if (announce->exceeds_rate && !is_sent_once(announce->request->event))
        return ANNOUNCE_TOO_FAST;
    const enum announce_result verdict = check_access(announce, response);
    find_client(announce, &response->client);
    if (verdict != ANNOUNCE_OK) {
        reject_peer(announce);
        return verdict;
    }
    if (announce->request->event == EVENT_STOPPED) {
        stop_peer(announce, response);
        return ANNOUNCE_OK;
    }
    if (announce->exceeds_rate && !completes_peer(announce))
        return ANNOUNCE_TOO_FAST;
    if (endpoint_port(&announce->request->peer) == 0) {
        answer_unlisted(announce, response);
        return ANNOUNCE_OK;
    }
    return put_peer(announce, response);
}

static void count_result(const struct announce *announce, enum announce_result result,
                         const struct announce_response *response) {
    struct shard *shard = announce->shard;
    if (result == ANNOUNCE_OK) {
        tally_own(&shard->answered);
        return;
    }
    tally_add(&announce->tracker->refused[result], 1);
    refused_clients_add(&shard->refused, &response->client, announce->request, result,
                        response->detail);
}

enum announce_result tracker_announce(struct tracker *tracker,
                                      const struct announce_request *request, uint64_t now_ms,
                                      struct announce_response *response) {
    struct announce announce = {
        .request = request,
        .tracker = tracker,
        .now_ms = now_ms,
        .now_s = tracker_seconds(now_ms),
        /* Before the shard is locked, so that its lock is held as short as possible. */
        .exceeds_rate = exceeds_rate(tracker, &request->peer, true, now_ms),
    };
    announce.shard = swarm_table_lock(tracker->table, request->info_hash, &announce.hash);
    begin_response(&announce, response);
    const enum announce_result result = handle_announce(&announce, response);
    count_result(&announce, result, response);
    swarm_table_unlock(announce.shard);
    return result;
}

bool tracker_limits_address(const struct tracker *tracker, const struct endpoint *address) {
    return tracker_state_limits(tracker, address);
}

bool tracker_allows_request(struct tracker *tracker, const struct endpoint *address, bool take,
                            uint64_t now_ms) {
    return !exceeds_rate(tracker, address, take, now_ms);
}

enum announce_result tracker_check_scrape(struct tracker *tracker, const struct endpoint *address,
                                          const struct passkey *passkey, uint64_t now_ms,
                                          char detail[static REFUSAL_DETAIL_LEN]) {
    enum announce_result result = ANNOUNCE_TOO_FAST;
    detail[0] = '\0';
    if (!exceeds_rate(tracker, address, true, now_ms)) {
        /* Any shard's lock protects the access rules; the port spreads the load. */
        struct shard *shard = &tracker->table->shards[endpoint_port(address) % SHARDS];
        const struct requester requester = { .address = address, .passkey = passkey };
        pthread_mutex_lock(&shard->lock);
        result = access_check(shard->access, tracker->registry, &requester, detail);
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
    char reason[REFUSAL_DETAIL_LEN];
    if (swarm != NULL && access_check_torrent(shard->access, tracker->registry, info_hash,
                                              reason) != ANNOUNCE_TORRENT_BLOCKED) {
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

uint32_t tracker_address_peers(const struct tracker *tracker, const struct endpoint *address) {
    return address_counts_of(tracker->addresses, address);
}
