#include "daemon/settings.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "swarm/address_counts.h"
#include "wire/connection_id.h"

#define FIELD(text, type, member)                                                                  \
    .name = text, .kind = type, .offset = offsetof(struct config, member),                         \
    .size = sizeof(((struct config *)NULL)->member)
#define SETTING(text, type, member, initial, when)                                                 \
    { FIELD(text, type, member), .default_value = initial, .reload = when }
#define NUMBER(text, member, initial, least, most, when)                                           \
    {                                                                                              \
        FIELD(text, SETTING_NUMBER, member), .default_value = initial, .min = least, .max = most,  \
                                             .reload = when                                        \
    }
#define BOOL(text, member, initial, when) SETTING(text, SETTING_BOOL, member, initial, when)
#define CHOICE(text, member, names, initial, when)                                                 \
    {                                                                                              \
        FIELD(text, SETTING_CHOICE, member), .default_value = initial, .choices = names,           \
                                             .reload = when                                        \
    }
#define EMPTY(text, type, member, when) SETTING(text, type, member, 0, when)
#define NETWORKS(text, member, initial, when)                                                      \
    { FIELD(text, SETTING_NETWORKS, member), .default_networks = initial, .reload = when }

enum {
    HOURS_8_S = 8 * 60 * 60,
    DAY_S = 24 * 60 * 60,
    YEARS_10_S = 10 * 365 * 24 * 60 * 60,
    COUNT_MAX = 1000000000, /* more than fits in memory; sums do not overflow */
};

enum { RESTART = false, RELOAD = true };

static const char *const LOG_LEVEL_NAMES[] = { "error", "warning", "info", "debug", NULL };
static const char *const ADDRESS_PRECISION_NAMES[] = { "full", "network", "none", NULL };
static const char *const ACCESS_MODE_NAMES[] = { "open", "listed", "private", NULL };
static const char *const DHT_SHARE_NAMES[] = { "none", "registered", "all", NULL };

_Static_assert(sizeof LOG_LEVEL_NAMES / sizeof *LOG_LEVEL_NAMES == LOG_LEVELS + 1 &&
                   sizeof ADDRESS_PRECISION_NAMES / sizeof *ADDRESS_PRECISION_NAMES ==
                       ADDRESS_NONE + 2 &&
                   sizeof ACCESS_MODE_NAMES / sizeof *ACCESS_MODE_NAMES == ACCESS_PRIVATE + 2 &&
                   sizeof DHT_SHARE_NAMES / sizeof *DHT_SHARE_NAMES == DHT_SHARE_ALL + 2,
               "one name for each value");

static const char *const LOOPBACK_NETWORKS[] = { "127.0.0.0/8", "::1", NULL };

/* Not routed on the internet: private, carrier-grade NAT, link-local and loopback. */
static const char *const PRIVATE_NETWORKS[] = {
    "10.0.0.0/8",  "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16",
    "127.0.0.0/8", "::1",           "fc00::/7",       "fe80::/10",     NULL,
};

/* PRIVATE_NETWORKS without carrier-grade NAT, whose hosts belong to others, and without link-local
 * IPv6, where an address is incomplete without its interface. */
static const char *const PROBED_NETWORKS[] = {
    "10.0.0.0/8",  "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
    "127.0.0.0/8", "::1",           "fc00::/7",       NULL,
};

/* Columns: name, kind or member of struct config, default, range of a number, whether a reload
 * applies it. */
