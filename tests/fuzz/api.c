/* An admin's request to the API: method, path, query, Host and Content-Type, a line of the input
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
    const struct api_sources sources = {
        .tracker = tracker,
        .totals = swarm_totals_create(tracker, 5000),
        .events = recent_events_create(ADDRESS_FULL, 1),
    };
    const struct tracker_settings settings = {
        .listen = { .count = 1, .list = { { FAMILY_V4, { 192, 168, 0, 1 } } } },
        .http_port = 6969,
    };
    assert(tracker != NULL && sources.totals != NULL && sources.events != NULL);
    for (uint8_t i = 0; i < PEERS; i++)
        announce(tracker, i);
    struct api *api = api_create(&sources, &settings);
    assert(api != NULL);
    api_end_streams(api, 1);
    return api;
}

/* The body is JSON, and an error if the status is one. */
static void check_json(const struct web_response *response) {
    json_t *body = json_loadb((const char *)response->body, response->len, 0, NULL);
    assert(json_is_object(body));
    const json_t *error = json_object_get(body, "error");
    assert((error != NULL) == (response->status >= 400));
    assert(error == NULL || json_is_string(json_object_get(error, "message")));
    json_decref(body);
}

static void check_stream(const struct web_stream *stream) {
    uint8_t buffer[100];
    assert(stream->read(stream->subject, buffer, sizeof buffer) > 0);
    assert(stream->read(stream->subject, buffer, sizeof buffer) == WEB_STREAM_WAIT);
    stream->close(stream->subject);
}

static void check_response(const struct web_response *response) {
    assert(response->status >= 200 && response->status <= 503);
    if (response->status == 204) {
        assert(response->len == 0);
        return;
    }
    if (strcmp(response->content_type, "application/json") == 0)
        check_json(response);
    else
        assert(response->status == 200);
}

/* Ends the line and returns it. */
static char *next_line(char **rest) {
    char *line = *rest;
    char *end = line + strcspn(line, "\n");
    *rest = *end == '\0' ? end : end + 1;
    *end = '\0';
    return line;
}

static void send_request(const struct web_request *request) {
    static struct api *api;
    static const struct authorization admin = { .role = ROLE_ADMIN };
    struct web_response response = { .status = 0 };
    if (api == NULL)
        api = create_api();
    api_handle(api, &admin, request, &response);
    check_response(&response);
    if (response.stream.read != NULL)
        check_stream(&response.stream);
    if (response.owned)
        free((void *)(uintptr_t)response.body);
}

FUZZ_TARGET(api, 1) {
    char *copy = calloc(1, size + 1);
    assert(copy != NULL);
    memcpy(copy, data, size);
    char *rest = copy;
    struct web_request request = { .client = { FAMILY_V4, { 127, 0, 0, 1 } } };
    request.method = next_line(&rest);
    request.path = bytes_of(next_line(&rest));
    request.query = bytes_of(next_line(&rest));
    request.host = next_line(&rest);
    request.content_type = next_line(&rest);
    request.body.data = (const uint8_t *)rest;
    request.body.len = size - (size_t)(rest - copy);
    /* The router passes on no other paths. */
    if (bytes_start_with(request.path, bytes_of("/api/v1/")))
        send_request(&request);
    free(copy);
}
