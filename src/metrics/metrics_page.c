#include "metrics/metrics_page.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/http_metrics.h"
#include "metrics/limit_metrics.h"
#include "metrics/probe_metrics.h"
#include "metrics/process_metrics.h"
#include "metrics/tracker_metrics.h"
#include "metrics/udp_metrics.h"
#include "server/http_server.h"
#include "server/tls_certificate.h"
#include "store/store.h"
#include "swarm/swarm_totals.h"

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

struct metrics_page {
    struct metrics_sources sources;
    struct swarm_totals *census;
    double start_time_s;
    uint32_t connections_max; /* of the HTTP server, which keeps to it until it ends */
    pthread_mutex_t lock;     /* for the limits */
    struct limit_figures limits;
};

void metrics_page_apply(struct metrics_page *page, const struct metrics_options *options) {
    const struct limit_figures limits = limit_figures_of(options->tracker, page->connections_max,
                                                         options->connections_per_address_max);
    pthread_mutex_lock(&page->lock);
    page->limits = limits;
    pthread_mutex_unlock(&page->lock);
}

static struct limit_figures limits_now(struct metrics_page *page) {
    pthread_mutex_lock(&page->lock);
    const struct limit_figures limits = page->limits;
    pthread_mutex_unlock(&page->lock);
    return limits;
}

struct metrics_page *metrics_page_create(const struct metrics_sources *sources,
                                         const struct metrics_options *options) {
    struct metrics_page *page = calloc(1, sizeof *page);
    struct swarm_totals *totals = swarm_totals_create(sources->tracker);
    if (page == NULL || totals == NULL) {
        swarm_totals_delete(totals);
        free(page);
        return NULL;
    }
    page->sources = *sources;
    page->census = totals;
    page->start_time_s = process_start_time_s();
    page->connections_max = options->connections_max;
    pthread_mutex_init(&page->lock, NULL);
    metrics_page_apply(page, options);
    return page;
}

void metrics_page_delete(struct metrics_page *page) {
    if (page == NULL)
        return;
    pthread_mutex_destroy(&page->lock);
    swarm_totals_delete(page->census);
    free(page);
}

static void write_build(struct writer *w) {
    metrics_text_family(w, "skep_build_info", METRIC_GAUGE,
                        "Always 1; the labels are versions, those of libraries as they run.");
    metrics_text_value(w, "skep_build_info",
                       METRIC_LABELS({ "version", SKEP_VERSION }, { "compiler", COMPILER },
                                     { "libmicrohttpd", http_server_library_version() },
                                     { "sqlite", store_library_version() },
                                     { "gnutls", tls_certificate_library_version() }),
                       1);
}

static void write_sweeper(struct writer *w, const struct sweeper_stats *stats) {
    metrics_text_single(w, "skep_sweep_rounds_total", METRIC_COUNTER,
                        "Times that all swarms were searched for peers whose time is up.",
                        (double)stats->rounds);
    metrics_text_single(w, "skep_sweep_last_round_duration_seconds", METRIC_GAUGE,
                        "What the last round took, pauses and all.", stats->last_round_s);
    metrics_text_single(w, "skep_peers_expired_total", METRIC_COUNTER,
                        "Peers that went without a word.", (double)stats->expired);
}

static void write_recorder(struct writer *w, const struct change_writer_stats *stats) {
    metrics_text_single(w, "skep_store_lag_seconds", METRIC_GAUGE,
                        "Age of the oldest change that is not in the database.", stats->lag_s);
    metrics_text_single(w, "skep_store_pending_changes", METRIC_GAUGE,
                        "Changes that are not in the database.", (double)stats->pending);
    metrics_text_family(w, "skep_store_flush_duration_seconds", METRIC_HISTOGRAM,
                        "What it took from looking for changes to their commit.");
    metrics_text_histogram(w, "skep_store_flush_duration_seconds", NULL, &stats->flushes);
    metrics_text_single(w, "skep_store_failures_total", METRIC_COUNTER,
                        "Tries to write the database that failed.", (double)stats->failures);
    metrics_text_single(w, "skep_store_rewrites_total", METRIC_COUNTER,
                        "How often the database was written anew.", (double)stats->rewrites);
    metrics_text_single(w, "skep_store_failing", METRIC_GAUGE, "1 while the last commit failed.",
                        stats->failing);
    metrics_text_single(w, "skep_feed_overflows_total", METRIC_COUNTER,
                        "How often changes came faster than they could be recorded.",
                        (double)stats->overflows);
}

static void write_tracker(struct metrics_page *page, struct writer *w, uint64_t now_ms) {
    const struct tracker_stats tracker = tracker_stats(page->sources.tracker);
    const struct swarm_totals_figures census = swarm_totals_read(page->census, now_ms);
    const struct limit_figures limits = limits_now(page);
    swarm_totals_metrics_write(w, &census);
    tracker_metrics_write(w, &tracker, tracker_interval_s(page->sources.tracker));
    limit_metrics_write(w, &limits, &tracker,
                        atomic_load(&page->sources.http->connections_refused));
}

void metrics_page_write(void *context, struct writer *w) {
    struct metrics_page *page = context;
    const struct metrics_sources *sources = &page->sources;
    const uint64_t now_ms = clock_now_ms();
    write_build(w);
    process_metrics_write(w, page->start_time_s);
    write_tracker(page, w, now_ms);
    const struct sweeper_stats sweeper = sweeper_stats(sources->sweeper);
    write_sweeper(w, &sweeper);
    if (sources->store_enabled) {
        const struct change_writer_stats change_writer =
            change_writer_stats(sources->change_writer, now_ms);
        write_recorder(w, &change_writer);
    }
    http_metrics_write(w, sources->http);
    if (sources->udp != NULL) {
        const struct udp_server_stats udp = udp_server_stats(sources->udp);
        udp_metrics_write(w, &udp);
    }
    const struct prober_stats checks = prober_stats(sources->prober);
    probe_metrics_write(w, &checks);
    metrics_text_single(w, "skep_log_lines_dropped_total", METRIC_COUNTER,
                        "Log lines that nobody took in time.", (double)log_dropped());
}
