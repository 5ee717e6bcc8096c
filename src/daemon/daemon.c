#include "daemon/daemon.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/ticker.h"
#include "cluster/cluster.h"
#include "daemon/access_reload.h"
#include "daemon/event_log.h"
#include "daemon/watchdog.h"
#include "metrics/metrics_page.h"
#include "store/change_writer.h"
#include "store/store.h"
#include "swarm/registry_cluster.h"
#include "swarm/stamp.h"
#include "swarm/sweeper.h"
#include "torrent_dir/torrent_dir.h"
#include "web/views/announce_urls.h"
#include "web/views/health_report.h"

enum {
    NETWORK_WATCH_MS = 2000,
    FEED_PERIOD_MS = 100,
    SUBSCRIPTIONS = 4,
    RING_FEEDS = 32, /* the ring of the readers holds as much as the feeds of this many shards */
    RING_CHANGES_MIN = 65536,
};

/* Logs what makes clients fail although the tracker works, and passes the keys of the cluster on.
 */
struct network_watch {
    const struct tracker *tracker;
    struct udp_server *udp;  /* NULL: disabled */
    struct cluster *cluster; /* NULL: none */
    struct ticker *ticker;
    uint64_t drops;      /* up to the last log line */
    bool router_is_most; /* logged already */
};

struct daemon {
    struct tracker *tracker;
    struct swarm_totals *totals;
    struct store *store;
    struct prober *prober;
    struct cluster *cluster; /* NULL: none */
    struct recent_events *events;
    struct event_log event_log;
    struct feed_reader *feed;
    struct feed_subscription *subscriptions[SUBSCRIPTIONS];
    struct change_writer *change_writer; /* NULL: no store */
    struct sweeper *sweeper;
    struct http_counters http_counters;
    struct metrics_page *metrics_page;
    struct health_sources health;
    struct refused_families refused;
    struct api *api;
    struct web_router *router;
    struct http_server *http;
    struct udp_keys udp_keys;
    struct udp_server *udp;
    struct dht_server *dht; /* NULL: disabled */
    struct network_watch network_watch;
    struct torrent_dir *torrent_dir;
    struct access_reload *access_reload;
    struct watchdog *watchdog;
    struct tracker_stats restored; /* from the database, before the first announce */
};

/* Clients only notice a timeout if the kernel drops their packets, so the log is the only hint. */
static void log_udp_drops(struct network_watch *watch) {
    const uint64_t drops = udp_server_stats(watch->udp).kernel_drops;
    if (drops > watch->drops)
        log_warning(
            "udp: receive buffer full: %llu packets dropped; raise udp.receive_buffer and "
            "net.core.rmem_max",
            (unsigned long long)(drops - watch->drops));
    watch->drops = drops;
}

static void log_router(struct network_watch *watch) {
    struct endpoint router;
    char address[ENDPOINT_TEXT_LEN];
    uint32_t peers;
    const bool is_most = health_report_find_router(watch->tracker, &router, &peers);
    if (is_most && !watch->router_is_most) {
        endpoint_address_text(&router, address);
        log_warning(
            "most peers (%u) have the address of the default router, %s, which hides the clients; "
            "in a container, use the network of the host",
            peers, address);
    }
    watch->router_is_most = is_most;
}

static void share_udp_keys(struct network_watch *watch) {
    struct hash_key secret;
    uint64_t clock_offset_ms;
    if (watch->cluster != NULL && cluster_secret(watch->cluster, &secret, &clock_offset_ms))
        udp_server_share_keys(watch->udp, &secret, clock_offset_ms);
}

static void watch_network(void *context) {
    struct network_watch *watch = context;
    log_router(watch);
    if (watch->udp == NULL)
        return;
    log_udp_drops(watch);
    share_udp_keys(watch);
}

struct restore_state {
    struct tracker *tracker;
    uint64_t now_ms;
    _Atomic uint32_t peers; /* in the database */
};

static bool restore_changes(void *context, const struct change *changes, size_t count) {
    struct restore_state *state = context;
    uint32_t peers = 0;
    for (size_t i = 0; i < count; i++)
        peers += changes[i].peer.family != FAMILY_NONE;
    atomic_fetch_add_explicit(&state->peers, peers, memory_order_relaxed);
    return tracker_restore(state->tracker, changes, count, state->now_ms);
}

