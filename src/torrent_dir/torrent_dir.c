#include "torrent_dir/torrent_dir.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "torrent/metainfo.h"
#include "torrent_dir/torrent_files.h"

enum {
    SCAN_PERIOD_MS = 60000,
    RETRY_MS = 1000, /* after a failure, and for files that are being written */
    QUIET_MS = 100,  /* changes end when there is none for this time, */
    BUSY_MS = 1000,  /* or after this one */
    REPORTS_MAX = 20,
    LINE_LEN = 512,
};

struct torrent_dir {
    struct tracker *tracker;
    pthread_t thread;
    bool running;
    atomic_bool stop;
    int wake;             /* eventfd */
    pthread_mutex_t lock; /* guards the next four, and `files` against other threads */
    pthread_cond_t scanned;
    uint64_t requested; /* number of the last torrent_dir_apply() */
    uint64_t done;      /* number of the last one before a scan that has ended */
    char path[TORRENT_DIR_PATH_LEN];
    struct torrent_files files;

    /* Of the thread alone. */
    int inotify;               /* of the last scan; -1: none */
    bool again;                /* scan again soon */
    bool unregistered;         /* `files` are not those in the registry */
    bool unwatched;            /* logged */
    char failure[ERROR_LEN];   /* logged; empty: the last scan succeeded */
    char unreadable[LINE_LEN]; /* logged */
};

/* A file's path as one line. */
static void describe_path(const char *root, const char *path, char line[static LINE_LEN]) {
    char whole[TORRENT_DIR_PATH_LEN];
    snprintf(whole, sizeof whole, "%s%s%s", root, path[0] == '\0' ? "" : "/", path);
    utf8_copy_line(bytes_of(whole), line, LINE_LEN);
}

struct reports {
    const char *root;
    size_t count;
};

static void report_invalid(void *context, const char *path, const char *reason) {
    struct reports *reports = context;
    char line[LINE_LEN];
    if (++reports->count > REPORTS_MAX)
        return;
    describe_path(reports->root, path, line);
    log_warning("torrent_dir: %s: file ignored: %s", line, reason);
}

static void log_scan(struct torrent_dir *dir, const struct dir_scan *scan,
                     const struct torrent_files_changes *changes, const struct reports *reports) {
    if (reports->count > REPORTS_MAX)
        log_warning("torrent_dir: %s: %zu more files ignored", scan->root,
                    reports->count - REPORTS_MAX);
    if (scan->unreadable[0] != '\0' && strcmp(scan->unreadable, dir->unreadable) != 0)
        log_warning("torrent_dir: %s/%s: permission denied; its torrents are not registered",
                    scan->root, scan->unreadable);
    snprintf(dir->unreadable, sizeof dir->unreadable, "%s", scan->unreadable);
    if (scan->unwatched && !dir->unwatched)
        log_warning(
            "torrent_dir: %s: cannot watch every directory: changes are found once a minute; "
            "raise fs.inotify.max_user_watches or fs.inotify.max_user_instances",
            scan->root);
    dir->unwatched = scan->unwatched;
    if (changes->added + changes->changed + changes->removed > 0)
        log_info("torrent_dir: %s: files added: %zu, changed: %zu, removed: %zu", scan->root,
                 changes->added, changes->changed, changes->removed);
}

/* Makes the registry equal to the files, and removes the peers of torrents that are gone. */
static void register_files(struct torrent_dir *dir) {
    struct registry *registry = tracker_registry(dir->tracker);
    bool good = true;
    registry_load_begin(registry, REGISTRY_DIRECTORY);
    for (size_t i = 0; i < dir->files.torrent_count && good; i++) {
        const struct registry_row row = torrent_files_row(&dir->files, i);
        good = registry_load_put(registry, &row);
    }
    if (good)
        registry_load_end(registry, REGISTRY_DIRECTORY);
    dir->unregistered = !good;
    tracker_purge(dir->tracker, clock_now_ms());
}

