/* The API under /api/v1/: JSON for all that the page and skepctl show and do. src/web/page/
 * openapi.json says what each call takes and gives. */
#ifndef SKEP_WEB_API_API_H
#define SKEP_WEB_API_API_H

#include "probe/prober.h"
#include "server/listen.h"
#include "server/web_handler.h"
#include "swarm/tracker.h"
#include "web/http/authorization.h"
#include "web/views/recent_events.h"

enum { API_WARNINGS_MAX = 8, API_WARNING_LEN = 256 };

/* How skepd is: what the API itself cannot see. Warnings are plain words for people. */
struct api_condition {
    bool store_failing;
    double store_lag_s;
    size_t warning_count;
    char warnings[API_WARNINGS_MAX][API_WARNING_LEN];
};

/* What the configuration says. */
struct api_settings {
    enum access_mode mode;
    struct networks lan;
    struct endpoint external_v4; /* how the outside sees our LAN; FAMILY_NONE: unknown */
    struct endpoint external_v6;
    struct listen_addresses listen;
    uint16_t http_port;
    uint16_t https_port; /* 0: no HTTPS */
    uint16_t udp_port;   /* 0: no UDP */
};

/* Where the answers come from. What is NULL has none to give. All of it must outlive the API. */
struct api_parts {
    struct tracker *tracker;
    const char *database; /* the SQLite file */
    struct prober *prober;
    struct recent_events *events;
    void (*tell_condition)(void *context, struct api_condition *condition); /* any thread */
    void *condition_context;
};

struct api;

/* Copies both. NULL without memory, randomness or a thread. */
struct api *api_create(const struct api_parts *parts, const struct api_settings *settings);
void api_delete(struct api *api); /* NULL is fine */

/* Takes over what can change while running: all but where we listen. Any thread. */
void api_apply(struct api *api, const struct api_settings *settings);

/* Answers a call whose path begins with "/api/v1/", in full: what the session may not do is refused
 * here. Forged calls and bodies that are too long do not get here. Any thread. */
void api_answer(struct api *api, const struct authorization *auth,
                const struct web_request *request, struct web_response *response);

#endif