/* clang-format off */
static const struct setting SETTINGS[] = {
    CHOICE("log_level", log_level, LOG_LEVEL_NAMES, LOG_LEVEL_INFO, RELOAD),
    NUMBER("log_events_per_s", log_events_per_s, 100, 0, 1000000, RESTART),
    NUMBER("shutdown_delay_s", shutdown_delay_s, 0, 0, 3600, RELOAD),

    EMPTY("http.listen", SETTING_LISTEN, http.listen, RESTART),
    NUMBER("http.port", http.port, 6969, 1, 65535, RESTART),
    NUMBER("http.threads", http.threads, 0, 0, 256, RESTART),
    NUMBER("http.connections_max", http.connections_max, 0, 0, 1000000, RESTART),
    NUMBER("http.connections_per_address_max", http.connections_per_address_max, 256, 0, ADDRESS_COUNT_MAX - 1, RELOAD),
    NUMBER("http.idle_timeout_s", http.idle_timeout_s, 30, 1, 3600, RESTART),
    NUMBER("http.request_timeout_s", http.request_timeout_s, 10, 1, 3600, RESTART),
    NUMBER("http.header_max", http.header_max, 16384, 4096, 1048576, RESTART),
    NUMBER("http.scrape_max", http.scrape_max, 100, 1, 10000, RELOAD),
    NETWORKS("http.admins", web.admins, LOOPBACK_NETWORKS, RELOAD),
    { FIELD("http.admin_token", SETTING_TEXT, web.admin_token), .reload = RELOAD, .secret = true },
    EMPTY("http.admin_token_file", SETTING_TEXT, admin_token_file, RELOAD),
    EMPTY("http.hostnames", SETTING_HOSTNAMES, web.hostnames, RELOAD),
    EMPTY("http.announce_urls", SETTING_URLS, announce_urls, RELOAD),
    BOOL("http.public_stats", web.public_stats, false, RELOAD),
    NUMBER("http.upload_max", web.upload_max, 16 * 1024 * 1024, 1024, COUNT_MAX, RELOAD),
    NUMBER("http.uploads_max", http.uploads_max, 64 * 1024 * 1024, 1024, COUNT_MAX, RELOAD),
    NUMBER("http.event_streams_max", web.event_streams_max, 32, 0, 1000, RELOAD),
    BOOL("http.full_scrape", http.full_scrape, false, RELOAD),

    NUMBER("https.port", http.https.port, 0, 0, 65535, RESTART),
    EMPTY("https.certificate", SETTING_TEXT, http.https.files.certificate, RELOAD),
    EMPTY("https.key", SETTING_TEXT, http.https.files.key, RELOAD),

    BOOL("udp.enabled", udp.enabled, true, RESTART),
    NUMBER("udp.port", udp.port, 0, 0, 65535, RESTART),
    NUMBER("udp.threads", udp.threads, 0, 0, 256, RESTART),
    NUMBER("udp.receive_buffer", udp.receive_buffer, 4 * 1024 * 1024, 4096, COUNT_MAX, RESTART),
    NUMBER("udp.connection_id_lifetime_s", udp.connection_id_lifetime_s, 60 * 60, 60, CONNECTION_ID_LIFETIME_MAX_S, RESTART),

    BOOL("dht.enabled", dht.enabled, false, RESTART),
    NUMBER("dht.port", dht.port, 6970, 1, 65535, RESTART),
    EMPTY("dht.bootstrap", SETTING_BOOTSTRAP, dht.bootstrap, RELOAD),
    CHOICE("dht.answer_swarms", dht.answer_swarms, DHT_SHARE_NAMES, DHT_SHARE_REGISTERED, RELOAD),
    NUMBER("dht.peers_max", dht.limits.peers, 100000, 1, 10000000, RESTART),
    NUMBER("dht.torrents_max", dht.limits.torrents, 32768, 1, 10000000, RESTART),
    NUMBER("dht.torrent_peers_max", dht.limits.peers_per_torrent, 500, 1, 100000, RESTART),
    NUMBER("dht.address_peers_max", dht.limits.peers_per_address, 500, 1, ADDRESS_COUNT_MAX, RESTART),
    NUMBER("dht.replies_per_s", dht.limits.replies_per_s, 2000, 1, 1000000, RESTART),
    NUMBER("dht.address_replies_per_s", dht.limits.replies_per_address_per_s, 10, 1, 10000, RESTART),

    NUMBER("announce.interval_min_s", tracker.interval_min_s, 120, 1, HOURS_8_S, RELOAD),
    NUMBER("announce.interval_max_s", tracker.interval_max_s, 1800, 1, HOURS_8_S, RELOAD),
    NUMBER("announce.peer_timeout_min_s", tracker.peer_timeout_min_s, 660, 0, HOURS_8_S, RELOAD),
    NUMBER("announce.budget_per_s", tracker.budget_per_s, 1000, 1, 10000000, RELOAD),
    NUMBER("announce.numwant", tracker.numwant, 50, 1, NUMWANT_LIMIT, RELOAD),
    NUMBER("announce.numwant_max", tracker.numwant_max, 200, 1, NUMWANT_LIMIT, RELOAD),

    NUMBER("limits.torrents_max", tracker.torrents_max, 1000000, 1, COUNT_MAX, RELOAD),
    NUMBER("limits.torrent_peers_max", tracker.torrent_peers_max, 1000000, 1, COUNT_MAX, RELOAD),
    NUMBER("limits.peers_max", tracker.peers_max, 10000000, 1, COUNT_MAX, RELOAD),
    NUMBER("limits.memory_max_mib", tracker.memory_max_mib, 2048, 0, 16777216, RELOAD),
    NUMBER("limits.address_peers_max", tracker.address_peers_max, 20000, 0, ADDRESS_COUNT_MAX - 1, RELOAD),
    NUMBER("limits.address_torrent_peers_max", tracker.address_torrent_peers_max, 100, 0, ADDRESS_COUNT_MAX - 1, RELOAD),
    NUMBER("limits.network_peers_permille", tracker.network_peers_permille, 1, 0, 1000, RELOAD),
    NUMBER("limits.address_requests_per_s", tracker.address_requests_per_s, 100, 0, 1000000, RELOAD),
    NUMBER("limits.address_requests_burst", tracker.address_requests_burst, 2000, 1, 1000000, RELOAD),
    BOOL("limits.loopback", tracker.limit_loopback, false, RELOAD),
    NUMBER("limits.address_idle_torrents_max", tracker.address_idle_torrents_max, 10000, 0, ADDRESS_COUNT_MAX - 1, RELOAD),
    NUMBER("limits.idle_torrent_s", tracker.idle_torrent_s, 30 * DAY_S, 0, YEARS_10_S, RELOAD),

    CHOICE("access.mode", access.rules.mode, ACCESS_MODE_NAMES, ACCESS_OPEN, RELOAD),
    EMPTY("access.whitelist_file", SETTING_TEXT, access.files[ACCESS_WHITELIST], RELOAD),
    EMPTY("access.blocklist_file", SETTING_TEXT, access.files[ACCESS_BLOCKLIST], RELOAD),
    EMPTY("access.torrent_dir", SETTING_TEXT, access.torrent_dir, RELOAD),
    NETWORKS("access.allow", access.rules.allow, NULL, RELOAD),
    NETWORKS("access.deny", access.rules.deny, NULL, RELOAD),
    EMPTY("access.clients_allow", SETTING_CLIENTS, access.rules.clients_allow, RELOAD),
    EMPTY("access.clients_deny", SETTING_CLIENTS, access.rules.clients_deny, RELOAD),

    NETWORKS("network.lan", tracker.lan, PRIVATE_NETWORKS, RELOAD),
    NETWORKS("network.ip_param_networks", tracker.ip_param_networks, NULL, RELOAD),
    NETWORKS("network.trusted_proxies", http.proxies.trusted, NULL, RELOAD),
    EMPTY("network.client_header", SETTING_HEADER, http.proxies.client_header, RELOAD),
    { .name = "network.external_address", .kind = SETTING_EXTERNAL, .reload = RELOAD,
      .offset = offsetof(struct config, tracker.external_v4), .size = 2 * sizeof(struct endpoint) },

    BOOL("probe.enabled", probe.enabled, true, RELOAD),
    NETWORKS("probe.networks", probe.limits.networks, PROBED_NETWORKS, RELOAD),
    NUMBER("probe.per_s", probe.limits.per_s, 10, 1, 1000, RELOAD),
    NUMBER("probe.timeout_ms", probe.timeout_ms, 3000, 100, 60000, RELOAD),
    NUMBER("probe.interval_s", probe.limits.interval_s, 10 * 60, 1, DAY_S, RELOAD),
    NUMBER("probe.peers_max", probe.limits.peers_max, 100000, 1, 1000000, RELOAD),
    NUMBER("probe.address_peers_max", probe.limits.address_peers_max, 32, 1, ADDRESS_COUNT_MAX, RELOAD),

    BOOL("store.enabled", store_enabled, true, RESTART),
    EMPTY("store.database", SETTING_TEXT, database, RESTART),
    NUMBER("store.flush_interval_ms", flush_interval_ms, 1000, 10, 60000, RESTART),
    NUMBER("store.feed_capacity", feed_capacity, 16384, 1, 1048576, RESTART),

    EMPTY("cluster.engine", SETTING_ENGINES, cluster.engines, RESTART),
    EMPTY("cluster.password_file", SETTING_TEXT, cluster.password_file, RESTART),
    EMPTY("cluster.name", SETTING_TEXT, cluster.name, RESTART),
    EMPTY("cluster.site", SETTING_TEXT, cluster.site, RESTART),
    EMPTY("cluster.prefix", SETTING_TEXT, cluster.prefix, RESTART),
    NUMBER("cluster.timeout_ms", cluster.timeout_ms, 2000, 100, 60000, RESTART),
    NUMBER("cluster.join_timeout_s", cluster.join_timeout_s, 30, 1, 3600, RESTART),
    NUMBER("cluster.queue_max_mib", cluster.queue_max_mib, 64, 1, 4096, RESTART),
    NUMBER("cluster.stream_max_mib", cluster.stream_max_mib, 256, 1, 65536, RESTART),

    CHOICE("privacy.addresses", addresses, ADDRESS_PRECISION_NAMES, ADDRESS_FULL, RESTART),

    BOOL("history.enabled", history.enabled, true, RESTART),
    NUMBER("history.keep_days", history.keep_days, 0, 0, 3650, RESTART),
    NUMBER("history.torrents_max", history.torrents_max, 1000, 0, 10000, RESTART),
    NUMBER("history.completions_max", history.completions_max, 100000, 0, 10000000, RESTART),
};
/* clang-format on */