static unsigned cores(void) {
    const long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 1 ? (unsigned)count : 1;
}

static bool log_failure(const char *error) {
    log_error("%s", error);
    return false;
}

static bool ports_are_free(const struct config *config, char error[static ERROR_LEN]) {
    const struct http_server_options *http = &config->http;
    const struct listen_addresses udp = listen_udp_addresses(&config->udp.listen);
    return (http->inherited.count > 0 ||
            (listen_tcp_is_free(&http->listen, http->port, error) &&
             (http->https.port == 0 ||
              listen_tcp_is_free(&http->listen, http->https.port, error)))) &&
           (!config->udp.enabled || config->udp.inherited.count > 0 ||
            listen_udp_is_free(&udp, config->udp.port, error));
}

/* A start that fails because a port is in use must not leave an empty database behind. */
static bool open_store(struct daemon *daemon, const struct config *config) {
    if (!config->store_enabled)
        return true;
    char error[ERROR_LEN];
    if (access(config->database, F_OK) != 0 && !ports_are_free(config, error))
        return log_failure(error);
    daemon->store = config->database_is_default ? store_open_default(config->database, error)
                                                : store_open(config->database, error);
    if (daemon->store == NULL)
        return log_failure(error);
    const bool of_cluster = config->cluster.engines.count > 0;
    if (of_cluster && !store_join_cluster(daemon->store))
        return log_failure(store_failure(daemon->store));
    struct restore_state state = { .tracker = daemon->tracker, .now_ms = clock_now_ms() };
    if (!store_restore(daemon->store, cores(), restore_changes, &state)) {
        log_error("database %s: cannot read: %s", config->database, store_failure(daemon->store));
        return false;
    }
    if (!store_load_registry(daemon->store, tracker_registry(daemon->tracker))) {
        log_error("database %s: cannot read the registry: %s", config->database,
                  store_failure(daemon->store));
        return false;
    }
    if (!of_cluster && !store_leave_cluster(daemon->store))
        log_warning("database %s: %s", config->database, store_failure(daemon->store));
    tracker_extend_deadlines(daemon->tracker, clock_now_ms());
    daemon->restored = tracker_stats(daemon->tracker);
    /* Limits or memory excluded some peers. Rewrite the database, or a later restart would bring
     * them back after they have left. */
    if (daemon->restored.peers != state.peers)
        store_mark_stale(daemon->store);
    return true;
}

/* The torrents come first: the access rules remove the peers of all others. */
static bool start_access(struct daemon *daemon, const struct config *config) {
    char error[ERROR_LEN];
    daemon->torrent_dir = torrent_dir_start(daemon->tracker, config->access.torrent_dir, error);
    if (daemon->torrent_dir == NULL) {
        log_error("torrent_dir: %s", error);
        return false;
    }
    daemon->access_reload = access_reload_start(daemon->tracker, &config->access, error);
    return daemon->access_reload != NULL || log_failure(error);
}

static struct tracker_settings tracker_settings_of(const struct config *config) {
    return (struct tracker_settings){
        .mode = config->access.rules.mode,
        .lan = config->tracker.lan,
        .proxies = config->http.proxies.trusted,
        .external_v4 = config->tracker.external_v4,
        .external_v6 = config->tracker.external_v6,
        .announce_urls = config->announce_urls,
        .listen = config->http.listen,
        .http_port = config->http.port,
        .https_port = config->http.https.port,
        .udp_port = config->udp.enabled ? config->udp.port : 0,
    };
}

static void apply_health_options(struct daemon *daemon, const struct config *config) {
    const struct health_options options = {
        .torrents_max = config->tracker.torrents_max,
        .peers_max = config->tracker.peers_max,
        .memory_max_mib = config->tracker.memory_max_mib,
    };
    health_report_apply(&daemon->health, &options);
}

