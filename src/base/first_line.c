#include "base/first_line.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"

/* Without O_NONBLOCK, a named pipe would wait for a writer. */
static const char *read_start(const char *path, char *text, size_t size, size_t *len) {
    struct stat status;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return strerror(errno);
    const char *reason = NULL;
    ssize_t got = 0;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        reason = "not a regular file";
    else if ((got = read(fd, text, size)) < 0)
        reason = strerror(errno);
    *len = got > 0 ? (size_t)got : 0;
    close(fd);
    return reason;
}

const char *first_line_read(const char *path, char *line, size_t size) {
    size_t len = 0;
    const char *reason = read_start(path, line, size, &len);
    const char *end = memchr(line, '\n', len);
    if (reason == NULL && end == NULL && len == size)
        reason = "the first line is too long";
    const struct bytes found = utf8_trim((struct bytes){
        .data = (const uint8_t *)line,
        .len = end == NULL ? len : (size_t)(end - line),
    });
    if (reason == NULL && found.len == 0)
        reason = "the first line is empty";
    const size_t kept = reason == NULL ? found.len : 0;
    memmove(line, found.data, kept);
    explicit_bzero(line + kept, size - kept);
    return reason;
}
