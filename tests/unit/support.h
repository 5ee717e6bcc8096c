/* What several suites need: made-up peers, comparisons that show both sides, a test for equal
 * chances, directories that go away. */
#ifndef SKEP_UNIT_SUPPORT_H
#define SKEP_UNIT_SUPPORT_H

#include "base/bytes.h"
#include "base/endpoint.h"
#include "suites.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define LOOPS_OF(array) ((int)COUNT_OF(array))

/* For loops of many thousands: each ck_assert that holds costs a system call. */
#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg("%s does not hold", #condition);                                          \
    } while (0)

enum { ID_LEN = 20 };

/* How long to wait for what other threads do. Long, since the cores may be busy; the tests with
 * failing allocations set a shorter time. */
extern uint32_t patience_ms;

/* An address from its text, with a port. */
struct endpoint endpoint_at(const char *address, uint16_t port);

/* One of many different endpoints, none of them in a private network. */
struct endpoint numbered_endpoint(uint8_t family, uint32_t number);

/* One of many different info_hashes or peer_ids. */
void numbered_id(uint8_t id[static ID_LEN], uint32_t number);

/* Whether the counts are plausible for cells of equal chance (chi-square, six sigmas). */
bool looks_uniform(const uint32_t *counts, size_t cells);

void assert_bytes(struct bytes found, struct bytes expected);

/* That everything fitted and `expected` was written. */
void assert_written(const struct writer *w, const char *expected);

struct directory {
    char path[32];
    char database[48]; /* path of skep.db in it, which is not created */
};

/* A fresh directory under /tmp; removed with the files in it. */
struct directory directory_create(void);
void directory_remove(const struct directory *directory);

#endif
