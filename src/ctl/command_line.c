#include "ctl/command_line.h"

#include <assert.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include "base/digest.h"
#include "base/utf8.h"
#include "ctl/output.h"

enum {
    OPTION_BASE = 256, /* getopt_long's values of options begin above all letters */
    HELP_COLUMN = 28,
    MESSAGE_LEN = 256,
};

/* clang-format off */
const struct option_spec option_database = { "database", "FILE", "use this database instead of the running skepd", 'd', NULL };
const struct option_spec option_url = { "url", "URL", "URL of skepd (default: http://127.0.0.1:6969)", 'u', NULL };
const struct option_spec option_token = { "token", "TOKEN", "the http.admin_token of skepd", 0, NULL };
const struct option_spec option_token_file = { "token-file", "FILE", "read the token from FILE", 0, NULL };
const struct option_spec option_cacert = { "cacert", "FILE", "trust the PEM certificates in FILE (HTTPS)", 0, NULL };
const struct option_spec option_insecure = { "insecure", NULL, "do not verify TLS certificates", 0, NULL };
const struct option_spec option_json = { "json", NULL, "print JSON", 'j', NULL };
const struct option_spec option_help = { "help", NULL, "show help for skepctl or a command and exit", 'h', NULL };
const struct option_spec option_version = { "version", NULL, "show the version and exit", 'V', NULL };

const struct option_spec option_announce = { "announce", "URL", "announce URL, repeatable (default: the URLs of skepd on the LAN)", 0, NULL };
const struct option_spec option_reverse = { "reverse", NULL, "reverse the order", 0, NULL };
const struct option_spec option_offset = { "offset", "N", "skip the first N", 0, NULL };
const struct option_spec option_limit = { "limit", "N", "show at most N (default: 50)", 0, NULL };
const struct option_spec option_ipv4 = { "v4", NULL, "use IPv4 only", '4', NULL };
const struct option_spec option_ipv6 = { "v6", NULL, "use IPv6 only", '6', NULL };
const struct option_spec option_reason = { "reason", "TEXT", "reason, shown to clients", 0, NULL };
const struct option_spec option_timeout = { "timeout", "SECONDS", "response timeout (default: 15)", 0, NULL };
/* clang-format on */

const struct option_spec *const general_options[] = {
    &option_cacert, &option_insecure, &option_json, &option_help, &option_version, NULL,
};

/* Index of an option; `option_count` if it is unknown. Options of several commands may have the
 * same name and another help. */
static size_t find_option(const struct command_line *line, const struct option_spec *option) {
    size_t i = 0;
    while (i < line->option_count && strcmp(line->options[i]->name, option->name) != 0)
        i++;
    return i;
}

void command_line_add_options(struct command_line *line, const struct option_spec *const *options) {
    for (; *options != NULL; options++) {
        /* getopt_long would take two equal names for an ambiguous abbreviation. */
        if (find_option(line, *options) < line->option_count)
            continue;
        assert(line->option_count < OPTIONS_MAX);
        line->options[line->option_count++] = *options;
    }
}

/* Fills the tables of getopt_long. */
static void fill_getopt_tables(const struct command_line *line,
                               struct option table[static OPTIONS_MAX + 1],
                               char letters[static 2 * OPTIONS_MAX + 2]) {
    *letters++ = ':'; /* getopt_long returns ':' if a value is missing */
    for (size_t i = 0; i < line->option_count; i++) {
        const struct option_spec *spec = line->options[i];
        table[i] = (struct option){
            .name = spec->name,
            .has_arg = spec->argument == NULL ? no_argument : required_argument,
            .val = OPTION_BASE + (int)i,
        };
        if (spec->letter == 0)
            continue;
        *letters++ = spec->letter;
        if (spec->argument != NULL)
            *letters++ = ':';
    }
    table[line->option_count] = (struct option){ 0 };
    *letters = '\0';
}

/* The option of a value that getopt_long returned; `option_count` for an error. */
static size_t option_of_value(const struct command_line *line, int value) {
    if (value >= OPTION_BASE)
        return (size_t)(value - OPTION_BASE);
    size_t i = 0;
    while (i < line->option_count && line->options[i]->letter != value)
        i++;
    return i;
}

