/* Registration of unit test suites: a file that defines one with UNIT_SUITE is run. */
#ifndef SKEP_UNIT_SUITES_H
#define SKEP_UNIT_SUITES_H

#include <check.h>

typedef Suite *(*suite_maker)(void);

/* Adds a suite to those that main runs. */
void suites_add(const char *name, suite_maker make);

/* Defines and registers a suite: UNIT_SUITE(bytes) { Suite *suite = suite_create("bytes"); … } */
#define UNIT_SUITE(name)                                                                           \
    static Suite *name##_suite(void);                                                              \
    __attribute__((constructor)) static void register_##name##_suite(void) {                       \
        suites_add(#name, name##_suite);                                                           \
    }                                                                                              \
    static Suite *name##_suite(void)

#endif
