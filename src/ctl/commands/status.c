#include "ctl/commands/commands.h"

#include <inttypes.h>
#include <stdio.h>

#include "ctl/api_client.h"
#include "ctl/format.h"

static void print_daemon(const json_t *status) {
    char version[64];
    char mode[64];
    char uptime[FORMAT_NUMBER_LEN];
    char interval[FORMAT_NUMBER_LEN];
    format_clean(bytes_of(api_client_text(status, "version", "?")), version, sizeof version);
    printf("skepd %s", version);
    if (json_object_get(status, "uptime_s") != NULL) {
        format_clean(bytes_of(api_client_text(status, "mode", "?")), mode, sizeof mode);
        format_duration(api_client_number(status, "uptime_s"), uptime);
        format_duration(api_client_number(status, "interval_s"), interval);
        printf(", up %s, access %s, interval %s", uptime, mode, interval);
    }
    puts("");
}

static void print_totals(const json_t *totals, const json_t *registry) {
    char up[FORMAT_NUMBER_LEN];
    char down[FORMAT_NUMBER_LEN];
    format_rate(api_client_number(totals, "upload_rate"), up);
    format_rate(api_client_number(totals, "download_rate"), down);
    printf("torrents   %" PRIu64 " tracked", api_client_number(totals, "torrents"));
    if (registry != NULL)
        printf(", %" PRIu64 " registered, %" PRIu64 " blocked",
               api_client_number(registry, "torrents"), api_client_number(registry, "blocked"));
    puts("");
    printf("peers      %" PRIu64 ": seeders %" PRIu64 ", leechers %" PRIu64 "; IPv4 %" PRIu64
           ", IPv6 %" PRIu64 "\n",
           api_client_number(totals, "peers"), api_client_number(totals, "seeders"),
           api_client_number(totals, "leechers"), api_client_number(totals, "peers_v4"),
           api_client_number(totals, "peers_v6"));
    printf("completed  %" PRIu64 " downloads\n", api_client_number(totals, "downloaded"));
    printf("announces  %.1f/s, total %" PRIu64 "\n", api_client_real(totals, "announces_per_s"),
           api_client_number(totals, "announces"));
    printf("transfer   up %s, down %s\n", up, down);
}

static void print_store_lag(double lag_s) {
    if (lag_s < 0.05)
        puts("store      all changes saved");
    else
        printf("store      changes of the last %.1f s not saved yet\n", lag_s);
}

static void print_probes_and_store(const json_t *status) {
    const json_t *probes = json_object_get(status, "probes");
    const json_t *store = json_object_get(status, "store");
    if (json_is_true(json_object_get(probes, "enabled")))
        printf("probes     %" PRIu64 " reachable, %" PRIu64 " firewalled, %" PRIu64 " waiting\n",
               api_client_number(probes, "reachable"), api_client_number(probes, "unreachable"),
               api_client_number(probes, "waiting"));
    if (json_is_true(json_object_get(store, "failing")))
        puts("store      failing: new changes are not saved");
    else if (json_is_true(json_object_get(store, "enabled")))
        print_store_lag(api_client_real(store, "lag_s"));
    else if (store != NULL)
        puts("store      disabled: all data is lost on restart");
}

static void print_urls_and_warnings(const json_t *status) {
    const char *label = "announce";
    size_t i;
    const json_t *entry;
    json_array_foreach(json_object_get(status, "urls"), i, entry) {
        output_labelled(label, api_client_text(entry, "url", "?"));
        label = "";
    }
    json_array_foreach(json_object_get(status, "warnings"), i, entry) {
        const char *text = json_string_value(entry);
        output_labelled("warning", text == NULL ? "?" : text);
    }
}

static enum status run_status(const struct command_line *line) {
    json_t *status;
    const enum status result = api_client_fetch_once(line, "status", &status);
    if (result != STATUS_GOOD)
        return result;
    if (command_line_has(line, &option_json))
        return output_json(status);
    print_daemon(status);
    print_totals(json_object_get(status, "totals"), json_object_get(status, "registry"));
    print_probes_and_store(status);
    print_urls_and_warnings(status);
    json_decref(status);
    return STATUS_GOOD;
}

const struct command status_command = {
    .section = SECTION_MONITORING,
    .name = "status",
    .arguments = "",
    .summary = "Show status, totals and announce URLs",
    .example = "skepctl status --url http://192.168.1.10:6969",
    .run = run_status,
};
