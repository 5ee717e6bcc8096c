#include "base/hash_index.h"

#include "base/random.h"
#include "support.h"

enum {
    ENTRIES = 48,
    LARGE = 5000, /* entries of an index whose slots do not tell the home of an entry */
    STEPS = 20000,
    CROWD = 12000,
    CROWD_STEPS = 60000,
};

/* What the index points into; the positions that are in use are the model. */
struct model {
    struct hash_index index;
    uint32_t hashes[ENTRIES];
    bool used[ENTRIES];
    uint32_t count;
};

static uint32_t hash_at(const void *array, uint32_t position) {
    const struct model *model = array;
    return model->hashes[position];
}

static bool is_position(const void *array, uint32_t position, const void *wanted) {
    const struct model *model = array;
    REQUIRE(model->used[position]);
    const uint32_t *number = wanted;
    return position == *number;
}

static uint32_t find(const struct model *model, uint32_t hash, uint32_t position) {
    return hash_index_find(&model->index, hash, is_position, model, &position);
}

static void put(struct model *model, uint32_t position, uint32_t hash) {
    model->hashes[position] = hash;
    model->used[position] = true;
    model->count++;
    hash_index_put(&model->index, hash, position);
}

static void take_by(struct model *model, uint32_t position, hash_index_hash hash_of) {
    hash_index_remove(&model->index, model->hashes[position], position, hash_of, model);
    model->used[position] = false;
    model->count--;
}

static void take(struct model *model, uint32_t position) {
    take_by(model, position, hash_at);
}

static void renumber(struct model *model, uint32_t from, uint32_t to) {
    hash_index_renumber(&model->index, model->hashes[from], from, to);
    model->hashes[to] = model->hashes[from];
    model->used[to] = true;
    model->used[from] = false;
}

static void assert_as_modelled(const struct model *model) {
    uint32_t filled = 0;
    for (uint32_t i = 0; i < model->index.size; i++)
        filled += model->index.slots[i] != 0;
    REQUIRE(filled == model->count);
    for (uint32_t i = 0; i < ENTRIES; i++) {
        if (model->used[i])
            REQUIRE(find(model, model->hashes[i], i) == i);
    }
}

enum hash_shape { ALL_EQUAL, SAME_HOME, AROUND_THE_END, SPREAD, HASH_SHAPES };

/* A small index takes the home of an entry from the lower bits, a large one from the upper ones. */
static uint32_t random_hash(struct random *random, enum hash_shape shape, bool large) {
    switch (shape) {
    case SAME_HOME:
        return random_below(random, 64);
    case AROUND_THE_END:
        return UINT32_MAX - (random_below(random, 3) << (large ? 19 : 18));
    case SPREAD:
        return (uint32_t)random_next(random);
    default:
        return 7;
    }
}

static void compare_with_model(enum hash_shape shape, bool large) {
    struct model model = { .count = 0 };
    struct random random = { .state = (uint64_t)shape };
    ck_assert(hash_index_create(&model.index, large ? LARGE : ENTRIES));
    for (int step = 0; step < STEPS; step++) {
        const uint32_t position = random_below(&random, ENTRIES);
        const uint32_t other = random_below(&random, ENTRIES);
        if (!model.used[position])
            put(&model, position, random_hash(&random, shape, large));
        else if (!model.used[other])
            renumber(&model, position, other);
        else if (random_below(&random, 2) == 0)
            take(&model, position);
        if (step % (large ? 512 : 16) == 0)
            assert_as_modelled(&model);
    }
    hash_index_free(&model.index);
}

START_TEST(index_agrees_with_its_model) {
    compare_with_model((enum hash_shape)_i, false);
}
END_TEST

START_TEST(large_index_agrees_with_its_model) {
    compare_with_model((enum hash_shape)_i, true);
}
END_TEST

static uint32_t ask_no_hash(const void *array, uint32_t position) {
    (void)array;
    ck_abort_msg("the hash of %u is asked for", position);
    return 0;
}

START_TEST(removal_from_a_small_index_reads_no_neighbour) {
    struct model model = { .count = 0 };
    ck_assert(hash_index_create(&model.index, ENTRIES));
    for (uint32_t i = 0; i < ENTRIES; i++)
        put(&model, i, i % 5 << 22 | i);
    for (uint32_t i = 0; i < ENTRIES; i++) {
        take_by(&model, i, ask_no_hash);
        assert_as_modelled(&model);
    }
    hash_index_free(&model.index);
}
END_TEST

