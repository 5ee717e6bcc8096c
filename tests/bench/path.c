/* Handles requests without sockets, on a tracker that is the same in every run, for callgrind to
 * count the instructions; see tests/bench/instructions.
 *
 *   path KIND COUNT */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "requests.h"
#include "server/http_tracker.h"
#include "server/udp_tracker.h"

enum { PEERS = 4000, TORRENTS = 40, ADDRESSES = 50, NOW_MS = 1000000, ASKS = 256, HEADERS_MAX = 4 };

/* Replaces random_secret (by the linker): fixed keys, so that every run takes the same path. */
bool __wrap_random_secret(void *data, size_t len);

bool __wrap_random_secret(void *data, size_t len) {
    static struct random random = { .state = 1 };
    uint8_t *bytes = data;
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)random_next(&random);
    return true;
}

struct path {
    struct udp_context udp;
    struct http_context http_context;
    struct http_request request; /* of one connection */
    struct workload *work;
    struct ask asks[ASKS];
    uint64_t connection_ids[ASKS];
    struct http_text {
        struct bytes target;
        size_t header_count;
        struct header {
            const char *name;
            size_t name_len;
            const char *value;
        } headers[HEADERS_MAX];
        char text[HTTP_REQUEST_MAX];
    } http[ASKS];
    size_t udp_lens[ASKS];
    uint8_t packets[ASKS][UDP_REQUEST_MAX];
    uint64_t bytes; /* of all replies; their use keeps the compiler from dropping the work */
};

static struct endpoint sender_of(const struct ask *ask) {
    struct endpoint sender = { .family = FAMILY_V4, .wire = { 198, 51, 100, 0 } };
    sender.wire[3] = (uint8_t)(ask->address + 1);
    return sender;
}

static const struct tracker_options TRACKER_OPTIONS = {
    .interval_min_s = 120,
    .interval_max_s = 1800,
    .budget_per_s = 1000,
    .numwant = 50,
    .numwant_max = 200,
    .address_requests_per_s = 1000000,
    .address_requests_burst = 1000000,
    .torrents_max = 1000000,
    .torrent_peers_max = 1000000,
    .peers_max = 10000000,
    .address_peers_max = 20000,
    .address_torrent_peers_max = 100,
    .idle_torrent_s = 86400,
    .lan = {
        .count = 3,
        .list = {
            { .family = FAMILY_V4, .bits = 8, .address = { 10 } },
            { .family = FAMILY_V4, .bits = 12, .address = { 172, 16 } },
            { .family = FAMILY_V4, .bits = 16, .address = { 192, 168 } },
        },
    },
};

static const struct workload_options WORK_OPTIONS = {
    .peers = PEERS,
    .torrents = TORRENTS,
    .addresses = ADDRESSES,
    .shape = SHAPE_EVEN,
    .seeders_percent = 30,
    .numwant = 50,
    .seed = 1,
};

static uint64_t connection_id_for(struct path *path, const struct endpoint *sender) {
    uint8_t request[UDP_CONNECT_LEN];
    uint8_t out[UDP_REPLY_MAX];
    const size_t len = udp_connect_request(1, request);
    enum udp_outcome outcome;
    const size_t replied = udp_tracker_reply(&path->udp, (struct bytes){ request, len }, sender,
                                             sender, NOW_MS, out, &outcome);
    assert(replied == UDP_CONNECT_REPLY_LEN);
    (void)replied;
    return load_u64(out + 8);
}

static void reply_to_packet(struct path *path, const struct ask *ask, const uint8_t *packet,
                            size_t len) {
    uint8_t out[UDP_REPLY_MAX];
    const struct endpoint sender = sender_of(ask);
    enum udp_outcome outcome;
    path->bytes += udp_tracker_reply(&path->udp, (struct bytes){ packet, len }, &sender, &sender,
                                     NOW_MS, out, &outcome);
}

static void fill(struct path *path) {
    for (uint32_t i = 0; i < PEERS; i++) {
        const struct ask ask = workload_first(path->work, i);
        const struct endpoint sender = sender_of(&ask);
        uint8_t packet[UDP_REQUEST_MAX];
        const size_t len = udp_request(&ask, connection_id_for(path, &sender), i, packet);
        reply_to_packet(path, &ask, packet, len);
    }
    assert(tracker_stats(path->udp.tracker).peers == PEERS);
}

