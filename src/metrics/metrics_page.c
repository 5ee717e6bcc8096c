#include "metrics/metrics_page.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/client_metrics.h"
#include "metrics/metric_table.h"
#include "metrics/process_metrics.h"
#include "metrics/server_metrics.h"
#include "metrics/tracker_metrics.h"
#include "server/http_server.h"
#include "server/tls_certificate.h"
#include "store/store.h"
#include "swarm/registry.h"
#include "swarm/swarm_totals.h"

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

struct metrics_page {
    struct metrics_sources sources;
    struct client_metrics *clients;
    double start_time_s;
    uint32_t connections_max;
    pthread_mutex_t lock; /* guards all below */
    struct metrics_limits limits;
    bool reload_successful;
    int64_t reload_success_s; /* Unix time */
};

void metrics_page_apply(struct metrics_page *page, const struct metrics_options *options) {
    const struct metrics_limits limits = metrics_limits_of(options->tracker, page->connections_max,
                                                           options->connections_per_address_max);
    pthread_mutex_lock(&page->lock);
    page->limits = limits;
    pthread_mutex_unlock(&page->lock);
}

void metrics_page_set_reload(struct metrics_page *page, bool successful) {
    pthread_mutex_lock(&page->lock);
    page->reload_successful = successful;
    if (successful)
        page->reload_success_s = clock_unix_s();
    pthread_mutex_unlock(&page->lock);
}

/* The names follow Prometheus' own. */
static void write_reload(struct metrics_page *page, struct writer *w) {
    pthread_mutex_lock(&page->lock);
    const bool successful = page->reload_successful;
    const int64_t success_s = page->reload_success_s;
    pthread_mutex_unlock(&page->lock);
    metrics_text_single(w, "skep_config_last_reload_successful", METRIC_GAUGE,
                        "1 if the last reload of the configuration succeeded.", successful);
    metrics_text_single(w, "skep_config_last_reload_success_timestamp_seconds", METRIC_GAUGE,
                        "Time of the last successful reload, or of the start.", (double)success_s);
}

static void write_registry(const struct metrics_page *page, struct writer *w) {
    static const char *const kinds[REGISTRY_KINDS] = {
        [REGISTRY_TORRENT] = "registered_torrent",
        [REGISTRY_BLOCK] = "blocked_torrent",
        [REGISTRY_PASSKEY] = "passkey",
        [REGISTRY_BAN] = "ban",
        [REGISTRY_MACHINE] = "machine_name",
        [REGISTRY_TORRENT_FILE] = "torrent_file",
    };
    const char *name = "skep_registry_entries";
    const struct registry *registry = tracker_registry(page->sources.tracker);
    metrics_text_family(w, name, METRIC_GAUGE, "Entries of the registry, by kind.");
    for (int i = 0; i < REGISTRY_KINDS; i++)
        metrics_text_value(w, name, METRIC_LABELS({ "kind", kinds[i] }),
                           (double)registry_count(registry, (enum registry_kind)i));
}

static void write_database_size(const char *path, struct writer *w) {
    struct stat status;
    if (path != NULL && stat(path, &status) == 0)
        metrics_text_single(w, "skep_database_size_bytes", METRIC_GAUGE,
                            "Size of the database file, without its write-ahead log.",
                            (double)status.st_size);
}

static struct metrics_limits read_limits(struct metrics_page *page) {
    pthread_mutex_lock(&page->lock);
    const struct metrics_limits limits = page->limits;
    pthread_mutex_unlock(&page->lock);
    return limits;
}

struct metrics_page *metrics_page_create(const struct metrics_sources *sources,
                                         const struct metrics_options *options) {
    struct metrics_page *page = calloc(1, sizeof *page);
    if (page == NULL)
        return NULL;
    page->sources = *sources;
    page->start_time_s = process_metrics_start_time_s();
    page->connections_max = options->connections_max;
    pthread_mutex_init(&page->lock, NULL);
    metrics_page_apply(page, options);
    metrics_page_set_reload(page, true);
    page->clients = client_metrics_start(sources->tracker);
    if (page->clients != NULL)
        return page;
    metrics_page_delete(page);
    return NULL;
}

void metrics_page_delete(struct metrics_page *page) {
    if (page == NULL)
        return;
    client_metrics_stop(page->clients);
    pthread_mutex_destroy(&page->lock);
    free(page);
}

