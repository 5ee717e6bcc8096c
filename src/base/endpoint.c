#include "base/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/utf8.h"

static uint8_t *port_bytes(struct endpoint *endpoint) {
    return endpoint->wire + address_len(endpoint->family);
}

uint16_t endpoint_port(const struct endpoint *endpoint) {
    return load_u16(endpoint->wire + address_len(endpoint->family));
}

void endpoint_set_port(struct endpoint *endpoint, uint16_t port) {
    store_u16(port_bytes(endpoint), port);
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b) {
    return a->family == b->family && endpoint_wire_equal(a->family, a->wire, b->wire);
}

bool endpoint_same_address(const struct endpoint *a, const struct endpoint *b) {
    return a->family != FAMILY_NONE && a->family == b->family &&
           memcmp(a->wire, b->wire, address_len(a->family)) == 0;
}

bool endpoint_wire_is_loopback(uint8_t family, const uint8_t *wire) {
    static const uint8_t v6_loopback[16] = { [15] = 1 };
    if (family == FAMILY_V4)
        return wire[0] == 127;
    return memcmp(wire, v6_loopback, sizeof v6_loopback) == 0;
}

bool endpoint_is_loopback(const struct endpoint *endpoint) {
    return endpoint_wire_is_loopback(endpoint->family, endpoint->wire);
}

bool endpoint_is_usable(const struct endpoint *endpoint) {
    static const uint8_t unspecified[16];
    const uint8_t *address = endpoint->wire;
    if (endpoint->family == FAMILY_V4)
        return address[0] != 0 && address[0] < 224;
    const bool link_local = address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
    return endpoint->family == FAMILY_V6 && address[0] != 0xff && !link_local &&
           memcmp(address, unspecified, sizeof unspecified) != 0;
}

struct endpoint endpoint_from_wire(uint8_t family, const uint8_t *wire) {
    struct endpoint endpoint = { .family = family };
    memcpy(endpoint.wire, wire, endpoint_len(family));
    return endpoint;
}

static struct endpoint read_sockaddr_v4(const void *address, uint16_t port) {
    struct endpoint endpoint = { .family = FAMILY_V4 };
    memcpy(endpoint.wire, address, 4);
    endpoint_set_port(&endpoint, port);
    return endpoint;
}

static struct endpoint read_sockaddr_v6(const uint8_t address[static 16], uint16_t port) {
    static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };
    if (memcmp(address, mapped_prefix, sizeof mapped_prefix) == 0)
        return read_sockaddr_v4(address + sizeof mapped_prefix, port);
    struct endpoint endpoint = { .family = FAMILY_V6 };
    memcpy(endpoint.wire, address, 16);
    endpoint_set_port(&endpoint, port);
    return endpoint;
}

struct endpoint endpoint_from_sockaddr(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return read_sockaddr_v4(&in.sin_addr, ntohs(in.sin_port));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        return read_sockaddr_v6(in6.sin6_addr.s6_addr, ntohs(in6.sin6_port));
    }
    return (struct endpoint){ 0 };
}

socklen_t endpoint_to_sockaddr(const struct endpoint *endpoint, struct sockaddr_storage *address) {
    memset(address, 0, sizeof *address);
    const in_port_t port = htons(endpoint_port(endpoint));
    if (endpoint->family == FAMILY_V4) {
        struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = port };
        memcpy(&in.sin_addr, endpoint->wire, 4);
        memcpy(address, &in, sizeof in);
        return sizeof in;
    }
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = port };
    memcpy(&in6.sin6_addr, endpoint->wire, 16);
    memcpy(address, &in6, sizeof in6);
    return sizeof in6;
}

bool endpoint_parse_address(const char *text, struct endpoint *endpoint) {
    uint8_t address[16];
    if (inet_pton(AF_INET, text, address) == 1) {
        *endpoint = read_sockaddr_v4(address, 0);
        return true;
    }
    if (inet_pton(AF_INET6, text, address) == 1) {
        *endpoint = read_sockaddr_v6(address, 0);
        return true;
    }
    return false;
}

void endpoint_address_text(const struct endpoint *endpoint, char text[static ENDPOINT_TEXT_LEN]) {
    const int family = endpoint->family == FAMILY_V6 ? AF_INET6 : AF_INET;
    if (inet_ntop(family, endpoint->wire, text, ENDPOINT_TEXT_LEN) == NULL)
        text[0] = '\0';
}

