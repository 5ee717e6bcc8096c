/* The tracker against a naive model, in random runs. */
#include "base/random.h"
#include "support.h"
#include "swarm/tracker_model.h"

enum { RUNS = 2000, BYTES_MIN = 100, BYTES_MAX = 500 };

START_TEST(random_runs_agree_with_the_model) {
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        struct random random = { .state = seed };
        uint8_t data[BYTES_MAX];
        const size_t size = BYTES_MIN + random_below(&random, BYTES_MAX - BYTES_MIN + 1);
        for (size_t i = 0; i < size; i++)
            data[i] = (uint8_t)random_below(&random, 256);
        tracker_model_run(data, size);
    }
}
END_TEST

UNIT_SUITE(tracker_model) {
    Suite *suite = suite_create("tracker_model");
    TCase *tcase = tcase_create("random_runs");
    tcase_add_test(tcase, random_runs_agree_with_the_model);
    suite_add_tcase(suite, tcase);
    return suite;
}
