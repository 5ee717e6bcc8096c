#include "ctl/local_registry.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* A database without read permission exists: opening it reports the reason. */
static bool is_there(const char *path) {
    return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

const char *local_registry_guess(void) {
    static const char *const places[] = { "./var/skep.db", "/var/lib/skep/skep.db" };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (is_there(places[i]))
            return places[i];
    }
    return NULL;
}

static void explain(const char *path, int why) {
    char text[ERROR_LEN];
    snprintf(text, sizeof text, "cannot use the database %.200s: %s; %s", path, strerror(why),
             why == ENOENT || why == ENOTDIR
                 ? "without --database, the running skepd is used"
                 : "run as skepd's user or root, or use the running skepd, without --database");
    output_fail(STATUS_FAULT, text, NULL);
}

struct registry *local_registry_open(const char *path, bool quiet) {
    char error[ERROR_LEN];
    if (access(path, R_OK | W_OK) != 0) {
        if (!quiet)
            explain(path, errno);
        return NULL;
    }
    struct registry *registry = registry_open(path, REGISTRY_TIMEOUT_MS, error);
    if (registry == NULL && !quiet)
        output_fail(STATUS_FAULT, error, NULL);
    return registry;
}
