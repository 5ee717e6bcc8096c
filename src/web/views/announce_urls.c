#include "web/views/announce_urls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "server/host_addresses.h"
#include "wire/tracker_url.h"

enum { PORT_NONE = 0, PORT_DIGITS = 5, PORT_LEN = PORT_DIGITS + 2, PREFIX_LEN_MAX = 64 };

struct url_collector {
    struct announce_urls *urls;
    const struct tracker_settings *settings;
    const char *passkey;
    const char *prefix;    /* of the path; empty, or "/tracker" */
    enum url_scope wanted; /* only hosts of this scope and family are added */
    bool wanted_v6;
};

/* Parses an address, with or without the brackets of a URL. */
static bool parse_host(const char *host, struct endpoint *address) {
    char text[ANNOUNCE_HOST_LEN];
    const size_t len = strlen(host);
    const bool bracketed = len > 2 && host[0] == '[' && host[len - 1] == ']';
    snprintf(text, sizeof text, "%.*s", (int)(bracketed ? len - 2 : len), host + bracketed);
    return endpoint_parse_address(text, address);
}

static bool ends_with(const char *text, const char *end) {
    const size_t len = strlen(text);
    const size_t end_len = strlen(end);
    return len >= end_len && strcasecmp(text + len - end_len, end) == 0;
}

/* A name without a dot, or in a domain for private use, resolves on the LAN only. */
static enum url_scope scope_of_name(const char *name) {
    static const char *const local[] = { ".local", ".lan", ".home", ".internal", ".home.arpa" };
    if (strcasecmp(name, "localhost") == 0 || ends_with(name, ".localhost"))
        return URL_LOOPBACK;
    for (size_t i = 0; i < sizeof local / sizeof *local; i++) {
        if (ends_with(name, local[i]))
            return URL_LAN;
    }
    return strchr(name, '.') == NULL ? URL_LAN : URL_PUBLIC;
}

static enum url_scope scope_of_address(const struct tracker_settings *settings,
                                       const struct endpoint *address) {
    if (endpoint_is_loopback(address))
        return URL_LOOPBACK;
    return networks_contain(&settings->lan, address) ? URL_LAN : URL_PUBLIC;
}

static enum url_scope scope_of(const struct tracker_settings *settings, const char *host) {
    struct endpoint address;
    return parse_host(host, &address) ? scope_of_address(settings, &address) : scope_of_name(host);
}

static bool contains_url(const struct announce_urls *urls, const char *text) {
    for (size_t i = 0; i < urls->count; i++) {
        if (strcmp(urls->list[i].text, text) == 0)
            return true;
    }
    return false;
}

/* ":6969"; empty for the default port of the scheme. */
static void write_port(const char *scheme, uint16_t port, char text[static PORT_LEN]) {
    const bool is_default = (port == 80 && strcmp(scheme, "http") == 0) ||
                            (port == 443 && strcmp(scheme, "https") == 0);
    text[0] = '\0';
    if (!is_default)
        snprintf(text, PORT_LEN, ":%u", port);
}

static void add_url(struct url_collector *to, const char *scheme, const char *host, uint16_t port) {
    char port_text[PORT_LEN];
    struct announce_url url = { .scheme = scheme, .scope = scope_of(to->settings, host) };
    const bool keyed = to->passkey != NULL;
    if (port == PORT_NONE || to->urls->count == ANNOUNCE_URLS_MAX)
        return;
    snprintf(url.host, sizeof url.host, "%s", host);
    write_port(scheme, port, port_text);
    snprintf(url.text, sizeof url.text, "%s://%.255s%s%.64s/%.64s%sannounce", scheme, host,
             port_text, to->prefix, keyed ? to->passkey : "", keyed ? "/" : "");
    if (!contains_url(to->urls, url.text))
        to->urls->list[to->urls->count++] = url;
}

static void add_host(struct url_collector *to, const char *host) {
    add_url(to, "http", host, to->settings->http_port);
    add_url(to, "https", host, to->settings->https_port);
    add_url(to, "udp", host, to->settings->udp_port);
}

static void visit_host(void *context, const char *host) {
    struct url_collector *to = context;
    if (scope_of(to->settings, host) == to->wanted && (host[0] == '[') == to->wanted_v6)
        add_host(to, host);
}

/* Splits "host" or "host:port". False if the host is not valid in a URL. */
static bool read_host(const char *header, char host[static ANNOUNCE_HOST_LEN], uint16_t *port) {
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
    const size_t len = header[0] == '[' ? strspn(header + 1, "0123456789abcdefABCDEF:.") + 2
                                        : strspn(header, allowed);
    if (len == 0 || len >= ANNOUNCE_HOST_LEN || len > strlen(header) ||
        (header[0] == '[' && header[len - 1] != ']'))
        return false;
    snprintf(host, ANNOUNCE_HOST_LEN, "%.*s", (int)len, header);
    struct endpoint address;
    if (header[0] == '[' && !parse_host(host, &address))
        return false;
    uint64_t number = PORT_NONE;
    if (header[len] == ':' && strlen(header + len + 1) <= PORT_DIGITS &&
        bytes_to_u64(bytes_of(header + len + 1), &number) && number > 0 && number <= UINT16_MAX)
        *port = (uint16_t)number;
    else if (header[len] != '\0')
        return false;
    return true;
}

