/* Lets allocations fail, one in each run of a unit test. The test may then fail an assertion, but
 * must not crash, hang, leak or trip a sanitizer.
 *
 * All tests are run once to learn which of them allocates where, and how often. Then each place (an
 * allocation and its innermost callers) fails in the fastest test that reaches it: the first time,
 * the second time, and so on in growing steps. */
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "faults.h"
#include "support.h"

enum {
    USES_MAX = 1 << 16,
    FAULTS_MAX = 1 << 16,
    WORKERS = 2,
    TIMEOUT_S = 120,
    PATIENCE_MS = 5000, /* for threads; many runs wait in vain */
    TEST_MAX_S = 2,     /* slower tests are left out */
};

/* A place, and a test that allocates there. */
struct use {
    _Atomic uint64_t key; /* of both; 0: unused */
    uint64_t place;
    bool in_sqlite;
    uint32_t test;
    _Atomic uint32_t count;
};

struct fault {
    uint64_t place;
    uint32_t test;
    uint32_t occurrence; /* 1: the first allocation there */
};

struct worker {
    pid_t pid; /* 0: idle */
    int output;
    struct fault fault;
};

/* Shared with the process that learns. */
struct learned {
    struct use uses[USES_MAX];
    double took_s[UNIT_TESTS_MAX];
};

static struct learned *learned;
static const struct unit_test *tests;
static size_t test_count;
static uint32_t running;
static struct fault fault;
static _Atomic uint32_t seen;

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* SQLite is one place in each file of tests. */
static uint64_t place_in(uint64_t place, const struct unit_test *test) {
    if (place != ALLOCATIONS_SQLITE)
        return place;
    for (const char *at = test->file; *at != '\0'; at++)
        place = place * 31 + (uint64_t)*at;
    return place;
}

static bool count_allocation(uint64_t place) {
    const bool in_sqlite = place == ALLOCATIONS_SQLITE;
    place = place_in(place, &tests[running]);
    const uint64_t key = ((place ^ running) * UINT64_C(0x9E3779B97F4A7C15)) | 1;
    for (size_t at = key >> 48;; at++) {
        struct use *use = &learned->uses[at % USES_MAX];
        uint64_t found = 0;
        if (atomic_compare_exchange_strong(&use->key, &found, key)) {
            use->place = place;
            use->in_sqlite = in_sqlite;
            use->test = running;
        } else if (found != key) {
            continue;
        }
        atomic_fetch_add(&use->count, 1);
        return false;
    }
}

static bool is_fault(uint64_t place) {
    return place_in(place, &tests[running]) == fault.place &&
           atomic_fetch_add(&seen, 1) + 1 == fault.occurrence;
}

static bool learn(void) {
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        allocations_set_hook(count_allocation);
        for (running = 0; running < test_count; running++) {
            const double began_s = now_s();
            unit_test_run(&tests[running]);
            learned->took_s[running] = now_s() - began_s;
        }
        _exit(EXIT_SUCCESS);
    }
    int status;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* By place, the fastest test first; unused ones last. */
static int compare_uses(const void *left, const void *right) {
    const struct use *a = left, *b = right;
    if ((a->key == 0) != (b->key == 0))
        return a->key == 0 ? 1 : -1;
    if (a->place != b->place)
        return a->place < b->place ? -1 : 1;
    const double difference = learned->took_s[a->test] - learned->took_s[b->test];
    return difference < 0 ? -1 : difference > 0;
}

/* In SQLite, different allocations of a test differ in their place, too. */
static uint32_t next_occurrence(uint32_t occurrence, bool in_sqlite) {
    return in_sqlite ? occurrence + 1 + occurrence / 4 : 2 * occurrence;
}

static size_t plan_faults(struct fault *faults) {
    size_t count = 0;
    qsort(learned->uses, USES_MAX, sizeof *learned->uses, compare_uses);
    const struct use *previous = NULL;
    for (const struct use *use = learned->uses; use->key != 0; previous = use++) {
        if ((previous != NULL && previous->place == use->place) ||
            learned->took_s[use->test] > TEST_MAX_S)
            continue;
        for (uint32_t occurrence = 1; occurrence <= use->count && count < FAULTS_MAX;
             occurrence = next_occurrence(occurrence, use->in_sqlite))
            faults[count++] = (struct fault){ use->place, use->test, occurrence };
    }
    return count;
}

static void start(struct worker *worker, const struct fault *next) {
    fflush(NULL);
    *worker = (struct worker){ .output = memfd_create("output", 0), .fault = *next };
    worker->pid = fork();
    if (worker->pid != 0)
        return;
    dup2(worker->output, STDOUT_FILENO);
    dup2(worker->output, STDERR_FILENO);
    alarm(TIMEOUT_S);
    patience_ms = PATIENCE_MS;
    fault = *next;
    running = next->test;
    allocations_set_hook(is_fault);
    unit_test_run(&tests[running]);
    exit(EXIT_SUCCESS); /* after a check for leaks */
}

static void show_output(int output) {
    char text[4096];
    ssize_t len;
    lseek(output, 0, SEEK_SET);
    while ((len = read(output, text, sizeof text)) > 0)
        fwrite(text, 1, (size_t)len, stdout);
}

static bool finish(struct worker *worker, int status) {
    const bool good = WIFEXITED(status) && (WEXITSTATUS(status) == EXIT_SUCCESS ||
                                            WEXITSTATUS(status) == UNIT_TEST_ASSERTION_FAILED);
    const struct unit_test *test = &tests[worker->fault.test];
    if (!good) {
        printf("-- %s:%d, allocation %" PRIu32 " at place %016" PRIx64 ": %s %d\n", test->name,
               test->loop, worker->fault.occurrence, worker->fault.place,
               WIFEXITED(status) ? "exit status" : "signal",
               WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
        show_output(worker->output);
    }
    close(worker->output);
    worker->pid = 0;
    return good;
}

/* Returns how many runs failed. */
static size_t run_faults(const struct fault *faults, size_t count) {
    struct worker workers[WORKERS] = { 0 };
    size_t failed = 0, started = 0;
    for (size_t finished = 0; finished < count; finished++) {
        for (size_t i = 0; i < WORKERS && started < count; i++) {
            if (workers[i].pid == 0)
                start(&workers[i], &faults[started++]);
        }
        int status;
        const pid_t ended = wait(&status);
        for (size_t i = 0; i < WORKERS; i++) {
            if (workers[i].pid == ended)
                failed += !finish(&workers[i], status);
        }
    }
    return failed;
}

/* A fork copies what is quarantined. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "quarantine_size_mb=1";
}

int main(void) {
    const double began_s = now_s();
    allocations_init();
    tests = unit_tests_list(&test_count);
    learned =
        mmap(NULL, sizeof *learned, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct fault *faults = calloc(FAULTS_MAX, sizeof *faults);
    if (learned == MAP_FAILED || faults == NULL || !learn()) {
        fprintf(stderr, "the tests fail without a fault\n");
        return EXIT_FAILURE;
    }
    const size_t count = plan_faults(faults);
    printf("%zu allocations to fail, found in %.1f s\n", count, now_s() - began_s);
    const size_t failed = run_faults(faults, count);
    free(faults);
    printf("%zu passed, %zu failed\n", count - failed, failed);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
