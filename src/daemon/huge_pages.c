#include "daemon/huge_pages.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

#define TUNABLES "GLIBC_TUNABLES"

/* Growing by two huge pages at once lets also those systems use them that need not be asked. */
static const char malloc_tunables[] =
    "glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1:glibc.malloc.top_pad=4194304";

void huge_pages_request(char *const *argv) {
    /* The path, as the process gets its name from it. */
    char program[PATH_MAX];
    const ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
    /* glibc removes the variable from a process with more rights than its user. */
    if (len <= 0 || getauxval(AT_SECURE) != 0 || getenv(TUNABLES) != NULL)
        return;
    program[len] = '\0';
    if (setenv(TUNABLES, malloc_tunables, true) == 0)
        (void)execv(program, argv);
}
