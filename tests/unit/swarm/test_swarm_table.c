#include "swarm/swarm_table.h"

#include "support.h"

enum { TORRENTS = 20000 };

static struct swarm_table *table;

static void create_table(void) {
    table = swarm_table_create(0);
    ck_assert_ptr_nonnull(table);
}

static void delete_table(void) {
    swarm_table_delete(table);
}

static struct swarm *find(uint32_t number) {
    uint8_t info_hash[INFO_HASH_LEN];
    uint64_t hash;
    numbered_id(info_hash, number);
    struct shard *shard = swarm_table_lock(table, info_hash, &hash);
    struct swarm *swarm = shard_find(shard, info_hash, hash);
    swarm_table_unlock(shard);
    return swarm;
}

static struct swarm *add(uint32_t number) {
    uint8_t info_hash[INFO_HASH_LEN];
    uint64_t hash;
    numbered_id(info_hash, number);
    struct shard *shard = swarm_table_lock(table, info_hash, &hash);
    struct swarm *swarm = shard_add(shard, &table->key, info_hash, hash, number);
    swarm_table_unlock(shard);
    REQUIRE(swarm != NULL);
    REQUIRE(memcmp(swarm->info_hash, info_hash, INFO_HASH_LEN) == 0);
    return swarm;
}

static void take(uint32_t number) {
    uint8_t info_hash[INFO_HASH_LEN];
    uint64_t hash;
    numbered_id(info_hash, number);
    struct shard *shard = swarm_table_lock(table, info_hash, &hash);
    const struct swarm *swarm = shard_find(shard, info_hash, hash);
    uint32_t slot = 0;
    while (shard->slots[slot].swarm != swarm)
        slot++;
    shard_remove_at(shard, slot);
    swarm_table_unlock(shard);
}

static uint32_t count_all(void) {
    uint32_t count = 0;
    for (int i = 0; i < SHARDS; i++) {
        uint32_t filled = 0;
        for (uint32_t slot = 0; slot <= table->shards[i].slot_mask; slot++)
            filled += table->shards[i].slots[slot].swarm != NULL;
        REQUIRE(filled == table->shards[i].count);
        count += filled;
    }
    return count;
}

START_TEST(empty_table_has_no_swarm) {
    ck_assert_ptr_null(find(1));
    ck_assert_uint_eq(count_all(), 0);
}
END_TEST

START_TEST(thousands_of_swarms_are_found_again) {
    for (uint32_t i = 0; i < TORRENTS; i++)
        add(i);
    REQUIRE(count_all() == TORRENTS);
    for (uint32_t i = 0; i < TORRENTS; i++)
        REQUIRE(find(i)->idle_since_s == i);
    for (uint32_t i = TORRENTS; i < 2 * TORRENTS; i++)
        REQUIRE(find(i) == NULL);
}
END_TEST

START_TEST(swarm_stays_where_it_is_while_the_table_grows) {
    const struct swarm *first = add(0);
    for (uint32_t i = 1; i < TORRENTS; i++)
        add(i);
    REQUIRE(find(0) == first);
}
END_TEST

START_TEST(removed_swarms_leave_the_others) {
    for (uint32_t i = 0; i < TORRENTS; i++)
        add(i);
    for (uint32_t i = 0; i < TORRENTS; i += 3)
        take(i);
    for (uint32_t i = 0; i < TORRENTS; i++)
        REQUIRE((find(i) != NULL) == (i % 3 != 0));
    REQUIRE(count_all() == TORRENTS - (TORRENTS + 2) / 3);
}
END_TEST

START_TEST(removal_leaves_no_tombstones) {
    for (uint32_t round = 0; round < 20; round++) {
        for (uint32_t i = 0; i < 1000; i++)
            add(1000 * round + i);
        for (uint32_t i = 0; i < 1000; i++)
            take(1000 * round + (i * 7 + 1) % 1000);
    }
    REQUIRE(count_all() == 0);
    for (int i = 0; i < SHARDS; i++)
        REQUIRE(table->shards[i].slot_mask < 64);
}
END_TEST

START_TEST(random_adds_and_removes_agree_with_a_model) {
    static bool present[4000];
    struct random random = { .state = 5 };
    uint32_t count = 0;
    for (uint32_t i = 0; i < COUNT_OF(present); i++)
        present[i] = false;
    for (int step = 0; step < 40000; step++) {
        const uint32_t number = random_below(&random, COUNT_OF(present));
        REQUIRE((find(number) != NULL) == present[number]);
        if (present[number])
            take(number);
        else
            add(number);
        present[number] = !present[number];
        count += present[number] ? 1U : UINT32_MAX;
    }
    REQUIRE(count_all() == count);
}
END_TEST

START_TEST(shards_share_the_torrents_evenly) {
    uint32_t counts[SHARDS];
    for (uint32_t i = 0; i < TORRENTS; i++)
        add(i);
    for (int i = 0; i < SHARDS; i++)
        counts[i] = table->shards[i].count;
    ck_assert(looks_uniform(counts, SHARDS));
}
END_TEST

START_TEST(another_table_has_another_key) {
    struct swarm_table *other = swarm_table_create(0);
    ck_assert_ptr_nonnull(other);
    ck_assert_mem_ne(&other->key, &table->key, sizeof table->key);
    ck_assert_uint_ne(other->shards[0].random.state, table->shards[0].random.state);
    swarm_table_delete(other);
}
END_TEST

START_TEST(delete_accepts_null) {
    swarm_table_delete(NULL);
    swarm_delete(NULL);
}
END_TEST

UNIT_SUITE(swarm_table) {
    Suite *suite = suite_create("swarm_table");
    TCase *swarms = tcase_create("swarms");
    tcase_add_checked_fixture(swarms, create_table, delete_table);
    tcase_add_test(swarms, empty_table_has_no_swarm);
    tcase_add_test(swarms, thousands_of_swarms_are_found_again);
    tcase_add_test(swarms, swarm_stays_where_it_is_while_the_table_grows);
    tcase_add_test(swarms, removed_swarms_leave_the_others);
    tcase_add_test(swarms, removal_leaves_no_tombstones);
    tcase_add_test(swarms, random_adds_and_removes_agree_with_a_model);
    tcase_add_test(swarms, shards_share_the_torrents_evenly);
    tcase_add_test(swarms, another_table_has_another_key);
    tcase_add_test(swarms, delete_accepts_null);
    suite_add_tcase(suite, swarms);
    return suite;
}
