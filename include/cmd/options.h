/* The command line of skepd. */
#ifndef SKEP_CMD_OPTIONS_H
#define SKEP_CMD_OPTIONS_H

#include "cmd/config.h"

struct options {
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

/* Borrows `argv`. False and one line in `error` for what it does not know. */
bool options_parse(int argc, char **argv, struct options *options,
                   char error[static CONFIG_ERROR_LEN]);

/* The options' text for --help. */
const char *options_help(void);

/* Defaults, then the file, then the command line. */
bool options_load_config(const struct options *options, struct config *config,
                         char error[static CONFIG_ERROR_LEN]);

#endif