static bool start_api(struct daemon *daemon, const struct config *config) {
    daemon->health.tracker = daemon->tracker;
    daemon->health.change_writer = daemon->change_writer;
    daemon->health.udp = daemon->udp;
    daemon->health.http = &daemon->http_counters;
    daemon->health.cluster = daemon->cluster;
    daemon->health.dht = daemon->dht;
    apply_health_options(daemon, config);
    const struct api_sources sources = {
        .tracker = daemon->tracker,
        .totals = daemon->totals,
        .database = store_path(daemon->store),
        .torrent_dir = daemon->torrent_dir,
        .prober = daemon->prober,
        .events = daemon->events,
        .health = &daemon->health,
        .refused = &daemon->refused,
        .cluster = daemon->cluster,
        .dht = daemon->dht,
    };
    const struct tracker_settings settings = tracker_settings_of(config);
    daemon->api = api_create(&sources, &settings);
    return daemon->api != NULL || log_failure("out of memory");
}

static struct metrics_options metrics_options_of(const struct config *config) {
    return (struct metrics_options){
        .tracker = &config->tracker,
        .connections_max = http_server_connections_max(&config->http),
        .connections_per_address_max = config->http.connections_per_address_max,
    };
}

static bool start_metrics_page(struct daemon *daemon, const struct config *config) {
    const struct metrics_sources sources = {
        .tracker = daemon->tracker,
        .totals = daemon->totals,
        .sweeper = daemon->sweeper,
        .change_writer = daemon->change_writer,
        .udp = daemon->udp,
        .http = &daemon->http_counters,
        .refused = &daemon->refused,
        .prober = daemon->prober,
        .database = store_path(daemon->store),
        .cluster = daemon->cluster,
        .dht = daemon->dht,
    };
    const struct metrics_options options = metrics_options_of(config);
    daemon->metrics_page = metrics_page_create(&sources, &options);
    return daemon->metrics_page != NULL || log_failure("out of memory");
}

static bool start_router(struct daemon *daemon, const struct config *config) {
    const struct web_sources sources = {
        .tracker = daemon->tracker,
        .api = daemon->api,
        .metrics = daemon->metrics_page,
        .counters = &daemon->http_counters,
        .cluster = daemon->cluster,
    };
    daemon->router = web_router_create(&config->web, &sources);
    return daemon->router != NULL || log_failure("out of memory");
}

static bool start_http(struct daemon *daemon, const struct config *config) {
    char error[ERROR_LEN];
    const struct web_handler web = web_router_handler(daemon->router);
    daemon->http = http_server_start(&config->http, daemon->tracker, &web, &daemon->http_counters,
                                     &daemon->refused, error);
    return daemon->http != NULL || log_failure(error);
}

/* Connection ids outlive a restart: this run also accepts those made with the key of the previous
 * run, and stores its own key for the next. Call before the change writer uses the store. */
static bool create_udp_keys(struct daemon *daemon, const struct config *config) {
    struct store *store = daemon->store;
    struct udp_keys *keys = &daemon->udp_keys;
    if (!config->udp.enabled)
        return true;
    if (!random_secret(keys, sizeof *keys)) {
        log_error("udp: getrandom failed: %s", strerror(errno));
        return false;
    }
    bool was_there;
    if (store != NULL && !store_exchange_secret(store, "udp key", &keys->current, &keys->previous,
                                                sizeof keys->current, &was_there))
        log_warning(
            "udp: cannot store the key for connection ids: %s; clients must reconnect after "
            "a restart",
            store_failure(store));
    return true;
}

/* A secret that is made once. */
static bool keep_secret(struct store *store, const char *name, void *secret, size_t len) {
    uint8_t previous[64];
    bool existed = false;
    if (!store_exchange_secret(store, name, secret, previous, len, &existed))
        return false;
    if (!existed)
        return true;
    memcpy(secret, previous, len);
    return store_exchange_secret(store, name, secret, previous, len, &existed);
}

