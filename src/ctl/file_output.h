/* Writes a file atomically, without overwriting another one by accident. */
#ifndef SKEP_CTL_FILE_OUTPUT_H
#define SKEP_CTL_FILE_OUTPUT_H

#include <stdbool.h>

#include "base/bytes.h"

/* Checks that `path` does not exist, or is a file and `force` is set. Otherwise returns false and
 * prints the reason. */
bool file_output_check(const char *path, bool force);

/* Writes `content` to a temporary file and renames it. Returns false and prints the error if that
 * fails; an existing file is then unchanged. */
bool file_output_write(const char *path, struct bytes content, bool force);

#endif
