#include "wire/tracker_url.h"

#include <strings.h>

static const struct {
    struct bytes prefix;
    enum tracker_scheme scheme;
    enum family family;
    uint16_t port; /* 0: no default */
} schemes[] = {
    { BYTES_LITERAL("http://"), TRACKER_HTTP, FAMILY_NONE, 80 },
    { BYTES_LITERAL("https://"), TRACKER_HTTPS, FAMILY_NONE, 443 },
    { BYTES_LITERAL("udp://"), TRACKER_UDP, FAMILY_NONE, 0 },
    { BYTES_LITERAL("udp4://"), TRACKER_UDP, FAMILY_V4, 0 },
    { BYTES_LITERAL("udp6://"), TRACKER_UDP, FAMILY_V6, 0 },
};

static struct bytes skip_bytes(struct bytes all, size_t len) {
    return (struct bytes){ .data = all.data + len, .len = all.len - len };
}

static bool is_plain(struct bytes text) {
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] <= ' ' || text.data[i] == 0x7f)
            return false;
    }
    return true;
}

static bool set_host(struct tracker_url *url, struct bytes host) {
    if (host.len == 0 || host.len >= TRACKER_HOST_LEN)
        return false;
    memcpy(url->host, host.data, host.len);
    url->host[host.len] = '\0';
    return true;
}

/* "host:port", "host", "[v6]:port" or "[v6]". Keeps the default port if none is given. */
static const char *set_authority(struct tracker_url *url, struct bytes authority) {
    static const char bad_host[] = "invalid URL: host missing or too long";
    struct bytes port = authority;
    struct bytes host;
    if (memchr(authority.data, '@', authority.len) != NULL)
        return "invalid URL: user names and passwords are not supported";
    if (authority.len > 0 && authority.data[0] == '[') {
        port = skip_bytes(authority, 1);
        host = bytes_split(&port, ']');
        if (host.len + 1 == authority.len || (port.len > 0 && port.data[0] != ':'))
            return "invalid URL: unbalanced brackets";
        if (port.len > 0)
            port = skip_bytes(port, 1);
    } else {
        host = bytes_split(&port, ':');
    }
    if (!set_host(url, host))
        return bad_host;
    uint64_t number = url->port;
    if ((port.len > 0 && !bytes_to_u64(port, &number)) || number == 0 || number > UINT16_MAX)
        return "invalid URL: port must be a number from 1 to 65535";
    url->port = (uint16_t)number;
    return NULL;
}

const char *tracker_url_parse(struct bytes text, struct tracker_url *url) {
    struct bytes rest = text;
    const struct bytes whole = bytes_split(&rest, '#');
    if (!is_plain(whole))
        return "invalid URL: spaces or control characters";
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        const struct bytes prefix = schemes[i].prefix;
        if (whole.len < prefix.len ||
            strncasecmp((const char *)whole.data, (const char *)prefix.data, prefix.len) != 0)
            continue;
        const struct bytes behind = skip_bytes(whole, prefix.len);
        size_t len = 0;
        while (len < behind.len && behind.data[len] != '/' && behind.data[len] != '?')
            len++;
        struct tracker_url parsed = {
            .scheme = schemes[i].scheme,
            .family = schemes[i].family,
            .port = schemes[i].port,
            .target = skip_bytes(behind, len),
            .whole = whole,
        };
        const char *error =
            set_authority(&parsed, (struct bytes){ .data = behind.data, .len = len });
        if (error == NULL)
            *url = parsed;
        return error;
    }
    return "invalid URL: it must begin with http://, https:// or udp://";
}

/* Takes the last part off a path, and any slashes after it. */
static struct bytes take_last_part(struct bytes *path) {
    while (path->len > 0 && path->data[path->len - 1] == '/')
        path->len--;
    const size_t end = path->len;
    while (path->len > 0 && path->data[path->len - 1] != '/')
        path->len--;
    return (struct bytes){ .data = path->data + path->len, .len = end - path->len };
}

bool tracker_url_write_scrape(struct writer *w, const struct tracker_url *url) {
    static const struct bytes announce = BYTES_LITERAL("announce");
    static const struct bytes scrape = BYTES_LITERAL("scrape");
    struct bytes query = url->target;
    struct bytes path = bytes_split(&query, '?');
    struct bytes part = take_last_part(&path);
    if (!bytes_start_with(part, announce) && !bytes_start_with(part, scrape))
        part = take_last_part(&path);
    const bool announces = bytes_start_with(part, announce);
    if (!announces && !bytes_start_with(part, scrape))
        return false;
    const size_t before = (size_t)(part.data - url->whole.data);
    const struct bytes behind =
        skip_bytes(url->whole, before + (announces ? announce.len : scrape.len));
    writer_put(w, url->whole.data, before);
    writer_put(w, scrape.data, scrape.len);
    writer_put(w, behind.data, behind.len);
    return !w->failed;
}
