#include "ctl/doctor/findings.h"

#include <stdarg.h>
#include <stdio.h>

#include "ctl/format.h"

enum { TEXT_LEN = 1024 };

static const char *const level_names[FINDING_LEVELS] = {
    [FINDING_GOOD] = "good",
    [FINDING_SKIPPED] = "skipped",
    [FINDING_WARNING] = "warning",
    [FINDING_FAULT] = "fault",
};

bool findings_begin(struct findings *findings, bool json) {
    *findings = (struct findings){ .items = json ? json_array() : NULL };
    return !json || findings->items != NULL;
}

static void print_finding(enum finding_level level, const char *check, const char *text,
                          const char *fix) {
    char clean[TEXT_LEN];
    format_clean(bytes_of(text), clean, sizeof clean);
    printf("%-9s%-10s%s\n", level_names[level], check, clean);
    if (fix != NULL)
        printf("%19sFix: %s\n", "", fix);
    fflush(stdout);
}

void findings_add(struct findings *findings, enum finding_level level, const char *check,
                  const char *fix, const char *format, ...) {
    char text[TEXT_LEN];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    findings->counts[level]++;
    if (level == FINDING_GOOD)
        fix = NULL;
    if (findings->items == NULL)
        print_finding(level, check, text, fix);
    else
        json_array_append_new(findings->items, json_pack("{s:s, s:s, s:o, s:s?}", "level",
                                                         level_names[level], "check", check, "text",
                                                         output_json_string(text), "fix", fix));
}

static void print_total(unsigned count, const char *noun, const char *end) {
    printf("%u %s%s%s", count, noun, count == 1 ? "" : "s", end);
}

enum status findings_end(struct findings *findings) {
    const unsigned faults = findings->counts[FINDING_FAULT];
    const unsigned warnings = findings->counts[FINDING_WARNING];
    const enum status status = faults > 0 ? STATUS_FAULT : STATUS_GOOD;
    if (findings->items == NULL) {
        print_total(faults, "fault", ", ");
        print_total(warnings, "warning", "\n");
        return status;
    }
    const enum status printed =
        output_json(json_pack("{s:i, s:i, s:o}", "faults", (int)faults, "warnings", (int)warnings,
                              "findings", findings->items));
    return printed == STATUS_GOOD ? status : printed;
}
