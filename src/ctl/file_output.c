#include "ctl/file_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/output.h"

static const char exists[] = "file exists; use --force to overwrite it";

static bool refuse(const char *path, const char *why) {
    output_fail(STATUS_FAULT, path, why);
    return false;
}

bool file_output_is_free(const char *path, bool force) {
    struct stat there;
    if (stat(path, &there) != 0)
        return errno == ENOENT || refuse(path, strerror(errno));
    if (!S_ISREG(there.st_mode))
        return refuse(path, "not a regular file");
    return force || refuse(path, exists);
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

/* The permissions of a newly created file: 0666 minus the umask. */
static bool use_umask(int fd) {
    const mode_t mask = umask(0);
    umask(mask);
    return fchmod(fd, 0666 & ~mask) == 0;
}

static bool write_and_move(int fd, char *temporary, const char *path, struct bytes content,
                           bool force) {
    const bool written = write_all(fd, content) && use_umask(fd);
    const int failure = errno;
    close(fd);
    if (!written) {
        refuse(path, strerror(failure));
    } else if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, force ? 0 : RENAME_NOREPLACE) == 0) {
        return true;
    } else {
        refuse(path, errno == EEXIST ? exists : strerror(errno));
    }
    unlink(temporary);
    return false;
}

bool file_output_write(const char *path, struct bytes content, bool force) {
    char *temporary = NULL;
    if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
        return refuse(path, "out of memory");
    const int fd = mkostemp(temporary, O_CLOEXEC);
    const bool good = fd >= 0 ? write_and_move(fd, temporary, path, content, force)
                              : refuse(path, strerror(errno));
    free(temporary);
    return good;
}
