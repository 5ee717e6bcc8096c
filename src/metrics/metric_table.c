#include "metrics/metric_table.h"

static double read_number(const void *field, enum metric_field type) {
    switch (type) {
    case METRIC_FIELD_BOOL:
        return *(const bool *)field;
    case METRIC_FIELD_U32:
        return *(const uint32_t *)field;
    case METRIC_FIELD_U64:
        return (double)*(const uint64_t *)field;
    default:
        return *(const double *)field;
    }
}

void metric_table_write(struct writer *w, const struct metric *table, const void *record) {
    for (const struct metric *metric = table; metric->name != NULL; metric++) {
        const void *field = (const char *)record + metric->offset;
        metrics_text_family(w, metric->name, metric->type, metric->help);
        if (metric->field == METRIC_FIELD_HISTOGRAM)
            metrics_text_histogram(w, metric->name, NULL, field);
        else
            metrics_text_value(w, metric->name, NULL, read_number(field, metric->field));
    }
}