void endpoint_text(const struct endpoint *endpoint, char text[static ENDPOINT_TEXT_LEN]) {
    char address[ENDPOINT_TEXT_LEN];
    endpoint_address_text(endpoint, address);
    const char *format = endpoint->family == FAMILY_V6 ? "[%.45s]:%u" : "%.45s:%u";
    snprintf(text, ENDPOINT_TEXT_LEN, format, address, endpoint_port(endpoint));
}

static size_t network_len(uint8_t family) {
    return family == FAMILY_V6 ? 6 : 3;
}

struct endpoint endpoint_reduced(const struct endpoint *endpoint,
                                 enum address_precision precision) {
    struct endpoint reduced = { .family = endpoint->family };
    if (precision == ADDRESS_FULL)
        return *endpoint;
    if (precision == ADDRESS_NETWORK)
        memcpy(reduced.wire, endpoint->wire, network_len(endpoint->family));
    return reduced;
}

void endpoint_reduced_text(const struct endpoint *endpoint, char text[static ENDPOINT_TEXT_LEN]) {
    const struct endpoint none = endpoint_reduced(endpoint, ADDRESS_NONE);
    char address[ENDPOINT_TEXT_LEN];
    text[0] = '\0';
    if (endpoint_port(endpoint) != 0) {
        endpoint_text(endpoint, text);
    } else if (!endpoint_equal(endpoint, &none)) {
        endpoint_address_text(endpoint, address);
        snprintf(text, ENDPOINT_TEXT_LEN, "%.45s/%zu", address, 8 * network_len(endpoint->family));
    }
}

static bool address_has_prefix(const uint8_t *address, const uint8_t *prefix, unsigned bits) {
    const unsigned whole = bits / 8;
    if (memcmp(address, prefix, whole) != 0)
        return false;
    const unsigned rest = bits % 8;
    return rest == 0 || (address[whole] ^ prefix[whole]) >> (8 - rest) == 0;
}

static bool bits_behind_prefix_are_zero(const struct network *network) {
    for (unsigned bit = network->bits; bit < 8 * address_len(network->family); bit++) {
        if (network->address[bit / 8] & (0x80U >> bit % 8))
            return false;
    }
    return true;
}

struct network network_of_address(const struct endpoint *address) {
    const size_t len = address_len(address->family);
    struct network network = { .family = address->family, .bits = (uint8_t)(8 * len) };
    memcpy(network.address, address->wire, len);
    return network;
}

struct endpoint network_first_address(const struct network *network) {
    struct endpoint address = { .family = network->family };
    memcpy(address.wire, network->address, address_len(network->family));
    return address;
}

bool network_parse(const char *text, struct network *network) {
    char address[ENDPOINT_TEXT_LEN];
    struct bytes prefix = utf8_unquote(bytes_of(text));
    const bool has_prefix = prefix.len > 0 && memchr(prefix.data, '/', prefix.len) != NULL;
    const struct bytes host = bytes_split(&prefix, '/');
    if (host.len >= sizeof address)
        return false;
    utf8_copy(host, address, sizeof address);

    struct endpoint base;
    if (!endpoint_parse_address(address, &base))
        return false;
    const uint64_t most = 8 * address_len(base.family);
    uint64_t bits = most;
    if (has_prefix && (!bytes_to_u64(prefix, &bits) || bits > most))
        return false;

    struct network parsed = network_of_address(&base);
    parsed.bits = (uint8_t)bits;
    if (!bits_behind_prefix_are_zero(&parsed))
        return false;
    *network = parsed;
    return true;
}

void network_text(const struct network *network, char text[static NETWORK_TEXT_LEN]) {
    const struct endpoint address = network_first_address(network);
    char host[ENDPOINT_TEXT_LEN];
    endpoint_address_text(&address, host);
    snprintf(text, NETWORK_TEXT_LEN, "%.45s/%u", host, network->bits);
}

bool networks_contain(const struct networks *networks, const struct endpoint *endpoint) {
    for (size_t i = 0; i < networks->count; i++) {
        const struct network *network = &networks->list[i];
        if (network->family == endpoint->family &&
            address_has_prefix(endpoint->wire, network->address, network->bits))
            return true;
    }
    return false;
}
