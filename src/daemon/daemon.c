#include "daemon/daemon.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/ticker.h"
#include "daemon/access_reload.h"
#include "daemon/event_log.h"
#include "daemon/watchdog.h"
#include "metrics/metrics_page.h"
#include "store/change_writer.h"
#include "store/store.h"
#include "swarm/sweeper.h"
#include "web/views/health_report.h"

enum {
    DROP_WATCH_MS = 2000,
    SUBSCRIBERS = 3,
};

struct drop_watch {
    const struct udp_server *udp;
    struct ticker *ticker;
    uint64_t said;
};

struct daemon {
    struct tracker *tracker;
    struct swarm_totals *totals;
    struct store *store;
    struct prober *prober;
    struct recent_events *events;
    struct event_log event_log;
    struct feed_subscriber subscribers[SUBSCRIBERS];
    struct change_writer *change_writer;
    struct sweeper *sweeper;
    struct http_counters http_counters;
    struct metrics_page *figures;
    struct health_report condition;
    struct api *api;
    struct web_router *site;
    struct http_server *http;
    struct udp_keys udp_keys;
    struct udp_server *udp;
    struct drop_watch drop_watch;
    struct access_reload *admission;
    struct watchdog *heartbeat;
    struct tracker_stats restored; /* what was back before the first announce */
};

/* Says when the kernel dropped UDP packets, which no client would tell us. */
static void watch_drops(void *context) {
    struct drop_watch *watch = context;
    const uint64_t drops = udp_server_stats(watch->udp).kernel_drops;
    if (drops > watch->said)
        log_warning(
            "the kernel dropped %llu UDP packets, since they came faster than they were "
            "answered; a larger net.core.rmem_max and udp.receive_buffer may help",
            (unsigned long long)(drops - watch->said));
    watch->said = drops;
}

struct restoring {
    struct tracker *tracker;
    uint64_t now_ms;
    uint32_t peers; /* that the database holds */
};

static bool restore_one(void *context, const struct change *change) {
    struct restoring *restoring = context;
    restoring->peers += change->peer.family != FAMILY_NONE;
    return tracker_restore(restoring->tracker, change, restoring->now_ms);
}

static bool open_store(struct daemon *daemon, const struct config *config) {
    if (!config->store_enabled)
        return true;
    char error[ERROR_LEN];
    daemon->store = store_open(config->database, error);
    if (daemon->store == NULL) {
        log_error("%s", error);
        return false;
    }
    struct restoring restoring = { .tracker = daemon->tracker, .now_ms = clock_now_ms() };
    if (!store_restore(daemon->store, restore_one, &restoring)) {
        log_error("cannot read the database %s: %s", config->database,
                  store_failure(daemon->store));
        return false;
    }
    tracker_extend_deadlines(daemon->tracker, clock_now_ms());
    daemon->restored = tracker_stats(daemon->tracker);
    /* What the limits, or a want of memory, left out is not to come back another time. */
    if (daemon->restored.peers != restoring.peers)
        store_mark_stale(daemon->store);
    return true;
}

static bool log_out_of_memory(void) {
    log_error("out of memory");
    return false;
}

static bool start_admission(struct daemon *daemon, const struct config *config) {
    char error[ERROR_LEN];
    const char *database = config->store_enabled ? config->database : NULL;
    daemon->admission = access_reload_start(daemon->tracker, &config->access, database, error);
    if (daemon->admission == NULL)
        log_error("%s", error);
    return daemon->admission != NULL;
}

static bool start_api(struct daemon *daemon, const struct config *config) {
    daemon->condition.tracker = daemon->tracker;
    daemon->condition.change_writer = daemon->change_writer;
    daemon->condition.udp = daemon->udp;
    daemon->condition.http = &daemon->http_counters;
    health_report_apply(&daemon->condition, config);
    const struct api_parts parts = {
        .tracker = daemon->tracker,
        .database = config->store_enabled ? config->database : NULL,
        .prober = daemon->prober,
        .events = daemon->events,
        .tell_condition = health_report_fill,
        .condition_context = &daemon->condition,
    };
    const struct api_settings settings = health_report_settings(config);
    daemon->api = api_create(&parts, &settings);
    return daemon->api != NULL || log_out_of_memory();
}

static struct metrics_options metrics_options_of(const struct config *config) {
    return (struct metrics_options){
        .tracker = &config->tracker,
        .connections_max = config->http.connections_max,
        .connections_per_address_max = config->http.connections_per_address_max,
    };
}