static bool load_identity(struct store *store, struct cluster_identity *identity) {
    if (!random_secret(identity, sizeof *identity))
        return log_failure("cluster: getrandom failed");
    identity->seen_s = 0;
    if (store != NULL &&
        (!keep_secret(store, "cluster seen", &identity->seen_s, sizeof identity->seen_s) ||
         !keep_secret(store, "cluster node", &identity->node, sizeof identity->node) ||
         !keep_secret(store, "cluster secret", identity->secret, sizeof identity->secret)))
        log_warning(
            "cluster: cannot store the id of this node: %s; after a restart it counts as another "
            "node",
            store_failure(store));
    /* In a stamp, low bits of 0 mean that it is guessed, so no id of a node may have them. */
    if (stamp_is_guessed(identity->node))
        identity->node++;
    return true;
}

/* It may have changed. The change writer no longer uses the store. */
static void store_identity(struct store *store, const struct cluster_identity *identity) {
    uint8_t previous[64];
    bool existed;
    if (store == NULL)
        return;
    (void)store_exchange_secret(store, "cluster node", &identity->node, previous,
                                sizeof identity->node, &existed);
    (void)store_exchange_secret(store, "cluster secret", identity->secret, previous,
                                sizeof identity->secret, &existed);
}

static void stop_cluster(struct daemon *daemon) {
    struct cluster_identity identity;
    if (daemon->cluster == NULL)
        return;
    cluster_stop(daemon->cluster, &identity);
    store_identity(daemon->store, &identity);
}

/* Call before the change writer uses the store. */
static bool start_cluster(struct daemon *daemon, const struct config *config) {
    char error[ERROR_LEN];
    struct cluster_identity identity;
    if (config->cluster.engines.count == 0)
        return true;
    if (!load_identity(daemon->store, &identity))
        return false;
    struct cluster_options options = config->cluster;
    options.store = daemon->store;
    daemon->cluster = cluster_start(&options, &identity, daemon->tracker, error);
    if (daemon->cluster == NULL)
        return log_failure(error);
    cluster_apply(daemon->cluster, config->tracker.interval_max_s, config->tracker.budget_per_s);
    return true;
}

static bool start_udp(struct daemon *daemon, const struct config *config) {
    if (!config->udp.enabled)
        return true;
    char error[ERROR_LEN];
    daemon->udp = udp_server_start(&config->udp, &daemon->udp_keys, daemon->tracker, error);
    return daemon->udp != NULL || log_failure(error);
}

static struct dht_server_options dht_options_of(const struct config *config) {
    struct dht_server_options options = config->dht;
    options.listen = config->http.listen;
    options.external_v4 = config->tracker.external_v4;
    options.external_v6 = config->tracker.external_v6;
    if (config->store_enabled)
        snprintf(options.state_file, sizeof options.state_file, "%s-dht", config->database);
    return options;
}

/* The tracker runs without it, too. */
static bool start_dht(struct daemon *daemon, const struct config *config) {
    if (!config->dht.enabled)
        return true;
    const struct dht_server_options options = dht_options_of(config);
    daemon->dht = dht_server_start(&options, daemon->tracker);
    if (daemon->dht == NULL)
        return log_failure("out of memory");
    if (dht_server_failure(daemon->dht) != NULL)
        log_error("dht: %s; the tracker runs without DHT", dht_server_failure(daemon->dht));
    return true;
}

static bool start_network_watch(struct daemon *daemon) {
    struct network_watch *watch = &daemon->network_watch;
    watch->tracker = daemon->tracker;
    watch->udp = daemon->udp;
    watch->cluster = daemon->cluster;
    watch->ticker = ticker_start("network watch", NETWORK_WATCH_MS, watch_network, watch);
    return watch->ticker != NULL || log_failure("cannot create a thread");
}

static bool start_prober(struct daemon *daemon, const struct config *config) {
    char error[ERROR_LEN];
    daemon->prober = prober_start(&config->probe, error);
    return daemon->prober != NULL || log_failure(error);
}

/* The prober, the page's events, the event log and the cluster each read the feed on a thread of
 * their own. */
