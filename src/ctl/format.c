#include "ctl/format.h"

#include <stdio.h>
#include <time.h>

#include "base/utf8.h"

void format_size(uint64_t size, char text[static FORMAT_NUMBER_LEN]) {
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    double scaled = (double)size;
    size_t unit = 0;
    while (scaled >= 999.95 && unit + 1 < sizeof units / sizeof *units) {
        scaled /= 1024;
        unit++;
    }
    snprintf(text, FORMAT_NUMBER_LEN, "%.*f %s", unit == 0 ? 0 : 1, scaled, units[unit]);
}

void format_rate(uint64_t rate, char text[static FORMAT_NUMBER_LEN]) {
    char size[FORMAT_NUMBER_LEN];
    format_size(rate, size);
    snprintf(text, FORMAT_NUMBER_LEN, "%.29s/s", size);
}

void format_duration(uint64_t seconds, char text[static FORMAT_NUMBER_LEN]) {
    static const struct {
        uint64_t seconds;
        const char *name;
    } units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
    size_t unit = 0;
    while (units[unit].seconds > 1 && seconds < units[unit].seconds)
        unit++;
    const uint64_t count = seconds / units[unit].seconds;
    const uint64_t rest = seconds % units[unit].seconds;
    const uint64_t smaller = unit == 3 ? 0 : rest / units[unit + 1].seconds;
    int len = snprintf(text, FORMAT_NUMBER_LEN, "%ju %s", (uintmax_t)count, units[unit].name);
    if (smaller > 0)
        snprintf(text + len, FORMAT_NUMBER_LEN - (size_t)len, " %ju %s", (uintmax_t)smaller,
                 units[unit + 1].name);
}

void format_time(int64_t unix_s, char text[static FORMAT_NUMBER_LEN]) {
    const time_t when = (time_t)unix_s;
    struct tm parts;
    if (localtime_r(&when, &parts) == NULL ||
        strftime(text, FORMAT_NUMBER_LEN, "%Y-%m-%d %H:%M:%S %z", &parts) == 0)
        snprintf(text, FORMAT_NUMBER_LEN, "?");
}

/* Parses the number at the start of `text`; `*suffix` is the text after its digits. */
static bool parse_number(const char *text, uint64_t *number, const char **suffix) {
    const size_t digits = strspn(text, "0123456789");
    *suffix = text + digits;
    return bytes_to_u64((struct bytes){ .data = (const uint8_t *)text, .len = digits }, number);
}

int64_t format_parse_duration(const char *text) {
    static const struct {
        const char *letter;
        int64_t seconds;
    } units[] = { { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
    uint64_t number;
    const char *suffix;
    if (!parse_number(text, &number, &suffix) || number > INT32_MAX)
        return 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(units[i].letter, suffix) == 0)
            return (int64_t)number * units[i].seconds;
    }
    return 0;
}

uint64_t format_parse_size(const char *text) {
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = { { "", 1 },           { "k", 1U << 10 }, { "K", 1U << 10 },
                  { "KiB", 1U << 10 }, { "m", 1U << 20 }, { "M", 1U << 20 },
                  { "MiB", 1U << 20 }, { "G", 1U << 30 }, { "GiB", 1U << 30 } };
    uint64_t number;
    const char *suffix;
    if (!parse_number(text, &number, &suffix))
        return 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(units[i].name, suffix) == 0)
            return __builtin_mul_overflow(number, units[i].bytes, &number) ? 0 : number;
    }
    return 0;
}

static void put_escaped(struct writer *w, struct bytes raw) {
    for (size_t i = 0; i < raw.len; i++) {
        char escape[5];
        snprintf(escape, sizeof escape, "\\x%02x", raw.data[i]);
        writer_put(w, escape, 4);
    }
}

size_t format_clean(struct bytes raw, char *text, size_t size) {
    struct writer w = writer_on((uint8_t *)text, size - 1);
    size_t good_len = 0;
    while (raw.len > 0 && !w.failed) {
        struct bytes character = raw;
        uint32_t code = 0;
        const bool proper = utf8_take(&raw, &code);
        if (!proper)
            raw = (struct bytes){ .data = raw.data + 1, .len = raw.len - 1 };
        character.len -= raw.len;
        good_len = w.len;
        if (proper && !utf8_is_control(code))
            writer_put(&w, character.data, character.len);
        else
            put_escaped(&w, character);
    }
    const size_t len = w.failed ? good_len : w.len;
    text[len] = '\0';
    return len;
}
