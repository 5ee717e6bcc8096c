#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/config_file.h"
#include "daemon/config_print.h"
#include "daemon/settings.h"
#include "suites.h"

static char directory[] = "/tmp/skep-config-XXXXXX";
static char path[sizeof directory + 16];
static struct config_errors errors;

static void make_directory(void) {
    strcpy(directory, "/tmp/skep-config-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/skepd.conf", directory);
    errors = (struct config_errors){ 0 };
}

static void remove_directory(void) {
    unlink(path);
    rmdir(directory);
}

static bool read_text(struct config *config, const char *text) {
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
    errors = (struct config_errors){ 0 };
    return config_file_read(config, path, &errors);
}

static struct config accepted(const char *text) {
    struct config config = settings_defaults();
    ck_assert_msg(read_text(&config, text), "%s", errors.text);
    return config;
}

/* `expected` is the error after the path. */
static void assert_refused(const char *text, const char *expected) {
    struct config config = settings_defaults();
    ck_assert_msg(!read_text(&config, text), "accepted: %s", text);
    ck_assert_mem_eq(errors.text, path, strlen(path));
    ck_assert_str_eq(errors.text + strlen(path), expected);
}

static bool checks(const struct config *config) {
    errors = (struct config_errors){ 0 };
    return config_check(config, &errors);
}

static bool field_equal(const struct setting *setting, const struct config *a,
                        const struct config *b) {
    const char *field_a = (const char *)a + setting->offset;
    const char *field_b = (const char *)b + setting->offset;
    return memcmp(field_a, field_b, setting->size) == 0;
}

static void assert_equal(const struct config *a, const struct config *b) {
    for (size_t i = 0; settings_at(i); i++)
        ck_assert_msg(field_equal(settings_at(i), a, b), "%s differs", settings_at(i)->name);
}

static bool contains(const struct networks *networks, const char *text) {
    struct endpoint address;
    ck_assert(endpoint_parse_address(text, &address));
    return networks_contain(networks, &address);
}

START_TEST(defaults_pass_the_check) {
    const struct config config = settings_defaults();
    ck_assert_msg(checks(&config), "%s", errors.text);
}
END_TEST

START_TEST(default_lan_is_the_private_networks) {
    const struct config config = settings_defaults();
    static const char *const inside[] = {
        "10.1.2.3", "172.31.255.255", "192.168.1.1", "100.64.0.1", "169.254.1.1", "127.0.0.1",
        "::1",      "fd00::1",        "fe80::1",
    };
    static const char *const outside[] = { "8.8.8.8",    "172.32.0.0",  "192.169.0.0",
                                           "100.63.0.1", "2001:db8::1", "::2" };
    for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++)
        ck_assert_msg(contains(&config.tracker.lan, inside[i]), "%s", inside[i]);
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++)
        ck_assert_msg(!contains(&config.tracker.lan, outside[i]), "%s", outside[i]);
}
END_TEST

/* A setting that the file does not have would keep the value 0xA5A5... */
START_TEST(shipped_file_sets_every_setting_to_its_default) {
    const struct config defaults = settings_defaults();
    struct config config;
    memset(&config, 0xA5, sizeof config);
    ck_assert_msg(config_file_read(&config, "conf/skepd.conf", &errors), "%s", errors.text);
    assert_equal(&config, &defaults);
}
END_TEST

START_TEST(lan_file_shortens_the_intervals_and_starts_the_dht) {
    struct config expected = settings_defaults();
    expected.tracker.interval_min_s = 30;
    expected.tracker.interval_max_s = 600;
    expected.dht.enabled = true;
    expected.dht.answer_swarms = DHT_SHARE_ALL;
    struct config config = settings_defaults();
    ck_assert_msg(config_file_read(&config, "conf/lan.conf", &errors), "%s", errors.text);
    assert_equal(&config, &expected);
    ck_assert_msg(checks(&config), "%s", errors.text);
}
END_TEST

START_TEST(empty_file_changes_nothing) {
    const struct config defaults = settings_defaults();
    static const char *const texts[] = { "", "# nothing\n", "# no end of line" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const struct config config = accepted(texts[i]);
        assert_equal(&config, &defaults);
    }
}
END_TEST

START_TEST(settings_of_every_kind_are_read) {
    const struct config config = accepted(
        "log_level = \"debug\"; http: { port = 80; full_scrape = true; threads = 0x10; }\n"
        "limits = { peers_max = 500000000L; }\n"
        "store = { enabled = false; database = \"/srv/skep.db\"; }\n");
    ck_assert_int_eq(config.log_level, LOG_LEVEL_DEBUG);
    ck_assert_uint_eq(config.http.port, 80);
    ck_assert_uint_eq(config.http.threads, 16);
    ck_assert(config.http.full_scrape);
    ck_assert_uint_eq(config.tracker.peers_max, 500000000);
    ck_assert(!config.store_enabled);
    ck_assert_str_eq(config.database, "/srv/skep.db");
}
END_TEST

