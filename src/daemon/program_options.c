#include "daemon/program_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "daemon/config_file.h"
#include "daemon/settings.h"

/* Options without a letter of their own. */
enum { OPTION_NO_UDP = 256, OPTION_CHECK_CONFIG };

/* The '+' ends at the first stray argument instead of sorting argv, the ':' tells a missing value
 * from an unknown option. */
static const char LETTERS[] = "+:c:p:d:t:l:hV";

static const struct option LONG_OPTIONS[] = {
    { "config", required_argument, NULL, 'c' },
    { "port", required_argument, NULL, 'p' },
    { "database", required_argument, NULL, 'd' },
    { "threads", required_argument, NULL, 't' },
    { "log-level", required_argument, NULL, 'l' },
    { "no-udp", no_argument, NULL, OPTION_NO_UDP },
    { "check-config", no_argument, NULL, OPTION_CHECK_CONFIG },
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, 'V' },
    { 0 },
};

static const char HELP[] =
    "Usage: skepd [OPTION]...\n"
    "A BitTorrent tracker. It needs no options and no configuration file.\n"
    "\n"
    "  -c, --config FILE      read settings from FILE\n"
    "  -p, --port N           listen on port N (default 6969)\n"
    "  -d, --database FILE    keep torrents and peers in FILE (default: skep.db in\n"
    "                         $STATE_DIRECTORY, or var/skep.db)\n"
    "  -t, --threads N        serve with N threads (default 0: one for each core)\n"
    "  -l, --log-level LEVEL  log error, warning, info (default) or debug\n"
    "      --no-udp           do not serve UDP\n"
    "      --check-config     check the settings and exit\n"
    "  -h, --help             show this text and exit\n"
    "  -V, --version          show the version and exit\n"
    "\n"
    "An option counts more than the same setting in FILE.\n";

const char *program_options_help(void) {
    return HELP;
}

/* `name` is the setting that the option stands for, whose range holds for both. */
static bool parse_number(const char *option, const char *name, long *number, char *error) {
    const struct setting *setting = settings_find(name);
    uint64_t value;
    if (!bytes_to_u64(bytes_of(optarg), &value) || value < setting->min || value > setting->max) {
        error_set(error, "%s must be a number from %u to %u, not \"%s\"", option, setting->min,
                  setting->max, optarg);
        return false;
    }
    *number = (long)value;
    return true;
}

static bool parse_level(int *level, char *error) {
    enum log_level parsed;
    if (!log_level_parse(optarg, &parsed)) {
        error_set(error, "--log-level must be error, warning, info or debug, not \"%s\"", optarg);
        return false;
    }
    *level = (int)parsed;
    return true;
}

static bool parse_path(const char *option, const char **path, char *error) {
    if (!*optarg || strlen(optarg) >= CONFIG_PATH_LEN) {
        error_set(error, "%s must be the name of a file, of at most %d bytes", option,
                  CONFIG_PATH_LEN - 1);
        return false;
    }
    *path = optarg;
    return true;
}

/* `word` is the argument that getopt stumbled over. */
static bool refuse(int found, const char *word, char *error) {
    bool is_long = strncmp(word, "--", 2) == 0;
    if (found == ':')
        error_set(error, "%s needs a value, see --help", word);
    else if (is_long && optopt)
        error_set(error, "%.*s takes no value, see --help", (int)strcspn(word, "="), word);
    else if (is_long)
        error_set(error, "unknown option %s, see --help", word);
    else
        error_set(error, "unknown option -%c, see --help", optopt);
    return false;
}

static bool take_option(int found, const char *word, struct program_options *options, char *error) {
    switch (found) {
    case 'c':
        return parse_path("--config", &options->config_file, error);
    case 'p':
        return parse_number("--port", "http.port", &options->port, error);
    case 'd':
        return parse_path("--database", &options->database, error);
    case 't':
        return parse_number("--threads", "http.threads", &options->threads, error);
    case 'l':
        return parse_level(&options->log_level, error);
    case OPTION_NO_UDP:
        return options->no_udp = true;
    case OPTION_CHECK_CONFIG:
        return options->check_config = true;
    case 'h':
        return options->help = true;
    case 'V':
        return options->version = true;
    default:
        return refuse(found, word, error);
    }
}

bool program_options_parse(int argc, char **argv, struct program_options *options,
                           char error[static ERROR_LEN]) {
    struct program_options parsed = { .port = -1, .threads = -1, .log_level = -1 };
    opterr = 0;
    optind = 0; /* to glibc: a new command line */
    for (;;) {
        const char *word = argv[optind ? optind : 1];
        int found = getopt_long(argc, argv, LETTERS, LONG_OPTIONS, NULL);
        if (found == -1)
            break;
        if (!take_option(found, word, &parsed, error))
            return false;
    }
    if (optind < argc) {
        error_set(error, "unexpected argument \"%s\", see --help", argv[optind]);
        return false;
    }
    *options = parsed;
    return true;
}

static void apply(const struct program_options *options, struct config *config) {
    if (options->port >= 0)
        config->http.port = (uint16_t)options->port;
    if (options->threads >= 0)
        config->http.threads = config->udp.threads = (uint32_t)options->threads;
    if (options->log_level >= 0)
        config->log_level = (enum log_level)options->log_level;
    if (options->no_udp)
        config->udp.enabled = false;
    if (options->database) {
        memset(config->database, 0, sizeof config->database);
        strcpy(config->database, options->database); /* parse_path has checked its length */
    }
}

/* $STATE_DIRECTORY may be a list, where a unit has several; skep's is the first. */
static bool place_database(struct config *config, char *error) {
    if (config->database[0])
        return true;
    const char *directory = getenv("STATE_DIRECTORY");
    if (!directory || !*directory)
        directory = "./var";
    size_t directory_len = strcspn(directory, ":");
    int len = snprintf(config->database, sizeof config->database, "%.*s/skep.db",
                       (int)directory_len, directory);
    if (len >= 0 && (size_t)len < sizeof config->database)
        return true;
    error_set(error, "$STATE_DIRECTORY is too long");
    return false;
}

bool program_options_load_config(const struct program_options *options, struct config *config,
                                 char error[static ERROR_LEN]) {
    struct config loaded = settings_defaults();
    if (options->config_file && !config_file_read(&loaded, options->config_file, error))
        return false;
    apply(options, &loaded);
    loaded.udp.listen = loaded.http.listen;
    if (loaded.udp.port == 0)
        loaded.udp.port = loaded.http.port;
    if (!place_database(&loaded, error) || !config_check(&loaded, error))
        return false;
    *config = loaded;
    return true;
}
