/* A file that appears whole or not at all, and does not take the place of another by mistake. */
#ifndef SKEP_CTL_FILE_OUTPUT_H
#define SKEP_CTL_FILE_OUTPUT_H

#include <stdbool.h>

#include "base/bytes.h"

/* Whether a file may be put at `path`: nothing is there, or `force` lets it be overwritten. Says
 * why not. */
bool file_output_is_free(const char *path, bool force);

/* Puts `content` there. False if that fails, which has been said; then nothing has changed. */
bool file_output_write(const char *path, struct bytes content, bool force);

#endif
