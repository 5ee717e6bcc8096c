/* Packed changes, as in a row of the log: each that is read can be written, and says the same when
 * it is read again. */
#include "store/packed_change.h"

#include <assert.h>
#include <stdlib.h>

#include "fuzz.h"

enum { NOW_S = 2000000000 };

static void check_change(const struct change *change) {
    uint8_t packed[PACKED_CHANGE_MAX];
    struct change again;
    struct bytes rest = { .data = packed, .len = packed_change_write(packed, change, NOW_S) };
    assert(rest.len < sizeof packed);
    if (change->kind == CHANGE_TORRENT && change->downloaded == 0)
        assert(rest.len == 0);
    else
        assert(packed_change_read(&rest, NOW_S, &again) && rest.len == 0 &&
               memcmp(&again, change, sizeof again) == 0);
}

FUZZ_TARGET(packed_change, 1) {
    struct change change;
    /* A buffer of the exact size, so that a sanitizer sees a read past its end. */
    uint8_t *copy = malloc(size + 1);
    assert(copy != NULL);
    memcpy(copy + 1, data, size);
    struct bytes rest = { .data = copy + 1, .len = size };
    memset(&change, 0, sizeof change);
    while (rest.len > 0 && packed_change_read(&rest, NOW_S, &change))
        check_change(&change);
    free(copy);
}
