/* Metrics without labels, as tables: one row per field of a statistics struct. Adding a counter
 * takes a field in the struct and a row in the table. Pure; any thread. */
#ifndef SKEP_METRICS_METRIC_TABLE_H
#define SKEP_METRICS_METRIC_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/metrics_text.h"

enum metric_field {
    METRIC_FIELD_BOOL,
    METRIC_FIELD_U32,
    METRIC_FIELD_U64,
    METRIC_FIELD_DOUBLE,
    METRIC_FIELD_HISTOGRAM, /* struct histogram_counts; the type is METRIC_HISTOGRAM */
};

struct metric {
    const char *name; /* NULL ends the table */
    enum metric_type type;
    const char *help;
    enum metric_field field;
    size_t offset; /* of the field */
};

/* The last two members of a row: the C type and the offset of `member` in `record`. */
#define METRIC_FIELD(record, member)                                                               \
    _Generic(((record *)0)->member, bool                                                           \
             : METRIC_FIELD_BOOL, uint32_t                                                         \
             : METRIC_FIELD_U32, uint64_t                                                          \
             : METRIC_FIELD_U64, double                                                            \
             : METRIC_FIELD_DOUBLE, struct histogram_counts                                        \
             : METRIC_FIELD_HISTOGRAM),                                                            \
        offsetof(record, member)

/* Writes each metric of `table`, reading its value from `record`. */
void metric_table_write(struct writer *w, const struct metric *table, const void *record);

#endif
