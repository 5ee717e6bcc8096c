#include "store/database_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "store/schema.h"

/* Length of an SQLite file's header, and the offsets of two of its fields. */
enum { HEADER_LEN = 100, USER_VERSION_AT = 60, APPLICATION_ID_AT = 68 };

static const char MAGIC[16] = "SQLite format 3";

/* SQLite's files beside the database. Committed changes may still be in the first. */
static const char *const companions[] = { "-wal", "-shm" };

enum { COMPANIONS = sizeof companions / sizeof *companions, SUFFIX_LEN = 8, NAME_TRIES = 100 };

void database_file_make_directory(const char *path) {
    char directory[DATABASE_FILE_PATH_LEN];
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path || (size_t)(slash - path) >= sizeof directory)
        return;
    snprintf(directory, sizeof directory, "%.*s", (int)(slash - path), path);
    (void)mkdir(directory, 0750);
}

/* False if the header is not that of a skep database. */
static bool read_version(int fd, uint32_t *version) {
    uint8_t header[HEADER_LEN] = { 0 };
    if (pread(fd, header, sizeof header, 0) < APPLICATION_ID_AT + 4)
        return false;
    *version = load_u32(header + USER_VERSION_AT);
    return memcmp(header, MAGIC, sizeof MAGIC) == 0 &&
           load_u32(header + APPLICATION_ID_AT) == SCHEMA_APPLICATION_ID;
}

bool database_file_is_ours(int fd) {
    uint32_t version;
    return read_version(fd, &version) && version <= (uint32_t)schema_version;
}

bool database_file_is_of_older(const char *path) {
    uint32_t version;
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return false;
    const bool used = read_version(fd, &version) && version < (uint32_t)schema_version &&
                      flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    return used;
}

/* SQLite treats a file that is shorter than a header as empty and would overwrite it. */
static bool is_usable_file(int fd) {
    struct stat file;
    return fstat(fd, &file) == 0 &&
           (file.st_size == 0 || file.st_size >= HEADER_LEN || database_file_is_ours(fd));
}

/* flock(2) does not conflict with SQLite's own locks, which are POSIX record locks. */
int database_file_lock(const char *path, char error[static ERROR_LEN]) {
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) {
        error_set(error, "cannot open the database %s: %s", path, strerror(errno));
        return -1;
    }
    if (!is_usable_file(fd)) {
        error_set(error, "cannot use the database %s: not an SQLite database", path);
        close(fd);
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const char *why = errno == EWOULDBLOCK ? "another skepd is using it" : strerror(errno);
        error_set(error, "cannot open the database %s: %s", path, why);
        close(fd);
        return -1;
    }
    return fd;
}

/* A record lock of the open file on a byte far behind those that SQLite uses. */
static struct flock cluster_lock(void) {
    return (struct flock){
        .l_type = F_WRLCK,
        .l_whence = SEEK_SET,
        .l_start = (off_t)1 << 62,
        .l_len = 1,
    };
}

void database_file_show_cluster(int fd) {
    struct flock lock = cluster_lock();
    (void)fcntl(fd, F_OFD_SETLK, &lock);
}

bool database_file_is_of_cluster(const char *path) {
    struct flock lock = cluster_lock();
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return false;
    const bool locked = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    close(fd);
    return locked;
}

bool database_file_is_same(const char *path, const struct stat *known) {
    struct stat file;
    return stat(path, &file) == 0 && file.st_dev == known->st_dev && file.st_ino == known->st_ino;
}

void database_file_drop_log(const char *log_path, const struct stat *known) {
    char memory_path[DATABASE_FILE_PATH_LEN];
    const int len = snprintf(memory_path, sizeof memory_path, "%s", log_path);
    if (!database_file_is_same(log_path, known) || len < 4 || len >= (int)sizeof memory_path)
        return;
    memcpy(memory_path + len - 4, "-shm", 4);
    (void)unlink(log_path);
    (void)unlink(memory_path);
}

static bool path_exists(const char *path) {
    struct stat file;
    return lstat(path, &file) == 0;
}

/* A dated name that is not in use: a second file in the same second gets a number. */
static bool name_quarantined(const char *path, char moved_to[static DATABASE_FILE_PATH_LEN]) {
    const time_t now = time(NULL);
    struct tm parts;
    localtime_r(&now, &parts);
    char when[32];
    strftime(when, sizeof when, "%Y%m%d-%H%M%S", &parts);
    int len = snprintf(moved_to, DATABASE_FILE_PATH_LEN, "%s.corrupt-%s", path, when);
    for (int i = 2; path_exists(moved_to) && i < NAME_TRIES; i++)
        len = snprintf(moved_to, DATABASE_FILE_PATH_LEN, "%s.corrupt-%s-%d", path, when, i);
    return len < DATABASE_FILE_PATH_LEN - SUFFIX_LEN && !path_exists(moved_to);
}

static bool move_file(const char *from, const char *to, const char *suffix) {
    char old[DATABASE_FILE_PATH_LEN + SUFFIX_LEN];
    char new[DATABASE_FILE_PATH_LEN + SUFFIX_LEN];
    snprintf(old, sizeof old, "%s%s", from, suffix);
    snprintf(new, sizeof new, "%s%s", to, suffix);
    return rename(old, new) == 0;
}

/* The database is renamed last: if this is interrupted, the next start still finds it. */
static bool move_database(const char *from, const char *to) {
    for (int i = 0; i < COMPANIONS; i++) {
        if (!move_file(from, to, companions[i]) && errno != ENOENT)
            return false;
    }
    return move_file(from, to, "");
}

bool database_file_quarantine(const char *path, char moved_to[static DATABASE_FILE_PATH_LEN],
                              char error[static ERROR_LEN]) {
    /* Rename the target of a symbolic link: the link must lead to the new file. */
    char *real = realpath(path, NULL);
    const bool good =
        real != NULL && name_quarantined(real, moved_to) && move_database(real, moved_to);
    if (!good)
        error_set(error, "cannot rename the damaged database %s: %s", path, strerror(errno));
    free(real);
    return good;
}
