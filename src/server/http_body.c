#include "server/http_body.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 16 * 1024 };

enum http_body_plan http_body_begin(struct http_body *body, uint64_t announced, size_t granted,
                                    bool waits, struct http_body_budget *budget) {
    body->granted = granted;
    body->budget = budget;
    if (announced <= granted)
        return HTTP_BODY_READ;
    if (granted > 0 && announced == HTTP_BODY_LEN_UNKNOWN)
        return HTTP_BODY_READ;
    body->refused = true;
    if (waits)
        return HTTP_BODY_REFUSE;
    return granted > 0 || announced <= HTTP_BODY_FORGIVEN ? HTTP_BODY_READ : HTTP_BODY_REFUSE;
}

/* False, and nothing is taken, where there is too little left. */
static bool charge(struct http_body_budget *budget, size_t bytes) {
    const uint64_t before = atomic_fetch_add(&budget->used, bytes);
    if (before + bytes <= atomic_load(&budget->max))
        return true;
    atomic_fetch_sub(&budget->used, bytes);
    return false;
}

static void drop(struct http_body *body) {
    free(body->data);
    if (body->capacity > 0)
        atomic_fetch_sub(&body->budget->used, body->capacity);
    body->data = NULL;
    body->len = 0;
    body->capacity = 0;
}

enum growth { GROWN, GROWTH_TOO_MUCH, GROWTH_NO_MEMORY };

static enum growth grow(struct http_body *body, size_t len) {
    size_t capacity = body->capacity > 0 ? body->capacity : FIRST_CAPACITY;
    while (capacity < len)
        capacity *= 2;
    if (capacity > body->granted)
        capacity = body->granted;
    const size_t more = capacity - body->capacity;
    if (!charge(body->budget, more))
        return GROWTH_TOO_MUCH;
    uint8_t *data = realloc(body->data, capacity);
    if (data == NULL) {
        atomic_fetch_sub(&body->budget->used, more);
        return GROWTH_NO_MEMORY;
    }
    body->data = data;
    body->capacity = capacity;
    return GROWN;
}

/* False without memory. */
static bool keep(struct http_body *body, const void *data, size_t len) {
    const enum growth growth =
        body->len + len > body->capacity ? grow(body, body->len + len) : GROWN;
    if (growth == GROWTH_TOO_MUCH) {
        drop(body);
        body->crowded = true;
    }
    if (growth != GROWN)
        return growth == GROWTH_TOO_MUCH;
    memcpy(body->data + body->len, data, len);
    body->len += len;
    return true;
}

bool http_body_add(struct http_body *body, const void *data, size_t len) {
    body->seen += len;
    if (body->seen > body->granted && !body->refused) {
        drop(body);
        body->refused = true;
    }
    if (body->refused)
        return body->granted > 0 || body->seen <= HTTP_BODY_FORGIVEN;
    return body->crowded || keep(body, data, len);
}

bool http_body_is_kept(const struct http_body *body) {
    return body->data != NULL;
}

void http_body_clear(struct http_body *body) {
    drop(body);
    *body = (struct http_body){ 0 };
}
