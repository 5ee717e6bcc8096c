/* The configuration of skepd: the options of each module, which see only their own. See
 * daemon/settings.h for names, defaults and ranges, daemon/config_file.h for the file and
 * daemon/program_options.h for how file and command line are combined. */
#ifndef SKEP_DAEMON_CONFIG_H
#define SKEP_DAEMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/log.h"
#include "probe/prober.h"
#include "server/http_server.h"
#include "server/udp_server.h"
#include "store/history_writer.h"
#include "swarm/tracker.h"
#include "web/web_router.h"

enum { CONFIG_PATH_LEN = 1024 };

struct access_options {
    struct access_rules rules;
    char whitelist_file[CONFIG_PATH_LEN]; /* empty: none */
};

struct config {
    enum log_level log_level;
    uint32_t log_events_per_s; /* lines per second about peers; further events are counted */
    uint32_t shutdown_delay_s; /* between SIGTERM and the end of service, when /readyz fails */
    bool store_enabled;
    char database[CONFIG_PATH_LEN]; /* empty: skep.db in the state directory */
    uint32_t flush_interval_ms;
    uint32_t feed_capacity; /* changes per shard that wait for the store */
    struct history_options history;
    struct tracker_options tracker;
    struct access_options access;
    struct http_server_options http;
    struct web_options web;
    struct prober_options probe;
    struct udp_server_options udp; /* same addresses as HTTP; port 0: the same port */
};

/* Checks settings that depend on each other. Returns false, with one line in `error`, if they
 * contradict. */
bool config_check(const struct config *config, char error[static ERROR_LEN]);

#endif
