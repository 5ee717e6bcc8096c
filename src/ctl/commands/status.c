#include "ctl/commands/status.h"

#include <inttypes.h>
#include <stdio.h>

#include "ctl/api_client.h"
#include "ctl/format.h"

static void print_text(const char *label, const char *raw) {
    char text[512];
    text_clean(bytes_of(raw), text, sizeof text);
    printf("%-11s%s\n", label, text);
}

static void print_daemon(const json_t *status) {
    char version[64];
    char mode[64];
    char uptime[TEXT_FIGURE_LEN];
    char interval[TEXT_FIGURE_LEN];
    text_clean(bytes_of(remote_text(status, "version", "?")), version, sizeof version);
    printf("skepd %s", version);
    if (json_object_get(status, "uptime_s") != NULL) {
        text_clean(bytes_of(remote_text(status, "mode", "?")), mode, sizeof mode);
        text_duration(remote_number(status, "uptime_s"), uptime);
        text_duration(remote_number(status, "interval_s"), interval);
        printf(", up %s, access %s, interval %s", uptime, mode, interval);
    }
    puts("");
}

static void print_totals(const json_t *totals) {
    char up[TEXT_FIGURE_LEN];
    char down[TEXT_FIGURE_LEN];
    text_rate(remote_number(totals, "upload_rate"), up);
    text_rate(remote_number(totals, "download_rate"), down);
    printf("torrents   %" PRIu64 ", completed %" PRIu64 " times\n",
           remote_number(totals, "torrents"), remote_number(totals, "downloaded"));
    printf("peers      %" PRIu64 ": seeders %" PRIu64 ", leechers %" PRIu64 "; IPv4 %" PRIu64
           ", IPv6 %" PRIu64 "\n",
           remote_number(totals, "peers"), remote_number(totals, "seeders"),
           remote_number(totals, "leechers"), remote_number(totals, "peers_v4"),
           remote_number(totals, "peers_v6"));
    printf("announces  %.1f a second, %" PRIu64 " in all\n", remote_real(totals, "announces_per_s"),
           remote_number(totals, "announces"));
    printf("transfer   up %s, down %s\n", up, down);
}

static void print_health(const json_t *status) {
    const json_t *checks = json_object_get(status, "checks");
    const json_t *store = json_object_get(status, "store");
    if (json_is_true(json_object_get(checks, "enabled")))
        printf("checks     %" PRIu64 " reachable, %" PRIu64 " firewalled, %" PRIu64 " waiting\n",
               remote_number(checks, "reachable"), remote_number(checks, "firewalled"),
               remote_number(checks, "waiting"));
    if (json_is_true(json_object_get(store, "failing")))
        puts("store      failing: what changes now is not on disk");
    else if (json_is_true(json_object_get(store, "enabled")))
        printf("store      %.1f s behind\n", remote_real(store, "lag_s"));
    else if (store != NULL)
        puts("store      off: a restart forgets everything");
}

static void print_lists(const json_t *status) {
    const char *label = "announce";
    size_t i;
    const json_t *entry;
    json_array_foreach(json_object_get(status, "urls"), i, entry) {
        print_text(label, remote_text(entry, "url", "?"));
        label = "";
    }
    json_array_foreach(json_object_get(status, "warnings"), i, entry) {
        const char *text = json_string_value(entry);
        print_text("warning", text == NULL ? "?" : text);
    }
}

enum status status_command(const struct command_line *line) {
    json_t *status;
    const enum status result = remote_ask_once(line, "status", &status);
    if (result != STATUS_GOOD)
        return result;
    if (command_line_has(line, OPTION_JSON))
        return output_json(status);
    print_daemon(status);
    print_totals(json_object_get(status, "totals"));
    print_health(status);
    print_lists(status);
    json_decref(status);
    return STATUS_GOOD;
}
