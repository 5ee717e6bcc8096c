#include "daemon/program_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "daemon/config_file.h"
#include "daemon/environment.h"
#include "daemon/memory_limit.h"
#include "daemon/secret_files.h"
#include "daemon/settings.h"

/* Options without a letter. */
enum { OPTION_NO_UDP = 256, OPTION_CLUSTER, OPTION_CHECK_CONFIG, OPTION_PRINT_CONFIG };

/* For getopt_long: '+' stops at the first argument that is no option instead of reordering argv;
 * ':' reports a missing value as ':' and an unknown option as '?'. */
static const char SHORT_OPTIONS[] = "+:c:s:p:d:t:l:hV";

static const struct option LONG_OPTIONS[] = {
    { "config", required_argument, NULL, 'c' },
    { "set", required_argument, NULL, 's' },
    { "port", required_argument, NULL, 'p' },
    { "database", required_argument, NULL, 'd' },
    { "threads", required_argument, NULL, 't' },
    { "log-level", required_argument, NULL, 'l' },
    { "no-udp", no_argument, NULL, OPTION_NO_UDP },
    { "cluster", required_argument, NULL, OPTION_CLUSTER },
    { "check-config", no_argument, NULL, OPTION_CHECK_CONFIG },
    { "print-config", no_argument, NULL, OPTION_PRINT_CONFIG },
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, 'V' },
    { 0 },
};

static const char HELP[] =
    "Usage: skepd [OPTION]...\n"
    "A BitTorrent tracker. Options and a configuration file are optional.\n"
    "\n"
    "  -c, --config FILE      read settings from FILE\n"
    "  -s, --set NAME=VALUE   set any setting, such as access.mode=private\n"
    "  -p, --port PORT        serve HTTP and UDP on PORT (default 6969)\n"
    "  -d, --database FILE    store torrents and peers in FILE (default: skep.db in\n"
    "                         $STATE_DIRECTORY, or ./var/skep.db if it is not set)\n"
    "  -t, --threads N        use N threads for HTTP and N for UDP (default 0: one\n"
    "                         per core)\n"
    "  -l, --log-level LEVEL  log level: error, warning, info (default) or debug\n"
    "      --no-udp           disable UDP\n"
    "      --cluster URL      join the cluster of this Redis or Valkey server\n"
    "      --check-config     check the configuration, print all errors and exit\n"
    "      --print-config     print all settings in force, without secrets, and exit\n"
    "  -h, --help             show this help and exit\n"
    "  -V, --version          show the version and exit\n"
    "\n"
    "Command-line options override environment variables, which override FILE. The\n"
    "variable of a setting is SKEP_ and its name, such as SKEP_HTTP_PORT.\n";

const char *program_options_help(void) {
    return HELP;
}

/* `option` is for the error. Checks the value now, so that a wrong one is reported as a mistake of
 * the command line. */
static bool add_override(struct program_options *options, const char *option, const char *name,
                         const char *value, char error[static ERROR_LEN]) {
    const struct setting *setting = settings_find(name);
    struct config config = settings_defaults();
    struct config_errors errors = { 0 };
    if (options->override_count == PROGRAM_OPTIONS_OVERRIDES_MAX)
        return error_set(error, "too many settings on the command line");
    if (!config_file_set(&config, option, setting, value, &errors))
        return error_set(error, "%s", errors.text);
    options->overrides[options->override_count++] =
        (struct setting_override){ .setting = setting, .value = value };
    return true;
}

/* NAME=VALUE */
static bool parse_setting(struct program_options *options, char error[static ERROR_LEN]) {
    char option[SETTING_NAME_LEN + 8];
    char unknown[ERROR_LEN];
    char name[SETTING_NAME_LEN];
    const size_t len = strcspn(optarg, "=");
    if (optarg[len] == '\0')
        return error_set(error, "--set requires NAME=VALUE, not \"%s\"", optarg);
    snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name), optarg);
    snprintf(option, sizeof option, "--set %s", name);
    if (settings_find(name) != NULL)
        return add_override(options, option, name, optarg + len + 1, error);
    if (settings_have_group(name))
        return error_set(error, "--set: %s is a group of settings", name);
    settings_describe_unknown(name, unknown);
    return error_set(error, "--set: %s", unknown);
}