static void write_build(struct writer *w) {
    metrics_text_family(
        w, "skep_build_info", METRIC_GAUGE,
        "Always 1; the labels are the versions of skepd, the compiler and the libraries in use.");
    metrics_text_value(w, "skep_build_info",
                       METRIC_LABELS({ "version", SKEP_VERSION }, { "compiler", COMPILER },
                                     { "libmicrohttpd", http_server_library_version() },
                                     { "sqlite", store_library_version() },
                                     { "gnutls", tls_certificate_library_version() }),
                       1);
}

static const struct metric sweeper_metrics[] = {
    { "skep_sweep_rounds_total", METRIC_COUNTER, "Completed expiry sweeps of all swarms.",
      METRIC_FIELD(struct sweeper_stats, rounds) },
    { "skep_sweep_last_round_duration_seconds", METRIC_GAUGE,
      "Duration of the last sweep, with its pauses.",
      METRIC_FIELD(struct sweeper_stats, last_round_s) },
    { "skep_peers_expired_total", METRIC_COUNTER, "Peers expired.",
      METRIC_FIELD(struct sweeper_stats, expired) },
    { 0 },
};

static const struct metric store_metrics[] = {
    { "skep_store_lag_seconds", METRIC_GAUGE, "Age of the oldest change not yet in the database.",
      METRIC_FIELD(struct change_writer_stats, lag_s) },
    { "skep_store_pending_changes", METRIC_GAUGE, "Changes not yet in the database.",
      METRIC_FIELD(struct change_writer_stats, pending) },
    { "skep_store_flush_duration_seconds", METRIC_HISTOGRAM,
      "Duration of successful flushes: read the changes, write them, commit.",
      METRIC_FIELD(struct change_writer_stats, flushes) },
    { "skep_store_failures_total", METRIC_COUNTER, "Failed commits.",
      METRIC_FIELD(struct change_writer_stats, failures) },
    { "skep_store_rewrites_total", METRIC_COUNTER, "Full rewrites of the database.",
      METRIC_FIELD(struct change_writer_stats, rewrites) },
    { "skep_store_failing", METRIC_GAUGE, "1 if the last commit failed.",
      METRIC_FIELD(struct change_writer_stats, failing) },
    { "skep_feed_overflows_total", METRIC_COUNTER,
      "Overflows of the change feed; each causes a rewrite of a torrent or of the whole database.",
      METRIC_FIELD(struct change_writer_stats, overflows) },
    { 0 },
};

static const struct metric cluster_metrics[] = {
    { "skep_cluster_engine_connected", METRIC_GAUGE, "1 if the engine of the cluster is connected.",
      METRIC_FIELD(struct cluster_status, connected) },
    { "skep_cluster_engine_failing", METRIC_GAUGE,
      "1 if the engine is not connected or refuses commands, so that changes wait.",
      METRIC_FIELD(struct cluster_status, failing) },
    { "skep_cluster_ready", METRIC_GAUGE, "1 if this node has joined the cluster.",
      METRIC_FIELD(struct cluster_status, ready) },
    { "skep_cluster_whole", METRIC_GAUGE, "1 if this node has all peers of the cluster.",
      METRIC_FIELD(struct cluster_status, whole) },
    { "skep_cluster_records_waiting", METRIC_GAUGE, "Changes that wait to be sent.",
      METRIC_FIELD(struct cluster_status, waiting) },
    { "skep_cluster_records_dropped_total", METRIC_COUNTER,
      "Changes that did not fit into the queue and are lost; announces, which are sent again, are "
      "not counted.",
      METRIC_FIELD(struct cluster_status, dropped) },
    { "skep_cluster_records_sent_total", METRIC_COUNTER, "Changes sent to other nodes.",
      METRIC_FIELD(struct cluster_status, records_sent) },
    { "skep_cluster_records_merged_total", METRIC_COUNTER, "Changes of other nodes merged.",
      METRIC_FIELD(struct cluster_status, records_merged) },
    { "skep_cluster_sent_bytes_total", METRIC_COUNTER, "Bytes sent to the engine.",
      METRIC_FIELD(struct cluster_status, bytes_sent) },
    { "skep_cluster_read_bytes_total", METRIC_COUNTER, "Bytes read from the engine.",
      METRIC_FIELD(struct cluster_status, bytes_read) },
    { "skep_cluster_stream_bytes", METRIC_GAUGE, "Memory that changes use in the engine.",
      METRIC_FIELD(struct cluster_status, stream_bytes) },
    { "skep_cluster_connects_total", METRIC_COUNTER, "Connections to the engine.",
      METRIC_FIELD(struct cluster_status, connects) },
    { "skep_cluster_resends_total", METRIC_COUNTER,
      "How often the changes of the last two minutes were sent again, since the engine restarted, "
      "was "
      "replaced or lost changes.",
      METRIC_FIELD(struct cluster_status, resends) },
    { "skep_cluster_holes_total", METRIC_COUNTER, "How often changes of other nodes were missing.",
      METRIC_FIELD(struct cluster_status, holes) },
    { "skep_cluster_snapshots_received_total", METRIC_COUNTER, "Copies of all peers received.",
      METRIC_FIELD(struct cluster_status, snapshots_received) },
    { "skep_cluster_snapshots_sent_total", METRIC_COUNTER, "Copies of all peers sent.",
      METRIC_FIELD(struct cluster_status, snapshots_sent) },
    { 0 },
};