/* Copies the path at which a trusted proxy serves us, without the '/' at its end. Empty if there is
 * none or it is not plain. */
static void read_prefix(const struct web_request *request, char prefix[static PREFIX_LEN_MAX + 1]) {
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
    const char *text = request->proxied ? request->forwarded_prefix : NULL;
    size_t len = text == NULL ? 0 : strspn(text, allowed);
    prefix[0] = '\0';
    if (len == 0 || len > PREFIX_LEN_MAX || text[len] != '\0' || text[0] != '/')
        return;
    while (len > 0 && text[len - 1] == '/')
        len--;
    memcpy(prefix, text, len);
    prefix[len] = '\0';
}

/* "https", or the first of several. */
static bool names_https(const char *header) {
    const size_t len = header == NULL ? 0 : strcspn(header, ", ");
    return len == strlen("https") && strncasecmp(header, "https", len) == 0;
}

/* HTTPS ends here, or at a trusted proxy. */
static bool is_secure(const struct web_request *request) {
    return request->secure || (request->proxied && (request->forwarded_secure ||
                                                    names_https(request->forwarded_proto)));
}

/* If the caller used one of our ports, the host has our other ports, too. Otherwise a proxy or port
 * mapping is in front of us, and only that one port is known to work. */
static void add_reached_host(struct url_collector *to, const struct web_request *request) {
    const struct tracker_settings *settings = to->settings;
    const bool secure = request != NULL && is_secure(request);
    char host[ANNOUNCE_HOST_LEN];
    char prefix[PREFIX_LEN_MAX + 1];
    uint16_t port = secure ? 443 : 80;
    if (request == NULL || request->host == NULL || !read_host(request->host, host, &port) ||
        scope_of(settings, host) == URL_LOOPBACK)
        return;
    const uint16_t ours = request->secure ? settings->https_port : settings->http_port;
    if (port == ours && !request->proxied) {
        add_host(to, host);
        return;
    }
    read_prefix(request, prefix);
    to->prefix = prefix;
    add_url(to, secure || port == 443 ? "https" : "http", host, port);
    to->prefix = "";
}

/* A passkey stands before the last part of the path. */
static void add_configured(struct url_collector *to, const char *text) {
    static const char *const schemes[] = {
        [TRACKER_HTTP] = "http",
        [TRACKER_HTTPS] = "https",
        [TRACKER_UDP] = "udp",
    };
    struct tracker_url parsed;
    if (tracker_url_parse(bytes_of(text), &parsed) != NULL)
        return;
    const bool v6 = strchr(parsed.host, ':') != NULL;
    const bool keyed = to->passkey != NULL;
    const char *last = strrchr(text, '/') + 1;
    struct announce_url url = { .scheme = schemes[parsed.scheme] };
    snprintf(url.host, sizeof url.host, v6 ? "[%.253s]" : "%s", parsed.host);
    url.scope = scope_of(to->settings, url.host);
    snprintf(url.text, sizeof url.text, "%.*s%.64s%s%s", (int)(last - text), text,
             keyed ? to->passkey : "", keyed ? "/" : "", last);
    to->urls->list[to->urls->count++] = url;
}

void announce_urls_find(struct announce_urls *urls, const struct tracker_settings *settings,
                        const struct web_request *request, const char *passkey) {
    /* IPv4 first: not every client supports IPv6. */
    static const struct {
        enum url_scope scope;
        bool v6;
    } order[] = { { URL_LAN, false },   { URL_PUBLIC, false },   { URL_LAN, true },
                  { URL_PUBLIC, true }, { URL_LOOPBACK, false }, { URL_LOOPBACK, true } };
    struct url_collector to = {
        .urls = urls,
        .settings = settings,
        .passkey = passkey,
        .prefix = "",
    };
    urls->count = 0;
    for (size_t i = 0; i < settings->announce_urls.count; i++)
        add_configured(&to, settings->announce_urls.list[i]);
    urls->reached = urls->count;
    if (urls->count > 0)
        return;
    add_reached_host(&to, request);
    urls->reached = urls->count;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        to.wanted = order[i].scope;
        to.wanted_v6 = order[i].v6;
        host_addresses_visit(&settings->listen, visit_host, &to);
    }
}

void announce_urls_keep_public(struct announce_urls *urls, const struct tracker_settings *settings,
                               const struct web_request *request) {
    const bool direct =
        !request->proxied && !request->client_uncertain && request->client.family != FAMILY_NONE;
    const enum url_scope scope = direct ? scope_of_address(settings, &request->client) : URL_PUBLIC;
    size_t kept = urls->reached;
    for (size_t i = kept; direct && i < urls->count; i++) {
        if (urls->list[i].scope >= scope)
            urls->list[kept++] = urls->list[i];
    }
    urls->count = kept;
}

size_t announce_urls_for_torrent(const struct announce_urls *urls, const char **texts, size_t max) {
    size_t count = 0;
    for (size_t i = 0; i < urls->count && count < max; i++) {
        const struct announce_url *url = &urls->list[i];
        if (url->scope != URL_LOOPBACK || count == 0)
            texts[count++] = url->text;
    }
    return count;
}
