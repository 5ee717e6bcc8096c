#include "probe/queue_table.h"

#include "base/random.h"
#include "support.h"

enum { QUEUES = 2, FIRST = 0, SECOND = 1, MANY = 5000 };

struct entry {
    struct queue_slot slot;
    uint64_t number;
};

static struct queue_table table;

static void begin(void) {
    ck_assert(queue_table_init(&table, sizeof(struct entry), QUEUES));
}

static void end(void) {
    queue_table_free(&table);
}

static bool has_number(const void *entry, const void *number) {
    return ((const struct entry *)entry)->number == *(const uint64_t *)number;
}

/* Few hashes, so that many entries share one. */
static uint32_t hash_of(uint64_t number) {
    return (uint32_t)(number % 1000) * 4294967;
}

static uint32_t find(uint64_t number) {
    return queue_table_find(&table, hash_of(number), has_number, &number);
}

static uint32_t add(uint64_t number, uint32_t queue) {
    const uint32_t position = queue_table_add(&table, hash_of(number), queue);
    REQUIRE(position != QUEUE_TABLE_NONE);
    struct entry *entry = queue_table_at(&table, position);
    REQUIRE(entry->number == 0);
    entry->number = number;
    return position;
}

static uint64_t number_at(uint32_t position) {
    return position == QUEUE_TABLE_NONE
               ? 0
               : ((struct entry *)queue_table_at(&table, position))->number;
}

static void assert_queue(uint32_t queue, const uint64_t *numbers, size_t count) {
    uint32_t at = queue_table_first(&table, queue);
    for (size_t i = 0; i < count; i++, at = queue_table_next(&table, at))
        ck_assert_uint_eq(number_at(at), numbers[i]);
    ck_assert_uint_eq(at, QUEUE_TABLE_NONE);
    ck_assert_uint_eq(queue_table_count(&table, queue), count);
}

START_TEST(fresh_table_is_empty) {
    assert_queue(FIRST, NULL, 0);
    assert_queue(SECOND, NULL, 0);
    ck_assert_uint_eq(find(1), QUEUE_TABLE_NONE);
}
END_TEST

START_TEST(entries_stand_in_the_order_in_which_they_came) {
    const uint32_t one = add(1, FIRST);
    add(2, FIRST);
    add(3, SECOND);
    assert_queue(FIRST, (const uint64_t[]){ 1, 2 }, 2);
    assert_queue(SECOND, (const uint64_t[]){ 3 }, 1);
    queue_table_move(&table, one, FIRST);
    assert_queue(FIRST, (const uint64_t[]){ 2, 1 }, 2);
    queue_table_move(&table, one, SECOND);
    assert_queue(FIRST, (const uint64_t[]){ 2 }, 1);
    assert_queue(SECOND, (const uint64_t[]){ 3, 1 }, 2);
}
END_TEST

START_TEST(position_and_entry_lead_to_each_other) {
    const uint32_t position = add(1, FIRST);
    ck_assert_uint_eq(queue_table_position(&table, queue_table_at(&table, position)), position);
}
END_TEST

START_TEST(removed_entry_is_gone) {
    add(1, FIRST);
    const uint32_t two = add(2, FIRST);
    add(3, FIRST);
    queue_table_remove(&table, two);
    assert_queue(FIRST, (const uint64_t[]){ 1, 3 }, 2);
    ck_assert_uint_eq(find(2), QUEUE_TABLE_NONE);
    add(4, FIRST);
    assert_queue(FIRST, (const uint64_t[]){ 1, 3, 4 }, 3);
}
END_TEST

START_TEST(entries_are_found_where_they_were_put) {
    static uint32_t places[MANY + 1];
    for (uint64_t number = 1; number <= MANY; number++)
        places[number] = add(number, FIRST);
    for (uint64_t number = 1; number <= MANY; number += 2)
        queue_table_remove(&table, places[number]);
    for (uint64_t number = 1; number <= MANY; number++)
        REQUIRE(find(number) == (number % 2 == 1 ? QUEUE_TABLE_NONE : places[number]));
    ck_assert_uint_eq(queue_table_count(&table, FIRST), MANY / 2);
}
END_TEST

START_TEST(places_are_used_again) {
    for (uint64_t number = 1; number <= MANY; number++)
        queue_table_remove(&table, add(number, SECOND));
    ck_assert_uint_lt(table.allocated, 1000);
}
END_TEST

START_TEST(any_order_keeps_table_and_lines_whole) {
    enum { NUMBERS = 700, STEPS = 100000 };
    static uint8_t queue_of[NUMBERS]; /* 0: not in the table, else the queue + 1 */
    struct random random = { .state = 3 };
    for (int step = 0; step < STEPS; step++) {
        const uint64_t number = random_below(&random, NUMBERS - 1) + 1;
        const uint32_t queue = random_below(&random, QUEUES);
        const uint32_t position = find(number);
        REQUIRE((position == QUEUE_TABLE_NONE) == (queue_of[number] == 0));
        const bool leaves = position != QUEUE_TABLE_NONE && random_below(&random, 2) == 0;
        if (leaves)
            queue_table_remove(&table, position);
        else if (position == QUEUE_TABLE_NONE)
            add(number, queue);
        else
            queue_table_move(&table, position, queue);
        queue_of[number] = leaves ? 0 : (uint8_t)(queue + 1);
    }
    uint32_t expected[QUEUES] = { 0 };
    for (uint64_t number = 1; number < NUMBERS; number++) {
        if (queue_of[number] > 0)
            expected[queue_of[number] - 1]++;
    }
    for (uint32_t queue = 0; queue < QUEUES; queue++) {
        uint32_t count = 0;
        for (uint32_t at = queue_table_first(&table, queue); at != QUEUE_TABLE_NONE;
             at = queue_table_next(&table, at)) {
            REQUIRE(queue_of[number_at(at)] == queue + 1);
            count++;
        }
        ck_assert_uint_eq(count, expected[queue]);
        ck_assert_uint_eq(queue_table_count(&table, queue), count);
    }
}
END_TEST

UNIT_SUITE(queue_table) {
    Suite *suite = suite_create("queue_table");
    TCase *tests = tcase_create("table");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, fresh_table_is_empty);
    tcase_add_test(tests, entries_stand_in_the_order_in_which_they_came);
    tcase_add_test(tests, position_and_entry_lead_to_each_other);
    tcase_add_test(tests, removed_entry_is_gone);
    tcase_add_test(tests, entries_are_found_where_they_were_put);
    tcase_add_test(tests, places_are_used_again);
    tcase_add_test(tests, any_order_keeps_table_and_lines_whole);
    suite_add_tcase(suite, tests);
    return suite;
}
