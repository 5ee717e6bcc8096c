#include "ctl/commands/commands.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/api_client.h"
#include "ctl/doctor/system_checks.h"
#include "ctl/doctor/url_checks.h"

enum {
    TIMEOUT_MS = 5000,
    CLOCK_DIFFERENCE_MAX_S = 10,
    SHARED_PEERS_MIN = 10,
    SHARED_CLIENTS_MIN = 3
};

/* What the checks need. */
struct patient {
    const struct command_line *line;
    struct api_client *api;
    json_t *status; /* NULL: skepd does not answer */
    struct findings findings;
};

static bool is_admin(const struct patient *patient) {
    return patient->status != NULL &&
           strcmp(api_client_text(patient->status, "role", ""), "admin") == 0;
}

static void check_skepd(struct patient *patient) {
    const enum status result = api_client_get(patient->api, "status", &patient->status);
    if (result == STATUS_UNREACHABLE)
        findings_add(&patient->findings, FINDING_FAULT, "skepd",
                     "start it (systemctl start skepd), or name another one with --url", "%s",
                     api_client_failure(patient->api));
    else if (result != STATUS_GOOD)
        findings_add(&patient->findings, FINDING_SKIPPED, "skepd", "pass --token-file", "%s",
                     api_client_failure(patient->api));
    else
        findings_add(&patient->findings, FINDING_GOOD, "skepd", NULL, "skepd %s runs at %s",
                     api_client_text(patient->status, "version", "?"),
                     api_client_url(patient->api));
    if (result == STATUS_GOOD && !is_admin(patient))
        findings_add(&patient->findings, FINDING_SKIPPED, "skepd", "pass --token-file",
                     "permission required for the other checks of skepd");
}

/* skepd's own warnings contain their fix. */
static void check_warnings(struct patient *patient) {
    const json_t *store = json_object_get(patient->status, "store");
    const json_t *warning;
    size_t i;
    if (json_is_true(json_object_get(store, "failing")))
        findings_add(&patient->findings, FINDING_FAULT, "store",
                     "see its log for the reason: journalctl -u skepd",
                     "skepd cannot write to its database");
    json_array_foreach(json_object_get(patient->status, "warnings"), i, warning) {
        findings_add(&patient->findings, FINDING_WARNING, "skepd", NULL, "%s",
                     json_string_value(warning));
    }
}

static void check_remote_clock(struct patient *patient) {
    const int64_t now_s = (int64_t)api_client_number(patient->status, "now");
    const int64_t difference_s = now_s - (int64_t)time(NULL);
    if (llabs(difference_s) > CLOCK_DIFFERENCE_MAX_S)
        findings_add(
            &patient->findings, FINDING_WARNING, "clock", "enable a time service on both machines",
            "the clock of skepd's machine differs from this one by %" PRId64 " s", difference_s);
}

/* Behind a proxy that skepd does not trust, all clients have the proxy's address. */
static void check_proxy(struct patient *patient) {
    static const char path[] = "addresses?sort=torrents&order=desc&limit=1";
    const uint64_t peers = api_client_number(json_object_get(patient->status, "totals"), "peers");
    json_t *list = NULL;
    if (peers < SHARED_PEERS_MIN || api_client_get(patient->api, path, &list) != STATUS_GOOD)
        return;
    const json_t *first = json_array_get(json_object_get(list, "items"), 0);
    const json_t *ports = json_object_get(first, "reach");
    const uint64_t shared =
        api_client_number(first, "seeding") + api_client_number(first, "leeching");
    const uint64_t clients = api_client_number(ports, "open") +
                             api_client_number(ports, "unreachable") +
                             api_client_number(ports, "unknown");
    if (shared > peers / 2 && clients >= SHARED_CLIENTS_MIN)
        findings_add(&patient->findings, FINDING_WARNING, "proxy",
                     "if that is a proxy, list it in network.trusted_proxies; in a container, use "
                     "the network of the host",
                     "%" PRIu64 " of %" PRIu64 " peers have the address %s", shared, peers,
                     api_client_text(first, "address", "?"));
    json_decref(list);
}