static bool start_readers(struct daemon *daemon, const struct config *config) {
    daemon->event_log.per_s = config->log_events_per_s;
    daemon->event_log.addresses = config->addresses;
    const struct feed_subscriber subscribers[SUBSCRIPTIONS] = {
        { .name = "prober feed",
          .read = prober_on_changes,
          .lost = prober_on_lost,
          .context = daemon->prober },
        { .name = "recent events", .read = recent_events_add, .context = daemon->events },
        { .name = "event log",
          .read = event_log_read,
          .tick = event_log_tick,
          .context = &daemon->event_log },
        { .name = "cluster feed",
          .read = cluster_on_changes,
          .lost = cluster_on_lost,
          .context = daemon->cluster },
    };
    const size_t count = daemon->cluster == NULL ? SUBSCRIPTIONS - 1 : SUBSCRIPTIONS;
    const size_t changes = RING_FEEDS * (size_t)config->feed_capacity;
    daemon->feed = feed_reader_start(
        daemon->tracker, changes > RING_CHANGES_MIN ? changes : RING_CHANGES_MIN, FEED_PERIOD_MS);
    bool good = daemon->feed != NULL;
    for (size_t i = 0; i < count && good; i++) {
        daemon->subscriptions[i] = feed_subscribe(daemon->feed, &subscribers[i]);
        good = daemon->subscriptions[i] != NULL;
    }
    return good;
}

static bool start_change_writer(struct daemon *daemon, const struct config *config) {
    struct history_options history = config->history;
    history.addresses = config->addresses;
    const struct change_writer_options options = {
        .flush_interval_ms = config->flush_interval_ms,
        .history = history,
    };
    if (daemon->store == NULL)
        return true;
    daemon->change_writer =
        change_writer_start(daemon->feed, daemon->tracker, daemon->totals, daemon->store, &options);
    return daemon->change_writer != NULL;
}

static bool start_threads(struct daemon *daemon, const struct config *config) {
    if (start_readers(daemon, config) && start_change_writer(daemon, config))
        daemon->sweeper = sweeper_start(daemon->tracker, config->tracker.interval_min_s);
    if (daemon->sweeper != NULL)
        daemon->watchdog =
            watchdog_start(daemon->tracker, daemon->feed, daemon->change_writer, daemon->sweeper);
    return daemon->watchdog != NULL || log_failure("cannot create a thread");
}

static bool create_swarms(struct daemon *daemon, const struct config *config) {
    const uint64_t first = (uint64_t)clock_unix_ms() * 1000 + 1; /* faster than there are events */
    daemon->events = recent_events_create(config->addresses, first);
    struct tracker_options options = config->tracker;
    options.cluster = config->cluster.engines.count > 0;
    daemon->tracker = tracker_create(&options, config->feed_capacity);
    if (daemon->tracker != NULL && options.cluster)
        registry_share(tracker_registry(daemon->tracker));
    if (daemon->tracker != NULL)
        daemon->totals = swarm_totals_create(daemon->tracker, clock_now_ms());
    return (daemon->events != NULL && daemon->totals != NULL) || log_failure("out of memory");
}

/* Later parts use earlier ones; daemon_stop deletes them in the opposite order. */
static bool start_parts(struct daemon *daemon, const struct config *config) {
    return create_swarms(daemon, config) && open_store(daemon, config) &&
           start_access(daemon, config) && start_prober(daemon, config) &&
           create_udp_keys(daemon, config) && start_cluster(daemon, config) &&
           start_threads(daemon, config) && start_udp(daemon, config) &&
           start_dht(daemon, config) && start_network_watch(daemon) &&
           start_metrics_page(daemon, config) && start_api(daemon, config) &&
           start_router(daemon, config) && start_http(daemon, config);
}

void daemon_set_reload(struct daemon *daemon, bool successful) {
    metrics_page_set_reload(daemon->metrics_page, successful);
}

void daemon_set_stopping(struct daemon *daemon) {
    web_router_set_stopping(daemon->router);
}

