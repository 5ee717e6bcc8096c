#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

bool error_set(char error[static ERROR_LEN], const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error, ERROR_LEN, format, arguments);
    va_end(arguments);
    return false;
}
