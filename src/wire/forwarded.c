#include "wire/forwarded.h"

#include <strings.h>

static bool is_space(uint8_t c) {
    return c == ' ' || c == '\t';
}

static void drop_bytes(struct bytes *from, size_t len) {
    from->data += len;
    from->len -= len;
}

static void drop_spaces(struct bytes *from) {
    while (from->len > 0 && is_space(from->data[0]))
        drop_bytes(from, 1);
}

static bool drop_byte(struct bytes *from, uint8_t c) {
    if (from->len == 0 || from->data[0] != c)
        return false;
    drop_bytes(from, 1);
    return true;
}

static struct bytes trimmed(struct bytes text) {
    drop_spaces(&text);
    while (text.len > 0 && is_space(text.data[text.len - 1]))
        text.len--;
    return text;
}

static bool parse_address(struct bytes text, struct endpoint *address) {
    char copy[ENDPOINT_TEXT_LEN];
    if (text.len == 0 || text.len >= sizeof copy || memchr(text.data, '\0', text.len) != NULL)
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return endpoint_parse_address(copy, address);
}

/* A number, or an obfuscated port (RFC 7239, section 6.3). */
static bool is_port(struct bytes text) {
    uint64_t port;
    if (text.len > 1 && text.data[0] == '_')
        return true;
    return text.len > 0 && text.data[0] != '-' && bytes_to_u64(text, &port) && port <= UINT16_MAX;
}

/* "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]", "[2001:db8::1]:80" or, in X-Forwarded-For,
 * "2001:db8::1". */
static bool parse_node(struct bytes node, struct endpoint *address) {
    if (node.len == 0)
        return false;
    if (drop_byte(&node, '[')) {
        struct bytes rest = node;
        const struct bytes inside = bytes_split(&rest, ']');
        const bool closed = inside.len < node.len;
        const bool v6 = memchr(inside.data, ':', inside.len) != NULL;
        return closed && v6 && (rest.len == 0 || (drop_byte(&rest, ':') && is_port(rest))) &&
               parse_address(inside, address);
    }
    struct bytes rest = node;
    const struct bytes host = bytes_split(&rest, ':');
    const bool one_colon = host.len < node.len && memchr(rest.data, ':', rest.len) == NULL;
    if (one_colon)
        return is_port(rest) && parse_address(host, address);
    return parse_address(node, address);
}

/* What a proxy says of its client. */
struct element {
    struct bytes node;
    bool secure;
};

/* The next address to the right takes precedence over those before, unless it is a trusted proxy.
 */
static void take_client(struct forwarded *forwarded, const struct element *element,
                        const struct networks *trusted) {
    struct endpoint address;
    if (!parse_node(element->node, &address)) {
        forwarded->state = FORWARDED_BROKEN;
        return;
    }
    /* Names no client; those before it do not count either, since anyone may send them. */
    if (!endpoint_is_usable(&address)) {
        *forwarded = (struct forwarded){ .state = FORWARDED_NOTHING };
        return;
    }
    if (forwarded->state != FORWARDED_NOTHING && networks_contain(trusted, &address))
        return;
    *forwarded = (struct forwarded){
        .state = FORWARDED_CLIENT,
        .client = address,
        .secure = element->secure,
    };
}

static bool ends_token(uint8_t c) {
    return is_space(c) || c == ',' || c == ';' || c == '=' || c == '"';
}

static struct bytes take_token(struct bytes *rest) {
    struct bytes token = { .data = rest->data, .len = 0 };
    while (token.len < rest->len && !ends_token(rest->data[token.len]))
        token.len++;
    drop_bytes(rest, token.len);
    return token;
}

/* Contents of a quoted string. Escapes are kept, since an address needs none. */
static bool take_quoted(struct bytes *rest, struct bytes *text) {
    size_t len = 0;
    while (len < rest->len && rest->data[len] != '"')
        len += rest->data[len] == '\\' ? 2 : 1;
    if (len >= rest->len)
        return false;
    *text = (struct bytes){ .data = rest->data, .len = len };
    drop_bytes(rest, len + 1);
    return true;
}

static bool equals_text(struct bytes text, const char *other) {
    return text.len == strlen(other) && strncasecmp((const char *)text.data, other, text.len) == 0;
}

/* Reads "name=value". The value of "for" is the node; it may occur once. */
static bool take_pair(struct bytes *rest, struct element *element) {
    const struct bytes name = take_token(rest);
    if (name.len == 0 || !drop_byte(rest, '='))
        return false;
    struct bytes value;
    if (!drop_byte(rest, '"'))
        value = take_token(rest);
    else if (!take_quoted(rest, &value))
        return false;
    if (equals_text(name, "proto"))
        element->secure = equals_text(value, "https");
    if (!equals_text(name, "for"))
        return true;
    const bool first = element->node.data == NULL;
    element->node = value;
    return first;
}

/* Reads "name=value;name=value" up to a comma or the end. False if it is malformed: the start of
 * the next element is then unknown, too. */
static bool take_element(struct bytes *rest, struct element *element) {
    *element = (struct element){ .secure = false };
    for (;;) {
        if (!take_pair(rest, element))
            return false;
        drop_spaces(rest);
        if (rest->len == 0 || drop_byte(rest, ','))
            return true;
        if (!drop_byte(rest, ';'))
            return false;
        drop_spaces(rest);
    }
}

/* A list may contain empty elements (RFC 9110, section 5.6.1). */
static void drop_empty_elements(struct bytes *rest) {
    do
        drop_spaces(rest);
    while (drop_byte(rest, ','));
}

void forwarded_read(struct forwarded *forwarded, struct bytes line,
                    const struct networks *trusted) {
    for (drop_empty_elements(&line); line.len > 0; drop_empty_elements(&line)) {
        struct element element;
        if (!take_element(&line, &element)) {
            forwarded->state = FORWARDED_BROKEN;
            return;
        }
        take_client(forwarded, &element, trusted);
    }
}

void forwarded_read_list(struct forwarded *forwarded, struct bytes line,
                         const struct networks *trusted) {
    while (line.len > 0) {
        const struct element element = { .node = trimmed(bytes_split(&line, ',')) };
        if (element.node.len > 0)
            take_client(forwarded, &element, trusted);
    }
}

void forwarded_read_single(struct forwarded *forwarded, struct bytes line) {
    const struct bytes node = trimmed(line);
    struct endpoint address;
    if (node.len == 0 || forwarded->state == FORWARDED_BROKEN)
        return;
    const bool first = forwarded->state == FORWARDED_NOTHING;
    if (!parse_node(node, &address) || (!first && !endpoint_equal(&forwarded->client, &address)))
        forwarded->state = FORWARDED_BROKEN;
    else if (endpoint_is_usable(&address))
        *forwarded = (struct forwarded){ .state = FORWARDED_CLIENT, .client = address };
}

struct forwarded forwarded_join(const struct forwarded *one, const struct forwarded *other) {
    if (one->state == FORWARDED_NOTHING)
        return *other;
    if (other->state == FORWARDED_NOTHING)
        return *one;
    if (one->state == FORWARDED_CLIENT && other->state == FORWARDED_CLIENT &&
        endpoint_equal(&one->client, &other->client))
        return *one;
    return (struct forwarded){ .state = FORWARDED_BROKEN };
}
