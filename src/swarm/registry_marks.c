#include "swarm/registry_marks.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "swarm/registry_key.h"

void registry_marks_free(struct registry_marks *marks) {
    stepped_index_free(&marks->index);
    free(marks->list);
    *marks = (struct registry_marks){ 0 };
}

static struct marked_key key_of(const struct registry_row *row) {
    struct marked_key key = { .kind = (uint8_t)row->kind };
    memcpy(key.key, registry_row_key(row), registry_key_len(row->kind));
    return key;
}

static uint32_t hash_key(const struct registry_marks *marks, const struct marked_key *key) {
    struct hash_key with_kind = marks->hash_key;
    with_kind.half[0] ^= key->kind;
    return (uint32_t)keyed_hash(&with_kind, key->key, sizeof key->key);
}

static uint32_t hash_at(const void *array, uint32_t position) {
    const struct registry_marks *marks = array;
    return hash_key(marks, &marks->list[position]);
}

static bool matches(const void *array, uint32_t position, const void *wanted) {
    const struct registry_marks *marks = array;
    const struct marked_key *present = &marks->list[position];
    const struct marked_key *key = wanted;
    return present->kind == key->kind && memcmp(present->key, key->key, sizeof key->key) == 0;
}

static uint32_t find_position(const struct registry_marks *marks, const struct marked_key *key) {
    return marks->count == 0
               ? HASH_INDEX_NONE
               : stepped_index_find(&marks->index, hash_key(marks, key), matches, marks, key);
}

struct marked_key *registry_marks_find(const struct registry_marks *marks,
                                       const struct registry_row *row) {
    const struct marked_key key = key_of(row);
    const uint32_t position = find_position(marks, &key);
    return position == HASH_INDEX_NONE ? NULL : &marks->list[position];
}

static struct marked_key *add_key(struct registry_marks *marks, const struct marked_key *key) {
    struct marked_key *list =
        array_grow(marks->list, &marks->capacity, (size_t)marks->count + 1, sizeof *list);
    if (list == NULL)
        return NULL;
    marks->list = list;
    if (!stepped_index_fit(&marks->index, marks->count + 1, hash_at, marks))
        return NULL;
    list[marks->count] = *key;
    stepped_index_put(&marks->index, hash_key(marks, key), marks->count);
    return &list[marks->count++];
}

bool registry_marks_put(struct registry_marks *marks, const struct registry_row *row,
                        const struct registry_mark *mark, bool confirmed) {
    const struct marked_key key = key_of(row);
    const uint32_t position = find_position(marks, &key);
    struct marked_key *marked =
        position == HASH_INDEX_NONE ? add_key(marks, &key) : &marks->list[position];
    if (marked == NULL)
        return false;
    marks->aside[row->kind] += mark->aside;
    marks->aside[row->kind] -= marked->mark.aside;
    marked->mark = *mark;
    marked->confirmed = confirmed;
    const uint64_t stamp = mark->stamp > mark->restriction ? mark->stamp : mark->restriction;
    if (stamp > marks->highest)
        marks->highest = stamp;
    return true;
}

/* The last one takes its place. */
static void remove_at(struct registry_marks *marks, uint32_t position) {
    const uint32_t last = marks->count - 1;
    marks->aside[marks->list[position].kind] -= marks->list[position].mark.aside;
    stepped_index_remove(&marks->index, hash_at(marks, position), position, hash_at, marks);
    if (position != last)
        stepped_index_renumber(&marks->index, hash_at(marks, last), last, position);
    marks->list[position] = marks->list[last];
    marks->count--;
    marks->version++;
}

void registry_marks_remove(struct registry_marks *marks, const struct registry_row *row) {
    const struct marked_key key = key_of(row);
    const uint32_t position = find_position(marks, &key);
    if (position != HASH_INDEX_NONE)
        remove_at(marks, position);
}

size_t registry_marks_forget(struct registry_marks *marks, uint64_t before) {
    size_t forgotten = 0;
    for (uint32_t i = marks->count; i > 0; i--) {
        const struct registry_mark *mark = &marks->list[i - 1].mark;
        if (!mark->removed || mark->stamp >= before)
            continue;
        remove_at(marks, i - 1);
        forgotten++;
    }
    return forgotten;
}

void registry_marks_forget_all(struct registry_marks *marks) {
    for (uint32_t i = marks->count; i > 0; i--) {
        if (!marks->list[i - 1].mark.aside)
            remove_at(marks, i - 1);
    }
}

struct registry_row registry_marks_row(const struct marked_key *marked) {
    struct registry_row row = { .kind = (enum registry_kind)marked->kind };
    memcpy((uint8_t *)(uintptr_t)registry_row_key(&row), marked->key, registry_key_len(row.kind));
    return row;
}
