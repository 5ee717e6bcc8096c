#include "ctl/file_hasher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/output.h"

enum { BUFFER_LEN = 1 << 20 };

/* Context of one run. */
struct hasher {
    const struct file_list *list;
    enum torrent_version version;
    uint64_t piece_len;
    struct progress *progress;
    uint8_t *buffer; /* BUFFER_LEN */
    struct hashed_files *hashed;
    struct writer layers;
};

/* Removes the progress line before it prints the error. */
static bool report_file_error(struct hasher *hasher, const struct listed_file *file,
                              const char *reason) {
    progress_end(hasher->progress);
    return output_error("%s: %s", file->path, reason);
}

static bool is_unchanged(int fd, const struct listed_file *file) {
    struct stat now;
    return fstat(fd, &now) == 0 && now.st_size == file->seen.st_size &&
           now.st_ino == file->seen.st_ino && now.st_dev == file->seen.st_dev &&
           now.st_mtim.tv_sec == file->seen.st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == file->seen.st_mtim.tv_nsec;
}

/* A file that changes while it is hashed would make a torrent that cannot be completed. Checking
 * after every block reports that early. */
static bool hash_content(struct hasher *hasher, int fd, const struct listed_file *file) {
    uint64_t left = (uint64_t)file->seen.st_size;
    while (left > 0 && is_unchanged(fd, file)) {
        const ssize_t len = read(fd, hasher->buffer, left < BUFFER_LEN ? (size_t)left : BUFFER_LEN);
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            return report_file_error(hasher, file, strerror(errno));
        if (len == 0)
            break;
        piece_hash_add(&hasher->hashed->pieces, hasher->buffer, (size_t)len);
        progress_add(hasher->progress, (uint64_t)len);
        left -= (uint64_t)len;
    }
    if (left > 0 || !is_unchanged(fd, file))
        return report_file_error(hasher, file, "file changed while reading");
    return true;
}

static bool hash_file(struct hasher *hasher, const struct listed_file *file) {
    const int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return report_file_error(hasher, file, strerror(errno));
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    const bool good = hash_content(hasher, fd, file);
    close(fd);
    return good;
}

/* Keeps the root of a file's hash tree and, if it has several pieces, a copy of their layer. */
static bool keep_tree(struct hasher *hasher, struct torrent_entry *entry) {
    struct piece_hash *pieces = &hasher->hashed->pieces;
    if (entry->size == 0)
        return true;
    if (!piece_hash_end_file(pieces, entry->root))
        return false;
    if (entry->size > hasher->piece_len) {
        entry->layer.data = hasher->layers.data + hasher->layers.len;
        entry->layer.len = pieces->v2_layer.len;
        writer_put(&hasher->layers, pieces->v2_layer.data, pieces->v2_layer.len);
    }
    piece_hash_next_file(pieces);
    return !hasher->layers.failed;
}

static bool hash_files(struct hasher *hasher) {
    for (size_t i = 0; i < hasher->list->count; i++) {
        const struct listed_file *file = &hasher->list->files[i];
        struct torrent_entry *entry = &hasher->hashed->entries[i];
        *entry = (struct torrent_entry){
            .path = bytes_of(file->name),
            .size = (uint64_t)file->seen.st_size,
        };
        if (!hash_file(hasher, file))
            return false;
        if ((hasher->version & TORRENT_V2) != 0 && !keep_tree(hasher, entry))
            return report_file_error(hasher, file, "out of memory");
        if (hasher->version == TORRENT_HYBRID && i + 1 < hasher->list->count)
            piece_hash_pad(&hasher->hashed->pieces);
    }
    piece_hash_end(&hasher->hashed->pieces);
    return true;
}

/* Allocates all memory, by the sizes of the files. */
static bool allocate_buffers(struct hasher *hasher) {
    uint64_t size = hasher->list->size;
    uint64_t largest = 0;
    size_t layers_len = 1;
    for (size_t i = 0; i < hasher->list->count; i++) {
        const uint64_t one = (uint64_t)hasher->list->files[i].seen.st_size;
        if (hasher->version == TORRENT_HYBRID)
            size += metainfo_write_padding(one, hasher->piece_len);
        if ((hasher->version & TORRENT_V2) != 0)
            layers_len += (one / hasher->piece_len + 1) * SHA256_LEN;
        if (one > largest)
            largest = one;
    }
    struct hashed_files *hashed = hasher->hashed;
    hashed->count = hasher->list->count;
    hashed->entries = calloc(hashed->count + 1, sizeof *hashed->entries);
    hashed->layers = malloc(layers_len);
    hasher->layers = writer_on(hashed->layers, layers_len);
    hasher->buffer = malloc(BUFFER_LEN);
    return piece_hash_begin(&hashed->pieces, hasher->version, hasher->piece_len, size, largest) &&
           hashed->entries != NULL && hashed->layers != NULL && hasher->buffer != NULL;
}

bool file_hasher_read(struct hashed_files *hashed, const struct file_list *list,
                      enum torrent_version version, uint64_t piece_len, struct progress *progress) {
    struct hasher hasher = {
        .list = list,
        .version = version,
        .piece_len = piece_len,
        .progress = progress,
        .hashed = hashed,
    };
    *hashed = (struct hashed_files){ 0 };
    const bool ready = allocate_buffers(&hasher);
    if (!ready)
        output_out_of_memory();
    const bool good = ready && hash_files(&hasher);
    progress_end(progress);
    free(hasher.buffer);
    return good;
}

void file_hasher_free(struct hashed_files *hashed) {
    free(hashed->entries);
    free(hashed->layers);
    piece_hash_free(&hashed->pieces);
    *hashed = (struct hashed_files){ 0 };
}
