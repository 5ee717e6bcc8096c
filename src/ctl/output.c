#include "ctl/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "ctl/format.h"

enum { LINE_MAX_LEN = 1024 };

/* Escapes both texts, since they may hold bytes of a tracker or a file name. */
static void print_message(const char *what, const char *detail) {
    char text[LINE_MAX_LEN];
    char more[LINE_MAX_LEN];
    format_clean(bytes_of(what), text, sizeof text);
    format_clean(bytes_of(detail == NULL ? "" : detail), more, sizeof more);
    fprintf(stderr, "skepctl: %s%s%s\n", text, detail == NULL ? "" : ": ", more);
}

enum status output_fail(enum status status, const char *what, const char *detail) {
    print_message(what, detail);
    return status;
}

bool output_error(const char *what, const char *detail) {
    print_message(what, detail);
    return false;
}

enum status output_out_of_memory(void) {
    return output_fail(STATUS_FAULT, "out of memory", NULL);
}

void output_note(const char *format, ...) {
    char text[LINE_MAX_LEN];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    print_message(text, NULL);
}

enum status output_json(json_t *value) {
    if (value == NULL)
        return output_out_of_memory();
    const int result = json_dumpf(value, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    json_decref(value);
    if (result != 0 || puts("") == EOF)
        return output_fail(STATUS_FAULT, "cannot write to standard output", NULL);
    return STATUS_GOOD;
}

json_t *output_json_text(struct bytes raw) {
    const size_t capacity = 3 * raw.len;
    uint8_t *text = malloc(capacity + 1);
    if (text == NULL)
        return NULL;
    struct writer w = writer_on(text, capacity);
    utf8_repair(&w, raw);
    json_t *value = json_stringn((const char *)text, w.len);
    free(text);
    return value;
}

json_t *output_json_string(const char *raw) {
    return output_json_text(bytes_of(raw));
}

json_t *output_json_hex(const uint8_t *data, size_t len) {
    char text[2 * 64 + 1];
    if (len > 64)
        return NULL;
    hex_encode(data, len, text);
    return json_string(text);
}
