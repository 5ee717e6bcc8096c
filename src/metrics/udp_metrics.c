#include "metrics/udp_metrics.h"

static const struct {
    const char *kind;
    const char *result;
} outcomes[UDP_OUTCOMES] = {
    [UDP_IGNORED] = { "other", "malformed" },
    [UDP_CONNECTED] = { "connect", "ok" },
    [UDP_ANNOUNCED] = { "announce", "ok" },
    [UDP_ANNOUNCE_REFUSED] = { "announce", "refused" },
    [UDP_ANNOUNCE_MALFORMED] = { "announce", "malformed" },
    [UDP_SCRAPED] = { "scrape", "ok" },
    [UDP_SCRAPE_REFUSED] = { "scrape", "refused" },
    [UDP_UNPROVEN] = { "other", "bad_connection_id" },
    [UDP_UNKNOWN_ACTION] = { "other", "unknown_action" },
};

static void write_requests(struct writer *w, const struct udp_server_stats *stats) {
    const char *name = "skep_udp_requests_total";
    metrics_text_family(w, name, METRIC_COUNTER,
                        "Requests over UDP, by what they ask and what became of them.");
    for (int i = 0; i < UDP_OUTCOMES; i++)
        metrics_text_value(
            w, name, METRIC_LABELS({ "kind", outcomes[i].kind }, { "result", outcomes[i].result }),
            (double)stats->outcomes[i]);
}

void udp_metrics_write(struct writer *w, const struct udp_server_stats *stats) {
    write_requests(w, stats);
    metrics_text_family(w, "skep_udp_request_duration_seconds", METRIC_HISTOGRAM,
                        "Time from when a request over UDP was read until its answer was sent.");
    metrics_text_histogram(w, "skep_udp_request_duration_seconds", NULL, &stats->latency);
    metrics_text_single(w, "skep_udp_packets_received_total", METRIC_COUNTER, "UDP packets.",
                        (double)stats->received);
    metrics_text_single(w, "skep_udp_packets_answered_total", METRIC_COUNTER, "Answers to them.",
                        (double)stats->answered);
    metrics_text_single(w, "skep_udp_send_failures_total", METRIC_COUNTER,
                        "Answers that the kernel would not send.", (double)stats->send_failures);
    metrics_text_single(w, "skep_udp_kernel_drops_total", METRIC_COUNTER,
                        "UDP packets that the kernel dropped, its buffer being full.",
                        (double)stats->kernel_drops);
}
