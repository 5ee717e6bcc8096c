#include "metrics/server_metrics.h"

#include "metrics/metric_table.h"

static double read_count(const _Atomic uint64_t *count) {
    return (double)atomic_load_explicit(count, memory_order_relaxed);
}

static void write_http_requests(struct writer *w, const struct http_counters *counters) {
    const char *name = "skep_http_requests_total";
    metrics_text_family(w, name, METRIC_COUNTER, "HTTP and HTTPS requests, by kind and result.");
    for (int k = 0; k < HTTP_KINDS; k++) {
        const char *kind = http_kind_name((enum http_kind)k);
        for (int r = 0; r < HTTP_RESULTS; r++)
            metrics_text_value(w, name,
                               METRIC_LABELS({ "kind", kind },
                                             { "result", http_result_name((enum http_result)r) }),
                               read_count(&counters->kinds[k].results[r]));
    }
}

static void write_http_latencies(struct writer *w, const struct http_counters *counters) {
    const char *name = "skep_http_request_duration_seconds";
    metrics_text_family(w, name, METRIC_HISTOGRAM,
                        "Time from the request line of an HTTP or HTTPS request to its response.");
    for (int k = 0; k < HTTP_KINDS; k++) {
        struct histogram_counts counts = { 0 };
        histogram_collect(&counters->kinds[k].latency, &counts);
        metrics_text_histogram(
            w, name, METRIC_LABELS({ "kind", http_kind_name((enum http_kind)k) }), &counts);
    }
}

static void write_http_evictions(struct writer *w, const struct http_counters *counters) {
    const char *name = "skep_http_connections_evicted_total";
    metrics_text_family(w, name, METRIC_COUNTER,
                        "Connections closed or rejected because http.connections_max was reached.");
    for (int i = 0; i < HTTP_EVICTIONS; i++)
        metrics_text_value(w, name,
                           METRIC_LABELS({ "reason", http_eviction_name((enum http_eviction)i) }),
                           read_count(&counters->evictions[i]));
}

static void write_http_connections(struct writer *w, const struct http_counters *counters) {
    const char *name = "skep_http_connections";
    metrics_text_family(w, name, METRIC_GAUGE, "Open connections.");
    metrics_text_value(w, name, METRIC_LABELS({ "scheme", "http" }),
                       read_count(&counters->connections_open[0]));
    metrics_text_value(w, name, METRIC_LABELS({ "scheme", "https" }),
                       read_count(&counters->connections_open[1]));
    metrics_text_single(w, "skep_http_connections_refused_total", METRIC_COUNTER,
                        "Connections rejected by the per-address limit.",
                        read_count(&counters->connections_refused));
}

void server_metrics_write_refused(struct writer *w, struct refused_families *families) {
    const char *name = "skep_client_rejections_total";
    const struct refused_family_counts counts = refused_families_read(families);
    metrics_text_family(
        w, name, METRIC_COUNTER,
        "Rejected announces, and malformed ones over HTTP, by client name and major "
        "version; some are missing while very many addresses are rejected.");
    for (size_t i = 0; i < counts.count; i++)
        metrics_text_value(w, name,
                           METRIC_LABELS({ "client", counts.list[i].family.name },
                                         { "version", counts.list[i].family.version }),
                           (double)counts.list[i].announces);
    metrics_text_value(w, name, METRIC_LABELS({ "client", "other" }, { "version", "" }),
                       (double)counts.other);
}

static void write_bytes(struct writer *w, const char *protocol, double received, double sent) {
    const char *name = "skep_network_bytes_total";
    metrics_text_value(w, name, METRIC_LABELS({ "protocol", protocol }, { "direction", "in" }),
                       received);
    metrics_text_value(w, name, METRIC_LABELS({ "protocol", protocol }, { "direction", "out" }),
                       sent);
}

void server_metrics_write_bytes(struct writer *w, const struct http_counters *http,
                                const struct udp_server_stats *udp) {
    metrics_text_family(w, "skep_network_bytes_total", METRIC_COUNTER,
                        "Bytes received and sent; those of an HTTP connection when it is closed.");
    write_bytes(w, "http", read_count(&http->received_bytes[0]), read_count(&http->sent_bytes[0]));
    write_bytes(w, "https", read_count(&http->received_bytes[1]), read_count(&http->sent_bytes[1]));
    if (udp != NULL)
        write_bytes(w, "udp", (double)udp->received_bytes, (double)udp->sent_bytes);
}

