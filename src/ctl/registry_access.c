#include "ctl/registry_access.h"

#include <unistd.h>

static const char *default_database(void) {
    return access("./var/skep.db", F_OK) == 0 ? "./var/skep.db" : "/var/lib/skep/skep.db";
}

struct registry *registry_access_open(const struct command_line *line, bool quiet) {
    const char *given = line->values[OPTION_DATABASE];
    char error[REGISTRY_ERROR_LEN];
    struct registry *registry =
        registry_open(given == NULL ? default_database() : given, REGISTRY_PATIENT_MS, error);
    if (registry == NULL && !quiet)
        output_fail(STATUS_FAULT, error, NULL);
    return registry;
}

enum status registry_access_report(struct registry *registry, bool good) {
    return good ? STATUS_GOOD
                : output_fail(STATUS_FAULT, "the database refuses", registry_failure(registry));
}

enum status registry_access_report_removal(struct registry *registry, bool good, bool found,
                                           const char *what) {
    if (good && !found)
        return output_fail(STATUS_FAULT, "there is no such entry", what);
    return registry_access_report(registry, good);
}

struct rows {
    registry_row_json make;
    json_t *items;
    bool good;
};

static void add_row(void *context, const struct registry_row *row) {
    struct rows *rows = context;
    rows->good = json_array_append_new(rows->items, rows->make(row)) == 0 && rows->good;
}

enum status registry_access_print_json(struct registry *registry, registry_lister list,
                                       registry_row_json make) {
    struct rows rows = { .make = make, .items = json_array(), .good = true };
    enum status status = registry_access_report(registry, list(registry, add_row, &rows));
    if (status == STATUS_GOOD)
        status = output_json(rows.good ? json_pack("{s:O}", "items", rows.items) : NULL);
    json_decref(rows.items);
    return status;
}
