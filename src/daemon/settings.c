#include "daemon/settings.h"

#include <string.h>

#include "daemon/edit_distance.h"
#include "swarm/address_counts.h"
#include "wire/connection_id.h"

#define FIELD(member)                                                                              \
    .offset = offsetof(struct config, member), .size = sizeof(((struct config *)NULL)->member)
#define SETTING(text, type, member, line)                                                          \
    { .name = text, .kind = type, FIELD(member), .summary = line }
#define NUMBER(text, member, least, most, line)                                                    \
    {                                                                                              \
        .name = text, .kind = SETTING_NUMBER, FIELD(member), .min = least, .max = most,            \
        .summary = line                                                                            \
    }

enum {
    HOURS_8_S = 8 * 60 * 60,
    DAY_S = 24 * 60 * 60,
    YEARS_10_S = 10 * 365 * 24 * 60 * 60,
    MANY = 1000000000, /* far above what fits in memory, far below where counters wrap */
};

/* clang-format off */
static const struct setting SETTINGS[] = {
    SETTING("log_level", SETTING_LOG_LEVEL, log_level, "how much is logged"),
    NUMBER("log_events_per_s", log_events_per_s, 0, 1000000, "log lines about peers, a second"),

    SETTING("http.listen", SETTING_LISTEN, http.listen, "addresses to listen on"),
    NUMBER("http.port", http.port, 1, 65535, "port to listen on"),
    NUMBER("http.threads", http.threads, 0, 256, "threads that serve; 0: one for each core"),
    NUMBER("http.connections_max", http.connections_max, 1, 1000000, "connections open at a time"),
    NUMBER("http.connections_per_address_max", http.connections_per_address_max, 0, ADDRESS_COUNT_MAX - 1, "connections of one address; 0: no bound"),
    NUMBER("http.timeout_s", http.timeout_s, 1, 3600, "seconds until a silent connection is closed"),
    NUMBER("http.request_timeout_s", http.request_timeout_s, 1, 3600, "seconds for a request to come in"),
    NUMBER("http.request_max", http.request_max, 4096, 1048576, "bytes of a request's line and headers"),
    NUMBER("http.scrape_max", http.scrape_max, 1, 10000, "torrents in one scrape"),
    SETTING("http.admins", SETTING_NETWORKS, site.admins, "networks of those who may see and change everything"),
    SETTING("http.admin_token", SETTING_TEXT, site.admin_token, "a secret that makes an admin of who knows it"),
    SETTING("http.hostnames", SETTING_HOSTNAMES, site.hostnames, "names by which admins reach the tracker"),
    SETTING("http.public_stats", SETTING_BOOL, site.public_stats, "whether anyone may see the totals"),
    NUMBER("http.upload_max", site.upload_max, 1024, MANY, "bytes that an admin may send in one request"),
    NUMBER("http.uploads_max", http.uploads_max, 1024, MANY, "bytes that all admins together may be sending"),
    SETTING("http.full_scrape", SETTING_BOOL, http.full_scrape, "answer scrapes for all torrents"),

    NUMBER("https.port", http.https.port, 0, 65535, "port for HTTPS; 0: none"),
    SETTING("https.certificate", SETTING_TEXT, http.https.files.certificate, "PEM file of the certificate and its chain"),
    SETTING("https.key", SETTING_TEXT, http.https.files.key, "PEM file of the certificate's key"),

    SETTING("udp.enabled", SETTING_BOOL, udp.enabled, "serve UDP, too"),
    NUMBER("udp.port", udp.port, 0, 65535, "port for UDP; 0: the same as HTTP's"),
    NUMBER("udp.threads", udp.threads, 0, 256, "threads that serve each address; 0: one for each core"),
    NUMBER("udp.receive_buffer", udp.receive_buffer, 4096, MANY, "bytes that wait in the kernel for each socket"),
    NUMBER("udp.connection_id_lifetime_s", udp.connection_id_lifetime_s, 60, CONNECTION_ID_LIFETIME_MAX_S, "seconds that a connection id is taken"),

    NUMBER("announce.interval_min_s", tracker.interval_min_s, 1, HOURS_8_S, "shortest interval, in seconds"),
    NUMBER("announce.interval_max_s", tracker.interval_max_s, 1, HOURS_8_S, "longest interval, in seconds"),
    NUMBER("announce.patience_s", tracker.patience_s, 0, HOURS_8_S, "seconds that a peer may be silent at least"),
    NUMBER("announce.announces_per_s", tracker.announces_per_s, 1, 10000000, "load that the interval aims for"),
    NUMBER("announce.numwant", tracker.numwant, 1, NUMWANT_LIMIT, "peers for those who do not say how many"),
    NUMBER("announce.numwant_max", tracker.numwant_max, 1, NUMWANT_LIMIT, "peers that anyone gets"),

    NUMBER("limits.torrents_max", tracker.torrents_max, 1, MANY, "torrents"),
    NUMBER("limits.torrent_peers_max", tracker.torrent_peers_max, 1, MANY, "peers of one torrent"),
    NUMBER("limits.peers_max", tracker.peers_max, 1, MANY, "peers of all torrents"),
    NUMBER("limits.memory_max_mib", tracker.memory_max_mib, 0, 16777216, "mebibytes of all swarms; 0: no ceiling"),
    NUMBER("limits.address_peers_max", tracker.address_peers_max, 0, ADDRESS_COUNT_MAX - 1, "peers of one address; 0: any number"),
    NUMBER("limits.address_torrent_peers_max", tracker.address_torrent_peers_max, 0, ADDRESS_COUNT_MAX - 1, "peers of one address in one torrent; 0: any number"),
    NUMBER("limits.requests_per_s", tracker.requests_per_s, 0, 1000000, "requests of one address a second; 0: any number"),
    NUMBER("limits.requests_burst", tracker.requests_burst, 1, 1000000, "requests of one address at once"),
    SETTING("limits.loopback", SETTING_BOOL, tracker.limit_loopback, "whether an address's limits hold for this machine, too"),
    NUMBER("limits.idle_torrent_s", tracker.idle_torrent_s, 0, YEARS_10_S, "seconds until a torrent without peers is forgotten"),

    SETTING("access.mode", SETTING_ACCESS_MODE, access.rules.mode, "who may use the tracker"),
    SETTING("access.list_file", SETTING_TEXT, access.list_file, "a text file of registered torrents"),
    SETTING("access.allow", SETTING_NETWORKS, access.rules.allow, "networks that may come; none: all"),
    SETTING("access.deny", SETTING_NETWORKS, access.rules.deny, "networks that may not"),
    SETTING("access.clients_allow", SETTING_CLIENTS, access.rules.clients_allow, "how peer_ids must begin; none: any"),
    SETTING("access.clients_deny", SETTING_CLIENTS, access.rules.clients_deny, "how peer_ids must not begin"),

    SETTING("network.lan", SETTING_NETWORKS, tracker.lan, "our own networks"),
    SETTING("network.trust", SETTING_NETWORKS, tracker.trust, "networks whose peers may claim another address"),
    SETTING("network.trusted_proxies", SETTING_NETWORKS, http.trusted_proxies, "proxies that say whose requests they pass on"),
    SETTING("network.external_address", SETTING_EXTERNAL, tracker, "how the outside sees our LAN"),

    SETTING("check.enabled", SETTING_BOOL, check.enabled, "try whether peers can be reached"),
    SETTING("check.networks", SETTING_NETWORKS, check.limits.networks, "networks in which peers are checked"),
    NUMBER("check.per_s", check.limits.per_s, 1, 1000, "checks begun in a second"),
    NUMBER("check.timeout_ms", check.timeout_ms, 100, 60000, "milliseconds that a connection may take"),
    NUMBER("check.interval_s", check.limits.interval_s, 1, DAY_S, "seconds until a peer is checked again"),
    NUMBER("check.peers_max", check.limits.peers_max, 1, 1000000, "peers that are checked"),
    NUMBER("check.address_peers_max", check.limits.address_peers_max, 1, ADDRESS_COUNT_MAX, "peers of one address that are checked, and checks of it in that time"),

    SETTING("store.enabled", SETTING_BOOL, store_enabled, "remember torrents and peers across restarts"),
    SETTING("store.database", SETTING_TEXT, database, "the SQLite file"),
    NUMBER("store.flush_interval_ms", flush_interval_ms, 10, 60000, "milliseconds between two commits"),
    NUMBER("store.feed_capacity", feed_capacity, 1, 1048576, "changes that wait for the store, in each of 256 shards"),

    SETTING("history.enabled", SETTING_BOOL, history.enabled, "keep figures of the last hour, day and month"),
    NUMBER("history.torrents_max", history.torrents_max, 0, 10000, "torrents that figures are kept of"),
    NUMBER("history.completions_max", history.completions_max, 0, 10000000, "completions that are remembered"),
};
/* clang-format on */

enum { SETTINGS_COUNT = sizeof SETTINGS / sizeof SETTINGS[0] };

const struct setting *settings_at(size_t index) {
    return index < SETTINGS_COUNT ? &SETTINGS[index] : NULL;
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

/* A setting's group, empty for one at the top. */
static struct bytes group_of(const char *name) {
    const char *dot = strrchr(name, '.');
    return (struct bytes){ (const uint8_t *)name, dot ? (size_t)(dot - name) : 0 };
}

static const char *last_part(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot ? dot + 1 : name;
}

/* The right setting in the wrong group is a likely mistake, however far apart the groups are. */
static size_t distance_to(const char *name, const struct setting *setting) {
    if (strcmp(last_part(name), last_part(setting->name)) == 0)
        return 1;
    return edit_distance(bytes_of(name), bytes_of(setting->name));
}

struct bytes settings_nearest(const char *name) {
    struct bytes nearest = { 0 };
    size_t limit = strlen(name) / 3 + 1;
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        struct bytes group = group_of(SETTINGS[i].name);
        size_t to_setting = distance_to(name, &SETTINGS[i]);
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
