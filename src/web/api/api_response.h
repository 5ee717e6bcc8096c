/* The responses of the API, and the JSON values in them. Private to web/api.
 *
 * A function that makes a value returns NULL if out of memory. json_pack(), api_put() and
 * api_append() accept such a NULL, release the rest and pass the NULL on, so that only the final
 * api_send() has to check. */
#ifndef SKEP_WEB_API_API_RESPONSE_H
#define SKEP_WEB_API_API_RESPONSE_H

#include <jansson.h>

#include "server/web_handler.h"
#include "swarm/announce.h"

/* A page of a list. */
struct api_span {
    size_t offset;
    size_t limit;
};

enum { API_JSON_FLAGS = JSON_COMPACT | JSON_REAL_PRECISION(14) }; /* of json_dumps() */

/* Sends `body` and releases it. NULL sends an out-of-memory error. */
void api_send(struct web_response *response, unsigned status, json_t *body);

/* {"items":…,"total":…,"offset":…,"limit":…}; takes over `items`. */
json_t *api_list(json_t *items, size_t total, struct api_span span);

/* Sends api_list(). */
void api_send_list(struct web_response *response, json_t *items, size_t total,
                   struct api_span span);

/* Sends a malloc'd body, which the response takes over. NULL sends an out-of-memory error. */
void api_send_data(struct web_response *response, const char *content_type, uint8_t *data,
                   size_t len);

/* Sends 201 with `body`, and its path as Location. The path is "`list`/`item`", relative to the
 * path of the request, so that it holds under a proxy's prefix too; `item` is percent-encoded here.
 */
void api_send_created(struct web_response *response, json_t *body, const char *list,
                      const char *item);

/* 204 if `found`; else 404 "`what` not found." */
void api_send_deleted(struct web_response *response, bool found, const char *what);

/* {"error":{"code":CODE,"message":MESSAGE}} */
__attribute__((format(printf, 4, 5))) void api_send_error(struct web_response *response,
                                                          unsigned status, const char *code,
                                                          const char *format, ...);
void api_send_out_of_memory(struct web_response *response);

/* Text; invalid UTF-8 is replaced by U+FFFD. */
json_t *api_text(const char *text);
json_t *api_text_or_null(const char *text); /* null if empty */
json_t *api_hex(const uint8_t *data, size_t len);
json_t *api_count(uint64_t count);
json_t *api_count_or_null(uint64_t count, uint64_t none);  /* null if equal to `none` */
json_t *api_address(const struct endpoint *address);       /* without port */
json_t *api_recorded_address(const struct endpoint *peer); /* network or null if reduced */
json_t *api_client(const uint8_t peer_id[static PEER_ID_LEN]);
json_t *api_unix(int64_t unix_ms);                /* seconds; milliseconds as a fraction */
json_t *api_ago(int64_t unix_ms, uint32_t ago_s); /* seconds, `ago_s` before `unix_ms` */

/* Adds `value`, and releases it. If anything failed, `*object` is released and becomes NULL. */
void api_put(json_t **object, const char *key, json_t *value);
void api_append(json_t **array, json_t *value);

#endif
