/* Output and exit status of skepctl: results to standard output, messages to standard error. */
#ifndef SKEP_CTL_OUTPUT_H
#define SKEP_CTL_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/bytes.h"

/* Exit status of skepctl, as in skepctl(1). */
enum status {
    STATUS_GOOD = 0,
    STATUS_FAULT = 1,       /* invalid command line, or unusable file or database */
    STATUS_UNREACHABLE = 2, /* no connection to the tracker, or an invalid response */
    STATUS_REFUSED = 3,     /* the tracker rejects the request */
};

/* Prints an error, in which control characters are escaped. Returns `status`. */
__attribute__((format(printf, 2, 3))) enum status output_fail(enum status status,
                                                              const char *format, ...);

/* The same for functions that return a bool: returns false. */
__attribute__((format(printf, 1, 2))) bool output_error(const char *format, ...);

/* Prints "out of memory". Returns STATUS_FAULT. */
enum status output_out_of_memory(void);

/* Prints a message that is not an error. */
__attribute__((format(printf, 1, 2))) void output_note(const char *format, ...);

/* Prints a line "LABEL      TEXT", in which control characters are escaped. */
void output_labelled(const char *label, const char *raw);

/* Prints a value and releases it. NULL: out of memory. */
enum status output_json(json_t *value);

/* JSON strings of text that may be invalid UTF-8. NULL if out of memory. */
json_t *output_json_text(struct bytes raw);
json_t *output_json_string(const char *raw);

/* JSON string of lower-case hexadecimal digits, for up to 64 bytes. */
json_t *output_json_hex(const uint8_t *data, size_t len);

#endif
