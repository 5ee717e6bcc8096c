/* A file that is in memory only, for readers that want a path. */
#ifndef SKEP_FUZZ_MEMORY_FILE_H
#define SKEP_FUZZ_MEMORY_FILE_H

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MEMORY_FILE_PATH_LEN = 64 };

/* Returns its descriptor; the path is good until that is closed. */
static inline int memory_file(const uint8_t *data, size_t size,
                              char path[static MEMORY_FILE_PATH_LEN]) {
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    assert(fd >= 0);
    const ssize_t written = write(fd, data, size);
    assert(written >= 0 && (size_t)written == size);
    snprintf(path, MEMORY_FILE_PATH_LEN, "/proc/self/fd/%d", fd);
    return fd;
}

static inline void memory_file_close(int fd) {
    close(fd);
}

#endif
