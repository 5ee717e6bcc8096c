/* Splits a request URL into path, prefix and query; each part must lie within the input. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "wire/http_wire.h"

static bool within(struct bytes part, const uint8_t *from, size_t size) {
    return part.len == 0 || (part.data >= from && part.data + part.len <= from + size);
}

int fuzz_http_target(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size + 1);
    assert(copy != NULL);
    memcpy(copy, data, size);
    const struct http_target target =
        http_parse_target((struct bytes){ .data = copy, .len = size });
    assert(within(target.path, copy, size));
    assert(within(target.prefix, copy, size));
    assert(within(target.query, copy, size));
    free(copy);
    return 0;
}
