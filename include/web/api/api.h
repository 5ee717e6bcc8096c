/* The JSON API under /api/v1/, which the page and skepctl use. src/web/api/openapi.json describes
 * each operation. */
#ifndef SKEP_WEB_API_API_H
#define SKEP_WEB_API_API_H

#include "cluster/cluster.h"
#include "probe/prober.h"
#include "server/dht_server.h"
#include "server/refused_families.h"
#include "server/web_handler.h"
#include "swarm/swarm_totals.h"
#include "swarm/tracker.h"
#include "torrent_dir/torrent_dir.h"
#include "web/http/authorization.h"
#include "web/views/health_report.h"
#include "web/views/recent_events.h"
#include "web/views/tracker_settings.h"

/* What the API reads and changes. Borrowed; all after `totals` may be NULL. */
struct api_sources {
    struct tracker *tracker;
    struct swarm_totals *totals; /* the API takes its samples, once a second */
    const char *database;        /* path of the SQLite file */
    struct torrent_dir *torrent_dir;
    struct prober *prober;
    struct recent_events *events;
    const struct health_sources *health;
    struct refused_families *refused; /* the API adds to it */
    struct cluster *cluster;
    struct dht_server *dht;
};

#define API_NO_ENDPOINT "No such endpoint. See /api/v1/openapi.json."

struct api;
struct api_route; /* private: src/web/api/api_request.h */

/* The routes of each resource; ends with NULL. For tests. */
extern const struct api_route *const api_resources[];

/* Copies `sources` and `settings`, and starts a thread. NULL if out of memory, or without
 * randomness or a thread. */
struct api *api_create(const struct api_sources *sources, const struct tracker_settings *settings);
void api_delete(struct api *api); /* NULL is fine */

/* Applies settings at runtime, except for listening addresses and ports. Any thread. */
void api_apply(struct api *api, const struct tracker_settings *settings);

/* Ends all streams of events, since their clients may no longer be admins. They may open new ones,
 * at most `max` at the same time. Any thread. */
void api_end_streams(struct api *api, uint32_t max);

/* Handles a request whose path begins with "/api/v1/". Checks the role that the route requires; the
 * caller rejects cross-site requests and oversized bodies. Any thread. */
void api_handle(struct api *api, const struct authorization *auth,
                const struct web_request *request, struct web_response *response);

/* Writes totals and announce URLs as HTML, for browsers without JavaScript. `role` is ROLE_PUBLIC
 * or ROLE_ADMIN. At most API_PLAIN_STATUS_MAX bytes. Any thread. */
enum { API_PLAIN_STATUS_MAX = 24 * 1024 };
void api_write_plain_status(struct api *api, enum role role, const struct web_request *request,
                            struct writer *w);

#endif
