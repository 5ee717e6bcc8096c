/* Growing heap arrays. */
#ifndef SKEP_BASE_ARRAY_H
#define SKEP_BASE_ARRAY_H

#include <stddef.h>

/* Makes room for at least `need` items of `item_len` bytes in the malloc'd array `items` (NULL if
 * `*capacity` is 0), at least doubling it each time. Returns the array, which may have moved, and
 * updates `*capacity`. Returns NULL if out of memory; the old array is then unchanged and still
 * the caller's. */
void *array_grow(void *items, size_t *capacity, size_t need, size_t item_len);

#endif
