/* Descriptors 0, 1 and 2. */
#ifndef SKEP_BASE_STANDARD_FILES_H
#define SKEP_BASE_STANDARD_FILES_H

#include <stdbool.h>

/* Opens /dev/null for each standard descriptor that is closed. Otherwise the next file, such as the
 * database, gets its number, and messages are written into that file. Call before any other file is
 * opened. False, with errno set, if /dev/null cannot be opened. */
bool standard_files_open(void);

#endif
