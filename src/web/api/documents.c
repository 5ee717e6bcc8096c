/* Resources that are not JSON made from the tracker's state: QR codes and the API's description. */
#include <stdlib.h>

#include "web/api/api_request.h"
#include "web/api/qr.h"
#include "web/http/assets.h"

static void get_qr(const struct api_request *request, struct web_response *response) {
    char text[QR_TEXT_MAX + 1];
    if (!api_query_text(request, response, "text", text, sizeof text))
        return;
    if (text[0] == '\0') {
        api_send_error(response, 400, "invalid_query", "Missing parameter: text.");
        return;
    }
    uint8_t *picture = malloc(QR_SVG_MAX);
    struct writer w = writer_on(picture, picture == NULL ? 0 : QR_SVG_MAX);
    if (!qr_write(&w, bytes_of(text))) {
        free(picture);
        picture = NULL;
    }
    api_send_data(response, "image/svg+xml", picture, w.len);
}

static void get_description(const struct api_request *request, struct web_response *response) {
    (void)request;
    const struct asset *description = assets_find(bytes_of("openapi.json"));
    if (description == NULL) {
        api_send_error(response, 404, "not_found", "openapi.json not found.");
        return;
    }
    response->status = 200;
    response->content_type = "application/json";
    response->body = description->plain.data;
    response->len = description->plain.len;
}

const struct api_route documents_routes[] = {
    { "GET", "openapi.json", ROLE_NONE, get_description },
    { "GET", "qr.svg", ROLE_ADMIN, get_qr },
    { .method = NULL },
};
