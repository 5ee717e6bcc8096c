#include "cluster/shard_copies.h"

#include "support.h"
#include "tracker_support.h"

static struct tracker *tracker;
static struct shard_copies copies;

static void setup(void) {
    const struct tracker_options options = test_options();
    tracker = tracker_create(&options, FEED_CAPACITY);
    ck_assert_ptr_nonnull(tracker);
    copies = (struct shard_copies){ 0 };
}

static void teardown(void) {
    shard_copies_free(&copies);
    tracker_delete(tracker);
}

static uint64_t make_copy(uint32_t shard) {
    return shard_copies_make(&copies, tracker, shard, START_MS)->number;
}

static bool is_kept(uint64_t number) {
    return shard_copies_find(&copies, number) != NULL;
}

START_TEST(walks_leave_the_copies_of_others_alone) {
    uint64_t walks[SHARD_COPIES] = { 0 };
    for (uint32_t shard = 0; shard < 10; shard++) {
        for (int walk = 0; walk < SHARD_COPIES; walk++) {
            if (shard > 0)
                shard_copies_end(shard_copies_find(&copies, walks[walk]));
            ck_assert(!is_kept(walks[walk]));
            walks[walk] = make_copy(shard);
        }
        for (int walk = 0; walk < SHARD_COPIES; walk++)
            ck_assert(is_kept(walks[walk]));
    }
}
END_TEST

START_TEST(copy_that_was_used_longest_ago_is_replaced) {
    const uint64_t first = make_copy(0);
    const uint64_t second = make_copy(1);
    (void)make_copy(2);
    ck_assert(is_kept(first));
    (void)make_copy(3);
    ck_assert(is_kept(first));
    ck_assert(!is_kept(second));
}
END_TEST

UNIT_SUITE(cluster_shard_copies) {
    Suite *suite = suite_create("cluster_shard_copies");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, walks_leave_the_copies_of_others_alone);
    tcase_add_test(all, copy_that_was_used_longest_ago_is_replaced);
    suite_add_tcase(suite, all);
    return suite;
}
