/* The functions of Check that the unit tests call. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "faults.h"
#include "suites.h"

enum { FIXTURES_MAX = 4, SUITES_MAX = 256 };

struct Suite {
    const char *name;
};

struct unit_test_case {
    SFun setups[FIXTURES_MAX];
    SFun teardowns[FIXTURES_MAX];
    size_t fixtures;
};

static suite_maker makers[SUITES_MAX];
static size_t maker_count;
static struct unit_test tests[UNIT_TESTS_MAX];
static size_t test_count;

void suites_add(const char *name, suite_maker make) {
    (void)name;
    if (maker_count == SUITES_MAX)
        abort();
    makers[maker_count++] = make;
}

Suite *suite_create(const char *name) {
    static Suite suite;
    suite.name = name;
    return &suite;
}

TCase *tcase_create(const char *name) {
    (void)name;
    struct unit_test_case *group = calloc(1, sizeof *group);
    if (group == NULL)
        abort();
    return (TCase *)group;
}

void suite_add_tcase(Suite *suite, TCase *tcase) {
    (void)suite;
    (void)tcase;
}

void tcase_set_timeout(TCase *tcase, double seconds) {
    (void)tcase;
    (void)seconds;
}

void tcase_add_checked_fixture(TCase *tcase, SFun setup, SFun teardown) {
    struct unit_test_case *group = (struct unit_test_case *)tcase;
    if (group->fixtures == FIXTURES_MAX)
        abort();
    group->setups[group->fixtures] = setup;
    group->teardowns[group->fixtures++] = teardown;
}

void _tcase_add_test(TCase *tcase, const TTest *test, int expected_signal, int allowed_exit_value,
                     int start, int end) {
    (void)allowed_exit_value;
    for (int loop = start; expected_signal == 0 && loop < end; loop++) {
        if (test_count == UNIT_TESTS_MAX)
            abort();
        tests[test_count++] = (struct unit_test){
            .name = test->name,
            .file = test->file,
            .loop = loop,
            .group = (struct unit_test_case *)tcase,
            .run = test->fn,
        };
    }
}

void _mark_point(const char *file, int line) {
    (void)file;
    (void)line;
}

/* A leak check follows, while everything that the test holds is still in use. */
void _ck_assert_failed(const char *file, int line, const char *expression, const char *message,
                       ...) {
    (void)message;
    fprintf(stderr, "%s:%d: %s\n", file, line, expression);
    exit(UNIT_TEST_ASSERTION_FAILED);
}

const struct unit_test *unit_tests_list(size_t *count) {
    for (size_t i = 0; i < maker_count; i++)
        (void)makers[i]();
    *count = test_count;
    return tests;
}

void unit_test_run(const struct unit_test *test) {
    const struct unit_test_case *group = test->group;
    for (size_t i = 0; i < group->fixtures; i++) {
        if (group->setups[i] != NULL)
            group->setups[i]();
    }
    test->run(test->loop);
    for (size_t i = group->fixtures; i > 0; i--) {
        if (group->teardowns[i - 1] != NULL)
            group->teardowns[i - 1]();
    }
}

/* Support of the tests may abort in place of an assertion. */
void __wrap_abort(void);
void __wrap_abort(void) {
    exit(UNIT_TEST_ASSERTION_FAILED);
}