START_TEST(numbers_reach_both_ends_of_their_range) {
    for (size_t i = 0; settings_at(i); i++) {
        const struct setting *setting = settings_at(i);
        if (setting->kind != SETTING_NUMBER)
            continue;
        char name[SETTING_NAME_LEN];
        strcpy(name, setting->name);
        char *dot = strchr(name, '.');
        char text[256];
        for (int end = 0; end < 2; end++) {
            uint32_t value = end ? setting->max : setting->min;
            if (dot)
                snprintf(text, sizeof text, "%.*s = { %s = %u; };", (int)(dot - name), name,
                         dot + 1, value);
            else
                snprintf(text, sizeof text, "%s = %u;", name, value);
            const struct config config = accepted(text);
            const char *field = (const char *)&config + setting->offset;
            uint32_t got = setting->size == sizeof(uint16_t)
                               ? *(const uint16_t *)(const void *)field
                               : *(const uint32_t *)(const void *)field;
            ck_assert_msg(got == value, "%s: %u is not %u", name, got, value);
        }
    }
}
END_TEST

START_TEST(networks_are_a_list_or_a_single_text) {
    struct config config = accepted(
        "network = { lan = [\"192.0.2.0/24\", \"2001:db8::/32\"];"
        "            ip_param_networks = \"198.51.100.0/24\"; }");
    ck_assert_uint_eq(config.tracker.lan.count, 2);
    ck_assert(contains(&config.tracker.lan, "2001:db8::5"));
    ck_assert(!contains(&config.tracker.lan, "10.0.0.1"));
    ck_assert_uint_eq(config.tracker.ip_param_networks.count, 1);
    ck_assert(contains(&config.tracker.ip_param_networks, "198.51.100.9"));

    config = accepted("network = { lan = []; ip_param_networks = ( \"10.0.0.1\" ); }");
    ck_assert_uint_eq(config.tracker.lan.count, 0);
    ck_assert_uint_eq(config.tracker.ip_param_networks.count, 1);
}
END_TEST

START_TEST(star_listens_on_every_address) {
    struct config config = accepted("http = { listen = [\"192.0.2.1\", \"2001:db8::1\"]; }");
    ck_assert_uint_eq(config.http.listen.count, 2);
    ck_assert_uint_eq(config.http.listen.list[0].family, FAMILY_V4);
    ck_assert_uint_eq(config.http.listen.list[1].family, FAMILY_V6);

    ck_assert_msg(read_text(&config, "http = { listen = \"*\"; }"), "%s", errors.text);
    ck_assert_uint_eq(config.http.listen.count, 0);
}
END_TEST

START_TEST(external_addresses_are_one_of_each_family) {
    struct config config = accepted("network = { external_address = \"2001:db8::7\"; }");
    ck_assert_uint_eq(config.tracker.external_v4.family, FAMILY_NONE);
    ck_assert_uint_eq(config.tracker.external_v6.family, FAMILY_V6);

    config = accepted("network = { external_address = [\"2001:db8::7\", \"203.0.113.7\"]; }");
    char text[ENDPOINT_TEXT_LEN];
    endpoint_address_text(&config.tracker.external_v4, text);
    ck_assert_str_eq(text, "203.0.113.7");
    endpoint_address_text(&config.tracker.external_v6, text);
    ck_assert_str_eq(text, "2001:db8::7");

    ck_assert_msg(read_text(&config, "network = { external_address = []; }"), "%s", errors.text);
    ck_assert_uint_eq(config.tracker.external_v4.family, FAMILY_NONE);
    ck_assert_uint_eq(config.tracker.external_v6.family, FAMILY_NONE);
}
END_TEST

