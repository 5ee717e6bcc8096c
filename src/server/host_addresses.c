#include "server/host_addresses.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

enum { ROUTES_MAX = 16384, FIELD_DESTINATION = 1, FIELD_GATEWAY = 2, FIELD_MASK = 7, FIELDS = 8 };

typedef void (*host_visitor)(void *context, const char *host);

static void visit_host(const struct endpoint *address, host_visitor visit, void *context) {
    char text[ENDPOINT_TEXT_LEN];
    char host[ENDPOINT_TEXT_LEN + 2];
    endpoint_address_text(address, text);
    snprintf(host, sizeof host, address->family == FAMILY_V6 ? "[%s]" : "%s", text);
    visit(context, host);
}

static bool is_link_local(const struct endpoint *address) {
    return address->family == FAMILY_V6 && address->wire[0] == 0xfe &&
           (address->wire[1] & 0xc0) == 0x80;
}

static void visit_interfaces(const struct ifaddrs *all, bool loopback, bool v4, bool v6,
                             host_visitor visit, void *context) {
    for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
        if (one->ifa_addr == NULL || !(one->ifa_flags & IFF_UP) ||
            !(one->ifa_flags & IFF_LOOPBACK) != !loopback)
            continue;
        const struct endpoint address = endpoint_from_sockaddr(one->ifa_addr);
        const bool wanted = (address.family == FAMILY_V4 && v4) ||
                            (address.family == FAMILY_V6 && v6 && !is_link_local(&address));
        if (wanted)
            visit_host(&address, visit, context);
    }
}

/* Whether the list has 0.0.0.0 or ::, which stands for all addresses of that family. */
static bool has_any_address(const struct listen_addresses *addresses, uint8_t family) {
    const struct endpoint any = { .family = family };
    for (size_t i = 0; i < addresses->count; i++) {
        if (endpoint_same_address(&addresses->list[i], &any))
            return true;
    }
    return addresses->count == 0;
}

void host_addresses_visit(const struct listen_addresses *addresses,
                          void (*visit)(void *context, const char *host), void *context) {
    const bool v4 = has_any_address(addresses, FAMILY_V4);
    const bool v6 = has_any_address(addresses, FAMILY_V6);
    for (size_t i = 0; i < addresses->count; i++) {
        if (!(addresses->list[i].family == FAMILY_V6 ? v6 : v4))
            visit_host(&addresses->list[i], visit, context);
    }
    struct ifaddrs *all = NULL;
    if ((!v4 && !v6) || getifaddrs(&all) != 0)
        return;
    visit_interfaces(all, false, v4, v6, visit, context);
    visit_interfaces(all, true, v4, v6, visit, context);
    freeifaddrs(all);
}

static bool split_fields(struct bytes line, struct bytes fields[static FIELDS]) {
    for (size_t i = 0; i < FIELDS; i++) {
        if (line.len == 0)
            return false;
        fields[i] = bytes_split(&line, '\t');
    }
    return true;
}

/* The kernel prints the four bytes of an address as one number in host byte order. */
static bool parse_address(struct bytes field, uint8_t address[static 4]) {
    uint8_t digits[4];
    if (!hex_decode(field, digits, sizeof digits))
        return false;
    const uint32_t number = load_u32(digits);
    memcpy(address, &number, sizeof number);
    return true;
}

static bool is_zero_address(struct bytes field) {
    uint8_t address[4];
    static const uint8_t zero[4];
    return parse_address(field, address) && memcmp(address, zero, sizeof zero) == 0;
}

struct endpoint host_addresses_parse_gateway(struct bytes routes) {
    struct bytes fields[FIELDS];
    (void)bytes_split(&routes, '\n'); /* header line */
    while (routes.len > 0) {
        struct endpoint gateway = { .family = FAMILY_V4 };
        if (split_fields(bytes_split(&routes, '\n'), fields) &&
            is_zero_address(fields[FIELD_DESTINATION]) && is_zero_address(fields[FIELD_MASK]) &&
            !is_zero_address(fields[FIELD_GATEWAY]) &&
            parse_address(fields[FIELD_GATEWAY], gateway.wire))
            return gateway;
    }
    return (struct endpoint){ .family = FAMILY_NONE };
}

struct endpoint host_addresses_gateway(void) {
    char text[ROUTES_MAX];
    FILE *file = fopen("/proc/self/net/route", "re");
    if (file == NULL)
        return (struct endpoint){ .family = FAMILY_NONE };
    const size_t len = fread(text, 1, sizeof text, file);
    fclose(file);
    return host_addresses_parse_gateway((struct bytes){ (const uint8_t *)text, len });
}
