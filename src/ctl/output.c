#include "ctl/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "ctl/format.h"

enum { LINE_MAX_LEN = 2048, LABELLED_LEN = 512 };

/* Escapes the message, since it may hold bytes of a tracker or a file name. */
__attribute__((format(printf, 1, 0))) static void print_message(const char *format,
                                                                va_list arguments) {
    char raw[LINE_MAX_LEN];
    char text[LINE_MAX_LEN];
    vsnprintf(raw, sizeof raw, format, arguments);
    format_clean(bytes_of(raw), text, sizeof text);
    fprintf(stderr, "skepctl: %s\n", text);
}

enum status output_fail(enum status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_message(format, arguments);
    va_end(arguments);
    return status;
}

bool output_error(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_message(format, arguments);
    va_end(arguments);
    return false;
}

enum status output_out_of_memory(void) {
    return output_fail(STATUS_FAULT, "out of memory");
}

void output_note(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_message(format, arguments);
    va_end(arguments);
}

void output_labelled(const char *label, const char *raw) {
    char text[LABELLED_LEN];
    format_clean(bytes_of(raw), text, sizeof text);
    printf("%-11s%s\n", label, text);
}

enum status output_json(json_t *value) {
    if (value == NULL)
        return output_out_of_memory();
    const int result = json_dumpf(value, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    json_decref(value);
    if (result != 0 || puts("") == EOF)
        return output_fail(STATUS_FAULT, "cannot write to standard output");
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