static void check_engine(struct patient *patient) {
    json_t *cluster = NULL;
    if (api_client_get(patient->api, "cluster", &cluster) != STATUS_GOOD)
        return;
    const json_t *engine = json_object_get(cluster, "engine");
    const char *url = api_client_text(engine, "url", "the engine");
    const char *warnings = api_client_text(engine, "warnings", NULL);
    const char *error = api_client_text(engine, "error", NULL);
    if (engine != NULL && !json_is_true(json_object_get(engine, "connected")))
        findings_add(&patient->findings, FINDING_FAULT, "cluster",
                     "start the engine, or correct cluster.engine and its password",
                     "engine not connected: %s", error == NULL ? "unknown reason" : error);
    else if (error != NULL)
        findings_add(&patient->findings, FINDING_FAULT, "cluster",
                     "see \"Run several nodes\" in README.md", "engine refuses commands: %s",
                     error);
    else if (warnings != NULL)
        findings_add(&patient->findings, FINDING_WARNING, "cluster",
                     "correct the configuration of Redis or Valkey", "%s: %s", url, warnings);
    else if (engine != NULL)
        findings_add(&patient->findings, FINDING_GOOD, "cluster", NULL,
                     "connected to %s, %" PRIu64 " ms behind", url,
                     api_client_number(engine, "behind_ms"));
    json_decref(cluster);
}

static enum status check_urls(struct patient *patient) {
    struct tracker_client_options options = { 0 };
    const bool local = api_client_is_local(patient->api);
    const json_t *entry;
    size_t i;
    if (!tracker_client_options_read(patient->line, &options))
        return STATUS_FAULT;
    if (!command_line_has(patient->line, &option_timeout))
        options.http.timeout_ms = TIMEOUT_MS;
    for (int n = 0; n < patient->line->count; n++)
        url_checks_run(patient->line->arguments[n], &options, local, &patient->findings);
    if (patient->line->count > 0)
        return STATUS_GOOD;
    json_array_foreach(json_object_get(patient->status, "urls"), i, entry) {
        url_checks_run(api_client_text(entry, "url", ""), &options, local, &patient->findings);
    }
    return STATUS_GOOD;
}

static void check_machine(struct patient *patient) {
    struct bytes metrics = { .len = 0 };
    struct system_facts facts;
    if (is_admin(patient))
        (void)api_client_get_text(patient->api, "/metrics", &metrics);
    system_facts_read(&facts, metrics);
    facts.peers = (double)api_client_number(json_object_get(patient->status, "totals"), "peers");
    system_checks_judge(&facts, &patient->findings);
    const char *database = registry_client_database_path(patient->line);
    if (database != NULL)
        system_checks_database(database, &patient->findings);
    else
        findings_add(&patient->findings, FINDING_SKIPPED, "database",
                     "name the file with --database", "no ./var/skep.db or /var/lib/skep/skep.db");
}

static enum status examine(struct patient *patient) {
    check_skepd(patient);
    if (is_admin(patient)) {
        check_warnings(patient);
        check_proxy(patient);
        check_engine(patient);
    }
    const enum status status = check_urls(patient);
    if (status != STATUS_GOOD)
        return status;
    if (api_client_is_local(patient->api))
        check_machine(patient);
    else if (patient->status != NULL)
        check_remote_clock(patient);
    return STATUS_GOOD;
}

static enum status run_doctor(const struct command_line *line) {
    struct patient patient = { .line = line, .api = api_client_open(line) };
    if (patient.api == NULL)
        return STATUS_FAULT;
    enum status status = findings_begin(&patient.findings, command_line_has(line, &option_json))
                             ? examine(&patient)
                             : output_out_of_memory();
    if (status == STATUS_GOOD)
        status = findings_end(&patient.findings);
    else
        json_decref(patient.findings.items);
    json_decref(patient.status);
    api_client_close(patient.api);
    return status;
}

const struct command doctor_command = {
    .section = SECTION_MONITORING,
    .name = "doctor",
    .arguments = "[URL]...",
    .arguments_max = COMMAND_ARGUMENTS_ANY,
    .summary = "Check a running installation and explain faults",
    .example = "skepctl doctor http://tracker.example:6969/announce",
    .run = run_doctor,
    .options = { &option_database, &option_ipv4, &option_ipv6, &option_timeout },
};
