#include "server/default_route.h"

#include <stdio.h>
#include <string.h>

enum { ROUTES_MAX = 16384, FIELD_DESTINATION = 1, FIELD_GATEWAY = 2, FIELD_MASK = 7, FIELDS = 8 };

/* Takes the first FIELDS fields off a line. */
static bool read_fields(struct bytes line, struct bytes fields[static FIELDS]) {
    for (size_t i = 0; i < FIELDS; i++) {
        if (line.len == 0)
            return false;
        fields[i] = bytes_split(&line, '\t');
    }
    return true;
}

/* The kernel writes the four bytes of an address as one number of this machine's byte order. */
static bool read_address(struct bytes field, uint8_t address[static 4]) {
    uint8_t digits[4];
    if (!hex_decode(field, digits, sizeof digits))
        return false;
    const uint32_t number = load_u32(digits);
    memcpy(address, &number, sizeof number);
    return true;
}

static bool is_zero(struct bytes field) {
    uint8_t address[4];
    static const uint8_t zero[4];
    return read_address(field, address) && memcmp(address, zero, sizeof zero) == 0;
}

struct endpoint default_route_parse(struct bytes routes) {
    struct bytes fields[FIELDS];
    (void)bytes_split(&routes, '\n'); /* the names of the fields */
    while (routes.len > 0) {
        struct endpoint gateway = { .family = FAMILY_V4 };
        if (read_fields(bytes_split(&routes, '\n'), fields) && is_zero(fields[FIELD_DESTINATION]) &&
            is_zero(fields[FIELD_MASK]) && !is_zero(fields[FIELD_GATEWAY]) &&
            read_address(fields[FIELD_GATEWAY], gateway.wire))
            return gateway;
    }
    return (struct endpoint){ .family = FAMILY_NONE };
}

struct endpoint default_route_find(void) {
    char text[ROUTES_MAX];
    FILE *file = fopen("/proc/self/net/route", "re");
    if (file == NULL)
        return (struct endpoint){ .family = FAMILY_NONE };
    const size_t len = fread(text, 1, sizeof text, file);
    fclose(file);
    return default_route_parse((struct bytes){ (const uint8_t *)text, len });
}
