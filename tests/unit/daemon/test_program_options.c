#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/environment.h"
#include "daemon/program_options.h"
#include "suites.h"

enum { ARGUMENTS_MAX = 16 };

static char error[ERROR_LEN];
static struct config_errors errors;

static void forget_environment(void) {
    static const char *const names[] = { "STATE_DIRECTORY", "SKEP_HTTP_PORT",   "SKEP_HTTP_THREADS",
                                         "SKEP_LOG_LEVEL",  "SKEP_HTTP_ADMINS", "SKEP_NETWORK_LAN",
                                         "SKEP_ACCESS_MODE" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
    error[0] = 0;
}

/* Parses the words of `line`, after the program's name. Modifies `line`. */
static bool parse(char *line, struct program_options *options) {
    char program[] = "skepd";
    char *argv[ARGUMENTS_MAX + 1] = { program };
    int argc = 1;
    for (char *word = strtok(line, " "); word; word = strtok(NULL, " ")) {
        ck_assert_int_lt(argc, ARGUMENTS_MAX);
        argv[argc++] = word;
    }
    return program_options_parse(argc, argv, options, error);
}

/* The options borrow `line`. */
static struct program_options accepted(char *line) {
    struct program_options options;
    ck_assert_msg(parse(line, &options), "%s", error);
    return options;
}

static struct config loaded(const struct program_options *options) {
    struct config config;
    ck_assert_msg(program_options_load_config(options, &config, &errors), "%s", errors.text);
    return config;
}

START_TEST(without_options_the_config_applies) {
    char line[] = "";
    const struct program_options options = accepted(line);
    ck_assert_ptr_null(options.config_file);
    ck_assert_uint_eq(options.override_count, 0);
    ck_assert(!options.check_config && !options.print_config && !options.help && !options.version);
}
END_TEST

START_TEST(long_options_are_read) {
    char line[] =
        "--port 80 --database=b.db --threads=0 --log-level debug --no-udp "
        "--set announce.numwant=7 --set access.mode=private --cluster redis://a,redis://b";
    const struct program_options options = accepted(line);
    const struct config config = loaded(&options);
    ck_assert_str_eq(config.database, "b.db");
    ck_assert_uint_eq(config.cluster.engines.count, 2);
    ck_assert_uint_eq(config.http.port, 80);
    ck_assert_uint_eq(config.http.threads + config.udp.threads, 0);
    ck_assert_int_eq(config.log_level, LOG_LEVEL_DEBUG);
    ck_assert(!config.udp.enabled);
    ck_assert_uint_eq(config.tracker.numwant, 7);
    ck_assert_int_eq(config.access.rules.mode, ACCESS_PRIVATE);

    char flags[] = "--config=a.conf --check-config --print-config --help --version";
    const struct program_options more = accepted(flags);
    ck_assert_str_eq(more.config_file, "a.conf");
    ck_assert(more.check_config && more.print_config && more.help && more.version);
}
END_TEST

START_TEST(letters_are_read) {
    char line[] = "-p80 -db.db -hVt4 -l error -s announce.numwant=7";
    const struct program_options options = accepted(line);
    ck_assert(options.help && options.version);
    const struct config config = loaded(&options);
    ck_assert_str_eq(config.database, "b.db");
    ck_assert_uint_eq(config.http.port, 80);
    ck_assert_uint_eq(config.http.threads, 4);
    ck_assert_uint_eq(config.udp.threads, 4);
    ck_assert_int_eq(config.log_level, LOG_LEVEL_ERROR);
    ck_assert_uint_eq(config.tracker.numwant, 7);

    char file[] = "-c a.conf";
    ck_assert_str_eq(accepted(file).config_file, "a.conf");
}
END_TEST

START_TEST(last_of_several_counts) {
    char line[] = "-p 1 --port 2 --set http.port=3";
    const struct program_options options = accepted(line);
    ck_assert_uint_eq(loaded(&options).http.port, 3);
}
END_TEST

START_TEST(too_many_settings_are_refused) {
    char program[] = "skepd";
    char option[] = "-p1";
    char *argv[PROGRAM_OPTIONS_OVERRIDES_MAX + 3] = { program };
    for (int i = 0; i <= PROGRAM_OPTIONS_OVERRIDES_MAX; i++)
        argv[1 + i] = option;
    struct program_options options;
    ck_assert(!program_options_parse(PROGRAM_OPTIONS_OVERRIDES_MAX + 2, argv, &options, error));
    ck_assert_str_eq(error, "too many settings on the command line");
}
END_TEST

static const struct {
    const char *line;
    const char *expected;
} refusals[] = {
    { "--prot 80", "unknown option --prot, see --help" },
    { "--c a.conf", "unknown option --c, see --help" },
    { "-x", "unknown option -x, see --help" },
    { "--no-udp -hx", "unknown option -x, see --help" },
    { "--no-udp -xh", "unknown option -x, see --help" },
    { "--port", "--port requires a value, see --help" },
    { "-h -p", "-p requires a value, see --help" },
    { "--help=yes", "--help takes no value, see --help" },
    { "--no-udp=1", "--no-udp takes no value, see --help" },
    { "stray", "unexpected argument \"stray\", see --help" },
    { "-p 80 stray --help", "unexpected argument \"stray\", see --help" },
    { "-p 80 -- --help", "unexpected argument \"--help\", see --help" },
    { "--port 0", "--port must be a number from 1 to 65535, not \"0\"" },
    { "--port 65536", "--port must be a number from 1 to 65535, not \"65536\"" },
    { "-p -1", "--port must be a number from 1 to 65535, not \"-1\"" },
    { "-p 80x", "--port must be a number from 1 to 65535, not \"80x\"" },
    { "-p 0x50", "--port must be a number from 1 to 65535, not \"0x50\"" },
    { "--port=", "--port must be a number from 1 to 65535, not \"\"" },
    { "-p 99999999999999999999",
      "--port must be a number from 1 to 65535, not \"99999999999999999999\"" },
    { "--threads 257", "--threads must be a number from 0 to 256, not \"257\"" },
    { "-l loud",
      "--log-level must be \"error\", \"warning\", \"info\" or \"debug\", not \"loud\"" },
    { "--set", "--set requires a value, see --help" },
    { "--set http.port", "--set requires NAME=VALUE, not \"http.port\"" },
    { "--set htp.port=1", "--set: unknown setting \"htp.port\", did you mean \"http.port\"?" },
    { "--set check=1", "--set: check has been renamed to probe" },
    { "--set http=1", "--set: http is a group of settings" },
    { "--set http.port=0", "--set http.port must be a number from 1 to 65535, not \"0\"" },
    { "--database=", "--database must be a file name of at most 1023 bytes" },
    { "--config=", "--config must be a file name of at most 1023 bytes" },
};

START_TEST(what_is_wrong_is_refused_in_one_line) {
    char line[128];
    snprintf(line, sizeof line, "%s", refusals[_i].line);
    struct program_options options = { .override_count = 4711 };
    ck_assert_msg(!parse(line, &options), "accepted: %s", refusals[_i].line);
    ck_assert_str_eq(error, refusals[_i].expected);
    ck_assert_uint_eq(options.override_count, 4711);
}
END_TEST

START_TEST(help_names_every_option) {
    static const char *const names[] = {
        "--config", "--set",          "--port",         "--database", "--threads", "--log-level",
        "--no-udp", "--check-config", "--print-config", "--help",     "--version",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        ck_assert_ptr_nonnull(strstr(program_options_help(), names[i]));
}
END_TEST

START_TEST(options_override_defaults) {
    char line[] = "-p 80 -t 3 -l warning -d /tmp/skep.db";
    const struct program_options options = accepted(line);
    const struct config config = loaded(&options);
    ck_assert_uint_eq(config.http.port, 80);
    ck_assert_uint_eq(config.http.threads, 3);
    ck_assert_int_eq(config.log_level, LOG_LEVEL_WARNING);
    ck_assert_str_eq(config.database, "/tmp/skep.db");
    ck_assert_uint_eq(config.tracker.interval_min_s, 120);
}
END_TEST

START_TEST(options_override_the_file) {
    char path[] = "/tmp/skep-options-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    static const char text[] =
        "http = { port = 81; threads = 5; }; store = { database = \"file.db\"; };";
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);

    const struct program_options from_file = { .config_file = path };
    struct config config = loaded(&from_file);
    ck_assert_uint_eq(config.http.port, 81);
    ck_assert_str_eq(config.database, "file.db");

    char line[] = "--database line.db --port 82 --threads 0";
    struct program_options both = accepted(line);
    both.config_file = path;
    config = loaded(&both);
    ck_assert_uint_eq(config.http.port, 82);
    ck_assert_uint_eq(config.http.threads, 0);
    ck_assert_str_eq(config.database, "line.db");
    ck_assert_int_eq(config.log_level, LOG_LEVEL_INFO);
    unlink(path);
}
END_TEST

START_TEST(environment_overrides_the_file) {
    char path[] = "/tmp/skep-options-XXXXXX";
    const int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    static const char text[] = "http = { port = 81; threads = 5; };";
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    setenv("SKEP_HTTP_PORT", "82", 1);
    setenv("SKEP_HTTP_THREADS", "", 1);
    setenv("SKEP_LOG_LEVEL", "debug", 1);
    setenv("SKEP_HTTP_ADMINS", "192.168.0.0/16,::1", 1);
    setenv("SKEP_NETWORK_LAN", "[]", 1);

    const struct program_options from_file = { .config_file = path };
    const struct config config = loaded(&from_file);
    ck_assert_uint_eq(config.http.port, 82);
    ck_assert_uint_eq(config.udp.port, 82);
    ck_assert_uint_eq(config.http.threads, 5);
    ck_assert_int_eq(config.log_level, LOG_LEVEL_DEBUG);
    ck_assert_uint_eq(config.web.admins.count, 2);
    ck_assert_uint_eq(config.tracker.lan.count, 0);

    char line[] = "--port 83";
    const struct program_options options = accepted(line);
    ck_assert_uint_eq(loaded(&options).http.port, 83);
    unlink(path);
}
END_TEST

START_TEST(each_setting_has_a_variable_of_its_own) {
    for (size_t i = 0; settings_at(i) != NULL; i++) {
        const char *name = settings_at(i)->name;
        ck_assert_msg(!environment_sets(name), "%s", name);
        char variable[SETTING_NAME_LEN + 8];
        snprintf(variable, sizeof variable, "SKEP_%s", name);
        for (char *c = variable; *c != '\0'; c++)
            *c = *c == '.' ? '_' : (char)toupper((unsigned char)*c);
        setenv(variable, "1", 1);
        ck_assert_msg(environment_sets(name), "%s", variable);
        unsetenv(variable);
    }
}
END_TEST

START_TEST(invalid_variables_are_all_reported) {
    setenv("SKEP_HTTP_PORT", "tcp://10.0.0.1:6969", 1);
    setenv("SKEP_ACCESS_MODE", "closed", 1);
    const struct program_options none = { 0 };
    struct config config = { .http.port = 4711 };
    ck_assert(!program_options_load_config(&none, &config, &errors));
    ck_assert_str_eq(
        errors.text,
        "SKEP_HTTP_PORT must be a number from 1 to 65535, not \"tcp://10.0.0.1:6969\"\n"
        "SKEP_ACCESS_MODE must be \"open\", \"listed\" or \"private\", not \"closed\"");
    ck_assert_uint_eq(config.http.port, 4711);
}
END_TEST

START_TEST(database_goes_to_the_state_directory) {
    const struct program_options none = { 0 };
    ck_assert_str_eq(loaded(&none).database, "./var/skep.db");

    setenv("STATE_DIRECTORY", "/var/lib/skep", 1);
    ck_assert_str_eq(loaded(&none).database, "/var/lib/skep/skep.db");
    setenv("STATE_DIRECTORY", "/var/lib/skep:/var/lib/other", 1);
    ck_assert_str_eq(loaded(&none).database, "/var/lib/skep/skep.db");
    setenv("STATE_DIRECTORY", "", 1);
    ck_assert_str_eq(loaded(&none).database, "./var/skep.db");
}
END_TEST

START_TEST(directory_of_a_configured_database_must_exist) {
    char line[] = "--database /nonexistent/skep.db";
    const struct program_options options = accepted(line);
    struct config config;
    ck_assert(!program_options_load_config(&options, &config, &errors));
    ck_assert_str_eq(errors.text,
                     "store.database: directory /nonexistent: No such file or directory");
    char without[] = "--database /nonexistent/skep.db --set store.enabled=false";
    const struct program_options unused = accepted(without);
    (void)loaded(&unused);

    setenv("STATE_DIRECTORY", "/nonexistent", 1);
    const struct program_options none = { 0 };
    config = loaded(&none);
    ck_assert_str_eq(config.database, "/nonexistent/skep.db");
    ck_assert(config.database_is_default);
}
END_TEST

START_TEST(state_directory_that_does_not_fit_is_refused) {
    char longest[CONFIG_PATH_LEN];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    setenv("STATE_DIRECTORY", longest, 1);
    const struct program_options none = { 0 };
    struct config config;
    ck_assert(!program_options_load_config(&none, &config, &errors));
    ck_assert_str_eq(errors.text, "$STATE_DIRECTORY is too long");
}
END_TEST

START_TEST(file_that_cannot_be_read_leaves_the_config_as_it_was) {
    const struct program_options options = { .config_file = "/nonexistent/skepd.conf" };
    struct config config = { .http.port = 4711 };
    ck_assert(!program_options_load_config(&options, &config, &errors));
    ck_assert_str_eq(errors.text, "/nonexistent/skepd.conf: No such file or directory");
    ck_assert_uint_eq(config.http.port, 4711);
}
END_TEST

START_TEST(settings_that_do_not_go_together_are_refused) {
    char path[] = "/tmp/skep-options-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    static const char text[] = "announce = { interval_max_s = 60; };";
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);

    const struct program_options options = { .config_file = path };
    struct config config;
    ck_assert(!program_options_load_config(&options, &config, &errors));
    ck_assert_str_eq(errors.text,
                     "announce.interval_min_s (120) must not exceed announce.interval_max_s (60)");
    unlink(path);
}
END_TEST

