/* What a call's path, query and body say. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/percent.h"
#include "base/utf8.h"
#include "web/api/api_call.h"
#include "wire/url_query.h"

enum { WORD_LEN = 32, JSON_LEN_MAX = 64 << 10 };

static bool is_named(struct bytes encoded, const char *name) {
    uint8_t decoded[WORD_LEN];
    const long len = percent_decode(encoded, decoded, sizeof decoded);
    return len >= 0 && bytes_equal((struct bytes){ decoded, (size_t)len }, bytes_of(name));
}

/* The first of that name, still encoded. */
static bool find_value(const struct api_call *call, const char *wanted, struct bytes *value) {
    struct bytes rest = call->http->query;
    struct bytes name;
    while (url_query_next(&rest, &name, value)) {
        if (is_named(name, wanted))
            return true;
    }
    return false;
}

bool api_query_text(const struct api_call *call, struct web_response *response, const char *name,
                    char *text, size_t size) {
    struct bytes value;
    text[0] = '\0';
    if (!find_value(call, name, &value))
        return true;
    const long len = percent_decode(value, (uint8_t *)text, size - 1);
    if (len < 0 || memchr(text, '\0', (size_t)len) != NULL) {
        text[0] = '\0';
        api_fail(response, 400, "bad_query", "%s must be at most %zu bytes, properly encoded.",
                 name, size - 1);
        return false;
    }
    text[len] = '\0';
    return true;
}

bool api_query_number(const struct api_call *call, struct web_response *response, const char *name,
                      uint64_t unless_given, uint64_t max, uint64_t *number) {
    char text[WORD_LEN];
    if (!api_query_text(call, response, name, text, sizeof text))
        return false;
    *number = unless_given;
    if (text[0] == '\0')
        return true;
    if (bytes_to_u64(bytes_of(text), number) && *number <= max)
        return true;
    api_fail(response, 400, "bad_query", "%s must be a number from 0 to %llu.", name,
             (unsigned long long)max);
    return false;
}

bool api_query_span(const struct api_call *call, struct web_response *response,
                    struct api_span *span) {
    uint64_t offset;
    uint64_t limit;
    if (!api_query_number(call, response, "offset", 0, UINT32_MAX, &offset) ||
        !api_query_number(call, response, "limit", API_LIMIT_DEFAULT, API_LIMIT_MAX, &limit))
        return false;
    *span = (struct api_span){ .offset = offset, .limit = limit };
    return true;
}

bool api_query_choice(const struct api_call *call, struct web_response *response, const char *name,
                      const char *const *choices, size_t count, size_t *choice) {
    char text[WORD_LEN];
    if (!api_query_text(call, response, name, text, sizeof text))
        return false;
    *choice = 0;
    if (text[0] == '\0')
        return true;
    for (size_t i = 0; i < count; i++) {
        *choice = i;
        if (strcmp(text, choices[i]) == 0)
            return true;
    }
    char list[256] = "";
    struct writer w = writer_on((uint8_t *)list, sizeof list - 1);
    for (size_t i = 0; i < count; i++) {
        writer_put_text(&w, i == 0 ? "" : i + 1 == count ? " or " : ", ");
        writer_put_text(&w, choices[i]);
    }
    api_fail(response, 400, "bad_query", "%s must be %s.", name, list);
    return false;
}

bool api_path_hash(const struct api_call *call, struct web_response *response,
                   uint8_t info_hash[static INFO_HASH_LEN]) {
    if (hex_decode(bytes_of(call->part), info_hash, INFO_HASH_LEN))
        return true;
    api_fail(response, 400, "bad_info_hash", "An info_hash is %d hexadecimal digits.",
             2 * INFO_HASH_LEN);
    return false;
}

static bool is_json(const char *content_type) {
    static const char json[] = "application/json";
    if (content_type == NULL || strncasecmp(content_type, json, sizeof json - 1) != 0)
        return false;
    const char end = content_type[sizeof json - 1];
    return end == '\0' || end == ';' || end == ' ';
}

bool api_body_is_json(const struct api_call *call) {
    return is_json(call->http->content_type);
}

json_t *api_read_body(const struct api_call *call, struct web_response *response) {
    const struct bytes text = call->http->body;
    json_error_t error;
    if (!api_body_is_json(call)) {
        api_fail(response, 415, "not_json", "The body must be JSON, and Content-Type say so.");
        return NULL;
    }
    if (text.len > JSON_LEN_MAX) {
        api_fail(response, 413, "too_large", "JSON may have at most %d bytes here.", JSON_LEN_MAX);
        return NULL;
    }
    json_t *body = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(body))
        return body;
    if (body == NULL)
        api_fail(response, 400, "bad_json", "The body is no JSON: %s.", error.text);
    else
        api_fail(response, 400, "bad_json", "The body must be a JSON object.");
    json_decref(body);
    return NULL;
}

static bool has_control_characters(struct bytes text) {
    uint32_t character;
    while (utf8_take(&text, &character)) {
        if (utf8_is_control(character))
            return true;
    }
    return false;
}

bool api_body_text(json_t *body, struct web_response *response, const char *name, bool optional,
                   char *text, size_t size) {
    const json_t *value = json_object_get(body, name);
    text[0] = '\0';
    if (optional && (value == NULL || json_is_null(value)))
        return true;
    const size_t len = json_is_string(value) ? json_string_length(value) : 0;
    if (json_is_string(value) && len < size && (optional || len > 0) &&
        !has_control_characters((struct bytes){ (const uint8_t *)json_string_value(value), len })) {
        memcpy(text, json_string_value(value), len + 1);
        return true;
    }
    api_fail(response, 400, "bad_body",
             "The body's %s must be a text of %d to %zu bytes without control characters.", name,
             optional ? 0 : 1, size - 1);
    return false;
}
