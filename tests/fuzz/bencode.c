/* The bencode reader on any bytes: values lie within the input, and what the writer puts is read
 * back as the same value. */
#include "base/bencode.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static void assert_within(struct bytes part, struct bytes all) {
    assert(part.len == 0 || (part.data >= all.data && part.data + part.len <= all.data + all.len));
}

/* A number or a string has one encoding only. */
static void assert_canonical(const struct bencode_value *value) {
    uint8_t *buffer = malloc(value->whole.len + 32);
    assert(buffer != NULL);
    struct writer w = writer_on(buffer, value->whole.len + 32);
    if (value->kind == BENCODE_STRING)
        bencode_put_string(&w, value->inside.data, value->inside.len);
    else if (value->kind == BENCODE_NUMBER && value->number >= 0)
        bencode_put_number(&w, (uint64_t)value->number);
    assert(!w.failed);
    if (w.len > 0)
        assert(bytes_equal((struct bytes){ buffer, w.len }, value->whole));
    free(buffer);
}

FUZZ_TARGET(bencode, 1) {
    uint8_t *copy = malloc(size + 1);
    assert(copy != NULL);
    memcpy(copy, data, size);
    const struct bytes all = { .data = copy, .len = size };
    struct bytes rest = all;
    struct bencode_value value;
    while (bencode_take(&rest, &value)) {
        assert_within(value.whole, all);
        assert_within(value.inside, value.whole);
        assert(value.whole.len > 0);
        assert_canonical(&value);
        struct bytes key, inside = value.inside;
        struct bencode_value entry;
        while (value.kind == BENCODE_DICT && bencode_take_entry(&inside, &key, &entry)) {
            assert_within(key, value.inside);
            assert_within(entry.whole, value.inside);
        }
    }
    assert_within(rest, all);
    free(copy);
}
