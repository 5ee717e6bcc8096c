/* The command line of skepd, and how defaults, file and command line become one configuration. */
#ifndef SKEP_DAEMON_PROGRAM_OPTIONS_H
#define SKEP_DAEMON_PROGRAM_OPTIONS_H

#include "base/error.h"
#include "daemon/config.h"

struct program_options {
    const char *config_file; /* NULL: none */
    const char *database;    /* the rest: NULL or -1 where the config decides */
    long port;
    long threads;
    int log_level;
    bool no_udp;
    bool check_config;
    bool help;
    bool version;
};

/* Borrows `argv`. False and one line in `error` for what it does not know; then `options` is as it
 * was. One thread at a time. */
bool program_options_parse(int argc, char **argv, struct program_options *options,
                           char error[static ERROR_LEN]);

/* The whole text for --help. */
const char *program_options_help(void);

/* Defaults, then the file, then the command line, checked. Where none of them names a database, it
 * is skep.db in $STATE_DIRECTORY, which systemd sets, or else ./var/skep.db. False and one line in
 * `error`; then `config` is as it was. */
bool program_options_load_config(const struct program_options *options, struct config *config,
                                 char error[static ERROR_LEN]);

#endif
