#include "ctl/tracker_client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/percent.h"
#include "base/utf8.h"
#include "ctl/udp_session.h"

enum {
    URL_LEN = 2048,
    HTTP_SCRAPE_BATCH = 40, /* keeps the URL within the limits of trackers */
    HTTP_URL_LEN = URL_LEN + HTTP_SCRAPE_BATCH * (11 + 3 * INFO_HASH_LEN),
    FAILURE_LEN = 512,
    TIMEOUT_DEFAULT_S = 15,
    TIMEOUT_MAX_S = 600,
};

struct tracker_client {
    struct tracker_client_options options;
    struct tracker_url url; /* borrows `text` */
    char text[URL_LEN];
    struct http_client *http; /* either this or `udp` is set */
    struct udp_session *udp;
    bool connected;
    uint64_t took_us;
    int64_t certificate_expires_s;
    char address[ENDPOINT_TEXT_LEN];
    char failure[FAILURE_LEN];
};

const char *tracker_client_failure(const struct tracker_client *client) {
    return client->failure;
}

const char *tracker_client_address(const struct tracker_client *client) {
    return client->address;
}

uint64_t tracker_client_took_us(const struct tracker_client *client) {
    return client->took_us;
}

int64_t tracker_client_certificate_expires_s(const struct tracker_client *client) {
    return client->certificate_expires_s;
}

static uint64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static enum status set_failure(struct tracker_client *client, enum status status,
                               struct bytes reason) {
    const int len = reason.len < FAILURE_LEN ? (int)reason.len : FAILURE_LEN - 1;
    snprintf(client->failure, sizeof client->failure, "%.*s", len, (const char *)reason.data);
    return status;
}

static bool create_transport(struct tracker_client *client) {
    if (client->url.scheme == TRACKER_UDP) {
        client->udp = calloc(1, sizeof *client->udp);
        if (client->udp != NULL)
            client->udp->fd = -1;
        return client->udp != NULL;
    }
    client->http = http_client_create();
    return client->http != NULL;
}

/* Parses an announce URL. HTTP needs a path; without one, the usual /announce is added. */
static const char *parse_url(struct tracker_client *client, const char *text) {
    static const char announce[] = "/announce";
    struct tracker_url *url = &client->url;
    const struct bytes trimmed = utf8_unquote(bytes_of(text));
    if (trimmed.len >= URL_LEN)
        return "URL too long";
    memcpy(client->text, trimmed.data, trimmed.len);
    const char *error = tracker_url_parse(bytes_of(client->text), url);
    const bool bare = error == NULL && url->scheme != TRACKER_UDP &&
                      (url->target.len == 0 || bytes_equal(url->target, bytes_of("/")));
    if (!bare)
        return error;
    const size_t origin_len = url->whole.len - url->target.len;
    if (origin_len + sizeof announce > sizeof client->text)
        return "URL too long";
    memcpy(client->text + origin_len, announce, sizeof announce);
    return tracker_url_parse(bytes_of(client->text), url);
}

/* The URL can choose the family too. */
static const char *choose_family(struct tracker_client *client) {
    enum family *family = &client->options.http.family;
    if (client->url.family == FAMILY_NONE)
        return NULL;
    if (*family != FAMILY_NONE && *family != client->url.family)
        return "--v4 and udp6://, --v6 and udp4:// exclude each other";
    *family = client->url.family;
    return NULL;
}

struct tracker_client *tracker_client_open(const char *url,
                                           const struct tracker_client_options *options) {
    struct tracker_client *client = calloc(1, sizeof *client);
    const char *error = "out of memory";
    if (client != NULL) {
        client->options = *options;
        error = parse_url(client, url);
        if (error == NULL)
            error = choose_family(client);
        if (error == NULL && create_transport(client))
            return client;
    }
    output_fail(STATUS_FAULT, "%s: %s", url, error == NULL ? "out of memory" : error);
    tracker_client_close(client);
    return NULL;
}

void tracker_client_close(struct tracker_client *client) {
    if (client == NULL)
        return;
    if (client->udp != NULL)
        udp_session_close(client->udp);
    free(client->udp);
    http_client_delete(client->http);
    free(client);
}

static enum status udp_connect(struct tracker_client *client) {
    if (client->connected)
        return STATUS_GOOD;
    client->connected = udp_session_open(client->udp, &client->url, client->options.http.family,
                                         client->options.http.timeout_ms);
    snprintf(client->address, sizeof client->address, "%s", client->udp->address);
    return client->connected
               ? STATUS_GOOD
               : set_failure(client, STATUS_UNREACHABLE, bytes_of(client->udp->error));
}

