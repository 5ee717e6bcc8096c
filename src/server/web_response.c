#include "server/web_response.h"

#include <stdlib.h>

static void add_headers(struct MHD_Response *message, const struct http_header *headers) {
    for (size_t i = 0; headers != NULL && headers[i].name != NULL; i++) {
        if (headers[i].value != NULL)
            MHD_add_response_header(message, headers[i].name, headers[i].value);
    }
}

static struct MHD_Response *create_response(const struct web_response *response) {
    void *body = (void *)(uintptr_t)response->body;
    struct MHD_Response *message = MHD_create_response_from_buffer(
        response->len, body, response->owned ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (message == NULL && response->owned)
        free(body);
    return message;
}

enum MHD_Result web_response_queue(struct MHD_Connection *connection,
                                   const struct web_response *response) {
    struct MHD_Response *message = create_response(response);
    if (message == NULL)
        return MHD_NO;
    const struct http_header headers[] = {
        { MHD_HTTP_HEADER_CONTENT_TYPE, response->content_type },
        { MHD_HTTP_HEADER_CACHE_CONTROL,
          response->cache_control == NULL ? "no-store" : response->cache_control },
        { MHD_HTTP_HEADER_ETAG, response->etag },
        { MHD_HTTP_HEADER_CONTENT_ENCODING, response->encoding },
        { MHD_HTTP_HEADER_VARY, response->vary },
        { MHD_HTTP_HEADER_CONTENT_DISPOSITION, response->disposition },
        { MHD_HTTP_HEADER_ALLOW, response->allow },
        { MHD_HTTP_HEADER_WWW_AUTHENTICATE, response->authenticate },
        { MHD_HTTP_HEADER_RETRY_AFTER, response->retry_after },
        { NULL, NULL },
    };
    add_headers(message, headers);
    add_headers(message, response->headers);
    const enum MHD_Result result = MHD_queue_response(connection, response->status, message);
    MHD_destroy_response(message);
    return result;
}
