#include "daemon/memory_limit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_LEN = 4096, PATH_LEN = 8192, MIB_SHIFT = 20 };

/* "max" is no limit, as in version 2. Version 1 has a number that is larger than any memory. */
static uint64_t read_limit_file(const char *path) {
    unsigned long long limit;
    FILE *file = fopen(path, "re");
    const int count = file == NULL ? 0 : fscanf(file, "%llu", &limit);
    if (file != NULL)
        fclose(file);
    return count == 1 ? limit : UINT64_MAX;
}

/* In a container, the directory may be that of the host, which is not visible; then the root is the
 * container's own cgroup. */
static uint64_t read_limits(const char *root, const char *controller, const char *file,
                            char *directory) {
    uint64_t least = UINT64_MAX;
    for (;;) {
        char path[PATH_LEN];
        snprintf(path, sizeof path, "%s%s%s/%s", root, controller, directory, file);
        const uint64_t limit = read_limit_file(path);
        least = limit < least ? limit : least;
        char *slash = strrchr(directory, '/');
        if (slash == NULL)
            return least;
        *slash = '\0';
    }
}

/* A line is ID:CONTROLLERS:DIRECTORY; version 2 has no controllers. */
static uint64_t read_line(const char *root, char *line) {
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':');
    char *directory = controllers == NULL ? NULL : strchr(controllers + 1, ':');
    if (directory == NULL)
        return UINT64_MAX;
    *directory++ = '\0';
    if (strcmp(controllers, ":") == 0)
        return read_limits(root, "", "memory.max", directory);
    if (strcmp(controllers, ":memory") == 0)
        return read_limits(root, "/memory", "memory.limit_in_bytes", directory);
    return UINT64_MAX;
}

uint64_t memory_limit_read(const char *membership, const char *root) {
    char line[LINE_LEN];
    uint64_t least = UINT64_MAX;
    FILE *file = fopen(membership, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const uint64_t limit = read_line(root, line);
        least = limit < least ? limit : least;
    }
    if (file != NULL)
        fclose(file);
    return least;
}

uint32_t memory_limit_default_mib(uint64_t limit, uint32_t usual_mib) {
    const uint64_t half_mib = limit >> (MIB_SHIFT + 1);
    if (half_mib >= usual_mib)
        return usual_mib;
    return half_mib > 0 ? (uint32_t)half_mib : 1;
}
