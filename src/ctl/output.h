/* How skepctl ends and what it says: results to standard output, everything else to standard
 * error. */
#ifndef SKEP_CTL_OUTPUT_H
#define SKEP_CTL_OUTPUT_H

#include <jansson.h>

#include "base/bytes.h"

/* What skepctl exits with; skepctl(1) tells it. */
enum status {
    STATUS_GOOD = 0,
    STATUS_FAULT = 1, /* a mistake on the command line, or a file or database that cannot be used */
    STATUS_UNREACHABLE = 2, /* the tracker cannot be reached, or what it says makes no sense */
    STATUS_REFUSED = 3,     /* the tracker says no */
};

/* Says what failed, and with what unless `detail` is NULL. Returns `status`. */
enum status output_fail(enum status status, const char *what, const char *detail);

/* Says something that one should know, though it is no failure. */
__attribute__((format(printf, 1, 2))) void output_note(const char *format, ...);

/* Prints a value, which it takes over; NULL is a lack of memory. */
enum status output_json(json_t *value);

/* A JSON string of bytes that may be no UTF-8. NULL without memory. */
json_t *output_json_text(struct bytes raw);

/* A JSON string of lower-case hexadecimal digits. */
json_t *output_json_hex(const uint8_t *data, size_t len);

#endif
