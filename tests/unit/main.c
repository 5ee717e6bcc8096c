/* Runs the unit tests of the named suites, or of all; --list prints the suites. CK_FORK=no and
 * CK_RUN_CASE work as Check documents them. */
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"

enum { SUITES_MAX = 256 };

static struct {
    const char *name;
    suite_maker make;
} suites[SUITES_MAX];
static size_t suite_count;

void suites_add(const char *name, suite_maker make) {
    if (suite_count == SUITES_MAX)
        abort();
    suites[suite_count].name = name;
    suites[suite_count++].make = make;
}

static bool is_among(const char *name, char **names) {
    for (; *names != NULL; names++) {
        if (strcmp(*names, name) == 0)
            return true;
    }
    return false;
}

/* Generous: other tests may keep the cores busy. */
static SRunner *create_runner(char **names) {
    setenv("CK_DEFAULT_TIMEOUT", "120", 0);
    SRunner *runner = srunner_create(NULL);
    for (size_t i = 0; i < suite_count; i++) {
        if (*names == NULL || is_among(suites[i].name, names))
            srunner_add_suite(runner, suites[i].make());
    }
    return runner;
}

static int list_suites(void) {
    for (size_t i = 0; i < suite_count; i++)
        puts(suites[i].name);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--list") == 0)
        return list_suites();
    /* Keep what a test frees: the next large tracker then needs no new pages from the kernel. */
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    SRunner *runner = create_runner(argv + 1);
    srunner_run_all(runner, CK_NORMAL);
    const int run = srunner_ntests_run(runner);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return run > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
