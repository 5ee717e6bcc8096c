#include "base/array.h"

#include <stdint.h>
#include <stdlib.h>

enum { CAPACITY_MIN = 16 };

void *array_grow(void *items, size_t *capacity, size_t need, size_t item_len) {
    if (need <= *capacity && items != NULL)
        return items;
    size_t wanted = *capacity < CAPACITY_MIN / 2 ? CAPACITY_MIN : 2 * *capacity;
    if (wanted < need)
        wanted = need;
    if (wanted > SIZE_MAX / 2 / item_len)
        return NULL;
    void *grown = realloc(items, wanted * item_len);
    if (grown != NULL)
        *capacity = wanted;
    return grown;
}
