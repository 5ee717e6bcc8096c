#include "server/http_body.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 16 * 1024 };

enum http_body_plan http_body_begin(struct http_body *body, uint64_t announced, size_t allowed,
                                    bool waits, struct http_body_budget *budget) {
    body->allowed = allowed;
    body->budget = budget;
    if (announced <= allowed)
        return HTTP_BODY_READ;
    if (allowed > 0 && announced == HTTP_BODY_LEN_UNKNOWN)
        return HTTP_BODY_READ;
    body->too_large = true;
    if (waits)
        return HTTP_BODY_REJECT;
    return allowed > 0 || announced <= HTTP_BODY_DISCARD_MAX ? HTTP_BODY_READ : HTTP_BODY_REJECT;
}

/* False, without using any, if less than that is left. */
static bool use_budget(struct http_body_budget *budget, size_t bytes) {
    const uint64_t before = atomic_fetch_add(&budget->used, bytes);
    if (before + bytes <= atomic_load(&budget->max))
        return true;
    atomic_fetch_sub(&budget->used, bytes);
    return false;
}

static void free_data(struct http_body *body) {
    free(body->data);
    if (body->capacity > 0)
        atomic_fetch_sub(&body->budget->used, body->capacity);
    body->data = NULL;
    body->len = 0;
    body->capacity = 0;
}

enum growth { GROWN, OVER_BUDGET, NO_MEMORY };

static enum growth grow_data(struct http_body *body, size_t len) {
    size_t capacity = body->capacity > 0 ? body->capacity : FIRST_CAPACITY;
    while (capacity < len)
        capacity *= 2;
    if (capacity > body->allowed)
        capacity = body->allowed;
    const size_t more = capacity - body->capacity;
    if (!use_budget(body->budget, more))
        return OVER_BUDGET;
    uint8_t *data = realloc(body->data, capacity);
    if (data == NULL) {
        atomic_fetch_sub(&body->budget->used, more);
        return NO_MEMORY;
    }
    body->data = data;
    body->capacity = capacity;
    return GROWN;
}

/* False if out of memory. */
static bool append_data(struct http_body *body, const void *data, size_t len) {
    const enum growth growth =
        body->len + len > body->capacity ? grow_data(body, body->len + len) : GROWN;
    if (growth == OVER_BUDGET) {
        free_data(body);
        body->over_budget = true;
    }
    if (growth != GROWN)
        return growth == OVER_BUDGET;
    memcpy(body->data + body->len, data, len);
    body->len += len;
    return true;
}

bool http_body_add(struct http_body *body, const void *data, size_t len) {
    body->received += len;
    if (body->received > body->allowed && !body->too_large) {
        free_data(body);
        body->too_large = true;
    }
    if (body->too_large)
        return body->allowed > 0 || body->received <= HTTP_BODY_DISCARD_MAX;
    return body->over_budget || append_data(body, data, len);
}

bool http_body_is_kept(const struct http_body *body) {
    return body->data != NULL;
}

void http_body_clear(struct http_body *body) {
    free_data(body);
    *body = (struct http_body){ 0 };
}