START_TEST(removed_entries_leave_no_trace) {
    struct model model = { .count = 0 };
    ck_assert(hash_index_create(&model.index, ENTRIES));
    for (int round = 0; round < 100; round++) {
        for (uint32_t i = 0; i < ENTRIES; i++)
            put(&model, i, i % 5 << 30 | i % 3);
        for (uint32_t i = 0; i < ENTRIES; i++)
            take(&model, (i * 7 + 3) % ENTRIES);
    }
    for (uint32_t i = 0; i < model.index.size; i++)
        ck_assert_uint_eq(model.index.slots[i], 0);
    hash_index_free(&model.index);
}
END_TEST

START_TEST(unknown_entry_is_nowhere) {
    struct model model = { .count = 0 };
    ck_assert(hash_index_create(&model.index, ENTRIES));
    ck_assert_uint_eq(find(&model, 5, 1), HASH_INDEX_NONE);
    put(&model, 0, 5);
    ck_assert_uint_eq(find(&model, 5, 1), HASH_INDEX_NONE);
    ck_assert_uint_eq(find(&model, 5, 0), 0);
    hash_index_free(&model.index);
}
END_TEST

START_TEST(guess_is_the_first_entry_with_the_hash) {
    struct model model = { .count = 0 };
    ck_assert(hash_index_create(&model.index, ENTRIES));
    put(&model, 0, 5);
    put(&model, 1, 6);
    hash_index_prefetch(&model.index, 6);
    ck_assert_uint_eq(hash_index_guess(&model.index, 5), 0);
    ck_assert_uint_eq(hash_index_guess(&model.index, 6), 1);
    ck_assert_uint_eq(hash_index_guess(&model.index, 7), HASH_INDEX_NONE);
    hash_index_free(&model.index);
}
END_TEST

START_TEST(fresh_index_fits_its_entries) {
    for (uint32_t entries = 16; entries < 3000; entries++) {
        struct hash_index index;
        REQUIRE(hash_index_create(&index, entries));
        REQUIRE(hash_index_fits(&index, entries));
        REQUIRE(index.size > entries);
        REQUIRE(!hash_index_fits(&index, 2 * index.size));
        REQUIRE(!hash_index_fits(&index, index.size));
        hash_index_free(&index);
    }
}
END_TEST

START_TEST(index_outgrown_by_its_size_fits_no_more) {
    struct hash_index index;
    ck_assert(hash_index_create(&index, 1000));
    ck_assert(hash_index_fits(&index, 500));
    ck_assert(!hash_index_fits(&index, 100));
    hash_index_free(&index);
    ck_assert(hash_index_create(&index, 1));
    ck_assert(hash_index_fits(&index, 0));
    hash_index_free(&index);
}
END_TEST

/* A search ends at an empty slot, so one must be left. */
START_TEST(search_ends_where_the_index_is_as_full_as_it_may_be) {
    struct model model = { .count = 0 };
    uint32_t entries = 1;
    ck_assert(hash_index_create(&model.index, 24));
    while (hash_index_fits(&model.index, entries + 1))
        entries++;
    ck_assert_uint_lt(entries, ENTRIES);
    for (uint32_t i = 0; i < entries; i++)
        put(&model, i, i << 24);
    assert_as_modelled(&model);
    ck_assert_uint_eq(find(&model, 5, entries), HASH_INDEX_NONE);
    hash_index_free(&model.index);
}
END_TEST

START_TEST(memory_is_that_of_the_slots) {
    struct hash_index index = { 0 };
    ck_assert_uint_eq(hash_index_memory(&index), 0);
    ck_assert(hash_index_create(&index, 1000));
    ck_assert_uint_ge(hash_index_memory(&index), 1000 * sizeof(uint32_t));
    hash_index_free(&index);
    ck_assert_uint_eq(hash_index_memory(&index), 0);
    hash_index_free(&index);
}
END_TEST

/* A stepped index into a dense array: the last entry takes the place of a removed one. */
struct crowd {
    struct stepped_index index;
    uint32_t hashes[CROWD];
    uint32_t count;
    uint32_t most_moved; /* entries, by one call of stepped_index_fit */
};

static uint32_t hashes_asked;

static uint32_t crowd_hash_at(const void *array, uint32_t position) {
    const struct crowd *crowd = array;
    REQUIRE(position < crowd->count);
    hashes_asked++;
    return crowd->hashes[position];
}

