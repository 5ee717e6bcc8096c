#include "ctl/file_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/output.h"

static const char exists[] = "file exists; use --force to overwrite it";

bool file_output_check(const char *path, bool force) {
    struct stat existing;
    if (stat(path, &existing) != 0)
        return errno == ENOENT || output_error("%s: %s", path, strerror(errno));
    if (!S_ISREG(existing.st_mode))
        return output_error("%s: not a regular file", path);
    return force || output_error("%s: %s", path, exists);
}

static bool write_all(int fd, struct bytes content) {
    while (content.len > 0) {
        const ssize_t len = write(fd, content.data, content.len);
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            return false;
        content.data += len;
        content.len -= (size_t)len;
    }
    return fsync(fd) == 0;
}

/* mkostemp creates files with mode 0600. A .torrent file is for sharing: use the umask. */
static bool apply_umask(int fd) {
    const mode_t mask = umask(0);
    umask(mask);
    return fchmod(fd, 0666 & ~mask) == 0;
}

static bool write_and_move(int fd, char *temporary, const char *path, struct bytes content,
                           bool force) {
    const bool written = write_all(fd, content) && apply_umask(fd);
    const int failure = errno;
    close(fd);
    if (!written) {
        output_error("%s: %s", path, strerror(failure));
    } else if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, force ? 0 : RENAME_NOREPLACE) == 0) {
        return true;
    } else {
        output_error("%s: %s", path, errno == EEXIST ? exists : strerror(errno));
    }
    unlink(temporary);
    return false;
}

bool file_output_write(const char *path, struct bytes content, bool force) {
    char *temporary = NULL;
    if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
        return output_error("%s: out of memory", path);
    const int fd = mkostemp(temporary, O_CLOEXEC);
    const bool good = fd >= 0 ? write_and_move(fd, temporary, path, content, force)
                              : output_error("%s: %s", path, strerror(errno));
    free(temporary);
    return good;
}
