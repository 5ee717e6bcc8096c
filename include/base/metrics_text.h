/* Figures in Prometheus' text format (version 0.0.4). Each family is a name, a help text and a
 * type, followed by its values. Pure; any thread. */
#ifndef SKEP_BASE_METRICS_TEXT_H
#define SKEP_BASE_METRICS_TEXT_H

#include "base/bytes.h"
#include "base/histogram.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metrics_text_label {
    const char *name;  /* NULL: the end of the list */
    const char *value; /* any text in UTF-8 */
};

/* The labels of one value: METRIC_LABELS({ "family", "ipv4" }, { "role", "seeder" }). */
#define METRIC_LABELS(...) ((const struct metrics_text_label[]){ __VA_ARGS__, { NULL, NULL } })

/* Begins a family. By convention a name says its unit, seconds or bytes, and a counter's ends in
 * "_total" behind that. */
void metrics_text_family(struct writer *w, const char *name, enum metric_type type,
                         const char *help);

/* One value of the family begun last. `labels` NULL: it has none. */
void metrics_text_value(struct writer *w, const char *name, const struct metrics_text_label *labels,
                        double value);

/* A family of one value without labels. */
void metrics_text_single(struct writer *w, const char *name, enum metric_type type,
                         const char *help, double value);

/* One histogram of the family begun last: its buckets, its sum in seconds and its count. */
void metrics_text_histogram(struct writer *w, const char *name,
                            const struct metrics_text_label *labels,
                            const struct histogram_counts *counts);

#endif
