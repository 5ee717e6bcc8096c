#include "daemon/access_reload.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/ticker.h"
#include "daemon/list_file.h"
#include "store/registry.h"

enum { CHECK_PERIOD_MS = 1000 };

struct access_reload {
    struct tracker *tracker;
    const char *database;
    struct ticker *ticker;
    pthread_mutex_t lock; /* guards all below; access_reload_apply uses another thread */
    struct access_options options;
    struct stat whitelist_stat;
    int64_t registry_version;
    int64_t next_ban_end_s; /* Unix time; 0: no ban ends */
};

/* Opens the registry for each check: another file may have replaced it, and the store cannot reopen
 * its own file while this process has it open elsewhere. */
static bool load_registry(struct access_reload *reload, struct access *access,
                          char error[static ERROR_LEN]) {
    if (reload->database == NULL)
        return true;
    char reason[ERROR_LEN];
    struct registry *registry = registry_open(reload->database, REGISTRY_TIMEOUT_MS, reason);
    const bool good = registry != NULL &&
                      registry_load(registry, clock_unix_s(), access, &reload->next_ban_end_s);
    if (!good) {
        reload->registry_version = 0; /* the next check tries again */
        error_set(error, "access: cannot read the registry: %.400s",
                  registry != NULL ? registry_failure(registry) : reason);
    }
    registry_close(registry);
    return good;
}

static bool rebuild_access(struct access_reload *reload, char error[static ERROR_LEN]) {
    const char *whitelist_file = reload->options.whitelist_file;
    struct access *access = access_create(&reload->options.rules);
    if (access == NULL)
        return error_set(error, "out of memory");
    if (load_registry(reload, access, error) &&
        (whitelist_file[0] == '\0' || list_file_load(whitelist_file, access, error))) {
        tracker_set_access(reload->tracker, access);
        return true;
    }
    access_delete(access);
    return false;
}

/* Returns false, so that the current rules stay in force, if the registry cannot be read now, or if
 * the store has just replaced the database with a new file that has no entries yet. */
static bool registry_changed(struct access_reload *reload) {
    char reason[ERROR_LEN];
    int64_t version;
    if (reload->database == NULL || !registry_exists(reload->database))
        return false;
    struct registry *registry = registry_open(reload->database, REGISTRY_TIMEOUT_MS, reason);
    const bool good = registry != NULL && registry_version(registry, &version);
    registry_close(registry);
    if (!good || version == reload->registry_version || version <= REGISTRY_EMPTY_VERSION)
        return false;
    reload->registry_version = version;
    return true;
}

/* Records the current state of registry and list file. Returns true if one of them changed. */
static bool sources_changed(struct access_reload *reload) {
    bool changed = registry_changed(reload);
    if (reload->options.whitelist_file[0] != '\0')
        changed |= list_file_changed(reload->options.whitelist_file, &reload->whitelist_stat);
    return changed;
}

static void rebuild_or_log(struct access_reload *reload) {
    char error[ERROR_LEN];
    if (rebuild_access(reload, error))
        log_info("access: reloaded");
    else
        log_error("%s; keeping the current access rules", error);
}

static void check_sources(void *context) {
    struct access_reload *reload = context;
    pthread_mutex_lock(&reload->lock);
    const bool ban_ended = reload->next_ban_end_s != 0 && clock_unix_s() >= reload->next_ban_end_s;
    if (sources_changed(reload) || ban_ended)
        rebuild_or_log(reload);
    pthread_mutex_unlock(&reload->lock);
}

void access_reload_apply(struct access_reload *reload, const struct access_options *options) {
    pthread_mutex_lock(&reload->lock);
    reload->options = *options;
    (void)sources_changed(reload);
    rebuild_or_log(reload);
    pthread_mutex_unlock(&reload->lock);
}

static bool start_ticker(struct access_reload *reload, char error[static ERROR_LEN]) {
    reload->ticker = ticker_start("access reload", CHECK_PERIOD_MS, check_sources, reload);
    return reload->ticker != NULL || error_set(error, "cannot create a thread");
}

struct access_reload *access_reload_start(struct tracker *tracker,
                                          const struct access_options *options,
                                          const char *database, char error[static ERROR_LEN]) {
    struct access_reload *reload = calloc(1, sizeof *reload);
    if (reload == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    reload->tracker = tracker;
    reload->database = database;
    reload->options = *options;
    pthread_mutex_init(&reload->lock, NULL);
    (void)sources_changed(reload);
    if (rebuild_access(reload, error) && start_ticker(reload, error))
        return reload;
    access_reload_stop(reload);
    return NULL;
}

void access_reload_stop(struct access_reload *reload) {
    if (reload == NULL)
        return;
    ticker_stop(reload->ticker);
    pthread_mutex_destroy(&reload->lock);
    free(reload);
}