UNIT_SUITE(options) {
    Suite *suite = suite_create("options");
    TCase *line = tcase_create("options");
    tcase_add_checked_fixture(line, forget_environment, forget_environment);
    tcase_add_test(line, without_options_the_config_applies);
    tcase_add_test(line, long_options_are_read);
    tcase_add_test(line, letters_are_read);
    tcase_add_test(line, last_of_several_counts);
    tcase_add_test(line, too_many_settings_are_refused);
    tcase_add_test(line, directory_of_a_configured_database_must_exist);
    tcase_add_loop_test(line, what_is_wrong_is_refused_in_one_line, 0,
                        (int)(sizeof refusals / sizeof refusals[0]));
    tcase_add_test(line, help_names_every_option);
    tcase_add_test(line, options_override_defaults);
    tcase_add_test(line, options_override_the_file);
    tcase_add_test(line, environment_overrides_the_file);
    tcase_add_test(line, each_setting_has_a_variable_of_its_own);
    tcase_add_test(line, invalid_variables_are_all_reported);
    tcase_add_test(line, database_goes_to_the_state_directory);
    tcase_add_test(line, state_directory_that_does_not_fit_is_refused);
    tcase_add_test(line, file_that_cannot_be_read_leaves_the_config_as_it_was);
    tcase_add_test(line, settings_that_do_not_go_together_are_refused);
    suite_add_tcase(suite, line);
    return suite;
}
