/* Stable radix sort by 64-bit keys, in linear time. Pure. */
#ifndef SKEP_BASE_RADIX_SORT_H
#define SKEP_BASE_RADIX_SORT_H

#include <stddef.h>
#include <stdint.h>

struct radix_item {
    uint64_t key;
    uint32_t position; /* of the sorted object in the caller's array */
};

/* Sorts `items` by ascending key. Equal keys keep their order, so sorting by one key and then by
 * another sorts by the second key first. `spare` must have room for `count` items. Allocates
 * nothing. */
void radix_sort(struct radix_item *items, struct radix_item *spare, size_t count);

#endif