enum { SETTINGS_COUNT = sizeof SETTINGS / sizeof SETTINGS[0] };

/* Settings and groups of earlier versions. */
static const struct {
    const char *old_name;
    const char *new_name;
} RENAMED[] = {
    { "http.timeout_s", "http.idle_timeout_s" },
    { "http.request_max", "http.header_max" },
    { "announce.patience_s", "announce.peer_timeout_min_s" },
    { "announce.announces_per_s", "announce.budget_per_s" },
    { "limits.requests_per_s", "limits.address_requests_per_s" },
    { "limits.requests_burst", "limits.address_requests_burst" },
    { "access.list_file", "access.whitelist_file" },
    { "network.trust", "network.ip_param_networks" },
    { "check", "probe" },
};

_Static_assert(offsetof(struct tracker_options, external_v6) ==
                   offsetof(struct tracker_options, external_v4) + sizeof(struct endpoint),
               "SETTING_EXTERNAL is an array of both");

const struct setting *settings_at(size_t index) {
    return index < SETTINGS_COUNT ? &SETTINGS[index] : NULL;
}

static struct networks parse_networks(const char *const *texts) {
    struct networks networks = { 0 };
    for (; texts != NULL && *texts != NULL; texts++) {
        bool parsed = network_parse(*texts, &networks.list[networks.count++]);
        assert(parsed);
        (void)parsed;
    }
    return networks;
}

