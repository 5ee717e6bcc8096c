/* The cluster as this node sees it. */
#include "cluster/cluster.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "store/registry_rows.h"
#include "swarm/registry_cluster.h"
#include "web/api/api_request.h"

static json_t *node_id(uint64_t id) {
    char text[17];
    snprintf(text, sizeof text, "%016" PRIx64, id);
    return api_text(text);
}

struct named_count {
    const char *name;
    uint64_t count;
};

static void put_counts(json_t **object, const struct named_count *counts, size_t count) {
    for (size_t i = 0; i < count; i++)
        api_put(object, counts[i].name, api_count(counts[i].count));
}

static json_t *describe_node(const struct api_request *request,
                             const struct cluster_status *status) {
    const struct named_count counts[] = {
        { "behind_entries", status->behind_entries },
        { "behind_ms", status->behind_ms },
        { "announces_per_s", status->announces_per_s },
        { "records_sent_per_s", status->records_sent_per_s },
        { "bytes_sent_per_s", status->bytes_sent_per_s },
        { "records_merged_per_s", status->records_merged_per_s },
        { "bytes_read_per_s", status->bytes_read_per_s },
    };
    json_t *node =
        json_pack("{s:o, s:o, s:s, s:b, s:b, s:b, s:b, s:b, s:o, s:I}", "id", node_id(status->node),
                  "name", api_text(status->name), "version", SKEP_VERSION, "ready", status->ready,
                  "whole", status->whole, "full", status->full, "receiving", status->receiving,
                  "sending", status->sending, "since", api_ago(request->unix_ms, status->since_s),
                  "clock_offset_ms", (json_int_t)status->clock_offset_ms);
    put_counts(&node, counts, sizeof counts / sizeof *counts);
    return node;
}

static json_t *describe_engine(const struct cluster_status *status) {
    const char *kind = status->is_valkey ? "Valkey" : "Redis";
    const bool known = status->engine[0] != '\0';
    return json_pack("{s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "connected",
                     status->connected, "url", api_text_or_null(status->engine), "kind",
                     api_text_or_null(known ? kind : ""), "version",
                     api_text_or_null(status->version), "error", api_text_or_null(status->error),
                     "warnings", api_text_or_null(status->warnings), "stream_bytes",
                     api_count(status->stream_bytes), "behind_ms", api_count(status->behind_ms),
                     "clock_offset_ms", (json_int_t)status->clock_offset_ms);
}

static json_t *describe_counts(const struct cluster_status *status) {
    const struct named_count counts[] = {
        { "records_sent", status->records_sent },
        { "bytes_sent", status->bytes_sent },
        { "records_merged", status->records_merged },
        { "bytes_read", status->bytes_read },
        { "records_waiting", status->waiting },
        { "records_dropped", status->dropped },
        { "invalid", status->invalid },
        { "connects", status->connects },
        { "resends", status->resends },
        { "holes", status->holes },
        { "snapshots_received", status->snapshots_received },
        { "snapshots_sent", status->snapshots_sent },
    };
    json_t *object = json_object();
    put_counts(&object, counts, sizeof counts / sizeof *counts);
    return object;
}

static json_t *describe_snapshot(const struct api_request *request,
                                 const struct cluster_status *status) {
    if (status->snapshot_reason == NULL)
        return json_null();
    return json_pack("{s:s, s:o, s:o}", "reason", status->snapshot_reason, "requested",
                     api_ago(request->unix_ms, status->snapshot_requested_s), "received",
                     status->snapshot_received
                         ? api_ago(request->unix_ms, status->snapshot_received_s)
                         : json_null());
}

static json_t *describe_resend(const struct api_request *request,
                               const struct cluster_status *status) {
    if (status->resend_reason == NULL)
        return json_null();
    return json_pack("{s:s, s:o}", "reason", status->resend_reason, "sent",
                     api_ago(request->unix_ms, status->resent_s));
}

json_t *api_set_aside(const struct cluster_status *status) {
    return json_pack("{s:o, s:o, s:o}", "torrents", api_count(status->torrents_aside), "passkeys",
                     api_count(status->passkeys_aside), "names", api_count(status->names_aside));
}

