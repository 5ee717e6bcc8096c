#include "daemon/program_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "daemon/config_file.h"
#include "daemon/settings.h"

/* Options without a letter. */
enum { OPTION_NO_UDP = 256, OPTION_CHECK_CONFIG };

/* For getopt_long: '+' stops at the first argument that is no option instead of reordering argv;
 * ':' reports a missing value as ':' and an unknown option as '?'. */
static const char SHORT_OPTIONS[] = "+:c:p:d:t:l:hV";

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
    "A BitTorrent tracker. Options and a configuration file are optional.\n"
    "\n"
    "  -c, --config FILE      read settings from FILE\n"
    "  -p, --port PORT        serve HTTP and UDP on PORT (default 6969)\n"
    "  -d, --database FILE    store torrents and peers in FILE (default: skep.db in\n"
    "                         $STATE_DIRECTORY, or ./var/skep.db if it is not set)\n"
    "  -t, --threads N        use N threads for HTTP and N for UDP (default 0: one\n"
    "                         per core)\n"
    "  -l, --log-level LEVEL  log level: error, warning, info (default) or debug\n"
    "      --no-udp           disable UDP\n"
    "      --check-config     check the configuration and exit\n"
    "  -h, --help             show this help and exit\n"
    "  -V, --version          show the version and exit\n"
    "\n"
    "Command-line options override FILE.\n";

const char *program_options_help(void) {
    return HELP;
}

/* `name` is the setting that the option overrides, with the same range. */
static bool parse_number(const char *option, const char *name, long *number,
                         char error[static ERROR_LEN]) {
    const struct setting *setting = settings_find(name);
    uint64_t value;
    if (!bytes_to_u64(bytes_of(optarg), &value) || value < setting->min || value > setting->max)
        return error_set(error, "%s must be a number from %u to %u, not \"%s\"", option,
                         setting->min, setting->max, optarg);
    *number = (long)value;
    return true;
}

static bool parse_log_level(int *level, char error[static ERROR_LEN]) {
    enum log_level parsed;
    if (!log_level_parse(optarg, &parsed))
        return error_set(error, "--log-level must be error, warning, info or debug, not \"%s\"",
                         optarg);
    *level = (int)parsed;
    return true;
}

static bool parse_path(const char *option, const char **path, char error[static ERROR_LEN]) {
    if (!*optarg || strlen(optarg) >= CONFIG_PATH_LEN)
        return error_set(error, "%s must be a file name of at most %d bytes", option,
                         CONFIG_PATH_LEN - 1);
    *path = optarg;
    return true;
}

/* `word` is the argument that getopt_long rejected. */
static bool refuse_option(int found, const char *word, char error[static ERROR_LEN]) {
    bool is_long = strncmp(word, "--", 2) == 0;
    if (found == ':')
        return error_set(error, "%s requires a value, see --help", word);
    if (is_long && optopt)
        return error_set(error, "%.*s takes no value, see --help", (int)strcspn(word, "="), word);
    if (is_long)
        return error_set(error, "unknown option %s, see --help", word);
    return error_set(error, "unknown option -%c, see --help", optopt);
}

static bool set_option(int found, const char *word, struct program_options *options,
                       char error[static ERROR_LEN]) {
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
        return parse_log_level(&options->log_level, error);
    case OPTION_NO_UDP:
        return options->no_udp = true;
    case OPTION_CHECK_CONFIG:
        return options->check_config = true;
    case 'h':
        return options->help = true;
    case 'V':
        return options->version = true;
    default:
        return refuse_option(found, word, error);
    }
}

bool program_options_parse(int argc, char **argv, struct program_options *options,
                           char error[static ERROR_LEN]) {
    struct program_options parsed = { .port = -1, .threads = -1, .log_level = -1 };
    opterr = 0;
    optind = 0; /* glibc: start again with another argv */
    for (;;) {
        const char *word = argv[optind ? optind : 1];
        int found = getopt_long(argc, argv, SHORT_OPTIONS, LONG_OPTIONS, NULL);
        if (found == -1)
            break;
        if (!set_option(found, word, &parsed, error))
            return false;
    }
    if (optind < argc)
        return error_set(error, "unexpected argument \"%s\", see --help", argv[optind]);
    *options = parsed;
    return true;
}

static void override_config(const struct program_options *options, struct config *config) {
    if (options->port >= 0)
        config->http.port = (uint16_t)options->port;
    if (options->threads >= 0)
        config->http.threads = config->udp.threads = (uint32_t)options->threads;
    if (options->log_level >= 0)
        config->log_level = (enum log_level)options->log_level;
    if (options->no_udp)
        config->udp.enabled = false;
    if (options->database) {
        memset(config->database, 0, sizeof config->database); /* settings_reload compares it all */
        snprintf(config->database, sizeof config->database, "%s", options->database);
    }
}

/* $STATE_DIRECTORY is a list separated by colons if the unit has several; skep uses the first. */
static bool set_default_database(struct config *config, char error[static ERROR_LEN]) {
    const char *directory = getenv("STATE_DIRECTORY");
    if (!directory || !*directory)
        directory = "./var";
    size_t directory_len = strcspn(directory, ":");
    int len = snprintf(config->database, sizeof config->database, "%.*s/skep.db",
                       (int)directory_len, directory);
    return (len >= 0 && (size_t)len < sizeof config->database) ||
           error_set(error, "$STATE_DIRECTORY is too long");
}

bool program_options_load_config(const struct program_options *options, struct config *config,
                                 char error[static ERROR_LEN]) {
    struct config loaded = settings_defaults();
    if (options->config_file && !config_file_read(&loaded, options->config_file, error))
        return false;
    override_config(options, &loaded);
    loaded.udp.listen = loaded.http.listen;
    if (loaded.udp.port == 0)
        loaded.udp.port = loaded.http.port;
    if (loaded.database[0] == '\0' && !set_default_database(&loaded, error))
        return false;
    if (!config_check(&loaded, error))
        return false;
    *config = loaded;
    return true;
}