static bool start_figures(struct daemon *daemon, const struct config *config) {
    const struct metrics_sources sources = {
        .tracker = daemon->tracker,
        .totals = daemon->totals,
        .sweeper = daemon->sweeper,
        .change_writer = daemon->change_writer,
        .store_enabled = daemon->store != NULL,
        .udp = daemon->udp,
        .http = &daemon->http_counters,
        .prober = daemon->prober,
    };
    const struct metrics_options options = metrics_options_of(config);
    daemon->figures = metrics_page_create(&sources, &options);
    return daemon->figures != NULL || log_out_of_memory();
}

static bool start_site(struct daemon *daemon, const struct config *config) {
    const struct web_router_parts parts = {
        .api = daemon->api,
        .write_metrics = metrics_page_write,
        .metrics_context = daemon->figures,
    };
    daemon->site = web_router_create(&config->site, &parts);
    return daemon->site != NULL || log_out_of_memory();
}

static bool start_http(struct daemon *daemon, const struct config *config) {
    char error[ERROR_LEN];
    const struct web_handler site = web_router_handler(daemon->site);
    daemon->http =
        http_server_start(&config->http, daemon->tracker, &site, &daemon->http_counters, error);
    if (daemon->http == NULL)
        log_error("%s", error);
    return daemon->http != NULL;
}

/* Draws the key of this run, leaves it to the next one, and takes over that of the last. Before the
 * writer uses the store. */
static bool draw_udp_keys(struct daemon *daemon, const struct config *config) {
    struct store *store = daemon->store;
    struct udp_keys *keys = &daemon->udp_keys;
    if (!config->udp.enabled)
        return true;
    if (!random_secret(keys, sizeof *keys)) {
        log_error("the system has no randomness to give");
        return false;
    }
    bool was_there;
    if (store != NULL && !store_exchange_secret(store, "udp key", &keys->present, &keys->previous,
                                                sizeof keys->present, &was_there))
        log_warning("cannot keep the key of UDP's connection ids: %s", store_failure(store));
    return true;
}

static bool start_udp(struct daemon *daemon, const struct config *config) {
    if (!config->udp.enabled)
        return true;
    char error[ERROR_LEN];
    daemon->udp = udp_server_start(&config->udp, &daemon->udp_keys, daemon->tracker, error);
    if (daemon->udp == NULL) {
        log_error("%s", error);
        return false;
    }
    daemon->drop_watch.udp = daemon->udp;
    daemon->drop_watch.ticker =
        ticker_start("drop watch", DROP_WATCH_MS, watch_drops, &daemon->drop_watch);
    return daemon->drop_watch.ticker != NULL;
}

static bool start_prober(struct daemon *daemon, const struct config *config) {
    char error[ERROR_LEN];
    daemon->prober = prober_start(&config->check, error);
    if (daemon->prober == NULL)
        log_error("%s", error);
    return daemon->prober != NULL;
}

static struct change_writer *start_change_writer(struct daemon *daemon,
                                                 const struct config *config) {
    daemon->subscribers[0] = (struct feed_subscriber){
        .read = prober_on_changes,
        .lost = prober_on_lost,
        .context = daemon->prober,
    };
    daemon->subscribers[1] = (struct feed_subscriber){
        .read = recent_events_add,
        .context = daemon->events,
    };
    daemon->event_log.per_s = config->log_events_per_s;
    daemon->subscribers[2] = (struct feed_subscriber){
        .read = event_log_read,
        .tick = event_log_tick,
        .context = &daemon->event_log,
    };
    const struct change_writer_options options = {
        .flush_interval_ms = config->flush_interval_ms,
        .history = config->history,
        .subscribers = daemon->subscribers,
        .subscriber_count = SUBSCRIBERS,
    };
    return change_writer_start(daemon->tracker, daemon->totals, daemon->store, &options);
}

static bool start_threads(struct daemon *daemon, const struct config *config) {
    daemon->change_writer = start_change_writer(daemon, config);
    daemon->sweeper = sweeper_start(daemon->tracker, config->tracker.interval_min_s);
    if (daemon->change_writer != NULL && daemon->sweeper != NULL)
        daemon->heartbeat = watchdog_start(daemon->tracker, daemon->change_writer, daemon->sweeper);
    if (daemon->heartbeat != NULL)
        return true;
    log_error("cannot start a thread");
    return false;
}

