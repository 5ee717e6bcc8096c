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
                           char error[static CONFIG_ERROR_LEN]) {
    return options->list_file[0] == '\0' || list_file_load(options->list_file, access, error);
}

/* The registry is opened for each look: the file may be another one by then, and the store cannot
 * open its own again while somebody else in this process holds it. */
static bool load_registry(struct access_reload *admission, struct access *access,
                          char error[static CONFIG_ERROR_LEN]) {
    if (admission->database == NULL)
        return true;
    char why[REGISTRY_ERROR_LEN];
    struct registry *registry = registry_open(admission->database, REGISTRY_PATIENT_MS, why);
    const bool good =
        registry != NULL && registry_load(registry, clock_unix_s(), access, &admission->next_end_s);
    if (!good) {
        admission->version = 0; /* so that the next look tries again */
        snprintf(error, CONFIG_ERROR_LEN, "cannot read the registry: %.400s",
                 registry != NULL ? registry_failure(registry) : why);
    }
    registry_close(registry);
    return good;
}

static bool rebuild(struct access_reload *admission, char error[static CONFIG_ERROR_LEN]) {
    struct access *access = access_create(&admission->options.rules);
    if (access == NULL) {
        snprintf(error, CONFIG_ERROR_LEN, "out of memory");
        return false;
    }
    if (load_registry(admission, access, error) &&
        load_list_file(&admission->options, access, error)) {
        tracker_set_access(admission->tracker, access);
        return true;
    }
    access_delete(access);
    return false;
}

/* Where the registry cannot be read for now, what is known of it goes on. So it does where another
 * file took the database's place that knows nothing yet. */
static bool registry_changed(struct access_reload *admission) {
    char why[REGISTRY_ERROR_LEN];
    int64_t version;
    if (admission->database == NULL || !registry_is_there(admission->database))
        return false;
    struct registry *registry = registry_open(admission->database, REGISTRY_PATIENT_MS, why);
    const bool good = registry != NULL && registry_version(registry, &version);
    registry_close(registry);
    if (!good || version == admission->version || version <= REGISTRY_EMPTY_VERSION)
        return false;
    admission->version = version;
    return true;
}

/* Notes what there is to be noted of the sources; returns whether any of them changed. */
static bool sources_changed(struct access_reload *admission) {
    bool changed = registry_changed(admission);
    if (admission->options.list_file[0] != '\0')
        changed |= list_file_changed(admission->options.list_file, &admission->list_file);
    return changed;
}

static void rebuild_or_complain(struct access_reload *admission) {
    char error[CONFIG_ERROR_LEN];
    if (rebuild(admission, error))
        log_info("access: the lists of torrents, passkeys and bans were read again");
    else
        log_error("%s; the access rules stay as they were", error);
}

static void look(void *context) {
    struct access_reload *admission = context;
    pthread_mutex_lock(&admission->lock);
    const bool ban_ended = admission->next_end_s != 0 && clock_unix_s() >= admission->next_end_s;
    if (sources_changed(admission) || ban_ended)
        rebuild_or_complain(admission);
    pthread_mutex_unlock(&admission->lock);
}

void access_reload_apply(struct access_reload *admission, const struct access_options *options) {
    pthread_mutex_lock(&admission->lock);
    admission->options = *options;
    (void)sources_changed(admission);
    rebuild_or_complain(admission);
    pthread_mutex_unlock(&admission->lock);
}

static bool prepare(struct access_reload *admission, const char *database,
                    char error[static CONFIG_ERROR_LEN]) {
    admission->database = database;
    (void)sources_changed(admission);
    if (!rebuild(admission, error))
        return false;
    admission->ticker = ticker_start("admission", LOOK_PERIOD_MS, look, admission);
    if (admission->ticker == NULL)
        snprintf(error, CONFIG_ERROR_LEN, "cannot start a thread");
    return admission->ticker != NULL;
}

struct access_reload *access_reload_start(struct tracker *tracker,
                                          const struct access_options *options,
                                          const char *database,
                                          char error[static CONFIG_ERROR_LEN]) {
    struct access_reload *admission = calloc(1, sizeof *admission);
    if (admission == NULL) {
        snprintf(error, CONFIG_ERROR_LEN, "out of memory");
        return NULL;
    }
    admission->tracker = tracker;
    admission->options = *options;
    pthread_mutex_init(&admission->lock, NULL);
    if (prepare(admission, database, error))
        return admission;
    access_reload_stop(admission);
    return NULL;
}

void access_reload_stop(struct access_reload *admission) {
    if (admission == NULL)
        return;
    ticker_stop(admission->ticker);
    pthread_mutex_destroy(&admission->lock);
    free(admission);
}
