#include "base/standard_files.h"

#include <fcntl.h>
#include <unistd.h>

bool standard_files_open(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        /* Lower ones are open, so open() returns `fd`. */
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            return false;
    }
    return true;
}