/* Splits the request into strings, as libmicrohttpd does. */
static void split_request(struct http_text *http, size_t len) {
    struct bytes rest = { (uint8_t *)http->text, len };
    (void)bytes_split(&rest, ' ');
    http->target = bytes_split(&rest, ' ');
    (void)bytes_split(&rest, '\n');
    for (;;) {
        char *line = http->text + (rest.data - (const uint8_t *)http->text);
        const size_t name_len = strcspn(line, ":\r");
        if (line[name_len] != ':')
            break;
        assert(http->header_count < HEADERS_MAX);
        (void)bytes_split(&rest, '\n');
        line[name_len] = '\0';
        char *value = line + name_len + strlen(": ");
        value[strcspn(value, "\r")] = '\0';
        http->headers[http->header_count++] = (struct header){ line, name_len, value };
    }
}

static void prepare(struct path *path, enum ask_kind kind) {
    for (uint32_t i = 0; i < ASKS; i++) {
        struct ask *ask = &path->asks[i];
        *ask = workload_first(path->work, i * (PEERS / ASKS));
        ask->kind = kind;
        const struct endpoint sender = sender_of(ask);
        struct http_text *http = &path->http[i];
        split_request(http, http_request(ask, "127.0.0.1:6969", true, (uint8_t *)http->text));
        path->udp_lens[i] = udp_request(ask, connection_id_for(path, &sender), i, path->packets[i]);
    }
}

static void http_ask(struct path *path, uint32_t n) {
    const struct http_text *http = &path->http[n];
    struct http_request *request = &path->request;
    request->peer = sender_of(&path->asks[n]);
    http_tracker_read_target(&path->http_context, request, http->target);
    http_tracker_begin_headers(request, false, NULL);
    for (size_t i = 0; i < http->header_count; i++)
        http_tracker_read_header(request, http->headers[i].name, http->headers[i].name_len,
                                 http->headers[i].value);
    const enum http_body_plan plan = http_tracker_end_headers(&path->http_context, "GET", request);
    assert(plan == HTTP_BODY_READ);
    (void)plan;
    uint8_t buffer[HTTP_RESPONSE_BUFFER];
    struct http_response response;
    http_tracker_reply(&path->http_context, "GET", request, NOW_MS, buffer, &response);
    assert(response.status == 200 && response.outcome.result == HTTP_RESULT_OK);
    path->bytes += response.body.len;
}

static void udp_ask(struct path *path, uint32_t n) {
    reply_to_packet(path, &path->asks[n], path->packets[n], path->udp_lens[n]);
}

/* A peer stops and starts again, which leaves the swarm unchanged. */
static void udp_stop_and_start(struct path *path, uint32_t n) {
    store_u32(path->packets[n] + 80, 3);
    udp_ask(path, n);
    store_u32(path->packets[n] + 80, 2);
    udp_ask(path, n);
}

static void udp_connect(struct path *path, uint32_t n) {
    const struct endpoint sender = sender_of(&path->asks[n]);
    path->bytes += connection_id_for(path, &sender);
}

static const struct {
    const char *name;
    enum ask_kind asks;
    void (*once)(struct path *path, uint32_t n);
} kinds[] = {
    { "http-announce", ASK_UPDATE, http_ask },
    { "http-scrape", ASK_SCRAPE, http_ask },
    { "udp-connect", ASK_UPDATE, udp_connect },
    { "udp-announce", ASK_UPDATE, udp_ask },
    { "udp-scrape", ASK_SCRAPE, udp_ask },
    { "udp-stop-and-start", ASK_UPDATE, udp_stop_and_start },
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static bool run(size_t kind, unsigned long count) {
    static struct path path;
    path.work = workload_create(&WORK_OPTIONS);
    /* No feed: its reader is not part of this path. */
    path.udp.tracker = tracker_create(&TRACKER_OPTIONS, 0);
    path.udp.connection_id_lifetime_s = 3600;
    path.http_context.tracker = path.udp.tracker;
    path.http_context.web.reserved_prefix = "/api/";
    path.http_context.scrape_max = 4;
    if (path.work == NULL || path.udp.tracker == NULL)
        return false;
    fill(&path);
    prepare(&path, kinds[kind].asks);
    for (unsigned long i = 0; i < count; i++)
        kinds[kind].once(&path, (uint32_t)(i % ASKS));
    http_tracker_clear(&path.request);
    printf("%llu bytes\n", (unsigned long long)path.bytes);
    tracker_delete(path.udp.tracker);
    workload_delete(path.work);
    return true;
}

int main(int argc, char **argv) {
    for (size_t i = 0; argc == 3 && i < KINDS; i++) {
        if (strcmp(argv[1], kinds[i].name) == 0)
            return run(i, strtoul(argv[2], NULL, 10)) ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    fprintf(stderr, "usage: path KIND COUNT, where KIND is one of\n");
    for (size_t i = 0; i < KINDS; i++)
        fprintf(stderr, "    %s\n", kinds[i].name);
    return EXIT_FAILURE;
}
