/* Output of skepctl: results on standard output, messages on standard error, exit statuses. */
#ifndef SKEP_CTL_OUTPUT_H
#define SKEP_CTL_OUTPUT_H

#include <jansson.h>

#include "base/bytes.h"

/* Exit status, as in skepctl(1). */
enum status {
    STATUS_GOOD = 0,
    STATUS_FAULT = 1,       /* usage error, or a file or database that cannot be used */
    STATUS_UNREACHABLE = 2, /* the tracker cannot be reached, or its response is invalid */
    STATUS_REFUSED = 3,     /* the tracker refused */
};

/* Prints an error, with `detail` unless it is NULL. Returns `status`. */
enum status output_fail(enum status status, const char *what, const char *detail);

/* Prints a notice. */
__attribute__((format(printf, 1, 2))) void output_note(const char *format, ...);

/* Prints a JSON value, which it consumes; NULL means out of memory. */
enum status output_json(json_t *value);

/* JSON string from bytes that may be invalid UTF-8. NULL if out of memory. */
json_t *output_json_text(struct bytes raw);

/* JSON string of lower-case hexadecimal digits. */
json_t *output_json_hex(const uint8_t *data, size_t len);

#endif