/* Values of the nodes, with their names; several nodes may have one name, but not one id. */
static void write_node(struct writer *w, const char *family, uint64_t node, const char *name,
                       double value) {
    char id[17];
    snprintf(id, sizeof id, "%016" PRIx64, node);
    metrics_text_value(w, family, METRIC_LABELS({ "node", id }, { "name", name }), value);
}

static void write_alive(const struct cluster_status *status, struct writer *w) {
    const char *family = "skep_cluster_node_alive";
    metrics_text_family(w, family, METRIC_GAUGE,
                        "1 if the node was heard within the last 15 seconds.");
    write_node(w, family, status->node, status->name, 1);
    for (size_t i = 0; i < status->members; i++)
        write_node(w, family, status->list[i].node, status->list[i].name, status->list[i].alive);
}

/* A node that is not heard, or whose version does not report them, has no value. */
static void write_lags(const struct cluster_status *status, struct writer *w, const char *family,
                       const char *help, bool in_seconds) {
    metrics_text_family(w, family, METRIC_GAUGE, help);
    write_node(w, family, status->node, status->name,
               in_seconds ? (double)status->behind_ms / 1000 : (double)status->behind_entries);
    for (size_t i = 0; i < status->members; i++) {
        const struct cluster_member *member = &status->list[i];
        if (member->alive && member->has_lag)
            write_node(w, family, member->node, member->name,
                       in_seconds ? (double)member->behind_ms / 1000
                                  : (double)member->behind_entries);
    }
}

static void write_nodes(const struct cluster_status *status, struct writer *w) {
    write_alive(status, w);
    write_lags(status, w, "skep_cluster_node_behind_entries",
               "Entries of the engine's stream that the node has not read yet.", false);
    write_lags(status, w, "skep_cluster_node_behind_seconds",
               "Age of the entries that the node has not read yet.", true);
}

static void write_cluster(struct cluster *cluster, struct writer *w) {
    struct cluster_status status;
    size_t alive = 0;
    if (cluster == NULL)
        return;
    cluster_describe(cluster, &status);
    for (size_t i = 0; i < status.members; i++)
        alive += status.list[i].alive;
    metrics_text_single(w, "skep_cluster_other_nodes", METRIC_GAUGE,
                        "Other nodes that were heard within the last 15 seconds.", (double)alive);
    metric_table_write(w, cluster_metrics, &status);
    write_nodes(&status, w);
}

static const struct metric dht_metrics[] = {
    { "skep_dht_stored_peers", METRIC_GAUGE, "Peers that the DHT node keeps, outside of swarms.",
      METRIC_FIELD(struct dht_statistics, peers) },
    { "skep_dht_stored_torrents", METRIC_GAUGE, "Torrents of the peers that the DHT node keeps.",
      METRIC_FIELD(struct dht_statistics, torrents) },
    { "skep_dht_memory_bytes", METRIC_GAUGE, "Memory of the DHT node.",
      METRIC_FIELD(struct dht_statistics, memory) },
    { "skep_dht_received_bytes_total", METRIC_COUNTER, "Bytes received from the DHT.",
      METRIC_FIELD(struct dht_statistics, received_bytes) },
    { "skep_dht_sent_bytes_total", METRIC_COUNTER, "Bytes sent to the DHT.",
      METRIC_FIELD(struct dht_statistics, sent_bytes) },
    { "skep_dht_limited_queries_total", METRIC_COUNTER,
      "Queries not answered because there were too many.",
      METRIC_FIELD(struct dht_statistics, limited) },
    { "skep_dht_lookups_total", METRIC_COUNTER, "Lookups of torrents.",
      METRIC_FIELD(struct dht_statistics, lookups_started) },
    { "skep_dht_lookups_with_peers_total", METRIC_COUNTER, "Lookups that found peers.",
      METRIC_FIELD(struct dht_statistics, lookups_with_peers) },
    { 0 },
};

