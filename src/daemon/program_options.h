/* The command line of skepd, and the configuration that results from defaults, file, environment
 * and command line. */
#ifndef SKEP_DAEMON_PROGRAM_OPTIONS_H
#define SKEP_DAEMON_PROGRAM_OPTIONS_H

#include "base/error.h"
#include "daemon/config.h"
#include "daemon/settings.h"

enum { PROGRAM_OPTIONS_OVERRIDES_MAX = 64 };

struct setting_override {
    const struct setting *setting;
    const char *value;
};

struct program_options {
    const char *config_file;                                          /* NULL: none */
    struct setting_override overrides[PROGRAM_OPTIONS_OVERRIDES_MAX]; /* the last one counts */
    size_t override_count;
    bool check_config;
    bool print_config;
    bool help;
    bool version;
};

/* Borrows `argv`. Returns false, with one line in `error` and `options` unchanged, if an option is
 * invalid. One thread at a time (getopt). */
bool program_options_parse(int argc, char **argv, struct program_options *options,
                           char error[static ERROR_LEN]);

/* The text for --help. */
const char *program_options_help(void);

/* Combines defaults, file, environment and command line, in this order, and checks the result. The
 * default database is skep.db in $STATE_DIRECTORY (set by systemd) or ./var/skep.db. Returns false,
 * with all errors in `errors` and `config` unchanged, if something is invalid. */
bool program_options_load_config(const struct program_options *options, struct config *config,
                                 struct config_errors *errors);

/* Logs a warning if other users can read the admin's token. Call after a successful load. */
void program_options_warn(const struct program_options *options, const struct config *config);

#endif