void settings_set_number(const struct setting *setting, void *field, uint32_t value) {
    if (setting->kind == SETTING_BOOL)
        *(bool *)field = value;
    else if (setting->size == sizeof(uint16_t))
        *(uint16_t *)field = (uint16_t)value;
    else
        *(uint32_t *)field = value;
}

struct config settings_defaults(void) {
    struct config config;
    memset(&config, 0, sizeof config);
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        void *field = (char *)&config + SETTINGS[i].offset;
        if (SETTINGS[i].kind == SETTING_NETWORKS)
            *(struct networks *)field = parse_networks(SETTINGS[i].default_networks);
        else if (SETTINGS[i].default_value != 0)
            settings_set_number(&SETTINGS[i], field, SETTINGS[i].default_value);
    }
    return config;
}

void settings_reload(struct config *running, const struct config *loaded,
                     char pending[static SETTINGS_PENDING_LEN]) {
    size_t len = 0;
    pending[0] = '\0';
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        char *field = (char *)running + SETTINGS[i].offset;
        const char *new_field = (const char *)loaded + SETTINGS[i].offset;
        if (SETTINGS[i].reload)
            memcpy(field, new_field, SETTINGS[i].size);
        else if (memcmp(field, new_field, SETTINGS[i].size) != 0 && len < SETTINGS_PENDING_LEN)
            len += (size_t)snprintf(pending + len, SETTINGS_PENDING_LEN - len, "%s%s",
                                    len > 0 ? ", " : "", SETTINGS[i].name);
    }
}

