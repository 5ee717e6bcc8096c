/* The settings of skepd: what they are called and may be stands in daemon/settings.h, how they are
 * read from a file in daemon/config_file.h, how all of it comes together in
 * daemon/program_options.h. Each module has its own options inside; none of them sees this struct.
 */
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
    char list_file[CONFIG_PATH_LEN]; /* empty: none */
};

struct config {
    enum log_level log_level;
    uint32_t log_events_per_s; /* lines about peers; more are summed up */
    bool store_enabled;
    char database[CONFIG_PATH_LEN]; /* empty: the state directory's skep.db */
    uint32_t flush_interval_ms;
    uint32_t feed_capacity; /* changes for each shard that wait for the store */
    struct history_options history;
    struct tracker_options tracker;
    struct access_options access;
    struct http_server_options http;
    struct web_options site;
    struct prober_options check;
    struct udp_server_options udp; /* listens where HTTP does; port 0 is HTTP's */
};

/* Checks what no single setting shows. False and one line in `error` if two do not go together. */
bool config_check(const struct config *config, char error[static ERROR_LEN]);

#endif
