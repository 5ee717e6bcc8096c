/* An API request as its handler sees it: routes, query, body, registry. Private to web/api. */
#ifndef SKEP_WEB_API_API_REQUEST_H
#define SKEP_WEB_API_API_REQUEST_H

#include <pthread.h>
#include <stdatomic.h>

#include "cluster/cluster.h"
#include "probe/prober.h"
#include "server/dht_server.h"
#include "swarm/registry.h"
#include "swarm/swarm_totals.h"
#include "torrent/metainfo.h"
#include "torrent_dir/torrent_dir.h"
#include "web/api/api_response.h"
#include "web/http/authorization.h"
#include "web/views/address_list.h"
#include "web/views/health_report.h"
#include "web/views/recent_events.h"
#include "web/views/torrent_list.h"
#include "web/views/tracker_settings.h"

enum {
    API_PART_LEN = 256, /* of a decoded path segment, with the terminating zero */
    API_LIMIT_DEFAULT = 50,
    API_LIMIT_MAX = 500,
};

/* All but the settings and the streams is constant. */
struct api {
    struct tracker *tracker;
    struct swarm_totals *totals;
    const char *database; /* may be NULL, as the next four */
    struct torrent_dir *torrent_dir;
    struct prober *prober;
    struct recent_events *events;
    const struct health_sources *health;
    struct refused_families *refused;
    struct cluster *cluster; /* NULL: none */
    struct dht_server *dht;  /* NULL: none */
    struct torrent_list *torrents;
    struct address_list *addresses;
    struct ticker *ticker;
    uint64_t started_ms;
    bool had_peers;           /* the history has peers from before this start */
    _Atomic uint32_t streams; /* open ones, of events */
    _Atomic uint32_t streams_max;
    _Atomic uint32_t streams_ended; /* how often all of them were ended */
    pthread_mutex_t lock;           /* guards the settings */
    struct tracker_settings settings;
};

struct api_request {
    struct api *api;
    const struct authorization *auth;
    const struct web_request *http;
    uint64_t now_ms;         /* clock_now_ms() */
    int64_t unix_ms;         /* the same moment as Unix time */
    char part[API_PART_LEN]; /* decoded path segment in place of the route's '*' */
};

/* Fills `response`. Any thread, several at a time. */
typedef void (*api_handler)(const struct api_request *request, struct web_response *response);

struct api_route {
    const char *method; /* NULL ends a list of routes */
    const char *path;   /* after "/api/v1/"; a segment "*" matches any one segment */
    enum role role;     /* required, or a higher one */
    api_handler handler;
};

/* The routes of each resource, defined in the source file of that name. */
extern const struct api_route access_routes[];
extern const struct api_route cluster_routes[];
extern const struct api_route dht_routes[];
extern const struct api_route documents_routes[];
extern const struct api_route events_routes[];
extern const struct api_route history_routes[];
extern const struct api_route peers_routes[];
extern const struct api_route status_routes[];
extern const struct api_route torrent_registry_routes[];
extern const struct api_route torrents_routes[];

/* A copy of the current settings. */
struct tracker_settings api_settings_of(struct api *api);

/* The functions below send an error and return false if the request is invalid. */

/* A query parameter as text, decoded, without white space around it; empty if absent. `size`
 * includes the terminating zero. */
bool api_query_text(const struct api_request *request, struct web_response *response,
                    const char *name, char *text, size_t size);
/* Whether the query has the parameter, whatever its value. */
bool api_query_has(const struct api_request *request, const char *name);
bool api_query_number(const struct api_request *request, struct web_response *response,
                      const char *name, uint64_t unless_given, uint64_t max, uint64_t *number);

/* The index of a query parameter's value in `choices`, which ends with NULL; 0 if absent. */
bool api_query_choice(const struct api_request *request, struct web_response *response,
                      const char *name, const char *const *choices, size_t *choice);

/* `order=asc`, the default, or `order=desc`. */
bool api_query_order(const struct api_request *request, struct web_response *response,
                     bool *descending);

/* `offset` and `limit`. */
bool api_query_span(const struct api_request *request, struct web_response *response,
                    struct api_span *span);

