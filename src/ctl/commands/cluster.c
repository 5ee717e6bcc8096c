#include "ctl/commands/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/api_client.h"
#include "ctl/format.h"

enum { TEXT_LEN = 512 };

static bool is_true(const json_t *object, const char *key) {
    return json_is_true(json_object_get(object, key));
}

static const char *state_of(const json_t *node) {
    if (is_true(node, "full"))
        return "no room for all peers";
    if (is_true(node, "whole"))
        return "has all peers";
    return is_true(node, "ready") ? "joined, may lack peers" : "joining";
}

/* Since the time of a field, by this machine's clock. */
static void format_age(const json_t *object, const char *key, char text[static FORMAT_NUMBER_LEN]) {
    const double age_s = (double)clock_unix_s() - api_client_real(object, key);
    format_duration(age_s > 0 && age_s < 1e9 ? (uint64_t)age_s : 0, text);
}

/* Without a connection, it is not known how far this node is behind. */
static void print_condition(const json_t *node, bool knows_lag) {
    char age[FORMAT_NUMBER_LEN];
    const json_int_t offset_ms = json_integer_value(json_object_get(node, "clock_offset_ms"));
    format_age(node, "since", age);
    printf(", up %s, ", age);
    if (knows_lag && json_is_integer(json_object_get(node, "behind_entries")))
        printf("%" PRIu64 " entries (%.1f s) behind, ", api_client_number(node, "behind_entries"),
               (double)api_client_number(node, "behind_ms") / 1000);
    printf("%" PRIu64 " announces/s, clock %" JSON_INTEGER_FORMAT " ms %s that of the engine\n",
           api_client_number(node, "announces_per_s"), offset_ms < 0 ? -offset_ms : offset_ms,
           offset_ms < 0 ? "ahead of" : "behind");
}

static void print_last_heard(const json_t *node) {
    char age[FORMAT_NUMBER_LEN];
    format_age(node, "heard", age);
    printf(", last heard %s ago\n", age);
}

static void print_node(const json_t *node, bool is_silent, bool knows_lag) {
    char name[TEXT_LEN];
    char id[TEXT_LEN];
    char version[TEXT_LEN];
    format_clean(bytes_of(api_client_text(node, "name", "?")), name, sizeof name);
    format_clean(bytes_of(api_client_text(node, "id", "?")), id, sizeof id);
    format_clean(bytes_of(api_client_text(node, "version", "?")), version, sizeof version);
    printf("%-11s%s (%s), %s, version %s", "node", name, id,
           is_silent ? "not heard" : state_of(node), version);
    if (is_silent)
        print_last_heard(node);
    else
        print_condition(node, knows_lag);
}

static void print_engine(const json_t *engine) {
    char bytes[FORMAT_NUMBER_LEN];
    char url[TEXT_LEN];
    char kind[TEXT_LEN];
    char version[TEXT_LEN];
    if (is_true(engine, "connected")) {
        format_clean(bytes_of(api_client_text(engine, "url", "?")), url, sizeof url);
        format_clean(bytes_of(api_client_text(engine, "kind", "?")), kind, sizeof kind);
        format_clean(bytes_of(api_client_text(engine, "version", "?")), version, sizeof version);
        format_size(api_client_number(engine, "stream_bytes"), bytes);
        printf("engine     %s, %s %s, %s of changes\n", url, kind, version, bytes);
    } else {
        puts("engine     not connected; changes from and to the other nodes wait");
    }
    if (json_is_string(json_object_get(engine, "error")))
        output_labelled("error", api_client_text(engine, "error", "?"));
    if (json_is_string(json_object_get(engine, "warnings")))
        output_labelled("warning", api_client_text(engine, "warnings", "?"));
}

static void print_traffic(const json_t *node) {
    char sent[FORMAT_NUMBER_LEN];
    char read[FORMAT_NUMBER_LEN];
    format_rate(api_client_number(node, "bytes_sent_per_s"), sent);
    format_rate(api_client_number(node, "bytes_read_per_s"), read);
    printf("traffic    %" PRIu64 " changes/s, %s sent; %" PRIu64 " changes/s, %s read\n",
           api_client_number(node, "records_sent_per_s"), sent,
           api_client_number(node, "records_merged_per_s"), read);
}

static void print_counts(const json_t *counts) {
    printf("changes    %" PRIu64 " sent, %" PRIu64 " merged, %" PRIu64 " waiting, %" PRIu64
           " dropped\n",
           api_client_number(counts, "records_sent"), api_client_number(counts, "records_merged"),
           api_client_number(counts, "records_waiting"),
           api_client_number(counts, "records_dropped"));
    printf("repairs    changes missing %" PRIu64 " times, changes sent again %" PRIu64 " times\n",
           api_client_number(counts, "holes"), api_client_number(counts, "resends"));
    printf("copies     of all peers: %" PRIu64 " received, %" PRIu64 " sent\n",
           api_client_number(counts, "snapshots_received"),
           api_client_number(counts, "snapshots_sent"));
}

struct reason {
    const char *code;
    const char *text;
};

