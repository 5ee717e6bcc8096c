#include "daemon/huge_pages.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

#define TUNABLES "GLIBC_TUNABLES"

/* Growing by two huge pages at once lets also those systems use them that need not be asked. */
static const char malloc_tunables[] =
    "glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1:glibc.malloc.top_pad=4194304";

void huge_pages_request(char *const *argv) {
    /* glibc removes the variable from a process with more rights than its user. */
    if (getenv(TUNABLES) != NULL || getauxval(AT_SECURE) != 0)
        return;
    /* The path, as the process gets its name from it. */
    char program[PATH_MAX] = "";
    const ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
    if (len > 0 && setenv(TUNABLES, malloc_tunables, 1) == 0)
        (void)execv(program, argv);
}
