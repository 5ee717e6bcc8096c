/* Counts the allocations of src/ and of the tests, but not those inside of libraries. */
#ifndef SKEP_UNIT_ALLOCATION_COUNT_H
#define SKEP_UNIT_ALLOCATION_COUNT_H

#include <stdint.h>

/* By the calling thread, so far. */
uint64_t allocation_count(void);

#endif
