#include "web/api.h"

#include <stdlib.h>

#include "web/answer.h"

struct api {
    struct api_parts parts;
};

struct api *api_create(const struct api_parts *parts) {
    struct api *api = calloc(1, sizeof *api);
    if (api != NULL)
        api->parts = *parts;
    return api;
}

void api_delete(struct api *api) {
    free(api);
}

void api_answer(struct api *api, const struct session *session, const struct http_call *call,
                struct http_answer *answer) {
    (void)api;
    (void)session;
    answer_error(answer, call, 404, "not_found", "There is no such thing.");
}
