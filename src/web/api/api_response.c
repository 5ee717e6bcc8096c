#include "web/api/api_response.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/percent.h"
#include "wire/client_name.h"

enum { MESSAGE_LEN = 512 };

void api_send_out_of_memory(struct web_response *response) {
    static const char body[] =
        "{\"error\":{\"code\":\"out_of_memory\",\"message\":\"Out of memory.\"}}";
    response->status = 503;
    response->content_type = "application/json";
    response->body = (const uint8_t *)body;
    response->len = sizeof body - 1;
}

void api_send_data(struct web_response *response, const char *content_type, uint8_t *data,
                   size_t len) {
    if (data == NULL) {
        api_send_out_of_memory(response);
        return;
    }
    response->status = 200;
    response->content_type = content_type;
    response->body = data;
    response->len = len;
    response->owned = true;
}

void api_send(struct web_response *response, unsigned status, json_t *body) {
    char *text = body == NULL ? NULL : json_dumps(body, API_JSON_FLAGS);
    json_decref(body);
    api_send_data(response, "application/json", (uint8_t *)text, text == NULL ? 0 : strlen(text));
    if (text != NULL)
        response->status = status;
}

json_t *api_list(json_t *items, size_t total, struct api_span span) {
    return json_pack("{s:o, s:o, s:o, s:o}", "items", items, "total", api_count(total), "offset",
                     api_count(span.offset), "limit", api_count(span.limit));
}

void api_send_list(struct web_response *response, json_t *items, size_t total,
                   struct api_span span) {
    api_send(response, 200, api_list(items, total, span));
}

void api_send_created(struct web_response *response, json_t *body, const char *list,
                      const char *item) {
    struct writer w = writer_on((uint8_t *)response->location, sizeof response->location - 1);
    api_send(response, 201, body);
    if (response->status != 201)
        return;
    writer_put_text(&w, list);
    writer_put_text(&w, "/");
    percent_encode(&w, bytes_of(item));
    response->location[w.failed ? 0 : w.len] = '\0';
}

void api_send_deleted(struct web_response *response, bool found, const char *what) {
    if (found)
        response->status = 204;
    else
        api_send_error(response, 404, "not_found", "%s not found.", what);
}

void api_send_error(struct web_response *response, unsigned status, const char *code,
                    const char *format, ...) {
    char message[MESSAGE_LEN];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    api_send(response, status,
             json_pack("{s:{s:s, s:o}}", "error", "code", code, "message", api_text(message)));
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

/* Length of the UTF-8 character at the start of `text`; 0 if invalid. */
static size_t character_len(const char *text) {
    for (size_t len = 1; len <= 4 && text[len - 1] != '\0'; len++) {
        json_t *character = json_stringn(text, len);
        json_decref(character);
        if (character != NULL)
            return len;
    }
    return 0;
}

/* Replaces each invalid byte by U+FFFD. */
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

/* jansson's integers are signed. */
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

json_t *api_recorded_address(const struct endpoint *peer) {
    char text[ENDPOINT_TEXT_LEN];
    if (endpoint_port(peer) != 0)
        return api_address(peer);
    endpoint_reduced_text(peer, text);
    return api_text_or_null(text);
}

json_t *api_client(const uint8_t peer_id[static PEER_ID_LEN]) {
    char name[CLIENT_NAME_LEN];
    client_name(peer_id, name);
    return api_text(name);
}

json_t *api_unix(int64_t unix_ms) {
    return unix_ms % 1000 == 0 ? json_integer(unix_ms / 1000) : json_real((double)unix_ms / 1000);
}

json_t *api_ago(int64_t unix_ms, uint32_t ago_s) {
    return json_integer(unix_ms / 1000 - ago_s);
}
