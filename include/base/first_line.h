/* Files whose first line is a secret. */
#ifndef SKEP_BASE_FIRST_LINE_H
#define SKEP_BASE_FIRST_LINE_H

#include <stddef.h>

/* Copies the first line, without spaces around it, into `line`, and fills the rest with zeros.
 * Never waits: only regular files are read. Returns NULL, or the reason why there is no such line,
 * as in "PATH: REASON"; `line` is then empty. */
const char *first_line_read(const char *path, char *line, size_t size);

#endif