static const struct {
    const char *text;
    const char *expected;
} refusals[] = {
    { "\n\nhttp = {\n prot = 80; };",
      ":4: unknown setting \"http.prot\", did you mean \"http.port\"?" },
    { "port = 80;", ":1: unknown setting \"port\", did you mean \"http.port\"?" },
    { "log_lvel = \"info\";", ":1: unknown setting \"log_lvel\", did you mean \"log_level\"?" },
    { "htttp = { port = 80; };", ":1: unknown setting \"htttp\", did you mean \"http\"?" },
    { "\ncheck = { enabled = false; };", ":2: check has been renamed to probe" },
    { "network = {\n trust = [ ]; };",
      ":2: network.trust has been renamed to network.ip_param_networks" },
    { "announce = {\n\n patience_s = 660; };",
      ":3: announce.patience_s has been renamed to announce.peer_timeout_min_s" },
    { "announce = { announces_per_s = 9; };",
      ":1: announce.announces_per_s has been renamed to announce.budget_per_s" },
    { "access = { list_file = \"x\"; };",
      ":1: access.list_file has been renamed to access.whitelist_file" },
    { "limits = { requests_per_s = 1; };",
      ":1: limits.requests_per_s has been renamed to limits.address_requests_per_s" },
    { "limits = { requests_burst = 1; };",
      ":1: limits.requests_burst has been renamed to limits.address_requests_burst" },
    { "http = { timeout_s = 1; };", ":1: http.timeout_s has been renamed to http.idle_timeout_s" },
    { "http = { request_max = 4096; };",
      ":1: http.request_max has been renamed to http.header_max" },
    { "http = { treads = 4; };",
      ":1: unknown setting \"http.treads\", did you mean \"http.threads\"?" },
    { "http = { portt = 80; };",
      ":1: unknown setting \"http.portt\", did you mean \"http.port\"?" },
    { "http = { pert = 80; };", ":1: unknown setting \"http.pert\", did you mean \"http.port\"?" },
    { "upd = { port = 80; };", ":1: unknown setting \"upd\", did you mean \"udp\"?" },
    { "udq = { port = 80; };", ":1: unknown setting \"udq\", did you mean \"udp\"?" },
    { "htttttp = { port = 80; };", ":1: unknown setting \"htttttp\"" },
    { "colour = \"blue\";", ":1: unknown setting \"colour\"" },
    { "http = { tls = { port = 443; }; };", ":1: unknown setting \"http.tls\"" },
    { "http = 80;", ":1: http must be a group: http = { ... }" },
    { "http = [80];", ":1: http must be a group: http = { ... }" },
    { "http = { port = { }; };", ":1: http.port must be a number from 1 to 65535" },
    { "http = { port = \"80\"; };", ":1: http.port must be a number from 1 to 65535" },
    { "http = { port = 80.0; };", ":1: http.port must be a number from 1 to 65535" },
    { "http = {\n port = 0; };", ":2: http.port must be a number from 1 to 65535" },
    { "http = { port = 65536; };", ":1: http.port must be a number from 1 to 65535" },
    { "http = { port = -1; };", ":1: http.port must be a number from 1 to 65535" },
    { "http = { port = 999999999999999999; };", ":1: http.port must be a number from 1 to 65535" },
    { "http = { port = 4294967376L; };", ":1: http.port must be a number from 1 to 65535" },
    { "http = { full_scrape = 1; };", ":1: http.full_scrape must be true or false" },
    { "http = { full_scrape = \"yes\"; };",
      ":1: http.full_scrape must be true or false, not \"yes\"" },
    { "http = { listen = []; };",
      ":1: http.listen must be \"*\" or a list of up to 8 IP addresses" },
    { "http = { listen = \"localhost\"; };",
      ":1: http.listen must be \"*\" or a list of up to 8 IP addresses, not \"localhost\"" },
    { "http = { listen = [ \"*\",\n \"10.0.0.1\" ]; };",
      ":1: http.listen must be \"*\" or a list of up to 8 IP addresses, not \"*\"" },
    { "http = { listen = [ \"::1\", \"::2\", \"::3\", \"::4\", \"::5\", \"::6\", \"::7\", \"::8\","
      "\n\"::9\" ]; };",
      ":2: http.listen must be \"*\" or a list of up to 8 IP addresses, not \"::9\"" },
    { "log_level = \"lo\\nud\";",
      ":1: log_level must be \"error\", \"warning\", \"info\" or \"debug\", not \"lo ud\"" },
    { "network = { lan = [ \"10.0.0.0/8\",\n \"10.0.0.0/33\" ]; };",
      ":2: network.lan must be a list of up to 32 networks such as \"10.0.0.0/8\", "
      "not \"10.0.0.0/33\"" },
    { "network = { ip_param_networks = ( \"10.0.0.0/8\", 7 ); };",
      ":1: network.ip_param_networks must be a list of up to 32 networks such as \"10.0.0.0/8\"" },
    { "network = { external_address = ( \"192.0.2.1\",\n \"192.0.2.2\" ); };",
      ":2: network.external_address must be an IPv4 address, an IPv6 address or a list of both, "
      "not \"192.0.2.2\"" },
    { "network = { client_header = \"X-Real-IP:\"; };",
      ":1: network.client_header must be a header name such as \"X-Real-IP\", not \"X-Real-IP:\"" },
    { "network = { client_header = \"X Real IP\"; };",
      ":1: network.client_header must be a header name such as \"X-Real-IP\", not \"X Real IP\"" },
    { "network = { client_header = [ \"X-Real-IP\" ]; };",
      ":1: network.client_header must be a header name such as \"X-Real-IP\"" },
    { "network = { client_header = "
      "\"X-23456789-123456789-123456789-123456789-123456789-123456789-123\"; };",
      ":1: network.client_header must be a header name such as \"X-Real-IP\", not "
      "\"X-23456789-123456789-123456789-123456789-123456789-123456789\"" },
    { "store = { database = 7; };", ":1: store.database must be a string of at most 1023 bytes" },
    { "http = {\n port = ;\n };", ":2: syntax error" },
};

