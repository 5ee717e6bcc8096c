/* The rules of the cluster, in random schedules with every fault. SKEP_CLUSTER_RUNS=1000000 runs
 * more of them, from SKEP_CLUSTER_SEED on; SKEP_CLUSTER_BROKEN_RUNS=1000 searches the first
 * schedule that fails without a rule. */
#include <stdio.h>
#include <stdlib.h>

#include "simulation.h"
#include "support.h"

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { RUNS = 50 };
#else
enum { RUNS = 1000 };
#endif

static uint64_t number_from(const char *name, uint64_t fallback) {
    const char *text = getenv(name);
    return text == NULL ? fallback : strtoull(text, NULL, 10);
}

START_TEST(nodes_agree_after_faults) {
    const uint64_t first = number_from("SKEP_CLUSTER_SEED", 1);
    const uint64_t runs = number_from("SKEP_CLUSTER_RUNS", RUNS);
    uint64_t failed = 0;
    uint64_t excused = 0;
    for (uint64_t seed = first; seed < first + runs; seed++) {
        const char *failure = simulation_run(seed, RULE_NONE);
        if (failure != NULL && ++failed < 20)
            printf("seed %llu: %s\n", (unsigned long long)seed, failure);
        excused += simulation_excused();
    }
    if (runs > RUNS)
        printf("excused clients, since a newer put was not in the stream yet: %llu\n",
               (unsigned long long)excused);
    ck_assert_uint_eq(failed, 0);
}
END_TEST

/* Schedules in which the oracle or a rule was once wrong. */
static const uint64_t kept_seeds[] = {
    /* The oracle. */
    472631,
    619767,
    736138,
    1688399,
    /* Excused: a node sent nothing, as a newer put was not in the stream yet. */
    366538,
    429633,
    1121602,
    1604992,
    1695365,
    1756959,
    1831130,
    1841557,
    1949805,
    1954458,
    /* A node sent nothing, although it had not read the stream. */
    344231,
    549008,
    736301,
    809608,
    1400204,
    1495187,
    1786732,
    1868626,
    1960052,
    /* A node that took a new id took nothing back. */
    336969,
    339947,
    516154,
    554820,
    613676,
    642604,
    732409,
    922117,
    1020819,
    1038452,
    1520386,
    1744936,
    1936657,
    1946763,
    1977019,
    /* A copied guess beat the records that came later. */
    970034,
};

START_TEST(nodes_agree_in_kept_schedules) {
    for (size_t i = 0; i < COUNT_OF(kept_seeds); i++) {
        const char *failure = simulation_run(kept_seeds[i], RULE_NONE);
        ck_assert_msg(failure == NULL, "seed %llu: %s", (unsigned long long)kept_seeds[i], failure);
    }
}
END_TEST

/* A schedule that fails only without the rule; 0: none is known. */
static const uint64_t failing_seeds[RULE_COUNT] = {
    [RULE_GREATER_STAMP] = 1,
    [RULE_TOMBSTONES] = 4,
    [RULE_UNSENT_DEADLINE] = 7,
    [RULE_ENGINE_CLOCK] = 2,
    [RULE_MOVE] = 1,
    [RULE_KNOWN_COMPLETION] = 75,
    [RULE_TAKE_BACK] = 55,
    [RULE_NOT_JOINED] = 2100,
    [RULE_COUNTERS_IN_SNAPSHOT] = 17,
    [RULE_RESTORED_STAMP] = 2,
    [RULE_HOLES] = 11,
    [RULE_RESEND] = 0, /* see below */
    [RULE_LASTING] = 2,
    [RULE_REGISTRY_ORDER] = 188,
    [RULE_REFRESH] = 1,
    [RULE_STARTED] = 7,
    [RULE_WALK] = 43,
    [RULE_TOMBSTONES_IN_SNAPSHOT] = 11,
    [RULE_SNAPSHOT_REMOVES] = 11,
    [RULE_UNCONFIRMED] = 2,
    [RULE_WHOLE_SOURCE] = 482,
    [RULE_READ_FIRST] = 3,
    [RULE_ANSWER_COMPLETION] = 0, /* tested in test_replica.c */
    [RULE_SEND_RESTORED] = 2,
    [RULE_RETURNED] = 3052,
    [RULE_ROOM] = 4879,
    [RULE_SITES] = 14,
    [RULE_JUMP] = 8,
    [RULE_COPY] = 1844,
    [RULE_TELL_COMPLETIONS] = 11877,
    [RULE_LOST_LASTING] = 233,
    [RULE_BEFORE_START] = 18384,
    [RULE_GUESSED_STAMP] = 187884,
    [RULE_KEPT_GUESS] = 970034,
    [RULE_LATE_SNAPSHOT] = 221,
    [RULE_TELL_READ] = 249730,
    [RULE_OUTDATED] = 10235,
    [RULE_COPIED_GUESS] = 22885,
    [RULE_NEW_ID] = 208423,
};

START_TEST(rule_is_needed) {
    const enum broken_rule broken = (enum broken_rule)_i;
    const uint64_t runs = number_from("SKEP_CLUSTER_BROKEN_RUNS", 0);
    if (failing_seeds[_i] == 0 && runs == 0)
        return;
    ck_assert_ptr_null(simulation_run(failing_seeds[_i], RULE_NONE));
    const char *failure = simulation_run(failing_seeds[_i], broken);
    for (uint64_t seed = 1; seed <= runs && failure == NULL; seed++) {
        failure = simulation_run(seed, broken);
        if (failure != NULL)
            printf("without \"%s\": seed %llu: %s\n", broken_rule_names[_i],
                   (unsigned long long)seed, failure);
    }
    ck_assert_msg(failure != NULL, "without \"%s\", all nodes agree", broken_rule_names[_i]);
}
END_TEST

/* Without this rule all is repaired, too, but with more snapshots. */
START_TEST(sending_again_saves_snapshots) {
    uint32_t holes = 0;
    uint32_t holes_without = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        ck_assert_ptr_null(simulation_run(seed, RULE_NONE));
        holes += simulation_holes();
        (void)simulation_run(seed, RULE_RESEND);
        holes_without += simulation_holes();
    }
    ck_assert_uint_gt(holes_without, holes);
}
END_TEST

UNIT_SUITE(cluster_simulation) {
    Suite *suite = suite_create("cluster_simulation");
    TCase *tcase = tcase_create("random_schedules");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, nodes_agree_after_faults);
    tcase_add_test(tcase, sending_again_saves_snapshots);
    tcase_add_test(tcase, nodes_agree_in_kept_schedules);
    tcase_add_loop_test(tcase, rule_is_needed, RULE_NONE + 1, RULE_COUNT);
    suite_add_tcase(suite, tcase);
    return suite;
}
