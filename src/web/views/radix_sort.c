#include "web/views/radix_sort.h"

#include <string.h>

enum { DIGITS = 8, DIGIT_VALUES = 256 };

/* How often each byte occurs in each place of the keys, the lowest place first. */
struct swarm_totals {
    size_t counts[DIGITS][DIGIT_VALUES];
};

static unsigned digit_of(uint64_t key, unsigned digit) {
    return (unsigned)(key >> (8 * digit)) & (DIGIT_VALUES - 1);
}

static void take_census(struct swarm_totals *totals, const struct radix_item *items, size_t count) {
    memset(totals, 0, sizeof *totals);
    for (size_t i = 0; i < count; i++) {
        for (unsigned digit = 0; digit < DIGITS; digit++)
            totals->counts[digit][digit_of(items[i].key, digit)]++;
    }
}

/* Moves all of `from` to `to`, by one digit. */
static void deal(const struct radix_item *from, struct radix_item *to, size_t count, unsigned digit,
                 const size_t counts[static DIGIT_VALUES]) {
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
    struct swarm_totals totals;
    struct radix_item *from = items;
    struct radix_item *to = spare;
    if (count < 2)
        return;
    take_census(&totals, items, count);
    for (unsigned digit = 0; digit < DIGITS; digit++) {
        /* Where all keys have the same byte, there is nothing to be put in order. */
        if (totals.counts[digit][digit_of(items[0].key, digit)] == count)
            continue;
        deal(from, to, count, digit, totals.counts[digit]);
        struct radix_item *const dealt = to;
        to = from;
        from = dealt;
    }
    if (from != items)
        memcpy(items, from, count * sizeof *items);
}
