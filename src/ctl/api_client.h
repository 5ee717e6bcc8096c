/* Client of the API (/api/v1/) of a running skepd. One thread at a time. */
#ifndef SKEP_CTL_API_CLIENT_H
#define SKEP_CTL_API_CLIENT_H

#include "ctl/command_line.h"
#include "ctl/output.h"

struct api_client;

/* A client for --url or SKEPCTL_URL, with the token of --token, --token-file or SKEPCTL_TOKEN; does
 * not connect yet. NULL if one of them is invalid, after printing the error. */
struct api_client *api_client_open(const struct command_line *line);
void api_client_close(struct api_client *client); /* NULL is ignored */

/* The URL of skepd, without a slash at its end. */
const char *api_client_url(const struct api_client *client);

/* Whether the host of the URL is a loopback address or "localhost". */
bool api_client_is_local(const struct api_client *client);

struct api_client_request {
    const char *method;       /* NULL: GET */
    const char *path;         /* below /api/v1/, such as "status" or "torrents?limit=5" */
    const char *content_type; /* of `body`; NULL: no body */
    struct bytes body;
};

/* Sends a request. STATUS_GOOD with the JSON object of
 * the response in `*value`, which the caller owns (NULL if there is none: status 204); otherwise
 * api_client_failure has the reason. */
enum status api_client_send(struct api_client *client, const struct api_client_request *request,
                            json_t **value);

/* api_client_send of a JSON body, which it releases. NULL: out of memory. */
enum status api_client_send_json(struct api_client *client, const char *method, const char *path,
                                 json_t *body, json_t **value);

/* api_client_send of a GET request; an empty response is an error. */
enum status api_client_get(struct api_client *client, const char *path, json_t **value);

/* Reason of the last failure, with the URL. */
const char *api_client_failure(const struct api_client *client);

/* Prints the reason of the last failure, with a hint if skepd is unreachable. Returns `status`. */
enum status api_client_fail(const struct api_client *client, enum status status);

/* HTTP status of the last response; 0: there was none. */
unsigned api_client_http_status(const struct api_client *client);

/* api_client_get that prints the error. */
enum status api_client_fetch(struct api_client *client, const char *path, json_t **value);

/* api_client_fetch with a client for this request only. */
enum status api_client_fetch_once(const struct command_line *line, const char *path,
                                  json_t **value);

/* Gets a text of skepd, such as "/metrics". STATUS_GOOD and `*text`, which the client owns until
 * its next request. */
enum status api_client_get_text(struct api_client *client, const char *path, struct bytes *text);

/* Fields of a response. If a field is missing: 0 or `fallback`. */
uint64_t api_client_number(const json_t *object, const char *key);
double api_client_real(const json_t *object, const char *key);
const char *api_client_text(const json_t *object, const char *key, const char *fallback);

#endif