static bool start(struct daemon *daemon, const struct config *config) {
    daemon->tracker = tracker_create(&config->tracker, config->feed_capacity);
    daemon->events = recent_events_create();
    if (daemon->tracker == NULL || daemon->events == NULL)
        return log_out_of_memory();
    daemon->totals = swarm_totals_create(daemon->tracker, clock_now_ms());
    if (daemon->totals == NULL)
        return log_out_of_memory();
    return open_store(daemon, config) && start_admission(daemon, config) &&
           start_prober(daemon, config) && draw_udp_keys(daemon, config) &&
           start_threads(daemon, config) && start_udp(daemon, config) &&
           start_figures(daemon, config) && start_api(daemon, config) &&
           start_site(daemon, config) && start_http(daemon, config);
}

bool daemon_stop(struct daemon *daemon) {
    watchdog_stop(daemon->heartbeat);
    ticker_stop(daemon->drop_watch.ticker);
    http_server_stop(daemon->http);
    udp_server_stop(daemon->udp);
    web_router_delete(daemon->site);
    api_delete(daemon->api);
    metrics_page_delete(daemon->figures);
    sweeper_stop(daemon->sweeper);
    access_reload_stop(daemon->admission);
    const bool recorded = change_writer_stop(daemon->change_writer);
    recent_events_delete(daemon->events);
    prober_stop(daemon->prober); /* it reads changes until the writer has stopped */
    store_close(daemon->store);
    swarm_totals_delete(daemon->totals);
    tracker_delete(daemon->tracker);
    free(daemon);
    return recorded;
}

struct daemon *daemon_start(const struct config *config) {
    struct daemon *daemon = aligned_alloc(_Alignof(struct daemon), sizeof *daemon);
    if (daemon == NULL) {
        (void)log_out_of_memory();
        return NULL;
    }
    *daemon = (struct daemon){ 0 };
    if (start(daemon, config))
        return daemon;
    (void)daemon_stop(daemon);
    return NULL;
}

static void print_url(void *context, const char *host) {
    const struct config *config = context;
    log_info("  http://%s:%u/announce", host, config->http.port);
    if (config->http.https.port != 0)
        log_info("  https://%s:%u/announce", host, config->http.https.port);
    if (config->udp.enabled)
        log_info("  udp://%s:%u/announce", host, config->udp.port);
}

void daemon_log_addresses(const struct daemon *daemon, const struct config *config) {
    if (daemon->store != NULL)
        log_info("database %s: %u torrent%s and %u peer%s are back", config->database,
                 daemon->restored.torrents, daemon->restored.torrents == 1 ? "" : "s",
                 daemon->restored.peers, daemon->restored.peers == 1 ? "" : "s");
    log_info("skepd is ready. Put one of these announce URLs into your torrents%s:",
             config->access.rules.mode == ACCESS_PRIVATE ? ", each with a passkey before /announce"
                                                         : "");
    listen_visit_hosts(&config->http.listen, print_url, (void *)(uintptr_t)config);
    log_info("Its page is at the same http addresses, without /announce.");
}

static void renew_certificate(struct daemon *daemon, const struct config *config) {
    char error[ERROR_LEN];
    /* HTTPS was removed from the file, which takes effect at the restart. */
    if (config->http.https.files.certificate[0] == '\0')
        return;
    const bool good = http_server_renew_certificate(daemon->http, &config->http, error);
    if (!good)
        log_error("%s; HTTPS goes on with the certificate before", error);
    health_report_set_certificate(&daemon->condition, good);
}

static void apply_check(struct daemon *daemon, const struct config *config) {
    char error[ERROR_LEN];
    if (!prober_apply(daemon->prober, &config->check, error))
        log_error("%s", error);
}

bool daemon_apply(struct daemon *daemon, const struct config *config) {
    if (!tracker_apply(daemon->tracker, &config->tracker))
        return false;
    access_reload_apply(daemon->admission, &config->access);
    sweeper_apply(daemon->sweeper, config->tracker.interval_min_s);
    apply_check(daemon, config);
    http_server_apply(daemon->http, &config->http);
    const struct api_settings api = health_report_settings(config);
    api_apply(daemon->api, &api);
    health_report_apply(&daemon->condition, config);
    web_router_apply(daemon->site, &config->site);
    const struct metrics_options metrics = metrics_options_of(config);
    metrics_page_apply(daemon->figures, &metrics);
    renew_certificate(daemon, config);
    return true;
}
