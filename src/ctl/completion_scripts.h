/* The files of src/completion/, embedded in skepctl by the Makefile. */
#ifndef SKEP_CTL_COMPLETION_SCRIPTS_H
#define SKEP_CTL_COMPLETION_SCRIPTS_H

struct completion_script {
    const char *shell;
    const char *text;
};

/* Ends with a NULL name. */
extern const struct completion_script completion_scripts[];

#endif