static void write_dht_nodes(const struct dht_statistics *statistics, struct writer *w) {
    static const char name[] = "skep_dht_nodes";
    const struct dht_table_statistics *tables[] = { &statistics->ipv4, &statistics->ipv6 };
    static const char *const families[] = { "ipv4", "ipv6" };
    metrics_text_family(w, name, METRIC_GAUGE, "Nodes in the routing table.");
    for (size_t i = 0; i < 2; i++) {
        const struct {
            const char *state;
            uint32_t count;
        } states[] = {
            { "good", tables[i]->good },
            { "questionable", tables[i]->questionable },
            { "bad", tables[i]->bad },
        };
        for (size_t j = 0; j < sizeof states / sizeof *states; j++)
            metrics_text_value(
                w, name, METRIC_LABELS({ "family", families[i] }, { "state", states[j].state }),
                states[j].count);
    }
}

static void write_dht_queries(const struct dht_statistics *statistics, struct writer *w) {
    static const char name[] = "skep_dht_queries_total";
    static const char *const kinds[DHT_QUERY_KINDS] = { "ping", "find_node", "get_peers",
                                                        "announce_peer", "unknown" };
    metrics_text_family(w, name, METRIC_COUNTER, "Queries received from other DHT nodes.");
    for (size_t i = 0; i < DHT_QUERY_KINDS; i++)
        metrics_text_value(w, name, METRIC_LABELS({ "query", kinds[i] }),
                           (double)statistics->queries[i]);
}

static void write_dht(struct dht_server *dht, struct writer *w) {
    if (dht == NULL)
        return;
    const struct dht_statistics statistics = dht_server_statistics(dht);
    metrics_text_single(w, "skep_dht_running", METRIC_GAUGE, "1 if the DHT node runs.",
                        dht_server_failure(dht) == NULL);
    write_dht_nodes(&statistics, w);
    write_dht_queries(&statistics, w);
    metric_table_write(w, dht_metrics, &statistics);
}

static void write_tracker(struct metrics_page *page, struct writer *w, uint64_t now_ms) {
    const struct tracker_stats tracker = tracker_stats(page->sources.tracker);
    const struct totals totals = swarm_totals_read(page->sources.totals, now_ms);
    const struct metrics_limits limits = read_limits(page);
    tracker_metrics_write_totals(w, &totals);
    tracker_metrics_write(w, &tracker, tracker_interval_s(page->sources.tracker));
    tracker_metrics_write_limits(w, &limits, &tracker, page->sources.http);
}

void metrics_page_write(struct metrics_page *page, struct writer *w) {
    const struct metrics_sources *sources = &page->sources;
    const uint64_t now_ms = clock_now_ms();
    write_build(w);
    process_metrics_write(w, page->start_time_s);
    write_reload(page, w);
    write_tracker(page, w, now_ms);
    client_metrics_write(page->clients, w);
    write_registry(page, w);
    write_database_size(sources->database, w);
    const struct sweeper_stats sweeper = sweeper_stats(sources->sweeper);
    metric_table_write(w, sweeper_metrics, &sweeper);
    if (sources->change_writer != NULL) {
        const struct change_writer_stats store =
            change_writer_stats(sources->change_writer, now_ms);
        metric_table_write(w, store_metrics, &store);
    }
    write_cluster(sources->cluster, w);
    write_dht(sources->dht, w);
    server_metrics_write_refused(w, sources->refused);
    server_metrics_write_http(w, sources->http);
    struct udp_server_stats udp;
    if (sources->udp != NULL)
        udp = udp_server_stats(sources->udp);
    server_metrics_write_bytes(w, sources->http, sources->udp == NULL ? NULL : &udp);
    if (sources->udp != NULL)
        server_metrics_write_udp(w, &udp);
    const struct prober_stats probes = prober_stats(sources->prober);
    server_metrics_write_probes(w, &probes);
    metrics_text_single(w, "skep_log_lines_dropped_total", METRIC_COUNTER,
                        "Log lines dropped because the log could not be written in time.",
                        (double)log_dropped());
}
