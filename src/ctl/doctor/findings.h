/* What skepctl doctor finds: printed as it is found, or collected for --json. */
#ifndef SKEP_CTL_DOCTOR_FINDINGS_H
#define SKEP_CTL_DOCTOR_FINDINGS_H

#include "ctl/output.h"

enum finding_level {
    FINDING_GOOD,
    FINDING_SKIPPED, /* could not be checked */
    FINDING_WARNING, /* works, but may fail under load or for some clients */
    FINDING_FAULT,
    FINDING_LEVELS,
};

struct findings {
    json_t *items; /* NULL: print each one */
    unsigned counts[FINDING_LEVELS];
};

/* Collects findings if `json` is set. False if out of memory. */
bool findings_begin(struct findings *findings, bool json);

/* `check` is one word, such as "disk"; `fix` says how to correct it; NULL: there is no fix. A good
 * finding is shown without it. */
__attribute__((format(printf, 5, 6))) void findings_add(struct findings *findings,
                                                        enum finding_level level, const char *check,
                                                        const char *fix, const char *format, ...);

/* Prints the totals, or the JSON. STATUS_FAULT if there is a fault. */
enum status findings_end(struct findings *findings);

#endif
