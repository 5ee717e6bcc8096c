/* Runs all unit tests. CK_FORK=no, CK_RUN_SUITE and CK_RUN_CASE work as Check documents them. */
#include <stdlib.h>

#include "suites.h"

enum { SUITES_MAX = 256 };

static suite_maker suites[SUITES_MAX];
static size_t suite_count;

void suites_add(suite_maker make) {
    if (suite_count == SUITES_MAX)
        abort();
    suites[suite_count++] = make;
}

int main(void) {
    SRunner *runner = srunner_create(NULL);
    for (size_t i = 0; i < suite_count; i++)
        srunner_add_suite(runner, suites[i]());
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
