#include "server/web_response.h"

#include <stdlib.h>

static void add_headers(struct MHD_Response *response, const struct http_header *headers) {
    for (size_t i = 0; headers != NULL && headers[i].name != NULL; i++) {
        if (headers[i].value != NULL)
            MHD_add_response_header(response, headers[i].name, headers[i].value);
    }
}

static struct MHD_Response *create_response(const struct web_response *answer) {
    void *body = (void *)(uintptr_t)answer->body;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->len, body, answer->owned ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (response == NULL && answer->owned)
        free(body);
    return response;
}

enum MHD_Result web_response_queue(struct MHD_Connection *connection,
                                   const struct web_response *answer) {
    struct MHD_Response *response = create_response(answer);
    if (response == NULL)
        return MHD_NO;
    const struct http_header headers[] = {
        { MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type },
        { MHD_HTTP_HEADER_CACHE_CONTROL,
          answer->cache_control == NULL ? "no-store" : answer->cache_control },
        { MHD_HTTP_HEADER_ETAG, answer->etag },
        { MHD_HTTP_HEADER_CONTENT_ENCODING, answer->encoding },
        { MHD_HTTP_HEADER_VARY, answer->vary },
        { MHD_HTTP_HEADER_CONTENT_DISPOSITION, answer->disposition },
        { MHD_HTTP_HEADER_ALLOW, answer->allow },
        { MHD_HTTP_HEADER_LOCATION, answer->location },
        { MHD_HTTP_HEADER_WWW_AUTHENTICATE, answer->authenticate },
        { MHD_HTTP_HEADER_RETRY_AFTER, answer->retry_after },
        { NULL, NULL },
    };
    add_headers(response, headers);
    add_headers(response, answer->headers);
    const enum MHD_Result result = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}