START_TEST(what_is_wrong_is_refused_with_its_line) {
    assert_refused(refusals[_i].text, refusals[_i].expected);
}
END_TEST

START_TEST(path_that_does_not_fit_is_refused) {
    char text[CONFIG_PATH_LEN + 64] = "store = { database = \"";
    size_t start = strlen(text);
    memset(text + start, 'x', CONFIG_PATH_LEN);
    strcpy(text + start + CONFIG_PATH_LEN, "\"; };");
    struct config config = settings_defaults();
    ck_assert(!read_text(&config, text));

    strcpy(text + start + CONFIG_PATH_LEN - 1, "\"; };");
    config = accepted(text);
    ck_assert_uint_eq(strlen(config.database), CONFIG_PATH_LEN - 1);
}
END_TEST

START_TEST(very_long_names_are_refused) {
    char text[2048];
    memset(text, 'x', sizeof text);
    strcpy(text + sizeof text - 8, " = 1;");
    struct config config = settings_defaults();
    ck_assert(!read_text(&config, text));
    ck_assert_ptr_nonnull(strstr(errors.text, ":1: unknown setting \"xxx"));
}
END_TEST

START_TEST(every_error_is_named_and_the_rest_is_read) {
    struct config config = settings_defaults();
    ck_assert(
        !read_text(&config,
                   "colour = 1;\nlog_level = \"loud\";\nhttp = { port = 0;\n threads = 3; };\n"
                   "announce = { numwant = 300; numwant_max = 100; interval_min_s = 3000;\n"
                   "interval_max_s = 0; };\n"));
    ck_assert_uint_eq(config.http.threads, 3);
    ck_assert(!config_check(&config, &errors));
    char expected[CONFIG_ERRORS_LEN];
    snprintf(expected, sizeof expected,
             "%s:1: unknown setting \"colour\"\n"
             "%s:2: log_level must be \"error\", \"warning\", \"info\" or \"debug\", not \"loud\"\n"
             "%s:3: http.port must be a number from 1 to 65535\n"
             "%s:6: announce.interval_max_s must be a number from 1 to 28800\n"
             "announce.numwant (300) must not exceed announce.numwant_max (100)",
             path, path, path, path);
    ck_assert_str_eq(errors.text, expected);
}
END_TEST

START_TEST(errors_beyond_the_space_are_dropped_whole) {
    for (int i = 0; i < 1000; i++)
        config_errors_add(&errors, "%04d 0123456789012345678901234567890123456789", i);
    ck_assert_uint_eq(strlen(errors.text), errors.len);
    ck_assert_uint_gt(errors.len, CONFIG_ERRORS_LEN - 100);
    ck_assert_uint_eq((errors.len + 1) % 46, 0);
}
END_TEST

/* As in the file, and as on a command line. */
START_TEST(text_sets_a_setting_of_every_kind) {
    static const struct {
        const char *name, *text, *in_file;
    } values[] = {
        { "http.port", "80", "http = { port = 80; };" },
        { "http.full_scrape", "true", "http = { full_scrape = true; };" },
        { "access.mode", "private", "access = { mode = \"private\"; };" },
        { "access.mode", "\"private\"", "access = { mode = \"private\"; };" },
        { "store.database", "/a b/c", "store = { database = \"/a b/c\"; };" },
        { "http.listen", "*", "http = { listen = \"*\"; };" },
        { "http.listen", "::1, 127.0.0.1", "http = { listen = [ \"::1\", \"127.0.0.1\" ]; };" },
        { "network.lan", "", "network = { lan = []; };" },
        { "network.lan", "[ \"10.0.0.0/8\" ]", "network = { lan = \"10.0.0.0/8\"; };" },
        { "access.clients_deny", "-qB,-TR", "access = { clients_deny = [ \"-qB\", \"-TR\" ]; };" },
        { "http.hostnames", "a.example", "http = { hostnames = \"a.example\"; };" },
        { "network.external_address", "192.0.2.1",
          "network = { external_address = \"192.0.2.1\"; };" },
        { "network.client_header", "X-Real-IP", "network = { client_header = \"X-Real-IP\"; };" },
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const struct config expected = accepted(values[i].in_file);
        struct config config = settings_defaults();
        ck_assert_msg(
            config_file_set(&config, "-x", settings_find(values[i].name), values[i].text, &errors),
            "%s", errors.text);
        assert_equal(&config, &expected);
    }
}
END_TEST

