#include "torrent_dir/torrent_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/utf8.h"
#include "torrent/metainfo.h"

enum { FILE_LEN_MAX = 64 << 20, HASHES_MAX = 2 };

void torrent_files_free(struct torrent_files *files) {
    for (size_t i = 0; i < files->count; i++)
        free(files->list[i].path);
    free(files->list);
    free(files->torrents);
    free(files->root);
    *files = (struct torrent_files){ .count = 0 };
}

static int open_regular(const char *path, struct stat *status, char error[static ERROR_LEN]) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, status) == 0 && S_ISREG(status->st_mode) &&
        status->st_size <= FILE_LEN_MAX)
        return fd;
    if (fd < 0)
        error_set(error, "%s", strerror(errno));
    else
        error_set(error, S_ISREG(status->st_mode) ? "larger than 64 MiB" : "not a regular file");
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Less than `size` bytes if the file has become shorter. */
static bool read_all(int fd, uint8_t *data, size_t size, size_t *len,
                     char error[static ERROR_LEN]) {
    ssize_t got = 1;
    for (*len = 0; *len < size && got > 0; *len += got > 0 ? (size_t)got : 0)
        got = read(fd, data + *len, size - *len);
    return got >= 0 || error_set(error, "%s", strerror(errno));
}

uint8_t *torrent_files_read(const char *path, size_t *len, char error[static ERROR_LEN]) {
    struct stat status = { 0 };
    const int fd = open_regular(path, &status, error);
    if (fd < 0)
        return NULL;
    uint8_t *data = malloc((size_t)status.st_size + 1);
    if (data == NULL) {
        error_set(error, "out of memory");
    } else if (!read_all(fd, data, (size_t)status.st_size, len, error)) {
        free(data);
        data = NULL;
    }
    close(fd);
    return data;
}

/* Describes a file by its content. False, with the reason in `error`, if it is invalid. */
static bool read_torrent(struct torrent_file *file, const char *root,
                         char error[static ERROR_LEN]) {
    char path[PATH_MAX];
    struct metainfo metainfo;
    size_t len;
    snprintf(path, sizeof path, "%s/%s", root, file->path);
    uint8_t *data = torrent_files_read(path, &len, error);
    file->unreadable = data == NULL;
    if (data == NULL)
        return false;
    const bool good = metainfo_parse((struct bytes){ data, len }, &metainfo, error);
    if (good) {
        file->hash_count = metainfo.hash_count;
        memcpy(file->info_hashes, metainfo.info_hashes, sizeof file->info_hashes);
        file->size = metainfo.size;
        file->is_private = metainfo.is_private;
        utf8_copy_line(bytes_of(metainfo.name), file->name, sizeof file->name);
    }
    free(data);
    return good;
}

static void take_description(struct torrent_file *file, const struct torrent_file *from) {
    file->hash_count = from->hash_count;
    memcpy(file->info_hashes, from->info_hashes, sizeof file->info_hashes);
    file->size = from->size;
    file->is_private = from->is_private;
    memcpy(file->name, from->name, sizeof file->name);
}

