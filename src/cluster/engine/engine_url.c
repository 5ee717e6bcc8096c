#include "cluster/engine/engine_url.h"

#include <stdio.h>
#include <sys/un.h>

#include "base/percent.h"

enum { DEFAULT_PORT = 6379, DATABASE_MAX = 65535 };

static struct bytes skip_bytes(struct bytes all, size_t len) {
    return (struct bytes){ .data = all.data + len, .len = all.len - len };
}

static bool copy_text(struct bytes text, char *copy, size_t size) {
    if (text.len == 0 || text.len >= size)
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return true;
}

/* Without zero bytes. */
static bool decode_text(struct bytes text, char *copy, size_t size) {
    const long len = percent_decode_part(text, (uint8_t *)copy, size - 1);
    if (len < 0 || memchr(copy, '\0', (size_t)len) != NULL)
        return false;
    copy[len] = '\0';
    return true;
}

/* Removes "USER:PASSWORD@" from `*rest`; one without a colon is a user. A password may contain
 * '@'. */
static const char *take_user(struct bytes *rest, struct engine_url *url) {
    const uint8_t *end = memrchr(rest->data, '@', rest->len);
    if (end == NULL)
        return NULL;
    const size_t len = (size_t)(end - rest->data);
    struct bytes password = { .data = rest->data, .len = len };
    *rest = skip_bytes(*rest, len + 1);
    const struct bytes user = bytes_split(&password, ':');
    if (!decode_text(user, url->user, sizeof url->user))
        return "invalid URL: the user's name is malformed or too long";
    if (!decode_text(password, url->password, sizeof url->password))
        return "invalid URL: the password is malformed or too long";
    return NULL;
}

/* "HOST:PORT", "HOST", "[v6]:PORT" or "[v6]". */
static const char *set_host(struct bytes authority, struct engine_url *url) {
    struct bytes port = authority;
    struct bytes host;
    if (authority.len > 0 && authority.data[0] == '[') {
        port = skip_bytes(authority, 1);
        host = bytes_split(&port, ']');
        if (host.len + 1 == authority.len || (port.len > 0 && port.data[0] != ':'))
            return "invalid URL: unbalanced brackets";
        port = port.len > 0 ? skip_bytes(port, 1) : port;
    } else {
        host = bytes_split(&port, ':');
    }
    if (!copy_text(host, url->place, sizeof url->place))
        return "invalid URL: host missing or too long";
    uint64_t number = DEFAULT_PORT;
    if ((port.len > 0 && !bytes_to_u64(port, &number)) || number == 0 || number > UINT16_MAX)
        return "invalid URL: port must be a number from 1 to 65535";
    url->port = (uint16_t)number;
    return NULL;
}

static const char *parse_redis(struct bytes rest, struct engine_url *url) {
    /* A slash in a password is encoded. */
    struct bytes database = rest;
    struct bytes authority = bytes_split(&database, '/');
    uint64_t number = 0;
    const char *error = take_user(&authority, url);
    if (error == NULL)
        error = set_host(authority, url);
    if (error == NULL && database.len > 0 &&
        (!bytes_to_u64(database, &number) || number > DATABASE_MAX))
        error = "invalid URL: the database after the host must be a number";
    url->database = (uint32_t)number;
    return error;
}

static const char *parse_socket(struct bytes rest, struct engine_url *url) {
    struct bytes behind = rest;
    struct bytes authority = bytes_split(&behind, '/');
    const struct bytes path = skip_bytes(rest, authority.len);
    const char *error = take_user(&authority, url);
    if (error != NULL)
        return error;
    url->is_socket = true;
    if (authority.len > 0 || path.len < 2 ||
        path.len >= sizeof(((struct sockaddr_un *)NULL)->sun_path) ||
        !copy_text(path, url->place, sizeof url->place))
        return "invalid URL: unix:// requires an absolute path of at most 107 bytes";
    return NULL;
}

static bool is_plain(struct bytes text) {
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f)
            return false;
    }
    return true;
}

const char *engine_url_parse(struct bytes text, struct engine_url *url) {
    static const struct bytes redis = BYTES_LITERAL("redis://");
    static const struct bytes redis_tls = BYTES_LITERAL("rediss://");
    static const struct bytes socket = BYTES_LITERAL("unix://");
    struct engine_url parsed = { 0 };
    const char *error = "invalid URL: it must begin with redis:// or unix://";
    if (!is_plain(text))
        error = "invalid URL: spaces, control characters or other than ASCII";
    else if (bytes_start_with(text, redis))
        error = parse_redis(skip_bytes(text, redis.len), &parsed);
    else if (bytes_start_with(text, socket))
        error = parse_socket(skip_bytes(text, socket.len), &parsed);
    else if (bytes_start_with(text, redis_tls))
        error = "TLS is not supported: use redis:// through WireGuard or stunnel";
    if (error == NULL)
        *url = parsed;
    return error;
}

void engine_url_text(const struct engine_url *url, char text[static ENGINE_URL_TEXT_LEN]) {
    const char *at = url->user[0] != '\0' ? "@" : "";
    const bool v6 = strchr(url->place, ':') != NULL;
    if (url->is_socket)
        snprintf(text, ENGINE_URL_TEXT_LEN, "unix://%s%s%s", url->user, at, url->place);
    else
        snprintf(text, ENGINE_URL_TEXT_LEN, "redis://%s%s%s%s%s:%u/%u", url->user, at,
                 v6 ? "[" : "", url->place, v6 ? "]" : "", url->port, url->database);
}