START_TEST(text_that_fits_no_setting_is_refused) {
    static const struct {
        const char *name, *text, *expected;
    } values[] = {
        { "http.port", "", "-x must be a number from 1 to 65535, not \"\"" },
        { "http.port", "80; x = 1", "-x must be a number from 1 to 65535, not \"80; x = 1\"" },
        { "http.full_scrape", "1", "-x must be true or false, not \"1\"" },
        { "network.lan", "10.0.0.0/8,",
          "-x must be a list of up to 32 networks such as \"10.0.0.0/8\", not \"10.0.0.0/8,\"" },
        { "network.lan", "[\"::1\"]; x = 1",
          "-x must be a list of up to 32 networks such as \"10.0.0.0/8\", not \"[\"::1\"]; x = "
          "1\"" },
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct config config = settings_defaults();
        errors = (struct config_errors){ 0 };
        ck_assert(!config_file_set(&config, "-x", settings_find(values[i].name), values[i].text,
                                   &errors));
        ck_assert_str_eq(errors.text, values[i].expected);
    }
}
END_TEST

static void print_to(const char *file_name, const struct config *config) {
    FILE *file = fopen(file_name, "w");
    ck_assert_ptr_nonnull(file);
    config_print(config, file);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(printed_config_reads_as_the_same) {
    const struct config config = accepted(
        "log_level = \"debug\"; http = { listen = [ \"::1\", \"192.0.2.1\" ]; port = 80;"
        " hostnames = [ \"a\", \"b\" ]; full_scrape = true; };"
        "access = { mode = \"listed\"; clients_allow = [ \"-q\\\"\\\\\", \"-TR\" ];"
        " whitelist_file = \"/a \\\"b\\\\\\x07\xc3\xa4\"; };"
        "network = { external_address = [ \"192.0.2.1\", \"2001:db8::1\" ]; lan = [];"
        " client_header = \"CF-Connecting-IP\"; };"
        "cluster = { engine = [ \"redis://a:6379/0\", \"unix:///r.sock\" ]; site = \"s\"; };"
        "dht = { bootstrap = [ \"a.example:1\", \"[::1]:2\" ]; answer_swarms = \"none\";"
        " peers_max = 7; torrents_max = 6; torrent_peers_max = 5; address_peers_max = 4;"
        " replies_per_s = 3; address_replies_per_s = 2; };");
    struct config again;
    memset(&again, 0xA5, sizeof again);
    print_to(path, &config);
    errors = (struct config_errors){ 0 };
    ck_assert_msg(config_file_read(&again, path, &errors), "%s", errors.text);
    assert_equal(&config, &again);
}
END_TEST

START_TEST(printed_config_has_no_secret) {
    const struct config config = accepted("http = { admin_token = \"0123456789abcdef\"; };");
    char text[16384] = "";
    print_to(path, &config);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_gt(fread(text, 1, sizeof text - 1, file), 0);
    fclose(file);
    ck_assert_ptr_null(strstr(text, "0123456789abcdef"));
    ck_assert_ptr_nonnull(strstr(text, "    admin_token = \"********\";\n"));
}
END_TEST

START_TEST(unreadable_files_are_refused) {
    struct config config = settings_defaults();
    char expected[sizeof path + 64];
    snprintf(expected, sizeof expected, "%s: No such file or directory", path);
    ck_assert(!config_file_read(&config, path, &errors));
    ck_assert_str_eq(errors.text, expected);

    errors = (struct config_errors){ 0 };
    snprintf(expected, sizeof expected, "%s: Is a directory", directory);
    ck_assert(!config_file_read(&config, directory, &errors));
    ck_assert_str_eq(errors.text, expected);
}
END_TEST

START_TEST(minimum_above_maximum_is_refused) {
    struct config config = settings_defaults();
    config.tracker.interval_min_s = config.tracker.interval_max_s;
    ck_assert(checks(&config));

    config.tracker.interval_min_s = 600;
    config.tracker.interval_max_s = 300;
    ck_assert(!checks(&config));
    ck_assert_str_eq(errors.text,
                     "announce.interval_min_s (600) must not exceed announce.interval_max_s (300)");

    config = settings_defaults();
    config.tracker.numwant_max = 20;
    ck_assert(!checks(&config));
    ck_assert_str_eq(errors.text,
                     "announce.numwant (50) must not exceed announce.numwant_max (20)");
    config = settings_defaults();
    config.http.uploads_max = 1024;
    ck_assert(!checks(&config));
    ck_assert_str_eq(errors.text,
                     "http.upload_max (16777216) must not exceed http.uploads_max (1024)");
}
END_TEST

START_TEST(https_needs_its_files_and_a_port_of_its_own) {
    struct config config = accepted("https = { certificate = \"a.pem\"; };");
    ck_assert(checks(&config));
    config = accepted("https = { port = 443; key = \"a.key\"; };");
    ck_assert(!checks(&config));
    ck_assert_str_eq(errors.text, "https.port requires https.certificate and https.key");
    config = accepted("https = { port = 6969; certificate = \"a.pem\"; key = \"a.key\"; };");
    ck_assert(!checks(&config));
    ck_assert_str_eq(errors.text, "https.port and http.port must differ, both are 6969");
    config = accepted("https = { port = 443; certificate = \"a.pem\"; key = \"a.key\"; };");
    ck_assert(checks(&config));
    ck_assert_str_eq(config.http.https.files.certificate, "a.pem");
}
END_TEST

START_TEST(token_is_long_and_fits_into_a_header) {
    static const char *const bad[] = { "0123456789abcde", "0123456789 abcdef",
                                       "0123456789abcdef\\n", "0123456789abcdef\xc3\xa4" };
    struct config config = accepted("http = { admin_token = \"0123456789abcdef\"; };");
    ck_assert(checks(&config));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[128];
        snprintf(text, sizeof text, "http = { admin_token = \"%s\"; };", bad[i]);
        config = accepted(text);
        ck_assert_msg(!checks(&config), "%s", bad[i]);
        ck_assert_str_eq(errors.text,
                         "http.admin_token must have at least 16 ASCII characters and no spaces");
    }
}
END_TEST

