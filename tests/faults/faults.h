/* Unit tests with allocations that fail: a stand-in for Check that keeps a list of the tests, and
 * allocation functions that fail on request. The program is linked with these in place of Check,
 * and the functions of src/ call these in place of malloc and its kind (the Makefile renames the
 * symbols), so neither the tests themselves nor libraries get a failure that they are not prepared
 * for; SQLite and jansson are given them too. */
#ifndef SKEP_FAULTS_H
#define SKEP_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    UNIT_TESTS_MAX = 1 << 14,
    UNIT_TEST_ASSERTION_FAILED = 3, /* exit status */
};

struct unit_test {
    const char *name;
    const char *file;
    int loop; /* value of _i */
    const struct unit_test_case *group;
    void (*run)(int loop);
};

/* Fills the list from the registered suites. */
const struct unit_test *unit_tests_list(size_t *count);
void unit_test_run(const struct unit_test *test);

/* Makes SQLite and jansson allocate here. Call before either is used. */
void allocations_init(void);

/* Called with each allocation; `place` identifies it and the functions that led to it, or is
 * ALLOCATIONS_SQLITE. Returns true to make it fail. Any thread. NULL: none fails. */
enum { ALLOCATIONS_SQLITE = 1 };
typedef bool (*allocation_hook)(uint64_t place);
void allocations_set_hook(allocation_hook hook);

#endif