static bool store_option(struct command_line *line, size_t option, const char *value) {
    line->values[option] = value == NULL ? "" : value;
    if (line->options[option] != &option_announce)
        return true;
    if (line->announce_url_count == ANNOUNCE_URLS_MAX)
        return output_error("more than %d announce URLs", ANNOUNCE_URLS_MAX);
    line->announce_urls[line->announce_url_count++] = value;
    return true;
}

/* Prints why getopt_long rejected `word`; `value` is its result. */
static bool refuse_option(struct command_line *line, int value, const char *word) {
    const size_t option = option_of_value(line, optopt);
    if (value == ':') {
        line->incomplete = line->options[option];
        return output_error("missing value of --%s %s; see skepctl %s--help",
                            line->incomplete->name, line->incomplete->argument, line->command);
    }
    if (optopt >= OPTION_BASE)
        return output_error("--%s takes no value", line->options[option]->name);
    if (optopt != 0)
        return output_error("unknown option -%c; see skepctl %s--help", optopt, line->command);
    return output_error("unknown option %s; see skepctl %s--help", word, line->command);
}

bool command_line_parse(struct command_line *line, int argc, char **argv) {
    struct option table[OPTIONS_MAX + 1];
    char letters[2 * OPTIONS_MAX + 2];
    fill_getopt_tables(line, table, letters);
    int value;
    opterr = 0;
    optind = 0; /* start again, even after another command line */
    while ((value = getopt_long(argc, argv, letters, table, NULL)) != -1) {
        if (value == ':' || value == '?')
            return refuse_option(line, value, argv[optind - 1]);
        if (!store_option(line, option_of_value(line, value), optarg))
            return false;
    }
    line->arguments = argv + optind;
    line->count = argc - optind;
    return true;
}

const char *command_line_value(const struct command_line *line, const struct option_spec *option) {
    const size_t i = find_option(line, option);
    return i < line->option_count ? line->values[i] : NULL;
}

bool command_line_number(const struct command_line *line, const struct option_spec *option,
                         uint64_t min, uint64_t max, uint64_t *number) {
    const char *text = command_line_value(line, option);
    uint64_t value;
    if (text == NULL)
        return true;
    if (bytes_to_u64(bytes_of(text), &value) && value >= min && value <= max) {
        *number = value;
        return true;
    }
    return output_error("--%s must be a number from %" PRIu64 " to %" PRIu64 ", not \"%s\"",
                        option->name, min, max, text);
}

bool command_line_choice(const struct command_line *line, const struct option_spec *option,
                         size_t *choice) {
    const char *const *choices = option->choices;
    const char *text = command_line_value(line, option);
    if (text == NULL)
        return true;
    for (size_t i = 0; choices[i] != NULL; i++) {
        if (strcmp(choices[i], text) == 0) {
            *choice = i;
            return true;
        }
    }
    char list[MESSAGE_LEN] = "";
    size_t len = 0;
    for (size_t i = 0; choices[i] != NULL && len < sizeof list; i++)
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%s",
                                i == 0                   ? ""
                                : choices[i + 1] == NULL ? " or "
                                                         : ", ",
                                choices[i]);
    return output_error("--%s must be %s, not \"%s\"", option->name, list, text);
}

bool command_line_hash(const char *text, uint8_t info_hash[static INFO_HASH_LEN]) {
    uint8_t digest[SHA256_LEN];
    const struct bytes digits = utf8_unquote(bytes_of(text));
    if (hex_decode(digits, info_hash, INFO_HASH_LEN))
        return true;
    if (!hex_decode(digits, digest, sizeof digest))
        return false;
    memcpy(info_hash, digest, INFO_HASH_LEN);
    return true;
}

void command_line_print_help(const struct option_spec *const *options) {
    for (; *options != NULL; options++) {
        const struct option_spec *spec = *options;
        const char letter[] = { '-', spec->letter, ',', ' ', '\0' };
        const int len =
            printf("  %s--%s%s%s", spec->letter == 0 ? "    " : letter, spec->name,
                   spec->argument == NULL ? "" : " ", spec->argument == NULL ? "" : spec->argument);
        printf("%*s%s\n", len < HELP_COLUMN ? HELP_COLUMN - len : 1, "", spec->summary);
    }
}
