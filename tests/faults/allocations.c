#include <errno.h>
#include <execinfo.h>
#include <jansson.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"

#define HASH_START UINT64_C(14695981039346656037)

enum { FRAMES_MAX = 48, CALLERS = 3 };

extern const char __executable_start, etext;

void *faulty_malloc(size_t size);
void *faulty_calloc(size_t count, size_t size);
void *faulty_realloc(void *old, size_t size);
void *faulty_aligned_alloc(size_t alignment, size_t size);
char *faulty_strdup(const char *text);
int faulty_asprintf(char **text, const char *format, ...);

static allocation_hook hook;
static sqlite3_mem_methods sqlite_methods;

void allocations_set_hook(allocation_hook new_hook) {
    hook = new_hook;
}

/* FNV-1a, by word. */
static uint64_t add_to_hash(uint64_t hash, uintptr_t value) {
    return (hash ^ value) * 1099511628211U;
}

static uintptr_t find_stack_end(void) {
    pthread_attr_t attributes;
    void *start = NULL;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        pthread_attr_getstack(&attributes, &start, &size);
        pthread_attr_destroy(&attributes);
    }
    return (uintptr_t)start + size;
}

/* Hash of the innermost callers, which have frame pointers. */
static uint64_t hash_callers(const uintptr_t *frame) {
    static _Thread_local uintptr_t stack_end;
    if (stack_end == 0)
        stack_end = find_stack_end();
    uint64_t hash = HASH_START;
    for (int i = 0; i < CALLERS; i++) {
        hash = add_to_hash(hash, frame[1] - (uintptr_t)&__executable_start);
        if (frame[0] <= (uintptr_t)frame || frame[0] >= stack_end - 2 * sizeof *frame)
            break;
        frame = (const uintptr_t *)frame[0];
    }
    return hash;
}

/* Libraries have no frame pointers, so only the callers in this program count. */
static uint64_t hash_callers_of_library(void) {
    void *frames[FRAMES_MAX];
    const int count = backtrace(frames, FRAMES_MAX);
    uint64_t hash = HASH_START;
    int used = 0;
    for (int i = 2; i < count && used < CALLERS; i++) {
        const uintptr_t at = (uintptr_t)frames[i];
        if (at < (uintptr_t)&__executable_start || at >= (uintptr_t)&etext)
            continue;
        hash = add_to_hash(hash, at - (uintptr_t)&__executable_start);
        used++;
    }
    return hash;
}

static bool fails_at(uint64_t place) {
    if (!hook(place))
        return false;
    errno = ENOMEM;
    return true;
}

#define FAILS_HERE() (hook != NULL && fails_at(hash_callers(__builtin_frame_address(0))))

void *faulty_malloc(size_t size) {
    return FAILS_HERE() ? NULL : malloc(size);
}

void *faulty_calloc(size_t count, size_t size) {
    return FAILS_HERE() ? NULL : calloc(count, size);
}

void *faulty_realloc(void *old, size_t size) {
    return FAILS_HERE() ? NULL : realloc(old, size);
}

void *faulty_aligned_alloc(size_t alignment, size_t size) {
    return FAILS_HERE() ? NULL : aligned_alloc(alignment, size);
}

char *faulty_strdup(const char *text) {
    return FAILS_HERE() ? NULL : strdup(text);
}

int faulty_asprintf(char **text, const char *format, ...) {
    if (FAILS_HERE())
        return -1;
    va_list arguments;
    va_start(arguments, format);
    const int written = vasprintf(text, format, arguments);
    va_end(arguments);
    return written;
}

static void *allocate_for_jansson(size_t size) {
    return hook != NULL && fails_at(hash_callers_of_library()) ? NULL : malloc(size);
}

/* SQLite allocates too often to look at the stack. */
static bool fails_in_sqlite(void) {
    return hook != NULL && fails_at(ALLOCATIONS_SQLITE);
}

static void *allocate_for_sqlite(int size) {
    return fails_in_sqlite() ? NULL : sqlite_methods.xMalloc(size);
}

static void *reallocate_for_sqlite(void *old, int size) {
    return fails_in_sqlite() ? NULL : sqlite_methods.xRealloc(old, size);
}

void allocations_init(void) {
    void *frames[FRAMES_MAX];
    (void)backtrace(frames, FRAMES_MAX); /* the first call loads a library */
    json_set_alloc_funcs(allocate_for_jansson, free);
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_methods);
    sqlite3_mem_methods methods = sqlite_methods;
    methods.xMalloc = allocate_for_sqlite;
    methods.xRealloc = reallocate_for_sqlite;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}
