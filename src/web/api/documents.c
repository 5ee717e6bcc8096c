/* What of the API is no JSON of its own making: pictures, and the description of it all. */
#include <stdlib.h>
#include <string.h>

#include "web/api/api_call.h"
#include "web/http/assets.h"
#include "web/views/qr.h"

void api_get_qr(const struct api_call *call, struct web_response *answer) {
    char text[QR_TEXT_MAX + 1];
    if (!api_query_text(call, answer, "text", text, sizeof text))
        return;
    if (text[0] == '\0') {
        api_fail(answer, 400, "bad_query", "text must say what the code is to say.");
        return;
    }
    uint8_t *picture = malloc(QR_SVG_MAX);
    struct writer w = writer_on(picture, picture == NULL ? 0 : QR_SVG_MAX);
    if (picture == NULL || !qr_write(&w, bytes_of(text))) {
        free(picture);
        api_fail_memory(answer);
        return;
    }
    answer->status = 200;
    answer->content_type = "image/svg+xml";
    answer->body = picture;
    answer->len = w.len;
    answer->owned = true;
}

void api_get_description(const struct api_call *call, struct web_response *answer) {
    (void)call;
    const struct asset *description = assets_find(bytes_of("openapi.json"));
    if (description == NULL) {
        api_fail(answer, 404, "not_found", "There is no description here.");
        return;
    }
    answer->status = 200;
    answer->content_type = "application/json";
    answer->body = description->plain.data;
    answer->len = description->plain.len;
}
