#include "daemon/access_reload.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/ticker.h"
#include "daemon/list_file.h"
#include "store/registry.h"

enum { LOOK_PERIOD_MS = 1000 };

struct access_reload {
    struct tracker *tracker;
    const char *database;
    struct ticker *ticker;
    pthread_mutex_t lock; /* of all below: a reload comes from another thread */
    struct access_options options;
    struct stat list_file;
    int64_t version;    /* of the registry */
    int64_t next_end_s; /* when the next ban ends; 0: none does */
};

static bool load_list_file(const struct access_options *options, struct access *access,
                           char error[static ERROR_LEN]) {
    return options->list_file[0] == '\0' || list_file_load(options->list_file, access, error);
}

/* The registry is opened for each look: the file may be another one by then, and the store cannot
 * open its own again while somebody else in this process holds it. */
static bool load_registry(struct access_reload *reload, struct access *access,
                          char error[static ERROR_LEN]) {
    if (reload->database == NULL)
        return true;
    char why[ERROR_LEN];
    struct registry *registry = registry_open(reload->database, REGISTRY_PATIENT_MS, why);
    const bool good =
        registry != NULL && registry_load(registry, clock_unix_s(), access, &reload->next_end_s);
    if (!good) {
        reload->version = 0; /* so that the next look tries again */
        error_set(error, "cannot read the registry: %.400s",
                  registry != NULL ? registry_failure(registry) : why);
    }
    registry_close(registry);
    return good;
}

static bool rebuild(struct access_reload *reload, char error[static ERROR_LEN]) {
    struct access *access = access_create(&reload->options.rules);
    if (access == NULL) {
        error_set(error, "out of memory");
        return false;
    }
    if (load_registry(reload, access, error) && load_list_file(&reload->options, access, error)) {
        tracker_set_access(reload->tracker, access);
        return true;
    }
    access_delete(access);
    return false;
}

/* Where the registry cannot be read for now, what is known of it goes on. So it does where another
 * file took the database's place that knows nothing yet. */
static bool registry_changed(struct access_reload *reload) {
    char why[ERROR_LEN];
    int64_t version;
    if (reload->database == NULL || !registry_is_there(reload->database))
        return false;
    struct registry *registry = registry_open(reload->database, REGISTRY_PATIENT_MS, why);
    const bool good = registry != NULL && registry_version(registry, &version);
    registry_close(registry);
    if (!good || version == reload->version || version <= REGISTRY_EMPTY_VERSION)
        return false;
    reload->version = version;
    return true;
}

/* Notes what there is to be noted of the sources; returns whether any of them changed. */
static bool sources_changed(struct access_reload *reload) {
    bool changed = registry_changed(reload);
    if (reload->options.list_file[0] != '\0')
        changed |= list_file_changed(reload->options.list_file, &reload->list_file);
    return changed;
}

static void rebuild_or_complain(struct access_reload *reload) {
    char error[ERROR_LEN];
    if (rebuild(reload, error))
        log_info("access: the lists of torrents, passkeys and bans were read again");
    else
        log_error("%s; the access rules stay as they were", error);
}

static void look(void *context) {
    struct access_reload *reload = context;
    pthread_mutex_lock(&reload->lock);
    const bool ban_ended = reload->next_end_s != 0 && clock_unix_s() >= reload->next_end_s;
    if (sources_changed(reload) || ban_ended)
        rebuild_or_complain(reload);
    pthread_mutex_unlock(&reload->lock);
}

void access_reload_apply(struct access_reload *reload, const struct access_options *options) {
    pthread_mutex_lock(&reload->lock);
    reload->options = *options;
    (void)sources_changed(reload);
    rebuild_or_complain(reload);
    pthread_mutex_unlock(&reload->lock);
}

static bool prepare(struct access_reload *reload, const char *database,
                    char error[static ERROR_LEN]) {
    reload->database = database;
    (void)sources_changed(reload);
    if (!rebuild(reload, error))
        return false;
    reload->ticker = ticker_start("admission", LOOK_PERIOD_MS, look, reload);
    if (reload->ticker == NULL)
        error_set(error, "cannot start a thread");
    return reload->ticker != NULL;
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
    reload->options = *options;
    pthread_mutex_init(&reload->lock, NULL);
    if (prepare(reload, database, error))
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