static bool check_path(const char *option, char error[static ERROR_LEN]) {
    return (*optarg != '\0' && strlen(optarg) < CONFIG_PATH_LEN) ||
           error_set(error, "%s must be a file name of at most %d bytes", option,
                     CONFIG_PATH_LEN - 1);
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
        options->config_file = optarg;
        return check_path("--config", error);
    case 's':
        return parse_setting(options, error);
    case 'p':
        return add_override(options, "--port", "http.port", optarg, error);
    case 'd':
        return check_path("--database", error) &&
               add_override(options, "--database", "store.database", optarg, error);
    case 't':
        return add_override(options, "--threads", "http.threads", optarg, error) &&
               add_override(options, "--threads", "udp.threads", optarg, error);
    case 'l':
        return add_override(options, "--log-level", "log_level", optarg, error);
    case OPTION_NO_UDP:
        return add_override(options, "--no-udp", "udp.enabled", "false", error);
    case OPTION_CLUSTER:
        return add_override(options, "--cluster", "cluster.engine", optarg, error);
    case OPTION_CHECK_CONFIG:
        return options->check_config = true;
    case OPTION_PRINT_CONFIG:
        return options->print_config = true;
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
    struct program_options parsed = { 0 };
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

/* $STATE_DIRECTORY is a list separated by colons if the unit has several; skep uses the first. */
static void set_default_database(struct config *config, struct config_errors *errors) {
    const char *directory = getenv("STATE_DIRECTORY");
    if (!directory || !*directory)
        directory = "./var";
    size_t directory_len = strcspn(directory, ":");
    int len = snprintf(config->database, sizeof config->database, "%.*s/skep.db",
                       (int)directory_len, directory);
    config->database_is_default = true;
    if (len < 0 || (size_t)len >= sizeof config->database)
        config_errors_add(errors, "$STATE_DIRECTORY is too long");
}

/* A misspelt directory must not become a new, empty database. */
static void check_database_directory(const struct config *config, struct config_errors *errors) {
    char directory[CONFIG_PATH_LEN];
    struct stat status;
    const char *slash = strrchr(config->database, '/');
    if (!config->store_enabled || slash == NULL || slash == config->database)
        return;
    snprintf(directory, sizeof directory, "%.*s", (int)(slash - config->database),
             config->database);
    if (stat(directory, &status) != 0 && (errno == ENOENT || errno == ENOTDIR))
        config_errors_add(errors, "store.database: directory %s: %s", directory, strerror(errno));
}

static void set_database(struct config *config, struct config_errors *errors) {
    if (config->database[0] == '\0')
        set_default_database(config, errors);
    else
        check_database_directory(config, errors);
}

/* They were valid when the command line was parsed. */
static void override_config(const struct program_options *options, struct config *config,
                            struct config_errors *errors) {
    for (size_t i = 0; i < options->override_count; i++) {
        const struct setting_override *override = &options->overrides[i];
        config_file_set(config, override->setting->name, override->setting, override->value,
                        errors);
    }
}

bool program_options_load_config(const struct program_options *options, struct config *config,
                                 struct config_errors *errors) {
    struct config loaded = settings_defaults();
    loaded.tracker.memory_max_mib = memory_limit_default_mib(
        memory_limit_read("/proc/self/cgroup", "/sys/fs/cgroup"), loaded.tracker.memory_max_mib);
    *errors = (struct config_errors){ 0 };
    if (options->config_file != NULL)
        config_file_read(&loaded, options->config_file, errors);
    (void)environment_read(&loaded, errors);
    override_config(options, &loaded, errors);
    loaded.udp.listen = loaded.http.listen;
    if (loaded.udp.port == 0)
        loaded.udp.port = loaded.http.port;
    set_database(&loaded, errors);
    secret_files_load(&loaded, errors);
    config_check(&loaded, errors);
    if (errors->len > 0)
        return false;
    *config = loaded;
    return true;
}

static bool overrides(const struct program_options *options, const char *name) {
    const struct setting *setting = settings_find(name);
    for (size_t i = 0; i < options->override_count; i++) {
        if (options->overrides[i].setting == setting)
            return true;
    }
    return false;
}

void program_options_warn(const struct program_options *options, const struct config *config) {
    environment_warn();
    if (config->cluster.password_file[0] != '\0')
        secret_files_warn_if_readable(config->cluster.password_file, "the engine's password");
    if (config->admin_token_file[0] != '\0')
        secret_files_warn_if_readable(config->admin_token_file, "the admin's token");
    else if (config->web.admin_token[0] != '\0' && overrides(options, "http.admin_token"))
        log_warning(
            "http.admin_token: all users can see it on the command line; use "
            "http.admin_token_file");
    else if (config->web.admin_token[0] != '\0' && !environment_sets("http.admin_token"))
        secret_files_warn_if_readable(options->config_file, "http.admin_token");
}
