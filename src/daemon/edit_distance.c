#include "daemon/edit_distance.h"

enum { ROW_LEN = EDIT_DISTANCE_LEN_MAX + 1 };

/* Three rows of the table of distances between all beginnings of both names. */
struct rows {
    size_t before[ROW_LEN];
    size_t above[ROW_LEN];
    size_t current[ROW_LEN];
};

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

static bool swapped(struct bytes from, struct bytes to, size_t i, size_t j) {
    return i > 1 && j > 1 && from.data[i - 1] == to.data[j - 2] &&
           from.data[i - 2] == to.data[j - 1];
}

static size_t distance_at(const struct rows *rows, struct bytes from, struct bytes to, size_t i,
                          size_t j) {
    size_t replaced = rows->above[j - 1] + (from.data[i - 1] != to.data[j - 1]);
    size_t distance = smaller(replaced, smaller(rows->above[j], rows->current[j - 1]) + 1);
    if (swapped(from, to, i, j))
        distance = smaller(distance, rows->before[j - 2] + 1);
    return distance;
}

static void next_row(struct rows *rows, size_t len) {
    for (size_t j = 0; j <= len; j++) {
        rows->before[j] = rows->above[j];
        rows->above[j] = rows->current[j];
    }
}

size_t edit_distance(struct bytes from, struct bytes to) {
    if (from.len > EDIT_DISTANCE_LEN_MAX || to.len > EDIT_DISTANCE_LEN_MAX)
        return SIZE_MAX;
    struct rows rows = { 0 };
    for (size_t j = 0; j <= to.len; j++)
        rows.above[j] = j;
    for (size_t i = 1; i <= from.len; i++) {
        rows.current[0] = i;
        for (size_t j = 1; j <= to.len; j++)
            rows.current[j] = distance_at(&rows, from, to, i, j);
        next_row(&rows, to.len);
    }
    return rows.above[to.len];
}