static bool is_same_time(struct timespec a, struct timespec b) {
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* A change of permissions changes the ctime only. */
static bool is_unchanged(const struct torrent_file *known, const struct torrent_file *file) {
    const struct stat *a = &known->status;
    const struct stat *b = &file->status;
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           is_same_time(a->st_mtim, b->st_mtim) && is_same_time(a->st_ctim, b->st_ctim);
}

struct reader {
    const char *root;
    uint64_t now_ms;
    torrent_files_report report;
    void *context;
    struct torrent_files_changes *changes;
};

static void read_invalid(const struct reader *reader, struct torrent_file *file,
                         const struct torrent_file *known, const char *reason) {
    const bool unchanged = known != NULL && is_unchanged(known, file);
    const bool known_bad = unchanged && known->state == TORRENT_FILE_BAD;
    const bool unsettled = unchanged && known->state == TORRENT_FILE_UNSETTLED;
    file->since_ms = unsettled ? known->since_ms : reader->now_ms;
    if (known_bad || (unsettled && reader->now_ms - file->since_ms >= TORRENT_FILE_SETTLE_MS)) {
        file->state = TORRENT_FILE_BAD;
        if (!known_bad)
            reader->report(reader->context, file->path, reason);
        return;
    }
    file->state = TORRENT_FILE_UNSETTLED;
    reader->changes->unsettled = true;
    if (known != NULL)
        take_description(file, known);
}

/* `known`: the file of this path in the last scan, or NULL. */
static void read_file(const struct reader *reader, struct torrent_file *file,
                      const struct torrent_file *known) {
    char reason[ERROR_LEN];
    const bool settled = known != NULL && is_unchanged(known, file) &&
                         known->state != TORRENT_FILE_UNSETTLED && !known->unreadable;
    if (settled) {
        file->state = known->state;
        take_description(file, known);
    } else if (read_torrent(file, reader->root, reason)) {
        file->state = TORRENT_FILE_GOOD;
    } else {
        read_invalid(reader, file, known, reason);
    }
    const bool was = known != NULL && known->hash_count > 0;
    const bool is = file->hash_count > 0;
    reader->changes->added += !was && is;
    reader->changes->changed += was && is && !settled && file->state == TORRENT_FILE_GOOD;
    reader->changes->removed += was && !is;
}

static int compare_paths(const void *a, const void *b) {
    const struct torrent_file *one = a;
    const struct torrent_file *other = b;
    return strcmp(one->path, other->path);
}

static bool read_files(struct torrent_files *files, const struct dir_scan *scan,
                       const struct torrent_files *known, const struct reader *reader,
                       char error[static ERROR_LEN]) {
    size_t at = 0;
    for (size_t i = 0; i < files->count; i++) {
        struct torrent_file *file = &files->list[i];
        if (atomic_load_explicit(scan->stop, memory_order_relaxed))
            return error_set(error, "stopped");
        for (; at < known->count && compare_paths(&known->list[at], file) < 0; at++)
            reader->changes->removed += known->list[at].hash_count > 0;
        const bool found = at < known->count && compare_paths(&known->list[at], file) == 0;
        read_file(reader, file, found ? &known->list[at++] : NULL);
    }
    for (; at < known->count; at++)
        reader->changes->removed += known->list[at].hash_count > 0;
    return true;
}

static int compare_torrents(const void *a, const void *b) {
    const struct file_of_torrent *one = a;
    const struct file_of_torrent *other = b;
    const int order = memcmp(one->info_hash, other->info_hash, INFO_HASH_LEN);
    return order != 0 ? order : (one->file > other->file) - (one->file < other->file);
}

static bool index_torrents(struct torrent_files *files) {
    struct file_of_torrent *all = calloc(HASHES_MAX * files->count + 1, sizeof *all);
    size_t count = 0;
    if (all == NULL)
        return false;
    for (size_t i = 0; i < files->count; i++) {
        for (size_t h = 0; h < files->list[i].hash_count; h++) {
            memcpy(all[count].info_hash, files->list[i].info_hashes[h], INFO_HASH_LEN);
            all[count++].file = (uint32_t)i;
        }
    }
    qsort(all, count, sizeof *all, compare_torrents);
    files->torrents = all;
    for (size_t i = 0; i < count; i++) {
        if (files->torrent_count == 0 ||
            memcmp(all[files->torrent_count - 1].info_hash, all[i].info_hash, INFO_HASH_LEN) != 0)
            all[files->torrent_count++] = all[i];
    }
    return true;
}

static bool add_file(void *context, const char *path, const struct stat *status) {
    struct torrent_files *files = context;
    struct torrent_file *list =
        array_grow(files->list, &files->capacity, files->count + 1, sizeof *list);
    if (list == NULL)
        return false;
    files->list = list;
    list[files->count] = (struct torrent_file){ .path = strdup(path), .status = *status };
    return list[files->count].path != NULL && ++files->count > 0;
}

bool torrent_files_scan(struct torrent_files *files, struct dir_scan *scan,
                        const struct torrent_files *known, uint64_t now_ms,
                        torrent_files_report report, void *context,
                        struct torrent_files_changes *changes, char error[static ERROR_LEN]) {
    const struct reader reader = { scan->root, now_ms, report, context, changes };
    *changes = (struct torrent_files_changes){ .added = 0 };
    scan->add = add_file;
    scan->context = files;
    files->root = strdup(scan->root);
    bool good = files->root != NULL || error_set(error, "out of memory");
    good = good && dir_scan_run(scan, error);
    if (good && files->count > 1)
        qsort(files->list, files->count, sizeof *files->list, compare_paths);
    good = good && read_files(files, scan, known, &reader, error) &&
           (index_torrents(files) || error_set(error, "out of memory"));
    if (!good)
        torrent_files_free(files);
    return good;
}

static int compare_info_hash(const void *key, const void *item) {
    const struct file_of_torrent *torrent = item;
    return memcmp(key, torrent->info_hash, INFO_HASH_LEN);
}

const struct torrent_file *torrent_files_find(const struct torrent_files *files,
                                              const uint8_t info_hash[static INFO_HASH_LEN]) {
    const struct file_of_torrent *found =
        files->torrent_count == 0 ? NULL
                                  : bsearch(info_hash, files->torrents, files->torrent_count,
                                            sizeof *files->torrents, compare_info_hash);
    return found == NULL ? NULL : &files->list[found->file];
}

struct registry_row torrent_files_row(const struct torrent_files *files, size_t position) {
    const struct file_of_torrent *torrent = &files->torrents[position];
    const struct torrent_file *file = &files->list[torrent->file];
    const struct bytes first = { file->info_hashes[0], INFO_HASH_LEN };
    struct registry_row row = {
        .kind = REGISTRY_TORRENT_FILE,
        .size = file->size,
        .file_id = registry_file_id(first),
        .privacy = file->is_private ? PRIVACY_PRIVATE : PRIVACY_PUBLIC,
        .since_s = file->status.st_mtim.tv_sec > 0 ? file->status.st_mtim.tv_sec : 0,
    };
    memcpy(row.info_hash, torrent->info_hash, INFO_HASH_LEN);
    memcpy(row.text, file->name, sizeof row.text);
    return row;
}
