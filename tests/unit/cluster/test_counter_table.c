/* Completions by torrent and node, against a plain array. */
#include "cluster/counter_table.h"

#include "base/random.h"
#include "support.h"

enum { TORRENTS = 40, NODES = 4, LIMIT = 4 * TORRENTS };

struct model {
    struct counter_pair pairs[TORRENTS][NODES];
};

/* Many torrents share a slot, and many are at the end of the table, so that runs wrap. */
static uint64_t torrent_of(uint32_t number) {
    const uint32_t low = number % 7 == 0 ? UINT32_MAX : 0xfffffff0U + number % 3;
    return (uint64_t)number << 32 | low;
}

static void assert_equal(const struct counter_table *table, const struct model *model) {
    for (uint32_t torrent = 0; torrent < TORRENTS; torrent++) {
        int64_t sum = 0;
        for (uint32_t node = 0; node < NODES; node++) {
            const struct counter_pair *pair = &model->pairs[torrent][node];
            const struct counter_pair found =
                counter_table_find(table, torrent_of(torrent), node + 1);
            REQUIRE(found.counted == pair->counted && found.taken_back == pair->taken_back);
            sum += (int64_t)pair->counted - pair->taken_back;
        }
        REQUIRE(counter_table_sum(table, torrent_of(torrent)) == (sum > 0 ? sum : 0));
    }
}

static void merge(struct counter_table *table, struct model *model, uint32_t torrent, uint32_t node,
                  struct counter_pair pair) {
    struct counter_pair *past = &model->pairs[torrent][node];
    if (!counter_table_merge(table, torrent_of(torrent), node + 1, pair)) {
        REQUIRE(table->count == LIMIT);
        return;
    }
    past->counted = pair.counted > past->counted ? pair.counted : past->counted;
    past->taken_back = pair.taken_back > past->taken_back ? pair.taken_back : past->taken_back;
}

START_TEST(random_counts_agree_with_the_model) {
    struct random random = { .state = (uint64_t)_i };
    struct counter_table table = counter_table_create(LIMIT);
    struct model model = { 0 };
    for (int step = 0; step < 2000; step++) {
        const uint32_t torrent = random_below(&random, TORRENTS);
        const uint32_t counted = 1 + random_below(&random, 50);
        if (random_below(&random, 20) == 0) {
            counter_table_forget(&table, torrent_of(torrent));
            memset(model.pairs[torrent], 0, sizeof model.pairs[torrent]);
        } else {
            merge(&table, &model, torrent, random_below(&random, NODES),
                  (struct counter_pair){ counted, random_below(&random, 50) });
        }
        if (step % 50 == 0)
            assert_equal(&table, &model);
    }
    assert_equal(&table, &model);
    counter_table_free(&table);
}
END_TEST

START_TEST(full_table_takes_updates_only) {
    struct counter_table table = counter_table_create(2);
    const struct counter_pair one = { .counted = 1 };
    const struct counter_pair two = { .counted = 2, .taken_back = 1 };
    ck_assert(counter_table_merge(&table, 1, 1, one) && counter_table_merge(&table, 1, 2, one));
    ck_assert(!counter_table_merge(&table, 2, 1, one));
    ck_assert(counter_table_merge(&table, 1, 2, two));
    ck_assert_uint_eq(counter_table_sum(&table, 1), 2);
    ck_assert_uint_eq(counter_table_sum(&table, 2), 0);
    counter_table_free(&table);
}
END_TEST

START_TEST(count_is_not_below_zero) {
    struct counter_table table = counter_table_create(2);
    ck_assert(counter_table_merge(&table, 1, 1, (struct counter_pair){ .taken_back = 1 }));
    ck_assert_uint_eq(counter_table_sum(&table, 1), 0);
    ck_assert(counter_table_merge(&table, 1, 2, (struct counter_pair){ .counted = 3 }));
    ck_assert_uint_eq(counter_table_sum(&table, 1), 2);
    counter_table_free(&table);
}
END_TEST

UNIT_SUITE(cluster_counter_table) {
    Suite *suite = suite_create("cluster_counter_table");
    TCase *tcase = tcase_create("counters");
    tcase_add_loop_test(tcase, random_counts_agree_with_the_model, 0, 20);
    tcase_add_test(tcase, full_table_takes_updates_only);
    tcase_add_test(tcase, count_is_not_below_zero);
    suite_add_tcase(suite, tcase);
    return suite;
}
