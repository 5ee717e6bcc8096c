#include "server/http_body.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 16 * 1024 };

enum http_body_plan http_body_begin(struct http_body *body, uint64_t announced, size_t granted,
                                    bool waits) {
    body->granted = granted;
    if (announced <= granted)
        return HTTP_BODY_READ;
    if (granted > 0 && announced == HTTP_BODY_LEN_UNKNOWN)
        return HTTP_BODY_READ;
    body->refused = true;
    if (waits)
        return HTTP_BODY_REFUSE;
    return granted > 0 || announced <= HTTP_BODY_FORGIVEN ? HTTP_BODY_READ : HTTP_BODY_REFUSE;
}

static void refuse(struct http_body *body) {
    free(body->data);
    body->data = NULL;
    body->len = 0;
    body->capacity = 0;
    body->refused = true;
}

static bool grow(struct http_body *body, size_t len) {
    size_t capacity = body->capacity > 0 ? body->capacity : FIRST_CAPACITY;
    while (capacity < len)
        capacity *= 2;
    if (capacity > body->granted)
        capacity = body->granted;
    uint8_t *data = realloc(body->data, capacity);
    if (data == NULL)
        return false;
    body->data = data;
    body->capacity = capacity;
    return true;
}

bool http_body_add(struct http_body *body, const void *data, size_t len) {
    body->seen += len;
    if (!body->refused && len > body->granted - body->len)
        refuse(body);
    if (body->refused)
        return body->granted > 0 || body->seen <= HTTP_BODY_FORGIVEN;
    if (body->len + len > body->capacity && !grow(body, body->len + len))
        return false;
    memcpy(body->data + body->len, data, len);
    body->len += len;
    return true;
}

void http_body_clear(struct http_body *body) {
    free(body->data);
    *body = (struct http_body){ 0 };
}