static const char *text_of(const json_t *event, const struct reason *reasons) {
    const char *code = api_client_text(event, "reason", "");
    while (reasons->code != NULL && strcmp(reasons->code, code) != 0)
        reasons++;
    return reasons->text;
}

static void print_snapshot(const json_t *snapshot) {
    static const struct reason reasons[] = {
        { "started", "this node started" },
        { "missing", "changes were missing" },
        { "no_room", "there was no room for all peers" },
        { "by_time", "this node had joined without a copy" },
        { NULL, "of a reason that this skepctl does not know" },
    };
    char requested[FORMAT_NUMBER_LEN];
    char received[FORMAT_NUMBER_LEN];
    if (!json_is_object(snapshot))
        return;
    format_time((int64_t)api_client_real(snapshot, "requested"), requested);
    format_time((int64_t)api_client_real(snapshot, "received"), received);
    const bool has_ended = json_is_number(json_object_get(snapshot, "received"));
    printf("last copy  requested %s because %s, %s%s\n", requested, text_of(snapshot, reasons),
           has_ended ? "received " : "not complete yet", has_ended ? received : "");
}

static void print_resend(const json_t *resend) {
    static const struct reason reasons[] = {
        { "engine", "the engine restarted or was replaced" },
        { "stream", "the engine lost changes" },
        { NULL, "of a reason that this skepctl does not know" },
    };
    char sent[FORMAT_NUMBER_LEN];
    if (!json_is_object(resend))
        return;
    format_time((int64_t)api_client_real(resend, "sent"), sent);
    printf("resent     %s because %s\n", sent, text_of(resend, reasons));
}

static void print_aside(const json_t *aside) {
    const uint64_t torrents = api_client_number(aside, "torrents");
    const uint64_t passkeys = api_client_number(aside, "passkeys");
    const uint64_t names = api_client_number(aside, "names");
    if (torrents + passkeys + names > 0)
        printf("set aside  %" PRIu64 " torrents, %" PRIu64 " passkeys, %" PRIu64
               " machine names that the cluster does not have: they have no effect; add them with "
               "`skepctl cluster import`\n",
               torrents, passkeys, names);
}

static void print_cluster(const json_t *cluster) {
    const json_t *node = json_object_get(cluster, "node");
    const bool connected = is_true(json_object_get(cluster, "engine"), "connected");
    size_t i;
    const json_t *other;
    print_node(node, false, connected);
    json_array_foreach(json_object_get(cluster, "nodes"), i, other) {
        print_node(other, !is_true(other, "alive"), connected);
    }
    print_engine(json_object_get(cluster, "engine"));
    print_traffic(node);
    print_counts(json_object_get(cluster, "counts"));
    print_snapshot(json_object_get(cluster, "last_snapshot"));
    print_resend(json_object_get(cluster, "last_resend"));
    print_aside(json_object_get(cluster, "set_aside"));
}

static enum status import_all(struct api_client *api, uint64_t *imported) {
    const struct api_client_request request = { .method = "POST", .path = "cluster/import" };
    bool more = true;
    for (*imported = 0; more;) {
        json_t *answer;
        const enum status status = api_client_send(api, &request, &answer);
        if (status != STATUS_GOOD)
            return api_client_fail(api, status);
        *imported += api_client_number(answer, "imported");
        more = is_true(answer, "more") && api_client_number(answer, "imported") > 0;
        json_decref(answer);
    }
    return STATUS_GOOD;
}

static enum status run_import(const struct command_line *line) {
    uint64_t imported;
    struct api_client *api = api_client_open(line);
    if (api == NULL)
        return STATUS_FAULT;
    const enum status status = import_all(api, &imported);
    api_client_close(api);
    if (status != STATUS_GOOD)
        return status;
    if (command_line_has(line, &option_json))
        return output_json(json_pack("{s:I}", "imported", (json_int_t)imported));
    printf("added %" PRIu64 " entries to the registry of the cluster\n", imported);
    return STATUS_GOOD;
}

static enum status run_cluster(const struct command_line *line) {
    json_t *cluster;
    if (line->count > 0 && strcmp(line->arguments[0], "import") == 0)
        return run_import(line);
    if (line->count > 0)
        return output_fail(STATUS_FAULT, "unknown action \"%s\"; use import", line->arguments[0]);
    const enum status result = api_client_fetch_once(line, "cluster", &cluster);
    if (result != STATUS_GOOD)
        return result;
    if (command_line_has(line, &option_json))
        return output_json(cluster);
    if (is_true(cluster, "enabled"))
        print_cluster(cluster);
    else
        puts("skepd runs alone: no cluster is configured");
    json_decref(cluster);
    return STATUS_GOOD;
}

const struct command cluster_command = {
    .section = SECTION_MONITORING,
    .name = "cluster",
    .arguments = "[import]",
    .arguments_max = 1,
    .summary = "Show the nodes of the cluster, or add the entries that were set aside",
    .example = "skepctl cluster --url http://192.168.1.10:6969",
    .run = run_cluster,
};