START_TEST(announce_urls_end_with_announce) {
    static const char *const refused[] = {
        "",
        "tracker.example",
        "ftp://tracker.example/announce",
        "http://tracker.example/a/",
        "http://tracker.example/scrape",
        "http://tracker.example/announce/key",
        "http://tracker.example/announce?key",
        "udp://tracker.example/announce",
        "udp4://tracker.example:6969/announce",
    };
    const struct config config = accepted(
        "http = { announce_urls = [ \"HTTP://a.example\","
        " \"udp://[::1]:1//\", \"https://a/b/announce.php\" ]; };");
    ck_assert_uint_eq(config.announce_urls.count, 3);
    ck_assert_str_eq(config.announce_urls.list[0], "HTTP://a.example/announce");
    ck_assert_str_eq(config.announce_urls.list[1], "udp://[::1]:1/announce");
    ck_assert_str_eq(config.announce_urls.list[2], "https://a/b/announce.php");
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        char text[256];
        char expected[256];
        snprintf(text, sizeof text, "http = { announce_urls = \"%s\"; };", refused[i]);
        snprintf(expected, sizeof expected,
                 ":1: http.announce_urls must be a list of up to 8 URLs such as "
                 "\"https://tracker.example/announce\", not \"%s\"",
                 refused[i]);
        assert_refused(text, expected);
    }
}
END_TEST

START_TEST(engines_are_urls_whose_passwords_are_not_shown) {
    char printed[32768];
    const struct config config = accepted(
        "cluster = { engine = [ \"redis://node:secret@[::1]:7/3\", \"unix:///r.sock\" ]; };");
    ck_assert_uint_eq(config.cluster.engines.count, 2);
    ck_assert_str_eq(config.cluster.engines.list[0].password, "secret");
    ck_assert_str_eq(config.cluster.engines.list[1].place, "/r.sock");
    print_to(path, &config);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    printed[fread(printed, 1, sizeof printed - 1, file)] = '\0';
    fclose(file);
    ck_assert_ptr_nonnull(
        strstr(printed, "engine = [ \"redis://node@[::1]:7/3\", \"unix:///r.sock\" ];"));
    ck_assert_ptr_null(strstr(printed, "secret"));
    assert_refused("cluster = { engine = \"rediss://node:secret@a\"; };",
                   ":1: cluster.engine must be a list of up to 8 URLs such as "
                   "\"redis://127.0.0.1:6379/0\" or \"unix:///run/redis/redis.sock\": TLS is not "
                   "supported: use redis:// through WireGuard or stunnel");
}
END_TEST

START_TEST(names_of_a_cluster_are_plain_text) {
    static const char *const wrong[] = { "K\xf6ln", "a\nb", "\x7f" };
    struct config config = accepted("cluster = { name = \"K\xc3\xb6ln\"; };");
    ck_assert(checks(&config));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        strcpy(config.cluster.name, wrong[i]);
        ck_assert(!checks(&config));
        ck_assert_str_eq(errors.text, "cluster.name must be UTF-8 text without control characters");
    }
}
END_TEST

START_TEST(dht_and_tracker_need_different_udp_ports) {
    struct config config = accepted("dht = { enabled = true; port = 6969; };");
    ck_assert(!checks(&config));
    ck_assert_str_eq(errors.text, "dht.port and the tracker's UDP port must differ, both are 6969");
    config = accepted("dht = { enabled = true; port = 7; }; udp = { port = 7; };");
    ck_assert(!checks(&config));
    config = accepted("dht = { enabled = true; port = 7; }; udp = { port = 7; enabled = false; };");
    ck_assert(checks(&config));
    config = accepted("dht = { port = 6969; };");
    ck_assert(checks(&config));
}
END_TEST

