#include "base/metrics_text.h"

#include <math.h>
#include <stdio.h>

enum { NUMBER_LEN = 32 };

static const char *const type_names[] = {
    [METRIC_COUNTER] = "counter",
    [METRIC_GAUGE] = "gauge",
    [METRIC_HISTOGRAM] = "histogram",
};

/* Escapes characters that would end the text or the line. */
static void put_escaped(struct writer *w, const char *text, bool quoted) {
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\n')
            writer_put_text(w, "\\n");
        else if (*c == '\\' || (*c == '"' && quoted)) {
            writer_put_text(w, "\\");
            writer_put(w, c, 1);
        } else
            writer_put(w, c, 1);
    }
}

static void number_text(double value, char text[static NUMBER_LEN]) {
    if (isnan(value))
        snprintf(text, NUMBER_LEN, "NaN");
    else if (isinf(value))
        snprintf(text, NUMBER_LEN, "%cInf", value > 0 ? '+' : '-');
    else
        snprintf(text, NUMBER_LEN, "%.15g", value);
}

void metrics_text_family(struct writer *w, const char *name, enum metric_type type,
                         const char *help) {
    writer_put_text(w, "# HELP ");
    writer_put_text(w, name);
    writer_put_text(w, " ");
    put_escaped(w, help, false);
    writer_put_text(w, "\n# TYPE ");
    writer_put_text(w, name);
    writer_put_text(w, " ");
    writer_put_text(w, type_names[type]);
    writer_put_text(w, "\n");
}

static void put_label(struct writer *w, char before, const char *name, const char *value) {
    writer_put(w, &before, 1);
    writer_put_text(w, name);
    writer_put_text(w, "=\"");
    put_escaped(w, value, true);
    writer_put_text(w, "\"");
}

/* `bound` is the `le` of a bucket; NULL for other values. */
static void put_sample(struct writer *w, const char *name, const char *suffix,
                       const struct metrics_text_label *labels, const char *bound, double value) {
    char before = '{';
    writer_put_text(w, name);
    writer_put_text(w, suffix);
    for (; labels != NULL && labels->name != NULL; labels++) {
        put_label(w, before, labels->name, labels->value);
        before = ',';
    }
    if (bound != NULL) {
        put_label(w, before, "le", bound);
        before = ',';
    }
    char number[NUMBER_LEN];
    number_text(value, number);
    writer_put_text(w, before == ',' ? "} " : " ");
    writer_put_text(w, number);
    writer_put_text(w, "\n");
}

void metrics_text_value(struct writer *w, const char *name, const struct metrics_text_label *labels,
                        double value) {
    put_sample(w, name, "", labels, NULL, value);
}

void metrics_text_single(struct writer *w, const char *name, enum metric_type type,
                         const char *help, double value) {
    metrics_text_family(w, name, type, help);
    metrics_text_value(w, name, NULL, value);
}

/* Buckets are cumulative in the text format. */
void metrics_text_histogram(struct writer *w, const char *name,
                            const struct metrics_text_label *labels,
                            const struct histogram_counts *counts) {
    uint64_t so_far = 0;
    for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
        char bound[NUMBER_LEN];
        number_text(i < HISTOGRAM_BOUNDS ? (double)histogram_bounds_ns[i] / 1e9 : INFINITY, bound);
        so_far += counts->counts[i];
        put_sample(w, name, "_bucket", labels, bound, (double)so_far);
    }
    put_sample(w, name, "_sum", labels, NULL, (double)counts->sum_ns / 1e9);
    put_sample(w, name, "_count", labels, NULL, (double)so_far);
}
