/* What the parts of the API share: a call made ready for its handler, what its query says, and the
 * answers. Not for other modules. */
#ifndef SKEP_WEB_API_API_CALL_H
#define SKEP_WEB_API_API_CALL_H

#include <jansson.h>
#include <pthread.h>

#include "web/api/api.h"
#include "web/views/address_list.h"
#include "web/views/announce_rate.h"
#include "web/views/torrent_list.h"

enum {
    API_PART_LEN = 128, /* of a path, decoded, with a terminating zero */
    API_LIMIT_DEFAULT = 50,
    API_LIMIT_MAX = 500,
};

struct api {
    struct api_parts parts;
    struct torrent_list *catalog;
    struct address_list *addresses;
    struct announce_rate *pulse;
    struct ticker *ticker;
    uint64_t started_ms;
    pthread_mutex_t lock; /* of the settings */
    struct api_settings settings;
};

struct api_call {
    struct api *api;
    const struct authorization *session;
    const struct web_request *http;
    uint64_t now_ms;         /* clock_now_ms() */
    int64_t unix_ms;         /* the same moment, in Unix time */
    char part[API_PART_LEN]; /* what stands in the path in place of the route's '*' */
};

typedef void (*api_handler)(const struct api_call *call, struct web_response *response);

/* One for each route; src/web/api/api.c has the table. */
void api_get_session(const struct api_call *call, struct web_response *response);
void api_get_status(const struct api_call *call, struct web_response *response);
void api_get_history(const struct api_call *call, struct web_response *response);
void api_get_torrents(const struct api_call *call, struct web_response *response);
void api_get_torrent(const struct api_call *call, struct web_response *response);
void api_get_torrent_peers(const struct api_call *call, struct web_response *response);
void api_get_torrent_history(const struct api_call *call, struct web_response *response);
void api_get_completions(const struct api_call *call, struct web_response *response);
void api_get_torrent_file(const struct api_call *call, struct web_response *response);
void api_post_torrents(const struct api_call *call, struct web_response *response);
void api_patch_torrent(const struct api_call *call, struct web_response *response);
void api_delete_torrent(const struct api_call *call, struct web_response *response);
void api_get_addresses(const struct api_call *call, struct web_response *response);
void api_get_address(const struct api_call *call, struct web_response *response);
void api_get_network(const struct api_call *call, struct web_response *response);
void api_get_passkeys(const struct api_call *call, struct web_response *response);
void api_post_passkeys(const struct api_call *call, struct web_response *response);
void api_delete_passkey(const struct api_call *call, struct web_response *response);
void api_get_bans(const struct api_call *call, struct web_response *response);
void api_post_bans(const struct api_call *call, struct web_response *response);
void api_delete_ban(const struct api_call *call, struct web_response *response);
void api_get_events(const struct api_call *call, struct web_response *response);
void api_get_qr(const struct api_call *call, struct web_response *response);
void api_get_description(const struct api_call *call, struct web_response *response);

/* The present settings. Any thread. */
struct api_settings api_settings_of(struct api *api);

/* Answers. Each is the whole answer, after which the handler returns. */

/* Takes `body` over; NULL, as after a want of memory, makes it an error. */
void api_send(struct web_response *response, unsigned status, json_t *body);
void api_send_nothing(struct web_response *response); /* 204 */

/* {"error":{"code":CODE,"message":MESSAGE}} */
__attribute__((format(printf, 4, 5))) void api_fail(struct web_response *response, unsigned status,
                                                    const char *code, const char *format, ...);
void api_fail_memory(struct web_response *response);

/* The whole of a list; takes `items` over. */
struct api_span {
    size_t offset;
    size_t limit;
};
void api_send_list(struct web_response *response, json_t *items, size_t total,
                   struct api_span span);

/* Values. */

/* A text; bytes that are no UTF-8 are replaced. */
json_t *api_text(const char *text);
json_t *api_text_or_null(const char *text); /* null where it is empty */
json_t *api_hex(const uint8_t *data, size_t len);
json_t *api_count(uint64_t count);
json_t *api_count_or_null(uint64_t count, uint64_t none);
json_t *api_address(const struct endpoint *address); /* without its port */
json_t *api_client(const uint8_t peer_id[static PEER_ID_LEN]);
json_t *api_unix(int64_t unix_ms); /* seconds, with a fraction where there is one */
json_t *api_ago(const struct api_call *call, uint32_t ago_s);

/* Puts `value`, which it takes over, into `object`, so that a want of memory shows at the end:
 * where anything failed, `*object` is freed and NULL. */
void api_put(json_t **object, const char *key, json_t *value);
void api_append(json_t **array, json_t *value);

/* What the query says. Where that cannot be understood, they answer so and return false. */
bool api_query_text(const struct api_call *call, struct web_response *response, const char *name,
                    char *text, size_t size); /* empty where it is not there */
bool api_query_number(const struct api_call *call, struct web_response *response, const char *name,
                      uint64_t unless_given, uint64_t max, uint64_t *number);
bool api_query_span(const struct api_call *call, struct web_response *response,
                    struct api_span *span);

/* The place of what is said among the choices, of which the first counts where nothing is. */
bool api_query_choice(const struct api_call *call, struct web_response *response, const char *name,
                      const char *const *choices, size_t count, size_t *choice);

/* The info_hash in the path. */
bool api_path_hash(const struct api_call *call, struct web_response *response,
                   uint8_t info_hash[static INFO_HASH_LEN]);

/* Whether the body says that it is JSON. */
bool api_body_is_json(const struct api_call *call);

/* The body, which must be a JSON object; the caller frees it. NULL: answered already. */
json_t *api_read_body(const struct api_call *call, struct web_response *response);

/* A text of the body's, of `min` to `max` bytes without control characters; where it is optional
 * and not there, empty. */
bool api_body_text(json_t *body, struct web_response *response, const char *name, bool optional,
                   char *text, size_t size);

/* What is known of whether a peer can be reached; REACH_UNKNOWN where there is no prober. */
struct reach_state api_reach(const struct api_call *call, const struct endpoint *peer);

/* {"open":N,"firewalled":N,"unknown":N}: of the ports at which an address' peers listen. */
json_t *api_reach_counts(const struct api_call *call, const struct address_row *row);

/* How a torrent does, with the reach of its seeders, at most 16 of which are looked at: of more,
 * none counts as shut. */
enum health api_health(const struct api_call *call, const struct torrent_stats *stats);

/* One torrent as it stands in a list. */
json_t *api_torrent(const struct api_call *call, const struct torrent_row *row);

/* One peer of a torrent of that size, 0 where it is not known. Has it checked, if it never was. */
json_t *api_peer(const struct api_call *call, const struct peer_stats *peer, uint64_t size);

/* One ban. */
json_t *api_ban(const struct registry_row *row);

/* The registry, which waits for nobody long: announces may wait behind this thread. The caller
 * closes it. NULL: answered already. Write to it through api_registry_done, which answers where
 * that did not go well, and closes it. */
struct registry *api_open_registry(const struct api_call *call, struct web_response *response);
void api_fail_registry(struct web_response *response, const struct registry *registry);
bool api_registry_done(const struct api_call *call, struct web_response *response,
                       struct registry *registry, bool good);

#endif