START_TEST(bootstrap_nodes_are_hosts_with_ports) {
    const struct config config = accepted(
        "dht = { bootstrap = [ \"dht.example.org:6970\", \"192.0.2.1:1\", \"[2001:db8::1]:65535\" "
        "]; };");
    ck_assert_uint_eq(config.dht.bootstrap.count, 3);
    ck_assert_str_eq(config.dht.bootstrap.list[2], "[2001:db8::1]:65535");
    static const char *const refused[] = { "a",     "a:",    ":1",    "a:0",   "a:65536",
                                           "::1:1", "a b:1", "[a]:1", "a:1:2", "a:1x" };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        char text[64];
        char expected[128];
        snprintf(text, sizeof text, "dht = { bootstrap = \"%s\"; };", refused[i]);
        snprintf(expected, sizeof expected,
                 ":1: dht.bootstrap must be a list of up to 8 nodes such as "
                 "\"dht.example.org:6970\", not \"%s\"",
                 refused[i]);
        assert_refused(text, expected);
    }
}
END_TEST

START_TEST(text_is_as_long_as_its_field) {
#define LETTERS_60 "aaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbcccccccccccccccccccc"
    const struct config config = accepted("cluster = { prefix = \"" LETTERS_60 "123\"; };");
    ck_assert_str_eq(config.cluster.prefix, LETTERS_60 "123");
    assert_refused("cluster = { prefix = \"" LETTERS_60 "1234\"; };",
                   ":1: cluster.prefix must be a string of at most 63 bytes, not \"" LETTERS_60
                   "\"");
}
END_TEST

START_TEST(hostnames_are_names_alone) {
    const struct config config = accepted("http = { hostnames = [ \"a.example\", \"B-2\" ]; };");
    ck_assert_uint_eq(config.web.hostnames.count, 2);
    ck_assert_str_eq(config.web.hostnames.list[0], "a.example");
    ck_assert_str_eq(config.web.hostnames.list[1], "B-2");
    assert_refused("http = { hostnames = \"a:80\"; };",
                   ":1: http.hostnames must be a list of up to 31 names such as \"tracker.lan\", "
                   "not \"a:80\"");
}
END_TEST

START_TEST(table_describes_every_setting_once) {
    const struct config defaults = settings_defaults();
    for (size_t i = 0; settings_at(i); i++) {
        const struct setting *setting = settings_at(i);
        ck_assert_ptr_eq(settings_find(setting->name), setting);
        ck_assert_uint_lt(strlen(setting->name), SETTING_NAME_LEN);
        ck_assert_uint_le(setting->offset + setting->size, sizeof defaults);
        if (setting->kind == SETTING_NUMBER)
            ck_assert(setting->size == sizeof(uint16_t) || setting->size == sizeof(uint32_t));
        if (setting->kind == SETTING_NUMBER && setting->size == sizeof(uint16_t))
            ck_assert_uint_le(setting->max, UINT16_MAX);
    }
}
END_TEST

START_TEST(defaults_are_within_their_range) {
    for (size_t i = 0; settings_at(i); i++) {
        const struct setting *setting = settings_at(i);
        if (setting->kind == SETTING_NUMBER)
            ck_assert_msg(setting->default_value >= setting->min &&
                              setting->default_value <= setting->max,
                          "%s", setting->name);
    }
}
END_TEST