/* Reads the info_hash in hexadecimal, or the magnet link, that names a torrent; of a hybrid
 * torrent, the first info_hash. */
bool api_path_hash(const struct api_request *request, struct web_response *response,
                   uint8_t info_hash[static INFO_HASH_LEN]);
bool api_parse_hash(struct bytes text, struct web_response *response,
                    uint8_t info_hash[static INFO_HASH_LEN]);

/* The same, with the other fields that a magnet link fills (torrent/magnet.h). */
bool api_parse_torrent(struct bytes text, struct web_response *response, struct metainfo *torrent);

/* Whether Content-Type is JSON. */
bool api_body_is_json(const struct api_request *request);

/* The body, which must be a JSON object with no members but `fields`, a list that ends with NULL;
 * the caller releases it. NULL after sending an error. */
json_t *api_read_body(const struct api_request *request, struct web_response *response,
                      const char *const *fields);

/* The torrent that the member `magnet` names, or `info_hash`, which may be a magnet link too. */
bool api_body_torrent(const json_t *body, struct web_response *response, struct metainfo *torrent);

/* A string member of the body, without control characters, and without white space around it. If it
 * is optional, it may be absent,
 * null or empty. `size` includes the terminating zero. */
bool api_body_text(json_t *body, struct web_response *response, const char *name, bool optional,
                   char *text, size_t size);

/* The same, for a body that has one required member. Reads and releases the body. */
bool api_read_text(const struct api_request *request, struct web_response *response,
                   const char *name, char *text, size_t size);

/* Sends the error that persistence is disabled. */
void api_send_no_database(struct web_response *response);

/* Begins an edit of the registry. NULL after sending an error. */
struct registry_edit *api_begin_edit(const struct api_request *request,
                                     struct web_response *response);

/* Aborts an edit that ran out of memory, and sends an error. */
void api_abort_edit(struct registry_edit *edit, struct web_response *response);

/* Submits the edit. The response, which must be filled, is sent once the edit is in the database;
 * if that fails, an error is sent in its place. */
void api_submit_edit(struct registry_edit *edit, struct web_response *response);

/* Removes the entry of `row` and submits the edit: 204, or 404 "`what` not found." */
void api_remove_row(struct registry_edit *edit, const struct registry_row *row, const char *what,
                    struct web_response *response);

/* Values that several resources share. */

/* REACH_UNKNOWN without a prober. */
struct reach_state api_reach(const struct api_request *request, const struct endpoint *peer);

extern const char *const api_healths[HEALTHS];

json_t *api_torrent(const struct api_request *request, const struct torrent_row *row);
json_t *api_ban(const struct api_request *request, const struct registry_row *row);

/* Numbers of the entries that this node set aside when it joined the cluster. */
json_t *api_set_aside(const struct cluster_status *status);

enum api_file_node {
    API_FILE_HERE, /* or nowhere */
    API_FILE_AT_ALIVE_NODE,
    API_FILE_AT_AWAY_NODE,
    API_FILE_AT_UNKNOWN_NODE, /* it is away, or was removed from the cluster */
};

/* Which other node of the cluster has the .torrent file of a torrent. Copies its name, if it has
 * been heard. */
enum api_file_node api_find_file_node(const struct api_request *request,
                                      const uint8_t info_hash[static INFO_HASH_LEN],
                                      char name[static CLUSTER_NAME_LEN]);

/* Reads the .torrent file of a torrent from the database, or else from access.torrent_dir; the
 * caller frees it. NULL if there is none or it cannot be read now. */
uint8_t *api_read_file(const struct api_request *request,
                       const uint8_t info_hash[static INFO_HASH_LEN], size_t *len);

/* The refused clients of an address, or of all if it is NULL, the latest first. */
json_t *api_refused_clients(const struct api_request *request, const struct endpoint *address,
                            struct api_span span, size_t *total);

/* The name of the machine at an address, or null. */
json_t *api_machine(const struct api_request *request, const struct endpoint *address);

struct registry *api_registry(const struct api_request *request);

/* A peer of a torrent of `size` bytes; 0: unknown. Queues the peer for a reachability probe if it
 * has had none. */
json_t *api_peer(const struct api_request *request, const struct peer_stats *peer, uint64_t size);

#endif