static json_t *describe_member(const struct api_request *request,
                               const struct cluster_member *member) {
    return json_pack(
        "{s:o, s:o, s:o, s:b, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "id",
        node_id(member->node), "name", api_text(member->name), "version",
        api_text_or_null(member->version), "alive", member->alive, "ready", member->ready, "whole",
        member->whole, "since", api_ago(request->unix_ms, member->since_s), "heard",
        api_ago(request->unix_ms, member->heard_s), "budget_per_s", api_count(member->budget_per_s),
        "announces_per_s", api_count(member->announces_per_s), "behind_entries",
        member->has_lag ? api_count(member->behind_entries) : json_null(), "behind_ms",
        member->has_lag ? api_count(member->behind_ms) : json_null(), "clock_offset_ms",
        (json_int_t)member->clock_offset_ms);
}

static void get_cluster(const struct api_request *request, struct web_response *response) {
    struct cluster_status status;
    if (request->api->cluster == NULL) {
        api_send(response, 200, json_pack("{s:b}", "enabled", false));
        return;
    }
    cluster_describe(request->api->cluster, &status);
    json_t *nodes = json_array();
    for (size_t i = 0; i < status.members; i++)
        api_append(&nodes, describe_member(request, &status.list[i]));
    api_send(response, 200,
             json_pack("{s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "enabled", true, "node",
                       describe_node(request, &status), "engine", describe_engine(&status),
                       "counts", describe_counts(&status), "last_snapshot",
                       describe_snapshot(request, &status), "last_resend",
                       describe_resend(request, &status), "set_aside", api_set_aside(&status),
                       "nodes", nodes));
}

/* Entries to import, at most ROWS_MAX of one request. */
struct aside_rows {
    struct registry *registry;
    struct registry_row *list;
    size_t count;
    size_t capacity;
    bool more;
    bool failed;
};

enum { ROWS_MAX = 1000 };

static void collect_aside(void *context, const struct registry_row *row) {
    struct aside_rows *rows = context;
    if (rows->failed || !registry_is_aside(rows->registry, row))
        return;
    rows->more = rows->count == ROWS_MAX;
    if (rows->more)
        return;
    struct registry_row *list =
        array_grow(rows->list, &rows->capacity, rows->count + 1, sizeof *list);
    rows->failed = list == NULL;
    if (rows->failed)
        return;
    rows->list = list;
    list[rows->count++] = *row;
}

/* They are in the database only. */
static bool read_aside(const struct api_request *request, struct aside_rows *rows,
                       char error[static ERROR_LEN]) {
    const char *database = request->api->database;
    struct registry_rows *stored =
        database == NULL ? NULL : registry_rows_open(database, REGISTRY_SHORT_TIMEOUT_MS, error);
    bool good = stored != NULL;
    for (int kind = 0; good && kind < REGISTRY_STORED_KINDS && !rows->more; kind++) {
        good = registry_rows_visit(stored, (enum registry_kind)kind, collect_aside, rows);
        if (!good)
            error_set(error, "%s", registry_rows_failure(stored));
    }
    registry_rows_close(stored);
    return good;
}

static void import_rows(const struct api_request *request, struct web_response *response,
                        const struct aside_rows *rows) {
    struct registry_edit *edit = api_begin_edit(request, response);
    bool good = true;
    if (edit == NULL)
        return;
    for (size_t i = 0; good && i < rows->count; i++)
        good = registry_edit_import(edit, &rows->list[i]);
    if (!good) {
        api_abort_edit(edit, response);
        return;
    }
    api_send(response, 200,
             json_pack("{s:o, s:b}", "imported", api_count(rows->count), "more", rows->more));
    api_submit_edit(edit, response);
}

static void post_import(const struct api_request *request, struct web_response *response) {
    struct aside_rows rows = { .registry = api_registry(request) };
    char error[ERROR_LEN];
    if (request->api->cluster == NULL)
        api_send_error(response, 409, "no_cluster", "No cluster is configured (cluster.engine).");
    else if (!registry_has_writer(rows.registry))
        api_send_no_database(response);
    else if (!cluster_has_set_aside(request->api->cluster))
        api_send_error(response, 503, "joining",
                       "This node does not know yet what the cluster lacks; try again later.");
    else if (!read_aside(request, &rows, error))
        api_send_error(response, 503, "store_failed", "Cannot read the database: %s.", error);
    else if (rows.failed)
        api_send_out_of_memory(response);
    else
        import_rows(request, response, &rows);
    free(rows.list);
}

const struct api_route cluster_routes[] = {
    { "GET", "cluster", ROLE_ADMIN, get_cluster },
    { "POST", "cluster/import", ROLE_ADMIN, post_import },
    { .method = NULL },
};
