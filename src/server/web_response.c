#include "server/web_response.h"

#include <stdlib.h>

struct header {
    const char *name;
    const char *value; /* NULL: it is left out */
};

/* A browser that shows our page loads nothing from elsewhere, runs no script but ours, and lets no
 * other page look at or into it. */
static const struct header BINDING[] = {
    { "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
      "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
      "frame-ancestors 'none'" },
    { "X-Content-Type-Options", "nosniff" },
    { "Referrer-Policy", "no-referrer" },
    { "Cross-Origin-Resource-Policy", "same-origin" },
};

/* And shares nothing with who opened it. Over plain HTTP browsers complain of this one. */
static const struct header BINDING_SECURE = { "Cross-Origin-Opener-Policy", "same-origin" };

static void add(struct MHD_Response *response, const struct header *headers, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (headers[i].value != NULL)
            MHD_add_response_header(response, headers[i].name, headers[i].value);
    }
}

static struct MHD_Response *response_of(const struct web_response *answer) {
    void *body = (void *)(uintptr_t)answer->body;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->len, body, answer->owned ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (response == NULL && answer->owned)
        free(body);
    return response;
}

enum MHD_Result web_response_queue(struct MHD_Connection *connection,
                                   const struct web_response *answer, bool secure) {
    struct MHD_Response *response = response_of(answer);
    if (response == NULL)
        return MHD_NO;
    const struct header headers[] = {
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
    };
    add(response, headers, sizeof headers / sizeof *headers);
    add(response, BINDING, sizeof BINDING / sizeof *BINDING);
    add(response, &BINDING_SECURE, secure ? 1 : 0);
    const enum MHD_Result result = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}
