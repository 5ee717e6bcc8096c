#include "server/web_request.h"

#include <string.h>
#include <strings.h>

/* Headers that are passed to the handler, and their fields in struct web_request. */
static const struct {
    const char *name;
    size_t offset;
} HEADERS[] = {
    { "Host", offsetof(struct web_request, host) },
    { "Origin", offsetof(struct web_request, origin) },
    { "Sec-Fetch-Site", offsetof(struct web_request, sec_fetch_site) },
    { "Authorization", offsetof(struct web_request, authorization) },
    { "Content-Type", offsetof(struct web_request, content_type) },
    { "Accept", offsetof(struct web_request, accept) },
    { "Accept-Encoding", offsetof(struct web_request, accept_encoding) },
    { "If-None-Match", offsetof(struct web_request, if_none_match) },
};

static enum MHD_Result read_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                   const char *value) {
    (void)kind;
    struct web_request *request = cls;
    for (size_t i = 0; i < sizeof HEADERS / sizeof *HEADERS; i++) {
        const char **field = (const char **)((char *)request + HEADERS[i].offset);
        if (*field == NULL && strcasecmp(name, HEADERS[i].name) == 0)
            *field = value;
    }
    return MHD_YES;
}

struct web_request web_request_of(struct MHD_Connection *connection, const char *method,
                                  const struct http_request *request) {
    struct web_request web_request = {
        .method = method,
        .path = request->path,
        .query = request->query,
        .client = request->client.endpoint,
        .proxied = request->client.proxied,
        .client_in_doubt = request->client.in_doubt,
        .secure = request->secure,
        .body_too_large = request->body.too_large,
        .body_over_budget = request->body.over_budget,
    };
    if (strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
        web_request.method = MHD_HTTP_METHOD_GET;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, read_header, &web_request);
    return web_request;
}

static const char *find_header(struct MHD_Connection *connection, const char *name) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

uint64_t web_request_body_len(struct MHD_Connection *connection) {
    if (find_header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL)
        return HTTP_BODY_LEN_UNKNOWN;
    const char *length = find_header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
    uint64_t announced = 0;
    if (length != NULL && !bytes_to_u64(bytes_of(length), &announced))
        return HTTP_BODY_LEN_UNKNOWN;
    return announced;
}

bool web_request_expects_continue(struct MHD_Connection *connection) {
    return find_header(connection, MHD_HTTP_HEADER_EXPECT) != NULL;
}
