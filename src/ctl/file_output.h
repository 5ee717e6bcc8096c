/* Writes a file atomically, and does not overwrite another one by mistake. */
#ifndef SKEP_CTL_FILE_OUTPUT_H
#define SKEP_CTL_FILE_OUTPUT_H

#include <stdbool.h>

#include "base/bytes.h"

/* Whether a file may be written to `path`: it does not exist, or `force` is set. Prints the reason
 * if not. */
bool file_output_is_free(const char *path, bool force);

/* Writes `content` to `path`. False if that fails, which is printed; then nothing has changed. */
bool file_output_write(const char *path, struct bytes content, bool force);

#endif
