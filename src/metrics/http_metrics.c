#include "metrics/http_metrics.h"

static double read_count(const _Atomic uint64_t *count) {
    return (double)atomic_load_explicit(count, memory_order_relaxed);
}

static void write_requests(struct writer *w, const struct http_counters *counters) {
    const char *name = "skep_http_requests_total";
    metrics_text_family(w, name, METRIC_COUNTER,
                        "Requests over HTTP and HTTPS, by what they ask and what became of them.");
    for (int k = 0; k < HTTP_KINDS; k++) {
        const char *kind = http_kind_name((enum http_kind)k);
        for (int r = 0; r < HTTP_RESULTS; r++)
            metrics_text_value(w, name,
                               METRIC_LABELS({ "kind", kind },
                                             { "result", http_result_name((enum http_result)r) }),
                               read_count(&counters->kinds[k].results[r]));
    }
}

static void write_latencies(struct writer *w, const struct http_counters *counters) {
    const char *name = "skep_http_request_duration_seconds";
    metrics_text_family(
        w, name, METRIC_HISTOGRAM,
        "Time from when a request over HTTP or HTTPS arrived until its reply was ready "
        "to be sent.");
    for (int k = 0; k < HTTP_KINDS; k++) {
        struct histogram_counts counts = { 0 };
        histogram_collect(&counters->kinds[k].latency, &counts);
        metrics_text_histogram(
            w, name, METRIC_LABELS({ "kind", http_kind_name((enum http_kind)k) }), &counts);
    }
}

static void write_connections(struct writer *w, const struct http_counters *counters) {
    const char *name = "skep_http_connections";
    metrics_text_family(w, name, METRIC_GAUGE, "Connections that are open.");
    metrics_text_value(w, name, METRIC_LABELS({ "scheme", "http" }),
                       read_count(&counters->connections_open[0]));
    metrics_text_value(w, name, METRIC_LABELS({ "scheme", "https" }),
                       read_count(&counters->connections_open[1]));
    metrics_text_single(w, "skep_http_connections_refused_total", METRIC_COUNTER,
                        "Connections refused because their address had its share.",
                        read_count(&counters->connections_refused));
}

static void write_certificate(struct writer *w, const struct http_counters *counters) {
    const int64_t expires_s =
        atomic_load_explicit(&counters->certificate_expires_s, memory_order_relaxed);
    if (expires_s != 0)
        metrics_text_single(w, "skep_https_certificate_expiry_timestamp_seconds", METRIC_GAUGE,
                            "When the certificate of HTTPS expires, since unix epoch.",
                            (double)expires_s);
}

void http_metrics_write(struct writer *w, const struct http_counters *counters) {
    write_requests(w, counters);
    write_latencies(w, counters);
    write_connections(w, counters);
    metrics_text_single(w, "skep_http_requests_cut_total", METRIC_COUNTER,
                        "Requests that were cut off because they took too long.",
                        read_count(&counters->requests_cut));
    write_certificate(w, counters);
}
