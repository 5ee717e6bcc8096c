#include "server/http_request.h"

#include <stdlib.h>
#include <string.h>

#include "wire/passkey.h"

void http_request_clear(struct http_request *request) {
    free(request->hashes);
    request->hashes = NULL;
    request->hash_count = 0;
    request->headers_seen = false;
    request->body_len = 0;
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

static void read_path(struct http_request *request, struct bytes path) {
    const size_t len = path.len < HTTP_PATH_MAX ? path.len : HTTP_PATH_MAX - 1;
    memcpy(request->path, path.data, len);
    request->path[len] = '\0';
}

void http_request_read(struct http_request *request, struct bytes url, size_t scrape_max) {
    http_request_clear(request);
    const struct http_target target = http_parse_target(url);
    request->kind = target.kind;
    switch (target.kind) {
    case HTTP_ROUTE_ANNOUNCE:
        read_announce(request, target.query, target.prefix);
        break;
    case HTTP_ROUTE_SCRAPE:
        read_scrape(request, target.query, scrape_max);
        request->passkey = passkey_of(target.prefix);
        break;
    case HTTP_ROUTE_OTHER:
        read_path(request, target.path);
        break;
    }
}
