#include "torrent_dir/dir_scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/utf8.h"

enum {
    DEPTH_MAX = 16, /* each level has an open file descriptor */
    WATCHED = IN_CREATE | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE |
              IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR,
};

/* A directory being read, and those that it is in. */
struct level {
    const struct level *above;
    struct stat status;
    unsigned depth;
};

bool dir_scan_is_torrent(const char *name) {
    static const char ending[] = ".torrent";
    const size_t len = strlen(name);
    return name[0] != '.' && len >= sizeof ending &&
           strcasecmp(name + len - (sizeof ending - 1), ending) == 0;
}

static bool fail(const struct dir_scan *scan, const char *path, char error[static ERROR_LEN]) {
    const int reason = errno;
    return error_set(error, "%.200s%s%.200s: %s", scan->root, path[0] == '\0' ? "" : "/", path,
                     strerror(reason));
}

/* A file or directory that has gone or may not be read, as opposed to a failure of the machine. */
static bool is_absent(int reason) {
    return reason == ENOENT || reason == ENOTDIR || reason == EACCES || reason == ELOOP ||
           reason == ENAMETOOLONG;
}

static void watch_directory(struct dir_scan *scan, const char *path) {
    char whole[PATH_MAX];
    if (scan->inotify < 0)
        return;
    const int len = snprintf(whole, sizeof whole, "%s/%s", scan->root, path);
    if ((size_t)len >= sizeof whole || inotify_add_watch(scan->inotify, whole, WATCHED) < 0)
        scan->unwatched = true;
}

static bool is_inside_itself(const struct level *level) {
    for (const struct level *above = level->above; above != NULL; above = above->above) {
        if (above->status.st_dev == level->status.st_dev &&
            above->status.st_ino == level->status.st_ino)
            return true;
    }
    return false;
}

static bool scan_directory(struct dir_scan *scan, int fd, const char *path,
                           const struct level *above, char error[static ERROR_LEN]);

static bool scan_below(struct dir_scan *scan, int at, const char *name, const char *path,
                       const struct level *level, char error[static ERROR_LEN]) {
    const int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0)
        return scan_directory(scan, fd, path, level, error);
    if (errno == EACCES && scan->unreadable[0] == '\0')
        utf8_copy_line(bytes_of(path), scan->unreadable, sizeof scan->unreadable);
    return is_absent(errno) || fail(scan, path, error);
}

/* A name may be a link, so its type is that of the file that it leads to. */
static bool scan_name(struct dir_scan *scan, int at, const struct dirent *entry, const char *above,
                      const struct level *level, char error[static ERROR_LEN]) {
    char path[PATH_MAX];
    struct stat status;
    const bool is_torrent = dir_scan_is_torrent(entry->d_name);
    if (entry->d_name[0] == '.' || (entry->d_type == DT_REG && !is_torrent))
        return true;
    const int len =
        snprintf(path, sizeof path, "%s%s%s", above, above[0] == '\0' ? "" : "/", entry->d_name);
    if ((size_t)len >= sizeof path)
        return true;
    if (fstatat(at, entry->d_name, &status, 0) != 0)
        return is_absent(errno) || fail(scan, path, error);
    if (S_ISDIR(status.st_mode))
        return scan_below(scan, at, entry->d_name, path, level, error);
    if (!is_torrent || scan->add(scan->context, path, &status))
        return true;
    return error_set(error, "out of memory");
}

static bool scan_names(struct dir_scan *scan, DIR *names, const char *path,
                       const struct level *level, char error[static ERROR_LEN]) {
    const struct dirent *entry;
    while (errno = 0, (entry = readdir(names)) != NULL) {
        if (atomic_load_explicit(scan->stop, memory_order_relaxed))
            return error_set(error, "stopped");
        if (!scan_name(scan, dirfd(names), entry, path, level, error))
            return false;
    }
    return errno == 0 || fail(scan, path, error);
}

/* Takes ownership of `fd`. The watch comes first, so that no change is missed. */
static bool scan_directory(struct dir_scan *scan, int fd, const char *path,
                           const struct level *above, char error[static ERROR_LEN]) {
    struct level level = { .above = above, .depth = above == NULL ? 1 : above->depth + 1 };
    DIR *names = NULL;
    bool good = fstat(fd, &level.status) == 0 || fail(scan, path, error);
    if (!good || level.depth > DEPTH_MAX || is_inside_itself(&level)) {
        close(fd);
        return good;
    }
    watch_directory(scan, path);
    names = fdopendir(fd);
    good = names == NULL ? fail(scan, path, error) : scan_names(scan, names, path, &level, error);
    if (names != NULL)
        closedir(names);
    else
        close(fd);
    return good;
}

bool dir_scan_run(struct dir_scan *scan, char error[static ERROR_LEN]) {
    scan->unwatched = false;
    scan->unreadable[0] = '\0';
    const int fd = open(scan->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
    return fd < 0 ? fail(scan, "", error) : scan_directory(scan, fd, "", NULL, error);
}
