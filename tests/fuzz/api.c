/* A call of the API by an admin: method, path, query, Host and Content-Type, a line of the input
 * each, and a body. The tracker has a few peers, and no database. */
#include "web/api/api.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { PEERS = 4, ROOM = 50 };

static const struct tracker_options options = {
    .interval_min_s = 120,
    .interval_max_s = 1800,
    .budget_per_s = 1000,
    .numwant = ROOM,
    .numwant_max = ROOM,
    .torrents_max = 100,
    .torrent_peers_max = 100,
    .peers_max = 100,
};

static void announce(struct tracker *tracker, uint8_t number) {
    uint8_t peers[ROOM * ENDPOINT_MAX_LEN];
    struct announce_response response = { .peers = peers, .peers_max = ROOM };
    const struct announce_request request = {
        .info_hash = { number & 1 },
        .peer_id = { '-', 'q', 'B', '4', '5', '2', '0', '-', number },
        .peer = { FAMILY_V4, { 10, 0, 0, number, 0x1a, 0xe1 } },
        .left = number / 2,
        .numwant = NUMWANT_DEFAULT,
    };
    const enum announce_result result = tracker_announce(tracker, &request, 5000, &response);
    assert(result == ANNOUNCE_OK);
}

static struct api *create_api(void) {
    struct tracker *tracker = tracker_create(&options, 0);
    const struct api_parts parts = { .tracker = tracker, .events = recent_events_create() };
    const struct api_settings settings = {
        .listen = { .count = 1, .list = { { FAMILY_V4, { 192, 168, 0, 1 } } } },
        .http_port = 6969,
    };
    assert(tracker != NULL && parts.events != NULL);
    for (uint8_t i = 0; i < PEERS; i++)
        announce(tracker, i);
    struct api *api = api_create(&parts, &settings);
    assert(api != NULL);
    return api;
}

/* That it is JSON, and an error where the status says so. */
static void check_json(const struct web_response *answer) {
    json_t *body = json_loadb((const char *)answer->body, answer->len, 0, NULL);
    assert(json_is_object(body));
    const json_t *error = json_object_get(body, "error");
    assert((error != NULL) == (answer->status >= 400));
    assert(error == NULL || json_is_string(json_object_get(error, "message")));
    json_decref(body);
}

static void check_answer(const struct web_response *answer) {
    assert(answer->status >= 200 && answer->status <= 503);
    if (answer->status == 204) {
        assert(answer->len == 0);
        return;
    }
    if (strcmp(answer->content_type, "application/json") == 0)
        check_json(answer);
    else
        assert(answer->status == 200);
}

/* Ends the line and returns it. */
static char *next_line(char **rest) {
    char *line = *rest;
    char *end = line + strcspn(line, "\n");
    *rest = *end == '\0' ? end : end + 1;
    *end = '\0';
    return line;
}

static void call_api(const struct web_request *call) {
    static struct api *api;
    static const struct authorization admin = { .role = ROLE_ADMIN };
    struct web_response answer = { .status = 0 };
    if (api == NULL)
        api = create_api();
    api_answer(api, &admin, call, &answer);
    check_answer(&answer);
    if (answer.owned)
        free((void *)(uintptr_t)answer.body);
}

int fuzz_api(const uint8_t *data, size_t size) {
    char *copy = calloc(1, size + 1);
    assert(copy != NULL);
    memcpy(copy, data, size);
    char *rest = copy;
    struct web_request call = { .client = { FAMILY_V4, { 127, 0, 0, 1 } } };
    call.method = next_line(&rest);
    call.path = bytes_of(next_line(&rest));
    call.query = bytes_of(next_line(&rest));
    call.host = next_line(&rest);
    call.content_type = next_line(&rest);
    call.body.data = (const uint8_t *)rest;
    call.body.len = size - (size_t)(rest - copy);
    /* Others do not come here. */
    if (bytes_start_with(call.path, bytes_of("/api/v1/")))
        call_api(&call);
    free(copy);
    return 0;
}
