#include "metrics/tracker_metrics.h"

#include "wire/refusal.h"

static void write_results(struct writer *w, const char *name, const char *help,
                          const uint64_t counts[static ANNOUNCE_RESULTS]) {
    metrics_text_family(w, name, METRIC_COUNTER, help);
    for (int i = 0; i < ANNOUNCE_RESULTS; i++)
        metrics_text_value(w, name,
                           METRIC_LABELS({ "result", refusal_name((enum announce_result)i) }),
                           (double)counts[i]);
}

void tracker_metrics_write(struct writer *w, const struct tracker_stats *stats,
                           uint32_t interval_s) {
    write_results(w, "skep_announces_total",
                  "Announces over any transport, by what became of them.", stats->announces);
    write_results(w, "skep_scrapes_total", "Scrapes over any transport, by what became of them.",
                  stats->scrapes);
    metrics_text_single(w, "skep_swarms_memory_bytes", METRIC_GAUGE, "Memory that all swarms take.",
                        (double)stats->memory);
    metrics_text_single(w, "skep_announce_interval_seconds", METRIC_GAUGE,
                        "The announce interval that fits the present load.", interval_s);
}
