#include "daemon/config.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { DAY_S = 24 * 60 * 60 };

/* Private, behind a provider's NAT, link-local or loopback: nobody outside can reach these. */
static const char *const PRIVATE_NETWORKS[] = {
    "10.0.0.0/8",  "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16",
    "127.0.0.0/8", "::1",           "fc00::/7",       "fe80::/10",
};

/* Of these, those whose peers are near enough for us to try them. What a provider's NAT hides is
 * none of our business, and a link-local IPv6 address leads nowhere without its link. */
static const char *const NEAR_NETWORKS[] = {
    "10.0.0.0/8",  "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
    "127.0.0.0/8", "::1",           "fc00::/7",
};

static const char *const THIS_MACHINE[] = { "127.0.0.0/8", "::1" };

static struct networks networks_of(const char *const *texts, size_t count) {
    struct networks networks = { 0 };
    for (size_t i = 0; i < count; i++) {
        bool parsed = network_parse(texts[i], &networks.list[networks.count++]);
        assert(parsed);
        (void)parsed;
    }
    return networks;
}

static struct networks near_networks(void) {
    return networks_of(NEAR_NETWORKS, sizeof NEAR_NETWORKS / sizeof NEAR_NETWORKS[0]);
}

static struct networks private_networks(void) {
    return networks_of(PRIVATE_NETWORKS, sizeof PRIVATE_NETWORKS / sizeof PRIVATE_NETWORKS[0]);
}

struct config config_defaults(void) {
    return (struct config){
        .log_level = LOG_LEVEL_INFO,
        .log_events_per_s = 100,
        .store_enabled = true,
        .database = "",
        .flush_interval_ms = 1000,
        .feed_capacity = 16384,
        .history = { .enabled = true, .torrents_max = 1000, .completions_max = 100000 },
        .tracker = {
            .interval_min_s = 120,
            .interval_max_s = 1800,
            .patience_s = 660,
            .announces_per_s = 1000,
            .numwant = 50,
            .numwant_max = 200,
            .requests_per_s = 100,
            .requests_burst = 2000,
            .limit_loopback = false,
            .memory_max_mib = 2048,
            .torrents_max = 1000000,
            .torrent_peers_max = 1000000,
            .peers_max = 10000000,
            .address_peers_max = 20000,
            .address_torrent_peers_max = 100,
            .idle_torrent_s = 30 * DAY_S,
            .lan = private_networks(),
            .trust = { 0 },
            .external_v4 = { .family = FAMILY_NONE },
            .external_v6 = { .family = FAMILY_NONE },
        },
        .access = { .rules = { .mode = ACCESS_OPEN }, .list_file = "" },
        .http = {
            .listen = { 0 },
            .port = 6969,
            .threads = 0,
            .connections_max = 4096,
            .connections_per_address_max = 256,
            .timeout_s = 30,
            .request_timeout_s = 10,
            .request_max = 16384,
            .scrape_max = 100,
            .full_scrape = false,
            .uploads_max = 64 * 1024 * 1024,
            .https = { .port = 0 },
            .trusted_proxies = { 0 },
        },
        .site = {
            .admins = networks_of(THIS_MACHINE, sizeof THIS_MACHINE / sizeof THIS_MACHINE[0]),
            .admin_token = "",
            .hostnames = { 0 },
            .public_stats = false,
            .upload_max = 16 * 1024 * 1024,
        },
        .check = {
            .enabled = true,
            .limits = {
                .networks = near_networks(),
                .per_s = 10,
                .interval_s = 10 * 60,
                .peers_max = 100000,
                .address_peers_max = 32,
            },
            .timeout_ms = 3000,
        },
        .udp = {
            .enabled = true,
            .port = 0,
            .threads = 0,
            .receive_buffer = 4 * 1024 * 1024,
            .connection_id_lifetime_s = 60 * 60,
        },
    };
}

static bool in_order(const char *low_name, uint32_t low, const char *high_name, uint32_t high,
                     char *error) {
    if (low <= high)
        return true;
    error_set(error, "%s is %u, which is more than %s, %u", low_name, low, high_name, high);
    return false;
}

static bool https_is_whole(const struct http_server_options *http, char *error) {
    const struct https_options *https = &http->https;
    if (https->port == 0)
        return true;
    if (https->files.certificate[0] == '\0' || https->files.key[0] == '\0') {
        error_set(error, "https.port needs https.certificate and https.key");
        return false;
    }
    if (https->port == http->port)
        error_set(error, "https.port is %u, and so is http.port", https->port);
    return https->port != http->port;
}

/* One that can be guessed, or cannot be put into a header, is worse than none. */
static bool token_is_good(const char *token, char *error) {
    const size_t len = strlen(token);
    if (len == 0)
        return true;
    bool good = len >= ADMIN_TOKEN_LEN_MIN;
    for (size_t i = 0; i < len; i++)
        good = good && token[i] > ' ' && token[i] <= '~';
    if (!good)
        error_set(error, "http.admin_token must have at least %d characters, without spaces",
                  ADMIN_TOKEN_LEN_MIN);
    return good;
}

bool config_check(const struct config *config, char error[static ERROR_LEN]) {
    const struct tracker_options *tracker = &config->tracker;
    return in_order("announce.interval_min_s", tracker->interval_min_s, "announce.interval_max_s",
                    tracker->interval_max_s, error) &&
           in_order("announce.numwant", tracker->numwant, "announce.numwant_max",
                    tracker->numwant_max, error) &&
           in_order("http.upload_max", config->site.upload_max, "http.uploads_max",
                    config->http.uploads_max, error) &&
           https_is_whole(&config->http, error) && token_is_good(config->site.admin_token, error);
}