static enum status udp_exchange(struct tracker_client *client, size_t len, struct bytes *body) {
    const uint64_t start_us = now_us();
    const enum udp_answer response =
        udp_session_exchange(client->udp, len, client->options.http.timeout_ms, body);
    client->took_us = now_us() - start_us;
    if (response == UDP_ANSWER_BROKEN)
        return set_failure(client, STATUS_UNREACHABLE, bytes_of(client->udp->error));
    return response == UDP_ANSWER_ERROR ? STATUS_REFUSED : STATUS_GOOD;
}

static enum status udp_announce(struct tracker_client *client,
                                const struct announce_request *request, uint16_t port,
                                struct announce_reply *reply) {
    struct udp_session *udp = client->udp;
    struct bytes body;
    enum status status = udp_connect(client);
    if (status != STATUS_GOOD)
        return status;
    if (!udp_session_begin(udp, UDP_ANNOUNCE))
        return set_failure(client, STATUS_UNREACHABLE, bytes_of(udp->error));
    const size_t len =
        udp_client_announce(udp->request, &udp->header, request, port, client->url.target);
    status = udp_exchange(client, len, &body);
    if (status == STATUS_REFUSED) {
        *reply = (struct announce_reply){
            .refused = true,
            .failure = body,
            .interval_s = REPLY_UNKNOWN,
            .min_interval_s = REPLY_UNKNOWN,
            .seeders = REPLY_UNKNOWN,
            .leechers = REPLY_UNKNOWN,
            .downloaded = REPLY_UNKNOWN,
        };
        return STATUS_GOOD;
    }
    if (status == STATUS_GOOD && !udp_client_read_announce(body, udp->family, reply))
        return set_failure(client, STATUS_UNREACHABLE, bytes_of("announce response too short"));
    return status;
}

static enum status udp_scrape_batch(struct tracker_client *client,
                                    const uint8_t (*hashes)[INFO_HASH_LEN], size_t count,
                                    counts_reader read, void *context) {
    struct udp_session *udp = client->udp;
    struct bytes body;
    if (!udp_session_begin(udp, UDP_SCRAPE))
        return set_failure(client, STATUS_UNREACHABLE, bytes_of(udp->error));
    const size_t len = udp_client_scrape(udp->request, &udp->header, hashes[0], count);
    const enum status status = udp_exchange(client, len, &body);
    if (status == STATUS_REFUSED)
        return set_failure(client, status, body);
    for (size_t i = 0; i < count && status == STATUS_GOOD; i++) {
        struct scrape_counts counts;
        if (!udp_client_read_counts(body, i, &counts))
            return set_failure(client, STATUS_UNREACHABLE, bytes_of("scrape response too short"));
        memcpy(counts.info_hash, hashes[i], INFO_HASH_LEN);
        read(context, &counts);
    }
    return status;
}

static void put_parameter(struct writer *w, const char *name, struct bytes value) {
    writer_put_text(w, name);
    percent_encode(w, value);
}

static void put_number(struct writer *w, const char *name, uint64_t value) {
    writer_put_text(w, name);
    writer_put_number(w, value);
}

/* Clients omit the event of a regular announce. */
static const char *event_text(enum announce_event event) {
    static const char *const texts[] = {
        [EVENT_COMPLETED] = "&event=completed",
        [EVENT_STARTED] = "&event=started",
        [EVENT_STOPPED] = "&event=stopped",
        [EVENT_PAUSED] = "&event=paused",
    };
    return event == EVENT_NONE ? "" : texts[event];
}

static void put_announce(struct writer *w, const struct announce_request *request, uint16_t port,
                         bool compact) {
    char key[9];
    put_parameter(w, "info_hash=", (struct bytes){ request->info_hash, INFO_HASH_LEN });
    put_parameter(w, "&peer_id=", (struct bytes){ request->peer_id, PEER_ID_LEN });
    put_number(w, "&port=", port);
    put_number(w, "&uploaded=", request->uploaded);
    put_number(w, "&downloaded=", request->downloaded);
    put_number(w, "&left=", request->left);
    snprintf(key, sizeof key, "%08" PRIx32, request->key);
    put_parameter(w, "&key=", bytes_of(key));
    if (request->numwant >= 0)
        put_number(w, "&numwant=", (uint64_t)request->numwant);
    writer_put_text(w, event_text(request->event));
    writer_put_text(w, compact ? "&compact=1" : "&compact=0");
}

/* Begins the parameters of the URL in `w`, which may have some already. */
static void put_query_mark(struct writer *w) {
    const bool has_query = memchr(w->data, '?', w->len) != NULL;
    writer_put_text(w, has_query ? "&" : "?");
}

static enum status http_get(struct tracker_client *client, struct writer *w,
                            struct http_response *response) {
    writer_put(w, "", 1);
    if (w->failed)
        return set_failure(client, STATUS_FAULT, bytes_of("URL too long"));
    const bool good =
        http_client_send(client->http, (const char *)w->data, &client->options.http, response);
    client->took_us = response->took_us;
    client->certificate_expires_s = response->certificate_expires_s;
    memcpy(client->address, response->address, sizeof client->address);
    return good ? STATUS_GOOD : set_failure(client, STATUS_UNREACHABLE, bytes_of(response->error));
}

