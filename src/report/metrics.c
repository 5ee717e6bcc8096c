#include "report/metrics.h"

#include <stdio.h>

#include "wire/refusal.h"

enum { NUMBER_LEN = 32 };

void metrics_family(struct writer *w, const char *name, enum metric_type type, const char *help) {
    writer_put_text(w, "# HELP ");
    writer_put_text(w, name);
    writer_put_text(w, " ");
    writer_put_text(w, help);
    writer_put_text(w, "\n# TYPE ");
    writer_put_text(w, name);
    writer_put_text(w, type == METRIC_COUNTER ? " counter\n" : " gauge\n");
}

void metrics_value(struct writer *w, const char *name, const char *label, const char *text,
                   double value) {
    char number[NUMBER_LEN];
    snprintf(number, sizeof number, " %.15g\n", value);
    writer_put_text(w, name);
    if (label != NULL) {
        writer_put_text(w, "{");
        writer_put_text(w, label);
        writer_put_text(w, "=\"");
        writer_put_text(w, text);
        writer_put_text(w, "\"}");
    }
    writer_put_text(w, number);
}

void metrics_single(struct writer *w, const char *name, enum metric_type type, const char *help,
                    double value) {
    metrics_family(w, name, type, help);
    metrics_value(w, name, NULL, NULL, value);
}

static void put_results(struct writer *w, const char *name, const char *help,
                        const uint64_t counts[static ANNOUNCE_RESULTS]) {
    metrics_family(w, name, METRIC_COUNTER, help);
    for (int i = 0; i < ANNOUNCE_RESULTS; i++)
        metrics_value(w, name, "result", refusal_name((enum announce_result)i), (double)counts[i]);
}

void metrics_tracker(struct writer *w, const struct tracker_stats *stats) {
    metrics_single(w, "skep_torrents", METRIC_GAUGE, "Torrents that are tracked.", stats->torrents);
    metrics_single(w, "skep_peers", METRIC_GAUGE, "Peers in all torrents.", stats->peers);
    metrics_single(w, "skep_swarms_memory_bytes", METRIC_GAUGE, "Memory that all swarms take.",
                   (double)stats->memory);
    put_results(w, "skep_announces_total", "Announces, by what became of them.", stats->announces);
    put_results(w, "skep_scrapes_total", "Scrapes, by what became of them.", stats->scrapes);
}