static bool crowd_has(const void *array, uint32_t position, const void *wanted) {
    const struct crowd *crowd = array;
    const uint32_t *number = wanted;
    REQUIRE(position < crowd->count);
    return position == *number;
}

static void fit_crowd(struct crowd *crowd, uint32_t count) {
    hashes_asked = 0;
    REQUIRE(stepped_index_fit(&crowd->index, count, crowd_hash_at, crowd));
    if (crowd->count > 1000 && hashes_asked > crowd->most_moved)
        crowd->most_moved = hashes_asked;
}

static void join_crowd(struct crowd *crowd, uint32_t hash) {
    fit_crowd(crowd, crowd->count + 1);
    crowd->hashes[crowd->count] = hash;
    stepped_index_put(&crowd->index, hash, crowd->count++);
}

static void leave_crowd(struct crowd *crowd, uint32_t position) {
    const uint32_t last = crowd->count - 1;
    stepped_index_remove(&crowd->index, crowd->hashes[position], position, crowd_hash_at, crowd);
    if (position != last)
        stepped_index_renumber(&crowd->index, crowd->hashes[last], last, position);
    crowd->hashes[position] = crowd->hashes[last];
    crowd->count--;
    fit_crowd(crowd, crowd->count);
}

static void swap_in_crowd(struct crowd *crowd, uint32_t one, uint32_t other) {
    const uint32_t hash = crowd->hashes[one];
    stepped_index_swap(&crowd->index, hash, one, crowd->hashes[other], other);
    crowd->hashes[one] = crowd->hashes[other];
    crowd->hashes[other] = hash;
}

static void require_found(const struct crowd *crowd, uint32_t position) {
    REQUIRE(stepped_index_find(&crowd->index, crowd->hashes[position], crowd_has, crowd,
                               &position) == position);
}

/* Half of the steps mostly add, the others mostly remove. */
START_TEST(stepped_index_moves_a_few_entries_at_a_time_and_loses_none) {
    static struct crowd crowd;
    struct random random = { .state = 9 };
    bool stepped = false;
    crowd = (struct crowd){ .count = 0 };
    for (uint32_t step = 0; step < CROWD_STEPS; step++) {
        const bool adds = (step < CROWD_STEPS / 2) != (random_below(&random, 4) == 0);
        if (adds && crowd.count < CROWD)
            join_crowd(&crowd, (uint32_t)random_next(&random));
        else if (!adds && crowd.count > 0)
            leave_crowd(&crowd, random_below(&random, crowd.count));
        if (crowd.count > 1)
            swap_in_crowd(&crowd, random_below(&random, crowd.count - 1), crowd.count - 1);
        if (crowd.count > 0)
            require_found(&crowd, random_below(&random, crowd.count));
        for (uint32_t i = 0; step % 512 == 0 && i < crowd.count; i++)
            require_found(&crowd, i);
        stepped = stepped || crowd.index.past.size > 0;
    }
    ck_assert(stepped);
    ck_assert_uint_le(crowd.most_moved, 16);
    while (crowd.count > 0)
        leave_crowd(&crowd, crowd.count - 1);
    ck_assert_uint_le(stepped_index_memory(&crowd.index), 1024);
    stepped_index_free(&crowd.index);
}
END_TEST

UNIT_SUITE(peer_index) {
    Suite *suite = suite_create("peer_index");
    TCase *index = tcase_create("index");
    tcase_add_loop_test(index, index_agrees_with_its_model, 0, HASH_SHAPES);
    tcase_add_loop_test(index, large_index_agrees_with_its_model, 0, HASH_SHAPES);
    tcase_add_test(index, removal_from_a_small_index_reads_no_neighbour);
    tcase_add_test(index, removed_entries_leave_no_trace);
    tcase_add_test(index, unknown_entry_is_nowhere);
    tcase_add_test(index, guess_is_the_first_entry_with_the_hash);
    tcase_add_test(index, fresh_index_fits_its_entries);
    tcase_add_test(index, index_outgrown_by_its_size_fits_no_more);
    tcase_add_test(index, search_ends_where_the_index_is_as_full_as_it_may_be);
    tcase_add_test(index, memory_is_that_of_the_slots);
    tcase_add_test(index, stepped_index_moves_a_few_entries_at_a_time_and_loses_none);
    suite_add_tcase(suite, index);
    return suite;
}
