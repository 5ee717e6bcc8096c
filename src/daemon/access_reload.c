#include "daemon/access_reload.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/ticker.h"
#include "daemon/list_file.h"

enum { CHECK_PERIOD_MS = 1000 };

struct access_reload {
    struct tracker *tracker;
    struct ticker *ticker;
    pthread_mutex_t lock; /* guards all below; access_reload_apply uses another thread */
    struct access_options options;
    struct stat stats[ACCESS_LISTS];
};

/* Replaces the rules, and removes the peers that they no longer allow. */
static bool rebuild_access(struct access_reload *reload, bool unknown_passkeys,
                           char error[static ERROR_LEN]) {
    struct access *access = access_create(&reload->options.rules);
    if (access == NULL)
        return error_set(error, "out of memory");
    for (int i = 0; i < ACCESS_LISTS; i++) {
        const char *file = reload->options.files[i];
        if (file[0] != '\0' && !list_file_load(file, access, (enum access_list)i, error)) {
            access_delete(access);
            return false;
        }
    }
    tracker_set_access(reload->tracker, access);
    tracker_purge_all(reload->tracker, unknown_passkeys, clock_now_ms());
    return true;
}

/* Records the current state of the files. Returns true if one of them changed. */
static bool files_changed(struct access_reload *reload) {
    bool changed = false;
    for (int i = 0; i < ACCESS_LISTS; i++) {
        if (reload->options.files[i][0] != '\0')
            changed |= list_file_changed(reload->options.files[i], &reload->stats[i]);
    }
    return changed;
}

static void rebuild_or_log(struct access_reload *reload, bool unknown_passkeys) {
    char error[ERROR_LEN];
    if (rebuild_access(reload, unknown_passkeys, error))
        log_info("access: rules reloaded");
    else
        log_error("%s; keeping the current access rules", error);
}

static void check_files(void *context) {
    struct access_reload *reload = context;
    pthread_mutex_lock(&reload->lock);
    if (files_changed(reload))
        rebuild_or_log(reload, false);
    pthread_mutex_unlock(&reload->lock);
}

void access_reload_apply(struct access_reload *reload, const struct access_options *options) {
    pthread_mutex_lock(&reload->lock);
    const bool was_private = reload->options.rules.mode == ACCESS_PRIVATE;
    reload->options = *options;
    (void)files_changed(reload);
    rebuild_or_log(reload, !was_private);
    pthread_mutex_unlock(&reload->lock);
}

static bool start_ticker(struct access_reload *reload, char error[static ERROR_LEN]) {
    reload->ticker = ticker_start("access reload", CHECK_PERIOD_MS, check_files, reload);
    return reload->ticker != NULL || error_set(error, "cannot create a thread");
}

struct access_reload *access_reload_start(struct tracker *tracker,
                                          const struct access_options *options,
                                          char error[static ERROR_LEN]) {
    struct access_reload *reload = calloc(1, sizeof *reload);
    if (reload == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    reload->tracker = tracker;
    reload->options = *options;
    pthread_mutex_init(&reload->lock, NULL);
    (void)files_changed(reload);
    if (rebuild_access(reload, false, error) && start_ticker(reload, error))
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
