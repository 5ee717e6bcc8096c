/* Client of a running skepd's API (/api/v1/). One thread at a time. */
#ifndef SKEP_CTL_API_CLIENT_H
#define SKEP_CTL_API_CLIENT_H

#include "ctl/command_line.h"
#include "ctl/output.h"

struct api_client;

/* Opens a client for the skepd at --url, with the token of --token, --token-file or SKEPCTL_TOKEN.
 * NULL if an option is invalid, which is printed. */
struct api_client *api_client_open(const struct command_line *line);
void api_client_close(struct api_client *client); /* NULL is ignored */

const char *api_client_url(const struct api_client *client);
bool api_client_is_local(const struct api_client *client); /* whether the URL is on this machine */

/* Requests `path`, such as "status" or "torrents?limit=5". STATUS_GOOD and a JSON object in
 * `*value`, which the caller owns; otherwise the reason is in api_client_failure. */
enum status api_client_get(struct api_client *client, const char *path, json_t **value);
const char *api_client_failure(const struct api_client *client);

struct api_client_request {
    const char *method;       /* NULL: GET */
    const char *path;         /* as for api_client_get */
    const char *content_type; /* of `body`; NULL: no body */
    struct bytes body;
};

/* Sends any request. `*value` is NULL if the response has no body. */
enum status api_client_send(struct api_client *client, const struct api_client_request *request,
                            json_t **value);

/* Sends a JSON body, which it consumes; NULL means out of memory. */
enum status api_client_send_json(struct api_client *client, const char *method, const char *path,
                                 json_t *body, json_t **value);

/* HTTP status of the last response; 0: none. */
unsigned api_client_http_status(const struct api_client *client);

/* As api_client_get, and prints a failure. */
enum status api_client_request(struct api_client *client, const char *path, json_t **value);

/* As api_client_request, with a client for this one request. */
enum status api_client_request_once(const struct command_line *line, const char *path,
                                    json_t **value);

/* Fields of a response; if absent: 0, "" (or `otherwise`), false. */
uint64_t api_client_number(const json_t *object, const char *key);
double api_client_real(const json_t *object, const char *key);
const char *api_client_text(const json_t *object, const char *key, const char *otherwise);

/* Keys by which the API sorts torrents. */
enum { TORRENT_SORTS = 7 };
extern const char *const torrent_sorts[TORRENT_SORTS];

#endif
