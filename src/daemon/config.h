/* The configuration of skepd: the options of each module, which see only their own. See
 * daemon/settings.h for names, defaults and ranges, daemon/config_file.h for the file,
 * daemon/environment.h for the environment and daemon/program_options.h for how they are combined.
 */
#ifndef SKEP_DAEMON_CONFIG_H
#define SKEP_DAEMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/log.h"
#include "cluster/cluster.h"
#include "probe/prober.h"
#include "server/dht_server.h"
#include "server/http_server.h"
#include "server/udp_server.h"
#include "store/history_writer.h"
#include "swarm/tracker.h"
#include "web/web_router.h"

enum { CONFIG_PATH_LEN = 1024, CONFIG_ERRORS_LEN = 16 * 1024 };

struct access_options {
    struct access_rules rules;
    char files[ACCESS_LISTS][CONFIG_PATH_LEN]; /* empty: none, as the next */
    char torrent_dir[CONFIG_PATH_LEN];
};

struct config {
    char admin_token_file[CONFIG_PATH_LEN]; /* whose token web.admin_token has; empty: none */
    enum log_level log_level;
    uint32_t log_events_per_s; /* lines per second about peers; further events are counted */
    uint32_t shutdown_delay_s; /* between SIGTERM and the end of service, when /readyz fails */
    bool store_enabled;
    char database[CONFIG_PATH_LEN]; /* empty: skep.db in the state directory */
    bool database_is_default;       /* not configured, so its directory is created if missing */
    uint32_t flush_interval_ms;
    uint32_t feed_capacity; /* changes per shard that wait for the store */
    struct history_options history;
    enum address_precision addresses; /* in log, events and history */
    struct tracker_options tracker;
    struct access_options access;
    struct http_server_options http;
    struct configured_urls announce_urls; /* empty: found by the API */
    struct web_options web;
    struct prober_options probe;
    struct cluster_options cluster;
    struct udp_server_options udp; /* same addresses as HTTP; port 0: the same port */
    struct dht_server_options dht; /* same addresses as HTTP */
};

/* The errors of a configuration: one line each, separated by newlines. */
struct config_errors {
    size_t len; /* 0: none */
    char text[CONFIG_ERRORS_LEN];
};

/* Adds a line, with control characters replaced by spaces. Drops it if it does not fit. Always
 * returns false, so that a function can end with `return config_errors_add(...)`. */
bool config_errors_add(struct config_errors *errors, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Checks settings that depend on each other. Returns false, with a line in `errors` for each pair
 * that contradicts itself, except for settings that `errors` names already. */
bool config_check(const struct config *config, struct config_errors *errors);

#endif
