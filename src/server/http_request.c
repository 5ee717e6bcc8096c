#include "server/http_request.h"

#include <stdlib.h>
#include <string.h>

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
    request->headers_seen = false;
    request->error = NULL;
}

static void read_announce(struct http_request *request, struct bytes query, struct bytes key) {
    request->error = http_parse_announce(query, &request->announce);
    if (request->error != NULL)
        return;
    request->announce.request.passkey = passkey_of(key);
    request->announce.request.peer = request->client;
    endpoint_set_port(&request->announce.request.peer, request->announce.port);
}

static void read_scrape(struct http_request *request, struct bytes query, size_t scrape_max) {
    request->hashes = malloc(scrape_max * sizeof *request->hashes);
    if (request->hashes == NULL) {
        request->error = "this tracker is out of memory";
        return;
    }
    request->error = http_parse_scrape(query, request->hashes, scrape_max, &request->hash_count);
}

/* The library decodes its own copy of the URL in place, and cuts it. */
static void keep_target(struct http_request *request, struct bytes path, struct bytes query) {
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
    request->target_state = HTTP_TARGET_GOOD;
}

void http_request_read(struct http_request *request, struct bytes url, const char *reserved_prefix,
                       size_t scrape_max) {
    http_request_clear(request);
    const struct http_target target = http_parse_target(url);
    const bool reserved = bytes_start_with(target.path, bytes_of(reserved_prefix));
    request->kind = reserved ? HTTP_ROUTE_OTHER : target.kind;
    switch (request->kind) {
    case HTTP_ROUTE_ANNOUNCE:
        read_announce(request, target.query, target.prefix);
        break;
    case HTTP_ROUTE_SCRAPE:
        read_scrape(request, target.query, scrape_max);
        request->passkey = passkey_of(target.prefix);
        break;
    case HTTP_ROUTE_OTHER:
        keep_target(request, target.path, target.query);
        break;
    }
}
