#include "ctl/command_line.h"

#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "ctl/output.h"

/* Values for getopt_long, above every letter. */
enum { OPTION_BASE = 256, HELP_COLUMN = 28 };

/* clang-format off */
static const struct option_spec {
    const char *name;
    const char *argument; /* NULL: none */
    const char *summary;
    char letter;
} specs[OPTION_COUNT] = {
    [OPTION_DATABASE] = { "database", "FILE", "use this database instead of the running skepd", 'd' },
    [OPTION_URL] = { "url", "URL", "URL of skepd (http://127.0.0.1:6969)", 'u' },
    [OPTION_TOKEN] = { "token", "TOKEN", "http.admin_token of skepd", 0 },
    [OPTION_TOKEN_FILE] = { "token-file", "FILE", "file that contains the token", 0 },
    [OPTION_CACERT] = { "cacert", "FILE", "PEM certificates to trust, for HTTPS", 0 },
    [OPTION_INSECURE] = { "insecure", NULL, "accept any certificate", 0 },
    [OPTION_JSON] = { "json", NULL, "print JSON", 'j' },
    [OPTION_HELP] = { "help", NULL, "show help (of a command, if given) and exit", 'h' },
    [OPTION_VERSION] = { "version", NULL, "show the version and exit", 'V' },
    [OPTION_FOR] = { "for", "DURATION", "duration: 90s, 15m, 2h, 7d (default: permanent)", 0 },
    [OPTION_REASON] = { "reason", "TEXT", "reason, shown to clients", 0 },
    [OPTION_SEARCH] = { "search", "TEXT", "filter by substring of name or info_hash", 0 },
    [OPTION_SHOW] = { "show", "WHICH", "all, active, registered or unseeded (default: all)", 0 },
    [OPTION_SORT] = { "sort", "KEY", "name, size, seeders, leechers, downloaded, rate or health", 0 },
    [OPTION_REVERSE] = { "reverse", NULL, "reverse the order", 0 },
    [OPTION_OFFSET] = { "offset", "N", "skip the first N", 0 },
    [OPTION_LIMIT] = { "limit", "N", "show at most N (default: 50)", 0 },
    [OPTION_ANNOUNCE] = { "announce", "URL", "announce URL, repeatable (default: skepd's own)", 0 },
    [OPTION_PIECE_LENGTH] = { "piece-length", "SIZE", "16K to 64M, a power of two (default: by size)", 0 },
    [OPTION_PRIVATE] = { "private", NULL, "set the private flag: clients use the tracker only", 0 },
    [OPTION_NAME] = { "name", "NAME", "torrent name (default: last part of PATH)", 0 },
    [OPTION_COMMENT] = { "comment", "TEXT", "comment", 0 },
    [OPTION_V2] = { "v2", NULL, "version 2 (BEP 52)", 0 },
    [OPTION_HYBRID] = { "hybrid", NULL, "hybrid (v1 + v2)", 0 },
    [OPTION_OUTPUT] = { "output", "FILE", "output file (default: NAME.torrent)", 'o' },
    [OPTION_FORCE] = { "force", NULL, "overwrite an existing file", 0 },
    [OPTION_ADD] = { "add", NULL, "also register it", 0 },
    [OPTION_EVENT] = { "event", "EVENT", "started, completed, stopped, paused or none (default: none)", 0 },
    [OPTION_PORT] = { "port", "N", "port to announce (default: 6881)", 0 },
    [OPTION_LEFT] = { "left", "N", "bytes left (default: the file's size, or 1)", 0 },
    [OPTION_UPLOADED] = { "uploaded", "N", "bytes uploaded (default: 0)", 0 },
    [OPTION_DOWNLOADED] = { "downloaded", "N", "bytes downloaded (default: 0)", 0 },
    [OPTION_NUMWANT] = { "numwant", "N", "number of peers to request (default: the tracker's)", 0 },
    [OPTION_PEER_ID] = { "peer-id", "ID", "20 characters or 40 hexadecimal digits (default: random)", 0 },
    [OPTION_KEY] = { "key", "HEX", "up to 8 hexadecimal digits (default: random)", 0 },
    [OPTION_NO_COMPACT] = { "no-compact", NULL, "request peers with their peer_ids (HTTP)", 0 },
    [OPTION_LEAVE] = { "leave", NULL, "send event=stopped afterwards", 0 },
    [OPTION_IPV4] = { "v4", NULL, "use IPv4 only", '4' },
    [OPTION_IPV6] = { "v6", NULL, "use IPv6 only", '6' },
    [OPTION_TIMEOUT] = { "timeout", "SECONDS", "timeout (default: 15)", 0 },
};
/* clang-format on */