static enum status fail_http(struct tracker_client *client, const struct http_response *response,
                             const char *error) {
    char text[FAILURE_LEN];
    snprintf(text, sizeof text, "invalid response (HTTP %u, %zu bytes): %s", response->status,
             response->body.len, error);
    return set_failure(client, STATUS_UNREACHABLE, bytes_of(text));
}

static enum status http_announce(struct tracker_client *client,
                                 const struct announce_request *request, uint16_t port,
                                 struct announce_reply *reply) {
    uint8_t url[HTTP_URL_LEN];
    struct http_response response;
    struct writer w = writer_on(url, sizeof url);
    writer_put(&w, client->url.whole.data, client->url.whole.len);
    put_query_mark(&w);
    put_announce(&w, request, port, client->options.compact);
    const enum status status = http_get(client, &w, &response);
    if (status != STATUS_GOOD)
        return status;
    const char *error = reply_parse_http_announce(response.body, reply);
    return error == NULL ? STATUS_GOOD : fail_http(client, &response, error);
}

static enum status http_scrape_batch(struct tracker_client *client,
                                     const uint8_t (*hashes)[INFO_HASH_LEN], size_t count,
                                     counts_reader read, void *context) {
    uint8_t url[HTTP_URL_LEN];
    struct http_response response;
    struct scrape_reply reply;
    struct scrape_counts counts;
    struct writer w = writer_on(url, sizeof url);
    if (!tracker_url_write_scrape(&w, &client->url))
        return set_failure(client, STATUS_FAULT,
                           bytes_of("no scrape URL: the last part of the path must be announce"));
    if (count > 0)
        put_query_mark(&w);
    for (size_t i = 0; i < count; i++)
        put_parameter(
            &w, i == 0 ? "info_hash=" : "&info_hash=", (struct bytes){ hashes[i], INFO_HASH_LEN });
    const enum status status = http_get(client, &w, &response);
    if (status != STATUS_GOOD)
        return status;
    const char *error = reply_parse_http_scrape(response.body, &reply);
    if (error != NULL)
        return fail_http(client, &response, error);
    if (reply.refused)
        return set_failure(client, STATUS_REFUSED, reply.failure);
    while (reply_next_counts(&reply, &counts))
        read(context, &counts);
    return STATUS_GOOD;
}

enum status tracker_client_announce(struct tracker_client *client,
                                    const struct announce_request *request, uint16_t port,
                                    struct announce_reply *reply) {
    return client->udp != NULL ? udp_announce(client, request, port, reply)
                               : http_announce(client, request, port, reply);
}

enum status tracker_client_scrape(struct tracker_client *client,
                                  const uint8_t (*hashes)[INFO_HASH_LEN], size_t count,
                                  counts_reader read, void *context) {
    const bool udp = client->udp != NULL;
    const size_t batch = udp ? UDP_SCRAPE_MAX : HTTP_SCRAPE_BATCH;
    if (udp && count == 0)
        return set_failure(client, STATUS_FAULT,
                           bytes_of("a UDP scrape requires at least one torrent"));
    enum status status = udp ? udp_connect(client) : STATUS_GOOD;
    size_t at = 0;
    do {
        const size_t len = count - at < batch ? count - at : batch;
        if (status == STATUS_GOOD)
            status = udp ? udp_scrape_batch(client, hashes + at, len, read, context)
                         : http_scrape_batch(client, hashes + at, len, read, context);
        at += len;
    } while (at < count && status == STATUS_GOOD);
    return status;
}

json_t *tracker_client_count_json(int64_t count) {
    return count == REPLY_UNKNOWN ? json_null() : json_integer(count);
}

bool tracker_client_options_read(const struct command_line *line,
                                 struct tracker_client_options *options) {
    const bool v4 = command_line_has(line, &option_ipv4);
    const bool v6 = command_line_has(line, &option_ipv6);
    uint64_t timeout_s = TIMEOUT_DEFAULT_S;
    if (!command_line_number(line, &option_timeout, 1, TIMEOUT_MAX_S, &timeout_s))
        return false;
    if (v4 && v6)
        return output_error("--v4 and --v6 exclude each other");
    options->http = (struct http_request_options){
        .cacert = command_line_value(line, &option_cacert),
        .timeout_ms = (uint32_t)timeout_s * 1000,
        .family = v4   ? FAMILY_V4
                  : v6 ? FAMILY_V6
                       : FAMILY_NONE,
        .insecure = command_line_has(line, &option_insecure),
        .follow = true,
    };
    return true;
}
