/* The skepd that runs, asked through its API (/api/v1/). One thread at a time. */
#ifndef SKEP_CTL_API_CLIENT_H
#define SKEP_CTL_API_CLIENT_H

#include "ctl/command_line.h"
#include "ctl/output.h"

struct remote;

/* The daemon at --url, with the token of --token, --token-file or SKEPCTL_TOKEN. NULL if these make
 * no sense, which has been said. */
struct remote *remote_open(const struct command_line *line);
void remote_close(struct remote *remote); /* NULL is fine */

const char *remote_url(const struct remote *remote);
bool remote_is_local(const struct remote *remote); /* whether the URL means this machine itself */

/* Asks for `path`, such as "status" or "torrents?limit=5". STATUS_GOOD and a JSON object in
 * `*value`, which is the caller's; or why there is none, in words in remote_failure. */
enum status remote_get(struct remote *remote, const char *path, json_t **value);
const char *remote_failure(const struct remote *remote);

struct remote_request {
    const char *method;       /* NULL: GET */
    const char *path;         /* as for remote_get */
    const char *content_type; /* of `body`; NULL: there is none */
    struct bytes body;
};

/* Any request; `*value` is NULL where it was fulfilled without a word. */
enum status remote_send(struct remote *remote, const struct remote_request *request,
                        json_t **value);

/* remote_send of a JSON body, which it takes over; NULL is a lack of memory. */
enum status remote_send_json(struct remote *remote, const char *method, const char *path,
                             json_t *body, json_t **value);

/* The HTTP status of the last answer; 0: none came. */
unsigned remote_http_status(const struct remote *remote);

/* remote_get that says what failed. */
enum status remote_ask(struct remote *remote, const char *path, json_t **value);

/* remote_ask, of a daemon that is asked but once. */
enum status remote_ask_once(const struct command_line *line, const char *path, json_t **value);

/* Fields of an answer, which may lack them: 0, "" (or `otherwise`), false. */
uint64_t remote_number(const json_t *object, const char *key);
double remote_real(const json_t *object, const char *key);
const char *remote_text(const json_t *object, const char *key, const char *otherwise);

#endif
