/* Arbitrary bytes as a configuration file: within the limits, with one line for each error. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "daemon/config_file.h"
#include "daemon/settings.h"
#include "fuzz.h"
#include "memory_file.h"

/* libconfig leaks a string without a closing quote. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void) {
    return "leak:libconfig";
}

static void check_accepted(const struct config *config) {
    const struct tracker_options *tracker = &config->tracker;
    assert(tracker->numwant_max >= 1 && tracker->numwant_max <= NUMWANT_LIMIT);
    assert(tracker->lan.count <= NETWORKS_MAX);
    assert(config->access.rules.mode <= ACCESS_PRIVATE);
    assert(config->access.rules.clients_allow.count <= CLIENT_PREFIXES_MAX);
    assert(memchr(config->access.files[ACCESS_WHITELIST], '\0',
                  sizeof config->access.files[ACCESS_WHITELIST]) != NULL);
    assert(memchr(config->database, '\0', sizeof config->database) != NULL);
}

FUZZ_TARGET(config_file, 1) {
    char path[MEMORY_FILE_PATH_LEN];
    const int fd = memory_file(data, size, path);
    struct config config = settings_defaults();
    struct config_errors errors = { 0 };
    const bool good = config_file_read(&config, path, &errors);
    assert(good == (errors.len == 0));
    assert(strlen(errors.text) == errors.len && strstr(errors.text, "\n\n") == NULL);
    check_accepted(&config);
    (void)config_check(&config, &errors);
    memory_file_close(fd);
}
