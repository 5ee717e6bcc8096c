/* Error messages: one line of text, written into a buffer of the caller. */
#ifndef SKEP_BASE_ERROR_H
#define SKEP_BASE_ERROR_H

#include <stdbool.h>

enum { ERROR_LEN = 512 }; /* with the terminating zero */

/* Writes the formatted message into `error`, cut to ERROR_LEN. Always returns false, so that a
 * function can end with `return error_set(...)`. */
bool error_set(char error[static ERROR_LEN], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