static void replace_files(struct torrent_dir *dir, const struct torrent_files *files, int inotify) {
    struct torrent_files old = dir->files;
    pthread_mutex_lock(&dir->lock);
    dir->files = *files;
    pthread_mutex_unlock(&dir->lock);
    torrent_files_free(&old);
    if (dir->inotify >= 0)
        close(dir->inotify);
    dir->inotify = inotify;
}

static bool scan_directory(struct torrent_dir *dir, const char *root,
                           char error[static ERROR_LEN]) {
    struct torrent_files files = { .count = 0 };
    struct torrent_files_changes changes = { .added = 0 };
    const struct torrent_files none = { .count = 0 };
    struct reports reports = { .root = root };
    struct dir_scan scan = {
        .root = root,
        .inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK),
        .stop = &dir->stop,
    };
    const bool same = dir->files.root != NULL && strcmp(dir->files.root, root) == 0;
    if (!torrent_files_scan(&files, &scan, same ? &dir->files : &none, clock_now_ms(),
                            report_invalid, &reports, &changes, error)) {
        if (scan.inotify >= 0)
            close(scan.inotify);
        return false;
    }
    scan.unwatched = scan.unwatched || scan.inotify < 0;
    dir->again = changes.unsettled;
    replace_files(dir, &files, scan.inotify);
    if (!same || dir->unregistered || changes.added + changes.changed + changes.removed > 0)
        register_files(dir);
    dir->again = dir->again || dir->unregistered;
    log_scan(dir, &scan, &changes, &reports);
    return true;
}

static void leave_directory(struct torrent_dir *dir) {
    const struct torrent_files none = { .count = 0 };
    const bool had_root = dir->files.root != NULL;
    replace_files(dir, &none, -1);
    if (had_root || dir->unregistered)
        register_files(dir);
    dir->again = dir->unregistered;
}

static bool scan_now(struct torrent_dir *dir, char error[static ERROR_LEN]) {
    char root[TORRENT_DIR_PATH_LEN];
    pthread_mutex_lock(&dir->lock);
    memcpy(root, dir->path, sizeof root);
    pthread_mutex_unlock(&dir->lock);
    if (root[0] != '\0')
        return scan_directory(dir, root, error);
    leave_directory(dir);
    return true;
}

static void scan_or_log(struct torrent_dir *dir) {
    char error[ERROR_LEN] = "";
    pthread_mutex_lock(&dir->lock);
    const uint64_t requested = dir->requested;
    pthread_mutex_unlock(&dir->lock);
    if (!scan_now(dir, error)) {
        dir->again = true;
        if (strcmp(error, dir->failure) != 0 && !dir->stop)
            log_error("torrent_dir: %s; keeping the registered torrents", error);
    }
    memcpy(dir->failure, error, sizeof error);
    pthread_mutex_lock(&dir->lock);
    dir->done = requested;
    pthread_cond_broadcast(&dir->scanned);
    pthread_mutex_unlock(&dir->lock);
}

/* Waits for an event; returns whether it is a change of a file. */
static bool wait_for_event(struct torrent_dir *dir, int timeout_ms) {
    struct pollfd files[] = {
        { .fd = dir->wake, .events = POLLIN },
        { .fd = dir->inotify, .events = POLLIN },
    };
    uint64_t count;
    if (poll(files, sizeof files / sizeof *files, timeout_ms) <= 0)
        return false;
    if (files[0].revents != 0)
        (void)!read(dir->wake, &count, sizeof count);
    return files[0].revents == 0 && files[1].revents != 0;
}

/* What has changed does not matter: the scan finds it, also after an overflow of the queue. */
static void drop_events(const struct torrent_dir *dir) {
    char events[4096];
    while (read(dir->inotify, events, sizeof events) > 0)
        ;
}

static void wait_for_scan(struct torrent_dir *dir) {
    if (!wait_for_event(dir, dir->again ? RETRY_MS : SCAN_PERIOD_MS))
        return;
    const uint64_t since_ms = clock_now_ms();
    do
        drop_events(dir);
    while (clock_now_ms() - since_ms < BUSY_MS && wait_for_event(dir, QUIET_MS));
}

