/* Writer for Prometheus' text format, version 0.0.4. A family is a name, a help text and a type,
 * followed by its values. Pure; any thread. */
#ifndef SKEP_BASE_METRICS_TEXT_H
#define SKEP_BASE_METRICS_TEXT_H

#include "base/bytes.h"
#include "base/histogram.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metrics_text_label {
    const char *name;  /* NULL: end of the list */
    const char *value; /* any text in UTF-8 */
};

/* Labels of one value: METRIC_LABELS({ "family", "ipv4" }, { "role", "seeder" }). */
#define METRIC_LABELS(...) ((const struct metrics_text_label[]){ __VA_ARGS__, { NULL, NULL } })

/* Starts a family. By convention a name ends in its unit, seconds or bytes; a counter's ends in
 * "_total" after that. */
void metrics_text_family(struct writer *w, const char *name, enum metric_type type,
                         const char *help);

/* Writes one value of the current family. `labels` may be NULL. */
void metrics_text_value(struct writer *w, const char *name, const struct metrics_text_label *labels,
                        double value);

/* Writes a family with one value and no labels. */
void metrics_text_single(struct writer *w, const char *name, enum metric_type type,
                         const char *help, double value);

/* Writes one histogram of the current family: buckets, sum in seconds, count. */
void metrics_text_histogram(struct writer *w, const char *name,
                            const struct metrics_text_label *labels,
                            const struct histogram_counts *counts);

#endif
