#include "web/api/api_request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/percent.h"
#include "base/utf8.h"
#include "torrent/magnet.h"
#include "wire/url_query.h"

enum { WORD_LEN = 32, FIELDS_LEN = 200, FIELD_SHOWN_MAX = 60, JSON_LEN_MAX = 64 << 10 };

struct tracker_settings api_settings_of(struct api *api) {
    pthread_mutex_lock(&api->lock);
    const struct tracker_settings settings = api->settings;
    pthread_mutex_unlock(&api->lock);
    return settings;
}

static bool name_equals(struct bytes encoded, const char *name) {
    uint8_t decoded[WORD_LEN];
    const long len = percent_decode(encoded, decoded, sizeof decoded);
    return len >= 0 && bytes_equal((struct bytes){ decoded, (size_t)len }, bytes_of(name));
}

/* The first parameter of that name, still encoded. */
static bool find_value(const struct api_request *request, const char *wanted, struct bytes *value) {
    struct bytes rest = request->http->query;
    struct bytes name;
    while (url_query_next(&rest, &name, value)) {
        if (name_equals(name, wanted))
            return true;
    }
    return false;
}

bool api_query_has(const struct api_request *request, const char *name) {
    struct bytes value;
    return find_value(request, name, &value);
}

bool api_query_text(const struct api_request *request, struct web_response *response,
                    const char *name, char *text, size_t size) {
    struct bytes value;
    text[0] = '\0';
    if (!find_value(request, name, &value))
        return true;
    const long len = percent_decode(value, (uint8_t *)text, size - 1);
    if (len < 0 || memchr(text, '\0', (size_t)len) != NULL) {
        text[0] = '\0';
        api_send_error(response, 400, "invalid_query",
                       "Invalid parameter %s: bad percent-encoding, or more than %zu bytes.", name,
                       size - 1);
        return false;
    }
    const struct bytes trimmed = utf8_trim((struct bytes){ (const uint8_t *)text, (size_t)len });
    memmove(text, trimmed.data, trimmed.len);
    text[trimmed.len] = '\0';
    return true;
}

bool api_query_number(const struct api_request *request, struct web_response *response,
                      const char *name, uint64_t unless_given, uint64_t max, uint64_t *number) {
    char text[WORD_LEN];
    if (!api_query_text(request, response, name, text, sizeof text))
        return false;
    *number = unless_given;
    if (text[0] == '\0')
        return true;
    if (bytes_to_u64(bytes_of(text), number) && *number <= max)
        return true;
    api_send_error(response, 400, "invalid_query",
                   "Invalid parameter %s: expected a number from 0 to %llu.", name,
                   (unsigned long long)max);
    return false;
}

bool api_query_choice(const struct api_request *request, struct web_response *response,
                      const char *name, const char *const *choices, size_t *choice) {
    char text[WORD_LEN];
    if (!api_query_text(request, response, name, text, sizeof text))
        return false;
    *choice = 0;
    if (text[0] == '\0')
        return true;
    char list[256] = "";
    struct writer w = writer_on((uint8_t *)list, sizeof list - 1);
    for (size_t i = 0; choices[i] != NULL; i++) {
        *choice = i;
        if (strcmp(text, choices[i]) == 0)
            return true;
        writer_put_text(&w, i == 0 ? "" : choices[i + 1] == NULL ? " or " : ", ");
        writer_put_text(&w, choices[i]);
    }
    api_send_error(response, 400, "invalid_query", "Invalid parameter %s: expected %s.", name,
                   list);
    return false;
}

bool api_query_order(const struct api_request *request, struct web_response *response,
                     bool *descending) {
    static const char *const orders[] = { "asc", "desc", NULL };
    size_t order;
    if (!api_query_choice(request, response, "order", orders, &order))
        return false;
    *descending = order == 1;
    return true;
}

bool api_query_span(const struct api_request *request, struct web_response *response,
                    struct api_span *span) {
    uint64_t offset;
    uint64_t limit;
    if (!api_query_number(request, response, "offset", 0, UINT32_MAX, &offset) ||
        !api_query_number(request, response, "limit", API_LIMIT_DEFAULT, API_LIMIT_MAX, &limit))
        return false;
    *span = (struct api_span){ .offset = offset, .limit = limit };
    return true;
}

bool api_parse_torrent(struct bytes text, struct web_response *response, struct metainfo *torrent) {
    char error[ERROR_LEN];
    text = utf8_unquote(text);
    *torrent = (struct metainfo){ .hash_count = 1 };
    if (hex_decode(text, torrent->info_hashes[0], INFO_HASH_LEN))
        return true;
    if (!magnet_is_link(text))
        api_send_error(response, 400, "invalid_info_hash",
                       "Invalid info_hash: expected %d hexadecimal digits or a magnet link.",
                       2 * INFO_HASH_LEN);
    else if (magnet_parse(text, torrent, error))
        return true;
    else
        api_send_error(response, 400, "invalid_magnet", "Invalid magnet link: %s.", error);
    return false;
}

