#include "base/radix_sort.h"

#include <string.h>

enum { DIGITS = 8, DIGIT_VALUES = 256 };

static unsigned digit_of(uint64_t key, unsigned digit) {
    return (unsigned)(key >> (8 * digit)) & (DIGIT_VALUES - 1);
}

/* Moves all items to `to`, sorted by one digit; `counts` says how often each of its values occurs.
 */
static void sort_by_digit(const struct radix_item *from, struct radix_item *to, size_t count,
                          unsigned digit, const size_t counts[static DIGIT_VALUES]) {
    size_t starts[DIGIT_VALUES];
    size_t start = 0;
    for (unsigned value = 0; value < DIGIT_VALUES; value++) {
        starts[value] = start;
        start += counts[value];
    }
    for (size_t i = 0; i < count; i++)
        to[starts[digit_of(from[i].key, digit)]++] = from[i];
}

void radix_sort(struct radix_item *items, struct radix_item *spare, size_t count) {
    size_t counts[DIGITS][DIGIT_VALUES] = { 0 }; /* lowest digit first */
    struct radix_item *from = items;
    struct radix_item *to = spare;
    if (count < 2)
        return;
    for (size_t i = 0; i < count; i++) {
        for (unsigned digit = 0; digit < DIGITS; digit++)
            counts[digit][digit_of(items[i].key, digit)]++;
    }
    for (unsigned digit = 0; digit < DIGITS; digit++) {
        /* Most keys are small: skip digits that are the same in all of them. */
        if (counts[digit][digit_of(items[0].key, digit)] == count)
            continue;
        sort_by_digit(from, to, count, digit, counts[digit]);
        struct radix_item *const sorted = to;
        to = from;
        from = sorted;
    }
    if (from != items)
        memcpy(items, from, count * sizeof *items);
}
