/* Puts many things in order by a number each, in a time that grows with their count alone. Pure. */
#ifndef SKEP_WEB_VIEWS_RADIX_SORT_H
#define SKEP_WEB_VIEWS_RADIX_SORT_H

#include <stddef.h>
#include <stdint.h>

struct radix_item {
    uint64_t key;
    uint32_t place; /* of the thing among the others: the caller's */
};

/* Sorts `items` by their keys, the smallest first; equal ones stay in their order, so that sorting
 * by one number and then by another sorts by the second and then the first. `spare` has room for
 * `count` as well. Allocates nothing. */
void radix_sort(struct radix_item *items, struct radix_item *spare, size_t count);

#endif
