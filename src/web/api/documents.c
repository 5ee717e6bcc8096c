/* What of the API is no JSON of its own making: pictures, and the description of it all. */
#include <stdlib.h>
#include <string.h>

#include "web/api/api_call.h"
#include "web/http/assets.h"
#include "web/views/qr.h"

void api_get_qr(const struct api_call *call, struct web_response *response) {
    char text[QR_TEXT_MAX + 1];
    if (!api_query_text(call, response, "text", text, sizeof text))
        return;
    if (text[0] == '\0') {
        api_fail(response, 400, "bad_query", "text must say what the code is to say.");
        return;
    }
    uint8_t *picture = malloc(QR_SVG_MAX);
    struct writer w = writer_on(picture, picture == NULL ? 0 : QR_SVG_MAX);
    if (picture == NULL || !qr_write(&w, bytes_of(text))) {
        free(picture);
        api_fail_memory(response);
        return;
    }
    response->status = 200;
    response->content_type = "image/svg+xml";
    response->body = picture;
    response->len = w.len;
    response->owned = true;
}

void api_get_description(const struct api_call *call, struct web_response *response) {
    (void)call;
    const struct asset *description = assets_find(bytes_of("openapi.json"));
    if (description == NULL) {
        api_fail(response, 404, "not_found", "There is no description here.");
        return;
    }
    response->status = 200;
    response->content_type = "application/json";
    response->body = description->plain.data;
    response->len = description->plain.len;
}
