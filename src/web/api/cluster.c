/* The cluster as this node sees it. */
#include "cluster/cluster.h"

#include <inttypes.h>
#include <stdio.h>

#include "web/api/api_request.h"

static json_t *node_id(uint64_t id) {
    char text[17];
    snprintf(text, sizeof text, "%016" PRIx64, id);
    return api_text(text);
}

static json_t *describe_node(const struct cluster_status *status) {
    return json_pack("{s:o, s:o, s:b, s:b, s:b, s:b, s:b}", "id", node_id(status->node), "name",
                     api_text(status->name), "ready", status->ready, "whole", status->whole, "full",
                     status->full, "receiving", status->receiving, "sending", status->sending);
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
    const struct {
        const char *name;
        uint64_t count;
    } counts[] = {
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
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        api_put(&object, counts[i].name, api_count(counts[i].count));
    return object;
}

static json_t *describe_member(const struct api_request *request,
                               const struct cluster_member *member) {
    return json_pack("{s:o, s:o, s:b, s:b, s:b, s:o, s:o, s:o}", "id", node_id(member->node),
                     "name", api_text(member->name), "alive", member->alive, "ready", member->ready,
                     "whole", member->whole, "since", api_ago(request->unix_ms, member->since_s),
                     "heard", api_ago(request->unix_ms, member->heard_s), "budget_per_s",
                     api_count(member->budget_per_s));
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
             json_pack("{s:b, s:o, s:o, s:o, s:o}", "enabled", true, "node", describe_node(&status),
                       "engine", describe_engine(&status), "counts", describe_counts(&status),
                       "nodes", nodes));
}

const struct api_route cluster_routes[] = {
    { "GET", "cluster", ROLE_ADMIN, get_cluster },
    { .method = NULL },
};
