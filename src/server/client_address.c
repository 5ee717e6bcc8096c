#include "server/client_address.h"

#include <string.h>
#include <strings.h>

enum { FORWARDED, X_FORWARDED_FOR }; /* in the table below */

/* They begin with F, V or X. nginx adds none of these by default, but sends HTTP/1.0, which no
 * browser does. */
static const struct {
    const char *name;
    size_t len;
} proxy_headers[] = {
#define HEADER(name)                                                                               \
    { name, sizeof name - 1 }
    [FORWARDED] = HEADER("Forwarded"),
    [X_FORWARDED_FOR] = HEADER("X-Forwarded-For"),
    HEADER("Via"),
    HEADER("X-Real-IP"),
    HEADER("X-Forwarded-Host"),
    HEADER("X-Forwarded-Proto"),
    HEADER("X-Forwarded-Server"),
#undef HEADER
};

enum { PROXY_HEADERS = sizeof proxy_headers / sizeof *proxy_headers };

/* Its index in the table, or PROXY_HEADERS. */
static size_t find_proxy_header(const char *name, size_t name_len) {
    const int first = name[0] | 0x20;
    size_t i = 0;
    if (first != 'f' && first != 'v' && first != 'x')
        return PROXY_HEADERS;
    while (i < PROXY_HEADERS &&
           (name_len != proxy_headers[i].len || strcasecmp(name, proxy_headers[i].name) != 0))
        i++;
    return i;
}

void client_headers_read(struct client_headers *headers, const char *name, size_t name_len,
                         const char *value) {
    const char *only = headers->client_header;
    const bool has_only = only != NULL && only[0] != '\0';
    const bool is_only = has_only && name_len == strlen(only) && strcasecmp(name, only) == 0;
    const size_t i = find_proxy_header(name, name_len);
    if (i == PROXY_HEADERS && !is_only)
        return;
    headers->has_proxy_header = true;
    if (headers->trusted == NULL || value == NULL || (has_only && !is_only))
        return;
    if (i == FORWARDED)
        forwarded_read(&headers->forwarded, bytes_of(value), headers->trusted);
    else if (i == X_FORWARDED_FOR)
        forwarded_read_list(&headers->x_forwarded_for, bytes_of(value), headers->trusted);
    else if (is_only)
        forwarded_read_single(&headers->forwarded, bytes_of(value));
}

struct client client_address_find(const struct endpoint *peer,
                                  const struct client_headers *headers) {
    struct client client = { .endpoint = *peer };
    const struct forwarded named = forwarded_join(&headers->forwarded, &headers->x_forwarded_for);
    const bool loopback = endpoint_is_loopback(peer);
    if (named.state == FORWARDED_CLIENT) {
        client.endpoint = named.client;
        endpoint_set_port(&client.endpoint, endpoint_port(peer));
    } else if (named.state == FORWARDED_BROKEN) {
        client.endpoint = (struct endpoint){ .family = FAMILY_NONE };
    }
    client.proxied = named.state != FORWARDED_NOTHING;
    client.secure = headers->forwarded.secure;
    /* HTTP/1.0 alone is a weak sign: old BitTorrent clients speak it, too. On this machine a proxy
     * is more likely. */
    client.may_be_proxy = endpoint_equal(&client.endpoint, peer) &&
                          (headers->has_proxy_header || (headers->http10 && loopback));
    if (client.proxied)
        client.uncertain = endpoint_is_loopback(&client.endpoint) && !loopback;
    else
        client.uncertain = headers->trusted != NULL || headers->has_proxy_header || headers->http10;
    return client;
}