static void *run_thread(void *argument) {
    struct torrent_dir *dir = argument;
    wait_for_scan(dir);
    while (!dir->stop) {
        scan_or_log(dir);
        wait_for_scan(dir);
    }
    return NULL;
}

static bool start_thread(struct torrent_dir *dir, char error[static ERROR_LEN]) {
    dir->running = pthread_create(&dir->thread, NULL, run_thread, dir) == 0;
    if (!dir->running)
        return error_set(error, "cannot create a thread");
    pthread_setname_np(dir->thread, "torrent dir");
    return true;
}

struct torrent_dir *torrent_dir_start(struct tracker *tracker, const char *path,
                                      char error[static ERROR_LEN]) {
    struct torrent_dir *dir = calloc(1, sizeof *dir);
    if (dir == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    dir->tracker = tracker;
    dir->inotify = -1;
    pthread_mutex_init(&dir->lock, NULL);
    pthread_cond_init(&dir->scanned, NULL);
    snprintf(dir->path, sizeof dir->path, "%s", path);
    dir->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    const bool good = dir->wake >= 0 || error_set(error, "cannot create an eventfd");
    if (good && scan_now(dir, error) && start_thread(dir, error))
        return dir;
    torrent_dir_stop(dir);
    return NULL;
}

static void wake_thread(const struct torrent_dir *dir) {
    const uint64_t one = 1;
    (void)!write(dir->wake, &one, sizeof one);
}

void torrent_dir_stop(struct torrent_dir *dir) {
    if (dir == NULL)
        return;
    dir->stop = true;
    if (dir->running) {
        wake_thread(dir);
        pthread_join(dir->thread, NULL);
    }
    torrent_files_free(&dir->files);
    if (dir->inotify >= 0)
        close(dir->inotify);
    if (dir->wake >= 0)
        close(dir->wake);
    pthread_cond_destroy(&dir->scanned);
    pthread_mutex_destroy(&dir->lock);
    free(dir);
}

void torrent_dir_apply(struct torrent_dir *dir, const char *path) {
    pthread_mutex_lock(&dir->lock);
    snprintf(dir->path, sizeof dir->path, "%s", path);
    const uint64_t requested = ++dir->requested;
    wake_thread(dir);
    while (dir->done < requested)
        pthread_cond_wait(&dir->scanned, &dir->lock);
    pthread_mutex_unlock(&dir->lock);
}

bool torrent_dir_find(struct torrent_dir *dir, const uint8_t info_hash[static INFO_HASH_LEN],
                      char path[static TORRENT_DIR_PATH_LEN]) {
    if (dir == NULL)
        return false;
    pthread_mutex_lock(&dir->lock);
    const struct torrent_file *file = torrent_files_find(&dir->files, info_hash);
    if (file != NULL)
        snprintf(path, TORRENT_DIR_PATH_LEN, "%s/%s", dir->files.root, file->path);
    pthread_mutex_unlock(&dir->lock);
    return file != NULL;
}

static bool has_torrent(struct bytes file, const uint8_t *info_hash) {
    struct metainfo metainfo;
    char error[ERROR_LEN];
    if (!metainfo_parse(file, &metainfo, error))
        return false;
    for (size_t i = 0; i < metainfo.hash_count; i++) {
        if (memcmp(metainfo.info_hashes[i], info_hash, INFO_HASH_LEN) == 0)
            return true;
    }
    return false;
}

uint8_t *torrent_dir_read(struct torrent_dir *dir, const uint8_t info_hash[static INFO_HASH_LEN],
                          size_t *len) {
    char path[TORRENT_DIR_PATH_LEN];
    char error[ERROR_LEN];
    if (!torrent_dir_find(dir, info_hash, path))
        return NULL;
    uint8_t *data = torrent_files_read(path, len, error);
    if (data != NULL && !has_torrent((struct bytes){ data, *len }, info_hash)) {
        free(data);
        data = NULL;
    }
    return data;
}
