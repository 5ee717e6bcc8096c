/* Arguments and options of skepctl's command line. */
#ifndef SKEP_CTL_COMMAND_LINE_H
#define SKEP_CTL_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "swarm/announce.h"

/* An option, identified by its name. */
struct option_spec {
    const char *name;
    const char *argument; /* NULL: takes none */
    const char *summary;
    char letter;                /* 0: none */
    const char *const *choices; /* all values, ending with NULL; NULL: any value */
};

/* Options of every command. The list ends with NULL. */
extern const struct option_spec option_cacert;
extern const struct option_spec option_insecure;
extern const struct option_spec option_json;
extern const struct option_spec option_help;
extern const struct option_spec option_version;
extern const struct option_spec *const general_options[];

/* Options of several commands. */
extern const struct option_spec option_database;
extern const struct option_spec option_url;
extern const struct option_spec option_token;
extern const struct option_spec option_token_file;
extern const struct option_spec option_announce;
extern const struct option_spec option_reverse;
extern const struct option_spec option_offset;
extern const struct option_spec option_limit;
extern const struct option_spec option_ipv4;
extern const struct option_spec option_ipv6;
extern const struct option_spec option_reason;
extern const struct option_spec option_timeout;

enum { OPTIONS_MAX = 64, ANNOUNCE_URLS_MAX = 32 };

struct command_line {
    const struct option_spec *options[OPTIONS_MAX]; /* of all commands */
    const char *values[OPTIONS_MAX]; /* NULL: not given; "" if it takes no argument */
    size_t option_count;
    const char *announce_urls[ANNOUNCE_URLS_MAX]; /* of each --announce, in order */
    size_t announce_url_count;
    const struct option_spec *incomplete; /* the option whose value is missing */
    char command[32];                     /* whose help errors name, and a space; or empty */
    char **arguments;                     /* without the options; borrows argv */
    int count;                            /* of `arguments` */
};

/* Makes a NULL-terminated list of options known to the parser. */
void command_line_add_options(struct command_line *line, const struct option_spec *const *options);

/* Parses the options, which may be anywhere between the arguments. Returns false and prints the
 * error if one is unknown or lacks its argument. */
bool command_line_parse(struct command_line *line, int argc, char **argv);

/* The value of an option; NULL if it was not given. */
const char *command_line_value(const struct command_line *line, const struct option_spec *option);

static inline bool command_line_has(const struct command_line *line,
                                    const struct option_spec *option) {
    return command_line_value(line, option) != NULL;
}

/* Reads the number given with `option`; leaves `*number` unchanged if the option is missing.
 * Returns false and prints the error if it is not a number from `min` to `max`. */
bool command_line_number(const struct command_line *line, const struct option_spec *option,
                         uint64_t min, uint64_t max, uint64_t *number);

/* Sets `*choice` to the index of the option's value among its choices; leaves it unchanged if the
 * option is missing. Returns false and prints the error if the value is not among them. */
bool command_line_choice(const struct command_line *line, const struct option_spec *option,
                         size_t *choice);

/* Parses an info_hash of 40 hexadecimal digits, or of 64 (BEP 52), which is truncated as in
 * announces. */
bool command_line_hash(const char *text, uint8_t info_hash[static INFO_HASH_LEN]);

/* Prints a line of help for each option of a NULL-terminated list. */
void command_line_print_help(const struct option_spec *const *options);

#endif