void server_metrics_write_http(struct writer *w, const struct http_counters *counters) {
    write_http_requests(w, counters);
    write_http_latencies(w, counters);
    write_http_connections(w, counters);
    write_http_evictions(w, counters);
    metrics_text_single(w, "skep_http_wrong_tokens_total", METRIC_COUNTER,
                        "Requests with a wrong admin token.", read_count(&counters->wrong_tokens));
    metrics_text_single(w, "skep_http_requests_cut_total", METRIC_COUNTER,
                        "Requests aborted by the request timeout.",
                        read_count(&counters->requests_aborted));
    metrics_text_single(w, "skep_http_responses_cut_total", METRIC_COUNTER,
                        "Responses aborted because the client did not read them in time.",
                        read_count(&counters->responses_aborted));
    const int64_t expires_s =
        atomic_load_explicit(&counters->certificate_expires_s, memory_order_relaxed);
    if (expires_s != 0)
        metrics_text_single(w, "skep_https_certificate_expiry_timestamp_seconds", METRIC_GAUGE,
                            "Expiry of the HTTPS certificate, in seconds since the Unix epoch.",
                            (double)expires_s);
}

static const struct {
    const char *kind;
    const char *result;
} udp_outcomes[UDP_OUTCOMES] = {
    [UDP_IGNORED] = { "other", "malformed" },
    [UDP_CONNECTED] = { "connect", "ok" },
    [UDP_ANNOUNCED] = { "announce", "ok" },
    [UDP_ANNOUNCE_REFUSED] = { "announce", "refused" },
    [UDP_ANNOUNCE_MALFORMED] = { "announce", "malformed" },
    [UDP_SCRAPED] = { "scrape", "ok" },
    [UDP_SCRAPE_REFUSED] = { "scrape", "refused" },
    [UDP_BAD_CONNECTION_ID] = { "other", "bad_connection_id" },
    [UDP_UNKNOWN_ACTION] = { "other", "unknown_action" },
};

static const struct metric udp_metrics[] = {
    { "skep_udp_request_duration_seconds", METRIC_HISTOGRAM,
      "Time from the receipt of a UDP packet to its reply.",
      METRIC_FIELD(struct udp_server_stats, latency) },
    { "skep_udp_packets_received_total", METRIC_COUNTER, "UDP packets received.",
      METRIC_FIELD(struct udp_server_stats, received) },
    { "skep_udp_packets_answered_total", METRIC_COUNTER, "UDP packets answered.",
      METRIC_FIELD(struct udp_server_stats, answered) },
    { "skep_udp_send_failures_total", METRIC_COUNTER, "UDP replies that could not be sent.",
      METRIC_FIELD(struct udp_server_stats, send_failures) },
    { "skep_udp_kernel_drops_total", METRIC_COUNTER,
      "UDP packets dropped by the kernel because a receive buffer was full.",
      METRIC_FIELD(struct udp_server_stats, kernel_drops) },
    { "skep_udp_receive_buffer_bytes", METRIC_GAUGE,
      "Size of the smallest UDP receive buffer, as the kernel allows it.",
      METRIC_FIELD(struct udp_server_stats, receive_buffer) },
    { "skep_udp_receive_buffer_configured_bytes", METRIC_GAUGE,
      "Size of a UDP receive buffer as configured (udp.receive_buffer).",
      METRIC_FIELD(struct udp_server_stats, receive_buffer_wanted) },
    { 0 },
};

void server_metrics_write_udp(struct writer *w, const struct udp_server_stats *stats) {
    const char *name = "skep_udp_requests_total";
    metrics_text_family(w, name, METRIC_COUNTER, "UDP packets, by kind and result.");
    for (int i = 0; i < UDP_OUTCOMES; i++)
        metrics_text_value(
            w, name,
            METRIC_LABELS({ "kind", udp_outcomes[i].kind }, { "result", udp_outcomes[i].result }),
            (double)stats->outcomes[i]);
    metric_table_write(w, udp_metrics, stats);
}

static const char *const reach_names[REACHES] = {
    [REACH_UNKNOWN] = "unknown",
    [REACH_OPEN] = "open",
    [REACH_REFUSED] = "refused",
    [REACH_SILENT] = "silent",
};

void server_metrics_write_probes(struct writer *w, const struct prober_stats *stats) {
    const char *name = "skep_peers_checked";
    metrics_text_family(w, name, METRIC_GAUGE,
                        "Peers selected for reachability probes, by result of the last probe.");
    for (int i = 0; i < REACHES; i++)
        metrics_text_value(w, name, METRIC_LABELS({ "reach", reach_names[i] }),
                           stats->now.peers[i]);
    metrics_text_single(w, "skep_checks_waiting", METRIC_GAUGE,
                        "Peers whose probe is running or next in the queue.", stats->now.waiting);
    name = "skep_checks_total";
    metrics_text_family(w, name, METRIC_COUNTER,
                        "Reachability probes, by result; unknown if the local machine failed.");
    for (int i = 0; i < REACHES; i++)
        metrics_text_value(w, name, METRIC_LABELS({ "result", reach_names[i] }),
                           (double)stats->finished[i]);
}