const struct setting *settings_find(const char *name) {
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        if (strcmp(SETTINGS[i].name, name) == 0)
            return &SETTINGS[i];
    }
    return NULL;
}

bool settings_have_group(const char *name) {
    size_t len = strlen(name);
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        if (strncmp(SETTINGS[i].name, name, len) == 0 && SETTINGS[i].name[len] == '.')
            return true;
    }
    return false;
}

/* The new name of a setting or group that was renamed; NULL if it was not. */
static const char *new_name_of(const char *old_name) {
    for (size_t i = 0; i < sizeof RENAMED / sizeof RENAMED[0]; i++) {
        if (strcmp(RENAMED[i].old_name, old_name) == 0)
            return RENAMED[i].new_name;
    }
    return NULL;
}

/* A setting's group, empty for one at the top. */
static struct bytes group_of(const char *name) {
    const char *dot = strrchr(name, '.');
    return (struct bytes){ (const uint8_t *)name, dot ? (size_t)(dot - name) : 0 };
}

static const char *last_part(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot ? dot + 1 : name;
}

/* The right setting in the wrong group is a likely mistake, even if the groups' names differ. */
static size_t distance_to_setting(const char *name, const struct setting *setting) {
    if (strcmp(last_part(name), last_part(setting->name)) == 0)
        return 1;
    return edit_distance(bytes_of(name), bytes_of(setting->name));
}

/* The setting or group whose name is most similar to the misspelt `name`; empty if none is. */
static struct bytes nearest_name(const char *name) {
    struct bytes nearest = { 0 };
    size_t limit = strlen(name) / 3 + 1;
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        struct bytes group = group_of(SETTINGS[i].name);
        size_t to_setting = distance_to_setting(name, &SETTINGS[i]);
        size_t to_group = group.len ? edit_distance(bytes_of(name), group) : SIZE_MAX;
        if (to_setting < limit) {
            nearest = bytes_of(SETTINGS[i].name);
            limit = to_setting;
        }
        if (to_group < limit) {
            nearest = group;
            limit = to_group;
        }
    }
    return nearest;
}

bool settings_describe_unknown(const char *name, char error[static ERROR_LEN]) {
    const char *new_name = new_name_of(name);
    if (new_name != NULL)
        return error_set(error, "%s has been renamed to %s", name, new_name);
    const struct bytes nearest = nearest_name(name);
    if (nearest.len == 0)
        return error_set(error, "unknown setting \"%s\"", name);
    return error_set(error, "unknown setting \"%s\", did you mean \"%.*s\"?", name,
                     (int)nearest.len, (const char *)nearest.data);
}
