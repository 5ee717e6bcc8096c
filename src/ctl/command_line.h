/* The command line of skepctl: options, and the words of the command. */
#ifndef SKEP_CTL_COMMAND_LINE_H
#define SKEP_CTL_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "swarm/announce.h"

enum ctl_option {
    OPTION_DATABASE,
    OPTION_URL,
    OPTION_TOKEN,
    OPTION_TOKEN_FILE,
    OPTION_CACERT,
    OPTION_INSECURE,
    OPTION_JSON,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_FOR,
    OPTION_REASON,
    OPTION_SEARCH,
    OPTION_SHOW,
    OPTION_SORT,
    OPTION_REVERSE,
    OPTION_OFFSET,
    OPTION_LIMIT,
    OPTION_ANNOUNCE,
    OPTION_PIECE_LENGTH,
    OPTION_PRIVATE,
    OPTION_NAME,
    OPTION_COMMENT,
    OPTION_V2,
    OPTION_HYBRID,
    OPTION_OUTPUT,
    OPTION_FORCE,
    OPTION_ADD,
    OPTION_EVENT,
    OPTION_PORT,
    OPTION_LEFT,
    OPTION_UPLOADED,
    OPTION_DOWNLOADED,
    OPTION_NUMWANT,
    OPTION_PEER_ID,
    OPTION_KEY,
    OPTION_NO_COMPACT,
    OPTION_LEAVE,
    OPTION_IPV4,
    OPTION_IPV6,
    OPTION_TIMEOUT,
    OPTION_COUNT,
};

#define OPTION_BIT(option) (UINT64_C(1) << (option))

/* Options of every command. */
#define OPTIONS_GENERAL                                                                            \
    (OPTION_BIT(OPTION_DATABASE) | OPTION_BIT(OPTION_URL) | OPTION_BIT(OPTION_TOKEN) |             \
     OPTION_BIT(OPTION_TOKEN_FILE) | OPTION_BIT(OPTION_CACERT) | OPTION_BIT(OPTION_INSECURE) |     \
     OPTION_BIT(OPTION_JSON) | OPTION_BIT(OPTION_HELP) | OPTION_BIT(OPTION_VERSION))

enum { ANNOUNCE_OPTIONS_MAX = 32 };

struct command_line {
    const char *values[OPTION_COUNT]; /* NULL: absent; "" for an option without value */
    const char *announce_urls[ANNOUNCE_OPTIONS_MAX]; /* all --announce, in order */
    size_t announce_url_count;
    char **words; /* the command and its arguments; borrows argv */
    int count;
};

/* Parses the options, which may be anywhere. False if one is invalid, which is printed. */
bool command_line_parse(struct command_line *line, int argc, char **argv);

static inline bool command_line_has(const struct command_line *line, enum ctl_option option) {
    return line->values[option] != NULL;
}

/* Whether all given options are in `allowed`; prints the first that is not. */
bool command_line_allow(const struct command_line *line, uint64_t allowed, const char *command);

/* Reads the number of `option`; `*number` is unchanged if the option is absent. False if it is not
 * a number from `min` to `max`, which is printed. */
bool command_line_number(const struct command_line *line, enum ctl_option option, uint64_t min,
                         uint64_t max, uint64_t *number);

/* Finds the value of `option` among `count` words; `*choice` is unchanged if the option is absent.
 * False if it is another word, which is printed. */
bool command_line_choice(const struct command_line *line, enum ctl_option option,
                         const char *const *words, size_t count, size_t *choice);

/* Parses an info_hash of 40 hexadecimal digits, or one of version 2 of 64, which is truncated. */
bool command_line_hash(const char *word, uint8_t info_hash[static INFO_HASH_LEN]);

/* Prints one line of help for each option in `options`. */
void command_line_describe(FILE *out, uint64_t options);

#endif