bool daemon_stop(struct daemon *daemon) {
    watchdog_stop(daemon->watchdog);
    ticker_stop(daemon->network_watch.ticker);
    if (daemon->api != NULL)
        api_end_streams(daemon->api, 0);
    http_server_stop(daemon->http);
    udp_server_stop(daemon->udp);
    dht_server_stop(daemon->dht);
    web_router_delete(daemon->router);
    api_delete(daemon->api);
    metrics_page_delete(daemon->metrics_page);
    sweeper_stop(daemon->sweeper);
    access_reload_stop(daemon->access_reload);
    torrent_dir_stop(daemon->torrent_dir);
    const bool written = change_writer_stop(daemon->change_writer);
    for (size_t i = 0; i < SUBSCRIPTIONS; i++)
        feed_unsubscribe(daemon->subscriptions[i]);
    feed_reader_stop(daemon->feed);
    recent_events_delete(daemon->events);
    stop_cluster(daemon);
    prober_stop(daemon->prober);
    store_close(daemon->store);
    swarm_totals_delete(daemon->totals);
    tracker_delete(daemon->tracker);
    free(daemon);
    return written;
}

struct daemon *daemon_start(const struct config *config) {
    struct daemon *daemon = aligned_alloc(_Alignof(struct daemon), sizeof *daemon);
    if (daemon == NULL) {
        log_failure("out of memory");
        return NULL;
    }
    *daemon = (struct daemon){ 0 };
    refused_families_init(&daemon->refused);
    if (start_parts(daemon, config))
        return daemon;
    (void)daemon_stop(daemon);
    return NULL;
}

/* The page is where the first URL for it leads. */
static void log_page(const struct announce_urls *urls) {
    for (size_t i = 0; i < urls->count; i++) {
        const char *text = urls->list[i].text;
        if (strcmp(urls->list[i].scheme, "udp") == 0)
            continue;
        log_info("Web page: %.*s", (int)(strrchr(text, '/') + 1 - text), text);
        return;
    }
}

void daemon_log_addresses(const struct daemon *daemon, const struct config *config) {
    const struct tracker_stats *restored = &daemon->restored;
    if (daemon->store != NULL)
        log_info("database %s: restored %u torrent%s, %u peer%s", config->database,
                 restored->torrents, restored->torrents == 1 ? "" : "s", restored->peers,
                 restored->peers == 1 ? "" : "s");
    log_info("skepd is ready. Announce URLs%s:", config->access.rules.mode == ACCESS_PRIVATE
                                                     ? " (insert a passkey before /announce)"
                                                     : "");
    const struct tracker_settings settings = tracker_settings_of(config);
    struct announce_urls urls;
    announce_urls_find(&urls, &settings, NULL, NULL);
    for (size_t i = 0; i < urls.count; i++)
        log_info("  %s", urls.list[i].text);
    log_page(&urls);
}

static void renew_certificate(struct daemon *daemon, const struct config *config) {
    char error[ERROR_LEN];
    /* The file no longer configures HTTPS, which takes effect at the next restart. */
    if (config->http.https.files.certificate[0] == '\0')
        return;
    const bool good = http_server_renew_certificate(daemon->http, &config->http, error);
    if (!good)
        log_error("%s; keeping the current certificate", error);
    health_report_set_certificate(&daemon->health, good);
}

static void apply_probe_options(struct daemon *daemon, const struct config *config) {
    char error[ERROR_LEN];
    if (!prober_apply(daemon->prober, &config->probe, error))
        log_error("%s", error);
}

bool daemon_apply(struct daemon *daemon, const struct config *config) {
    if (!tracker_apply(daemon->tracker, &config->tracker))
        return false;
    torrent_dir_apply(daemon->torrent_dir, config->access.torrent_dir);
    access_reload_apply(daemon->access_reload, &config->access);
    sweeper_apply(daemon->sweeper, config->tracker.interval_min_s);
    apply_probe_options(daemon, config);
    if (daemon->cluster != NULL)
        cluster_apply(daemon->cluster, config->tracker.interval_max_s,
                      config->tracker.budget_per_s);
    http_server_apply(daemon->http, &config->http);
    if (daemon->dht != NULL)
        dht_server_apply(daemon->dht, &config->dht);
    const struct tracker_settings settings = tracker_settings_of(config);
    api_apply(daemon->api, &settings);
    apply_health_options(daemon, config);
    web_router_apply(daemon->router, &config->web);
    const struct metrics_options metrics = metrics_options_of(config);
    metrics_page_apply(daemon->metrics_page, &metrics);
    renew_certificate(daemon, config);
    return true;
}
