#include "base/edit_distance.h"

static bool letters_swapped(struct bytes from, struct bytes to, size_t i, size_t j) {
    return i > 1 && j > 1 && from.data[i - 1] == to.data[j - 2] &&
           from.data[i - 2] == to.data[j - 1];
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Keeps the last three rows of the table of distances between all prefixes. */
size_t edit_distance(struct bytes from, struct bytes to) {
    size_t rows[3][EDIT_DISTANCE_LEN];
    if (from.len >= EDIT_DISTANCE_LEN || to.len >= EDIT_DISTANCE_LEN)
        return SIZE_MAX;
    for (size_t i = 0; i <= from.len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *above_that = rows[(i + 1) % 3];
        for (size_t j = 0; j <= to.len; j++) {
            row[j] = i + j;
            if (i == 0 || j == 0)
                continue;
            const size_t replaced = above[j - 1] + (from.data[i - 1] != to.data[j - 1]);
            row[j] = smaller(replaced, smaller(above[j], row[j - 1]) + 1);
            if (letters_swapped(from, to, i, j))
                row[j] = smaller(row[j], above_that[j - 2] + 1);
        }
    }
    return rows[from.len % 3][to.len];
}
