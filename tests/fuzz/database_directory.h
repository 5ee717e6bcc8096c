/* A database in a directory of its own, in memory. Until it is removed, standard error is closed:
 * corrupt files are reported as errors, which would only slow the run down. */
#ifndef SKEP_FUZZ_DATABASE_DIRECTORY_H
#define SKEP_FUZZ_DATABASE_DIRECTORY_H

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct database_directory {
    char path[32];
    char file[48];
    int standard_error;
};

/* `file` has `size` bytes of `data`. */
static inline struct database_directory database_directory_create(const uint8_t *data,
                                                                  size_t size) {
    struct database_directory directory = {
        .path = "/dev/shm/skep-fuzz-XXXXXX",
        .standard_error = dup(STDERR_FILENO),
    };
    const int quiet = open("/dev/null", O_WRONLY);
    assert(directory.standard_error >= 0 && quiet >= 0);
    dup2(quiet, STDERR_FILENO);
    close(quiet);
    assert(mkdtemp(directory.path) != NULL);
    snprintf(directory.file, sizeof directory.file, "%s/skep.db", directory.path);
    const int fd = open(directory.file, O_WRONLY | O_CREAT, 0600);
    assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
    return directory;
}

static inline void database_directory_remove(const struct database_directory *directory) {
    DIR *entries = opendir(directory->path);
    assert(entries != NULL);
    for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        if (entry->d_name[0] != '.')
            assert(unlinkat(dirfd(entries), entry->d_name, 0) == 0);
    }
    closedir(entries);
    assert(rmdir(directory->path) == 0);
    dup2(directory->standard_error, STDERR_FILENO);
    close(directory->standard_error);
}

#endif
