/* The API's answers, and the values in them. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "web/api/api_call.h"
#include "wire/client_name.h"

enum { MESSAGE_LEN = 512, DUMP_FLAGS = JSON_COMPACT | JSON_REAL_PRECISION(14) };

static const char no_memory[] =
    "{\"error\":{\"code\":\"no_memory\",\"message\":\"The tracker is out of memory.\"}}";

void api_fail_memory(struct web_response *response) {
    response->status = 503;
    response->content_type = "application/json";
    response->body = (const uint8_t *)no_memory;
    response->len = sizeof no_memory - 1;
}

void api_send(struct web_response *response, unsigned status, json_t *body) {
    char *text = body == NULL ? NULL : json_dumps(body, DUMP_FLAGS);
    json_decref(body);
    if (text == NULL) {
        api_fail_memory(response);
        return;
    }
    response->status = status;
    response->content_type = "application/json";
    response->body = (uint8_t *)text;
    response->len = strlen(text);
    response->owned = true;
}

void api_send_nothing(struct web_response *response) {
    response->status = 204;
}

void api_fail(struct web_response *response, unsigned status, const char *code, const char *format,
              ...) {
    char message[MESSAGE_LEN];
    va_list words;
    va_start(words, format);
    vsnprintf(message, sizeof message, format, words);
    va_end(words);
    api_send(response, status,
             json_pack("{s:{s:s,s:o}}", "error", "code", code, "message", api_text(message)));
}

void api_send_list(struct web_response *response, json_t *items, size_t total,
                   struct api_span span) {
    json_t *list = json_object();
    api_put(&list, "items", items);
    api_put(&list, "total", api_count(total));
    api_put(&list, "offset", api_count(span.offset));
    api_put(&list, "limit", api_count(span.limit));
    api_send(response, 200, list);
}

void api_put(json_t **object, const char *key, json_t *value) {
    if (*object != NULL && value != NULL && json_object_set_new_nocheck(*object, key, value) == 0)
        return;
    if (*object == NULL)
        json_decref(value);
    json_decref(*object);
    *object = NULL;
}

void api_append(json_t **array, json_t *value) {
    if (*array != NULL && value != NULL && json_array_append_new(*array, value) == 0)
        return;
    if (*array == NULL)
        json_decref(value);
    json_decref(*array);
    *array = NULL;
}

/* How many bytes the character at the start of `text` has; 0 where none is there. */
static size_t character_len(const char *text) {
    for (size_t len = 1; len <= 4 && text[len - 1] != '\0'; len++) {
        json_t *character = json_stringn(text, len);
        json_decref(character);
        if (character != NULL)
            return len;
    }
    return 0;
}

/* With U+FFFD in the place of each byte that is part of no character. */
static json_t *repaired_text(const char *text) {
    static const char replacement[] = "\xef\xbf\xbd";
    const size_t size = 3 * strlen(text) + 1;
    char *repaired = malloc(size);
    if (repaired == NULL)
        return NULL;
    struct writer w = writer_on((uint8_t *)repaired, size);
    while (*text != '\0') {
        const size_t len = character_len(text);
        if (len > 0)
            writer_put(&w, text, len);
        else
            writer_put_text(&w, replacement);
        text += len > 0 ? len : 1;
    }
    json_t *value = json_stringn(repaired, w.len);
    free(repaired);
    return value;
}

json_t *api_text(const char *text) {
    json_t *value = json_string(text);
    return value != NULL ? value : repaired_text(text);
}

json_t *api_text_or_null(const char *text) {
    return text[0] == '\0' ? json_null() : api_text(text);
}

json_t *api_hex(const uint8_t *data, size_t len) {
    char text[2 * SHA256_LEN + 1];
    hex_encode(data, len, text);
    return json_string(text);
}

/* JSON's integers are signed here. */
json_t *api_count(uint64_t count) {
    return json_integer(count <= INT64_MAX ? (json_int_t)count : INT64_MAX);
}

json_t *api_count_or_null(uint64_t count, uint64_t none) {
    return count == none ? json_null() : api_count(count);
}

json_t *api_address(const struct endpoint *address) {
    char text[ENDPOINT_TEXT_LEN];
    endpoint_address_text(address, text);
    return json_string(text);
}

json_t *api_client(const uint8_t peer_id[static PEER_ID_LEN]) {
    char name[CLIENT_NAME_LEN];
    client_name(peer_id, name);
    return api_text(name);
}

json_t *api_unix(int64_t unix_ms) {
    return unix_ms % 1000 == 0 ? json_integer(unix_ms / 1000) : json_real((double)unix_ms / 1000);
}

json_t *api_ago(const struct api_call *call, uint32_t ago_s) {
    return json_integer(call->unix_ms / 1000 - ago_s);
}
