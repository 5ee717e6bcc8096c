#include "cmd/figures.h"

#include "base/clock.h"
#include "base/log.h"
#include "report/metrics.h"
#include "server/prober_metrics.h"

static void write_recorder(struct writer *w, const struct recorder_stats *stats) {
    metrics_single(w, "skep_store_lag_seconds", METRIC_GAUGE,
                   "Age of the oldest change that is not in the database.", stats->lag_s);
    metrics_single(w, "skep_store_pending_changes", METRIC_GAUGE,
                   "Changes that are not in the database.", (double)stats->pending);
    metrics_single(w, "skep_store_flush_seconds", METRIC_GAUGE, "What the last commit took.",
                   stats->flush_s);
    metrics_single(w, "skep_store_flushes_total", METRIC_COUNTER, "Commits.",
                   (double)stats->flushes);
    metrics_single(w, "skep_store_failures_total", METRIC_COUNTER, "Commits that failed.",
                   (double)stats->failures);
    metrics_single(w, "skep_store_rewrites_total", METRIC_COUNTER,
                   "How often the database was written anew.", (double)stats->rewrites);
    metrics_single(w, "skep_store_failing", METRIC_GAUGE, "1 while the last commit failed.",
                   stats->failing);
}

static void write_udp(struct writer *w, const struct udp_server_stats *stats) {
    metrics_single(w, "skep_udp_packets_received_total", METRIC_COUNTER, "UDP packets.",
                   (double)stats->received);
    metrics_single(w, "skep_udp_packets_answered_total", METRIC_COUNTER, "Answers to them.",
                   (double)stats->answered);
    metrics_single(w, "skep_udp_send_failures_total", METRIC_COUNTER,
                   "Answers that the kernel would not send.", (double)stats->send_failures);
    metrics_single(w, "skep_udp_kernel_drops_total", METRIC_COUNTER,
                   "UDP packets that the kernel dropped, its buffer being full.",
                   (double)stats->kernel_drops);
}

static void write_http(struct writer *w, const struct http_counters *counters) {
    metrics_single(w, "skep_http_connections_refused_total", METRIC_COUNTER,
                   "Connections refused because their address had its share.",
                   (double)atomic_load(&counters->connections_refused));
    metrics_single(w, "skep_http_requests_cut_total", METRIC_COUNTER,
                   "Requests that were cut off because they took too long.",
                   (double)atomic_load(&counters->requests_cut));
}

void figures_write(void *context, struct writer *w) {
    const struct figures *figures = context;
    metrics_family(w, "skep_build_info", METRIC_GAUGE, "The version, as a label.");
    metrics_value(w, "skep_build_info", "version", SKEP_VERSION, 1);
    const struct tracker_stats tracker = tracker_stats(figures->tracker);
    metrics_tracker(w, &tracker);
    if (figures->recorder != NULL) {
        const struct recorder_stats recorder = recorder_stats(figures->recorder, clock_now_ms());
        write_recorder(w, &recorder);
    }
    if (figures->udp != NULL) {
        const struct udp_server_stats udp = udp_server_stats(figures->udp);
        write_udp(w, &udp);
    }
    if (figures->http != NULL)
        write_http(w, figures->http);
    if (figures->prober != NULL) {
        const struct prober_stats checks = prober_stats(figures->prober);
        prober_metrics_write(w, &checks);
    }
    metrics_single(w, "skep_log_lines_dropped_total", METRIC_COUNTER,
                   "Log lines that nobody took in time.", (double)log_dropped());
}