/* `letters` has room for every option. */
static void build_getopt_tables(struct option *options, char *letters) {
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct option_spec *spec = &specs[i];
        options[i] = (struct option){
            .name = spec->name,
            .has_arg = spec->argument == NULL ? no_argument : required_argument,
            .val = OPTION_BASE + i,
        };
        if (spec->letter == 0)
            continue;
        *letters++ = spec->letter;
        if (spec->argument != NULL)
            *letters++ = ':';
    }
    options[OPTION_COUNT] = (struct option){ 0 };
    *letters = '\0';
}

/* The option for a return value of getopt_long, or OPTION_COUNT. */
static int find_option(int found) {
    if (found >= OPTION_BASE)
        return found - OPTION_BASE;
    int i = 0;
    while (i < OPTION_COUNT && specs[i].letter != found)
        i++;
    return i;
}

static bool set_option(struct command_line *line, int option, const char *value) {
    line->values[option] = value == NULL ? "" : value;
    if (option != OPTION_ANNOUNCE)
        return true;
    if (line->announce_url_count == ANNOUNCE_OPTIONS_MAX) {
        output_fail(STATUS_FAULT, "too many announce URLs", value);
        return false;
    }
    line->announce_urls[line->announce_url_count++] = value;
    return true;
}

bool command_line_parse(struct command_line *line, int argc, char **argv) {
    struct option options[OPTION_COUNT + 1];
    char letters[2 * OPTION_COUNT + 1];
    build_getopt_tables(options, letters);
    *line = (struct command_line){ 0 };
    int found;
    while ((found = getopt_long(argc, argv, letters, options, NULL)) != -1) {
        const int option = find_option(found);
        if (option == OPTION_COUNT || !set_option(line, option, optarg))
            return false;
    }
    line->words = argv + optind;
    line->count = argc - optind;
    return true;
}

bool command_line_allow(const struct command_line *line, uint64_t allowed, const char *command) {
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (line->values[i] == NULL || (allowed & OPTION_BIT(i)) != 0)
            continue;
        char text[128];
        snprintf(text, sizeof text, "%s does not support --%s; see skepctl %s --help", command,
                 specs[i].name, command);
        output_fail(STATUS_FAULT, text, NULL);
        return false;
    }
    return true;
}

bool command_line_number(const struct command_line *line, enum ctl_option option, uint64_t min,
                         uint64_t max, uint64_t *number) {
    const char *text = line->values[option];
    uint64_t value;
    if (text == NULL)
        return true;
    if (bytes_to_u64(bytes_of(text), &value) && value >= min && value <= max) {
        *number = value;
        return true;
    }
    char what[128];
    snprintf(what, sizeof what, "--%s must be a number from %" PRIu64 " to %" PRIu64,
             specs[option].name, min, max);
    output_fail(STATUS_FAULT, what, text);
    return false;
}

bool command_line_choice(const struct command_line *line, enum ctl_option option,
                         const char *const *words, size_t count, size_t *choice) {
    const char *text = line->values[option];
    if (text == NULL)
        return true;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], text) == 0) {
            *choice = i;
            return true;
        }
    }
    char what[128];
    snprintf(what, sizeof what, "invalid value for --%s; see --help", specs[option].name);
    output_fail(STATUS_FAULT, what, text);
    return false;
}

bool command_line_hash(const char *word, uint8_t info_hash[static INFO_HASH_LEN]) {
    uint8_t digest[SHA256_LEN];
    if (hex_decode(bytes_of(word), info_hash, INFO_HASH_LEN))
        return true;
    if (!hex_decode(bytes_of(word), digest, sizeof digest))
        return false;
    memcpy(info_hash, digest, INFO_HASH_LEN);
    return true;
}

void command_line_describe(FILE *out, uint64_t options) {
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct option_spec *spec = &specs[i];
        if ((options & OPTION_BIT(i)) == 0)
            continue;
        const char letter[] = { '-', spec->letter, ',', ' ', '\0' };
        const int len = fprintf(out, "  %s--%s%s%s", spec->letter == 0 ? "    " : letter,
                                spec->name, spec->argument == NULL ? "" : " ",
                                spec->argument == NULL ? "" : spec->argument);
        fprintf(out, "%*s%s\n", len < HELP_COLUMN ? HELP_COLUMN - len : 1, "", spec->summary);
    }
}
