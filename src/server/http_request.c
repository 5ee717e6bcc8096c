#include "server/http_request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "wire/passkey.h"

void http_request_clear(struct http_request *request) {
    free(request->hashes);
    request->hashes = NULL;
    request->hash_count = 0;
    if (request->kind == HTTP_ROUTE_OTHER) {
        free(request->target);
        request->target = NULL;
    }
    if (request->kind == HTTP_ROUTE_OTHER || request->body.received > 0)
        http_body_clear(&request->body);
    request->headers_read = false;
    request->error = NULL;
}

static void read_scrape(struct http_request *request, struct bytes query, size_t scrape_max) {
    request->hashes = malloc(scrape_max * sizeof *request->hashes);
    if (request->hashes == NULL)
        request->error = "tracker out of memory";
    else
        request->error =
            http_parse_scrape(query, request->hashes, scrape_max, &request->hash_count);
}

/* A copy, because libmicrohttpd decodes and cuts the URL in place. */
static void copy_target(struct http_request *request, struct bytes path, struct bytes query) {
    if (path.len + query.len > HTTP_TARGET_MAX) {
        request->target_state = HTTP_TARGET_TOO_LONG;
        return;
    }
    request->target = malloc(path.len + query.len + 1);
    if (request->target == NULL) {
        request->target_state = HTTP_TARGET_NO_MEMORY;
        return;
    }
    struct writer w = writer_on((uint8_t *)request->target, path.len + query.len);
    writer_put(&w, path.data, path.len);
    writer_put(&w, query.data, query.len);
    request->path = (struct bytes){ w.data, path.len };
    request->query = (struct bytes){ w.data + path.len, query.len };
    request->target_state = HTTP_TARGET_OK;
}

void http_request_read_url(struct http_request *request, struct bytes url,
                           const char *reserved_prefix, size_t scrape_max) {
    http_request_clear(request);
    const struct http_target target = http_parse_target(url);
    const bool reserved = bytes_start_with(target.path, bytes_of(reserved_prefix));
    request->kind = reserved ? HTTP_ROUTE_OTHER : target.kind;
    switch (request->kind) {
    case HTTP_ROUTE_ANNOUNCE:
        request->error = http_parse_announce(target.query, &request->announce);
        request->announce.request.passkey = passkey_of(target.prefix);
        break;
    case HTTP_ROUTE_SCRAPE:
        read_scrape(request, target.query, scrape_max);
        request->passkey = passkey_of(target.prefix);
        break;
    case HTTP_ROUTE_OTHER:
        copy_target(request, target.path, target.query);
        break;
    }
}

struct header_reader {
    struct client_headers client;
    unsigned lengths; /* headers Content-Length */
    unsigned codings; /* headers Transfer-Encoding */
    bool ambiguous;
};

static enum MHD_Result read_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                   size_t name_len, const char *value, size_t value_len) {
    (void)kind;
    (void)value_len;
    struct header_reader *reader = cls;
    /* libmicrohttpd accepts whitespace before the colon, as part of the name; RFC 9112, 5.1
     * requires servers to reject it. */
    if (name_len > 0 && (name[name_len - 1] == ' ' || name[name_len - 1] == '\t'))
        reader->ambiguous = true;
    if (name_len == strlen("Content-Length") && strcasecmp(name, "Content-Length") == 0) {
        reader->lengths++;
    } else if (name_len == strlen("Transfer-Encoding") &&
               strcasecmp(name, "Transfer-Encoding") == 0) {
        reader->codings++;
        if (value == NULL || strcasecmp(value, "chunked") != 0)
            reader->ambiguous = true;
    } else {
        client_headers_read(&reader->client, name, name_len, value);
    }
    return MHD_YES;
}

void http_request_read_headers(struct http_request *request, struct MHD_Connection *connection,
                               bool http10, const struct networks *trusted) {
    struct header_reader reader = { .client = { .trusted = trusted, .http10 = http10 } };
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, read_header, &reader);
    request->headers_read = true;
    /* RFC 9112, 6.3. HTTP/1.0 has no chunked bodies. */
    request->ambiguous_length =
        reader.ambiguous || reader.lengths + reader.codings > 1 || (http10 && reader.codings > 0);
    request->client = client_address_find(&request->peer, &reader.client);
    if (request->kind != HTTP_ROUTE_ANNOUNCE)
        return;
    struct announce_request *announce = &request->announce.request;
    announce->peer = request->client.endpoint;
    endpoint_set_port(&announce->peer, request->announce.port);
    announce->may_be_proxy = request->client.may_be_proxy;
}