bool api_parse_hash(struct bytes text, struct web_response *response,
                    uint8_t info_hash[static INFO_HASH_LEN]) {
    struct metainfo torrent;
    if (!api_parse_torrent(text, response, &torrent))
        return false;
    memcpy(info_hash, torrent.info_hashes[0], INFO_HASH_LEN);
    return true;
}

bool api_path_hash(const struct api_request *request, struct web_response *response,
                   uint8_t info_hash[static INFO_HASH_LEN]) {
    return api_parse_hash(bytes_of(request->part), response, info_hash);
}

bool api_body_is_json(const struct api_request *request) {
    static const char json[] = "application/json";
    const char *content_type = request->http->content_type;
    if (content_type == NULL || strncasecmp(content_type, json, sizeof json - 1) != 0)
        return false;
    const char end = content_type[sizeof json - 1];
    return end == '\0' || end == ';' || end == ' ';
}

static bool is_listed(const char *name, const char *const *list) {
    for (size_t i = 0; list[i] != NULL; i++) {
        if (strcmp(list[i], name) == 0)
            return true;
    }
    return false;
}

static void append_name(struct writer *w, const char *name) {
    writer_put_text(w, w->len > 0 ? ", " : "");
    writer_put(w, name, strnlen(name, FIELD_SHOWN_MAX));
}

/* A misspelled or misplaced field would otherwise be ignored without notice. */
static bool has_known_fields(json_t *body, const char *const *fields,
                             struct web_response *response) {
    char unknown[FIELDS_LEN] = "";
    char known[FIELDS_LEN] = "";
    struct writer w = writer_on((uint8_t *)unknown, sizeof unknown - 1);
    struct writer all = writer_on((uint8_t *)known, sizeof known - 1);
    bool good = true;
    const char *name;
    json_t *value;
    json_object_foreach(body, name, value) {
        if (is_listed(name, fields))
            continue;
        append_name(&w, name);
        good = false;
    }
    if (good)
        return true;
    for (size_t i = 0; fields[i] != NULL; i++)
        append_name(&all, fields[i]);
    api_send_error(response, 400, "unknown_field", "Unknown fields: %s%s. Allowed: %s.", unknown,
                   w.failed ? "…" : "", known);
    return false;
}

json_t *api_read_body(const struct api_request *request, struct web_response *response,
                      const char *const *fields) {
    struct bytes text = request->http->body;
    json_error_t error;
    if (!api_body_is_json(request)) {
        api_send_error(response, 415, "unsupported_media_type",
                       "Expected Content-Type: application/json.");
        return NULL;
    }
    if (text.len > JSON_LEN_MAX) {
        api_send_error(response, 413, "too_large", "JSON body too large (limit: %d bytes).",
                       JSON_LEN_MAX);
        return NULL;
    }
    text = utf8_trim(text);
    json_t *body = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(body))
        api_send_error(response, 400, "invalid_json", "Invalid JSON: %s.",
                       body == NULL ? error.text : "expected an object");
    else if (has_known_fields(body, fields, response))
        return body;
    json_decref(body);
    return NULL;
}

static struct bytes text_of_value(const json_t *value) {
    return (struct bytes){ (const uint8_t *)json_string_value(value), json_string_length(value) };
}

bool api_body_torrent(const json_t *body, struct web_response *response, struct metainfo *torrent) {
    const json_t *magnet = json_object_get(body, "magnet");
    const json_t *value = magnet != NULL ? magnet : json_object_get(body, "info_hash");
    if (json_is_string(value) && (magnet == NULL || json_object_get(body, "info_hash") == NULL))
        return api_parse_torrent(text_of_value(value), response, torrent);
    api_send_error(response, 400, "invalid_body",
                   "Invalid info_hash or magnet: expected one of them, as a string.");
    return false;
}

bool api_body_text(json_t *body, struct web_response *response, const char *name, bool optional,
                   char *text, size_t size) {
    const json_t *value = json_object_get(body, name);
    text[0] = '\0';
    if (optional && (value == NULL || json_is_null(value)))
        return true;
    const struct bytes given = utf8_trim(text_of_value(value));
    if (json_is_string(value) && given.len < size && (optional || given.len > 0) &&
        !utf8_has_control(given)) {
        utf8_copy(given, text, size);
        return true;
    }
    api_send_error(response, 400, "invalid_body",
                   "Invalid %s: expected a string of %d to %zu bytes without control characters.",
                   name, optional ? 0 : 1, size - 1);
    return false;
}

bool api_read_text(const struct api_request *request, struct web_response *response,
                   const char *name, char *text, size_t size) {
    const char *const fields[] = { name, NULL };
    json_t *body = api_read_body(request, response, fields);
    const bool good = body != NULL && api_body_text(body, response, name, false, text, size);
    json_decref(body);
    return good;
}