static char *shipped_file(void) {
    static char text[64 * 1024];
    FILE *file = fopen("conf/skepd.conf", "r");
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

/* The settings and groups that the head of conf/skepd.conf lists, each with a space around it. */
static void restart_list(char *list, size_t size) {
    const char *start = strstr(shipped_file(), "require a restart: ");
    ck_assert_ptr_nonnull(start);
    start += strlen("require a restart");
    const char *end = strstr(start, ".\n");
    ck_assert_ptr_nonnull(end);
    ck_assert_uint_lt((size_t)(end - start), size - 2);
    size_t len = 0;
    for (; start < end; start++)
        list[len++] = strchr(":,#\n", *start) ? ' ' : *start;
    strcpy(list + len, " ");
}

static bool list_has(const char *list, const char *name, size_t name_len) {
    ck_assert_ptr_nonnull(name);
    char word[SETTING_NAME_LEN + 2];
    snprintf(word, sizeof word, " %.*s ", (int)name_len, name);
    return strstr(list, word) != NULL;
}

START_TEST(shipped_file_lists_what_requires_a_restart) {
    char list[2048];
    restart_list(list, sizeof list);
    for (size_t i = 0; settings_at(i); i++) {
        const char *name = settings_at(i)->name;
        const bool listed =
            list_has(list, name, strlen(name)) || list_has(list, name, strcspn(name, "."));
        ck_assert_msg(listed != settings_at(i)->reload, "%s", name);
    }
    for (char *word = strtok(list, " "); word; word = strtok(NULL, " "))
        ck_assert_msg(settings_find(word) || settings_have_group(word) || !strcmp(word, "and"),
                      "%s is no setting", word);
}
END_TEST

START_TEST(reload_applies_some_settings_and_names_the_others) {
    struct config running = settings_defaults();
    const struct config before = running;
    char pending[SETTINGS_PENDING_LEN];
    struct config loaded = running;
    settings_reload(&running, &loaded, pending);
    ck_assert_str_eq(pending, "");

    loaded = accepted(
        "http = { port = 80; scrape_max = 7; listen = \"::1\"; };"
        "network = { external_address = \"2001:db8::7\"; }; udp = { enabled = false; };");
    settings_reload(&running, &loaded, pending);
    ck_assert_str_eq(pending, "http.listen, http.port, udp.enabled");
    ck_assert_uint_eq(running.http.scrape_max, 7);
    ck_assert_uint_eq(running.tracker.external_v6.family, FAMILY_V6);
    ck_assert_uint_eq(running.http.port, before.http.port);
    ck_assert_uint_eq(running.http.listen.count, 0);
    ck_assert(running.udp.enabled);
}
END_TEST

START_TEST(reload_follows_the_flag_of_each_setting) {
    for (size_t i = 0; settings_at(i); i++) {
        const struct setting *setting = settings_at(i);
        struct config running, loaded;
        memset(&running, 0, sizeof running);
        memset(&loaded, 0, sizeof loaded);
        memset((char *)&loaded + setting->offset, 1, setting->size);
        char pending[SETTINGS_PENDING_LEN];
        settings_reload(&running, &loaded, pending);
        ck_assert_str_eq(pending, setting->reload ? "" : setting->name);
        ck_assert(field_equal(setting, &running, &loaded) == setting->reload);
    }
}
END_TEST

UNIT_SUITE(config) {
    Suite *suite = suite_create("config");
    TCase *values = tcase_create("config");
    tcase_add_checked_fixture(values, make_directory, remove_directory);
    tcase_add_test(values, defaults_pass_the_check);
    tcase_add_test(values, default_lan_is_the_private_networks);
    tcase_add_test(values, shipped_file_sets_every_setting_to_its_default);
    tcase_add_test(values, lan_file_shortens_the_intervals_and_starts_the_dht);
    tcase_add_test(values, empty_file_changes_nothing);
    tcase_add_test(values, settings_of_every_kind_are_read);
    tcase_add_test(values, numbers_reach_both_ends_of_their_range);
    tcase_add_test(values, networks_are_a_list_or_a_single_text);
    tcase_add_test(values, star_listens_on_every_address);
    tcase_add_test(values, external_addresses_are_one_of_each_family);
    tcase_add_loop_test(values, what_is_wrong_is_refused_with_its_line, 0,
                        (int)(sizeof refusals / sizeof refusals[0]));
    tcase_add_test(values, path_that_does_not_fit_is_refused);
    tcase_add_test(values, very_long_names_are_refused);
    tcase_add_test(values, every_error_is_named_and_the_rest_is_read);
    tcase_add_test(values, errors_beyond_the_space_are_dropped_whole);
    tcase_add_test(values, text_sets_a_setting_of_every_kind);
    tcase_add_test(values, text_that_fits_no_setting_is_refused);
    tcase_add_test(values, printed_config_reads_as_the_same);
    tcase_add_test(values, printed_config_has_no_secret);
    tcase_add_test(values, unreadable_files_are_refused);
    tcase_add_test(values, minimum_above_maximum_is_refused);
    tcase_add_test(values, https_needs_its_files_and_a_port_of_its_own);
    tcase_add_test(values, token_is_long_and_fits_into_a_header);
    tcase_add_test(values, announce_urls_end_with_announce);
    tcase_add_test(values, engines_are_urls_whose_passwords_are_not_shown);
    tcase_add_test(values, names_of_a_cluster_are_plain_text);
    tcase_add_test(values, dht_and_tracker_need_different_udp_ports);
    tcase_add_test(values, bootstrap_nodes_are_hosts_with_ports);
    tcase_add_test(values, text_is_as_long_as_its_field);
    tcase_add_test(values, hostnames_are_names_alone);
    tcase_add_test(values, table_describes_every_setting_once);
    tcase_add_test(values, defaults_are_within_their_range);
    tcase_add_test(values, shipped_file_lists_what_requires_a_restart);
    tcase_add_test(values, reload_applies_some_settings_and_names_the_others);
    tcase_add_test(values, reload_follows_the_flag_of_each_setting);
    suite_add_tcase(suite, values);
    return suite;
}
