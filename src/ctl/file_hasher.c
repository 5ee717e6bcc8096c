#include "ctl/file_hasher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/output.h"

enum { BUFFER_LEN = 1 << 20 };

/* State shared by the functions below. */
struct work {
    const struct file_list *list;
    enum torrent_version version;
    uint64_t piece_len;
    struct progress *progress;
    uint8_t *buffer; /* BUFFER_LEN */
    struct hashed_files *hashed;
    struct writer layers;
};

static bool refuse(struct work *work, const struct listed_file *file, const char *why) {
    progress_end(work->progress);
    output_fail(STATUS_FAULT, file->path, why);
    return false;
}

static bool is_as_listed(int fd, const struct listed_file *file) {
    struct stat now;
    return fstat(fd, &now) == 0 && now.st_size == file->seen.st_size &&
           now.st_ino == file->seen.st_ino && now.st_dev == file->seen.st_dev &&
           now.st_mtim.tv_sec == file->seen.st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == file->seen.st_mtim.tv_nsec;
}

/* A file that changes while it is read would make a torrent that no client can complete, so it is
 * reported at once. */
static bool read_all(struct work *work, int fd, const struct listed_file *file) {
    uint64_t left = (uint64_t)file->seen.st_size;
    while (left > 0 && is_as_listed(fd, file)) {
        const ssize_t len = read(fd, work->buffer, left < BUFFER_LEN ? (size_t)left : BUFFER_LEN);
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            return refuse(work, file, strerror(errno));
        if (len == 0)
            break;
        piece_hash_add(&work->hashed->pieces, work->buffer, (size_t)len);
        progress_add(work->progress, (uint64_t)len);
        left -= (uint64_t)len;
    }
    if (left > 0 || !is_as_listed(fd, file))
        return refuse(work, file, "file changed while reading");
    return true;
}

static bool read_file(struct work *work, const struct listed_file *file) {
    const int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return refuse(work, file, strerror(errno));
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    const bool good = read_all(work, fd, file);
    close(fd);
    return good;
}

/* Root of the tree, and a copy of its piece layer if the file has several pieces. */
static bool keep_tree(struct work *work, struct torrent_entry *entry) {
    struct piece_hash *pieces = &work->hashed->pieces;
    if (entry->size == 0)
        return true;
    if (!piece_hash_end_file(pieces, entry->root))
        return false;
    if (entry->size > work->piece_len) {
        entry->layer.data = work->layers.data + work->layers.len;
        entry->layer.len = pieces->v2_layer.len;
        writer_put(&work->layers, pieces->v2_layer.data, pieces->v2_layer.len);
    }
    piece_hash_next_file(pieces);
    return !work->layers.failed;
}

static bool read_files(struct work *work) {
    for (size_t i = 0; i < work->list->count; i++) {
        const struct listed_file *file = &work->list->files[i];
        struct torrent_entry *entry = &work->hashed->entries[i];
        *entry = (struct torrent_entry){
            .path = bytes_of(file->name),
            .size = (uint64_t)file->seen.st_size,
        };
        if (!read_file(work, file))
            return false;
        if ((work->version & TORRENT_V2) != 0 && !keep_tree(work, entry))
            return refuse(work, file, "out of memory");
        if (work->version == TORRENT_HYBRID && i + 1 < work->list->count)
            piece_hash_pad(&work->hashed->pieces);
    }
    piece_hash_end(&work->hashed->pieces);
    return true;
}

/* Allocates all memory by the sizes of the files. */
static bool prepare(struct work *work) {
    uint64_t size = work->list->size;
    uint64_t largest = 0;
    size_t layers_len = 1;
    for (size_t i = 0; i < work->list->count; i++) {
        const uint64_t one = (uint64_t)work->list->files[i].seen.st_size;
        if (work->version == TORRENT_HYBRID)
            size += metainfo_write_padding(one, work->piece_len);
        if ((work->version & TORRENT_V2) != 0)
            layers_len += (one / work->piece_len + 1) * SHA256_LEN;
        if (one > largest)
            largest = one;
    }
    struct hashed_files *hashed = work->hashed;
    hashed->count = work->list->count;
    hashed->entries = calloc(hashed->count + 1, sizeof *hashed->entries);
    hashed->layers = malloc(layers_len);
    work->layers = writer_on(hashed->layers, layers_len);
    work->buffer = malloc(BUFFER_LEN);
    return piece_hash_begin(&hashed->pieces, work->version, work->piece_len, size, largest) &&
           hashed->entries != NULL && hashed->layers != NULL && work->buffer != NULL;
}

bool hashed_files_read(struct hashed_files *hashed, const struct file_list *list,
                       enum torrent_version version, uint64_t piece_len,
                       struct progress *progress) {
    struct work work = {
        .list = list,
        .version = version,
        .piece_len = piece_len,
        .progress = progress,
        .hashed = hashed,
    };
    *hashed = (struct hashed_files){ 0 };
    const bool ready = prepare(&work);
    if (!ready)
        output_fail(STATUS_FAULT, "out of memory", NULL);
    const bool good = ready && read_files(&work);
    progress_end(progress);
    free(work.buffer);
    return good;
}

void hashed_files_free(struct hashed_files *hashed) {
    free(hashed->entries);
    free(hashed->layers);
    piece_hash_free(&hashed->pieces);
    *hashed = (struct hashed_files){ 0 };
}
