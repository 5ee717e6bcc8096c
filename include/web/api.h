/* The API under /api/v1/: JSON for all that the page and skepctl show and do. */
#ifndef SKEP_WEB_API_H
#define SKEP_WEB_API_H

#include "server/http_site.h"
#include "web/session.h"

struct api;

/* Where the answers come from. What is NULL has none to give. All of it must outlive the API. */
struct api_parts {
    struct tracker *tracker;
    const char *database; /* the SQLite file */
};

/* NULL without memory. */
struct api *api_create(const struct api_parts *parts);
void api_delete(struct api *api); /* NULL is fine */

/* Answers a call whose path begins with "/api/v1/", in full: what the session may not do is refused
 * here. Forged calls and bodies that are too long do not get here. Any thread. */
void api_answer(struct api *api, const struct session *session, const struct http_call *call,
                struct http_answer *answer);

#endif
