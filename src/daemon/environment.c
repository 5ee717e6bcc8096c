#include "daemon/environment.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/config_file.h"
#include "daemon/settings.h"

#define PREFIX "SKEP_"

enum { VARIABLE_LEN = sizeof PREFIX + SETTING_NAME_LEN };

static void name_variable(const char *setting, char variable[static VARIABLE_LEN]) {
    snprintf(variable, VARIABLE_LEN, PREFIX "%s", setting);
    for (unsigned char *c = (unsigned char *)variable; *c != '\0'; c++)
        *c = *c == '.' ? '_' : (unsigned char)toupper(*c);
}

/* NULL: not set, or empty. */
static const char *value_of(const char *setting, char variable[static VARIABLE_LEN]) {
    name_variable(setting, variable);
    const char *value = getenv(variable);
    return value != NULL && *value != '\0' ? value : NULL;
}

bool environment_read(struct config *config, struct config_errors *errors) {
    bool good = true;
    for (size_t i = 0; settings_at(i) != NULL; i++) {
        const struct setting *setting = settings_at(i);
        char variable[VARIABLE_LEN];
        const char *value = value_of(setting->name, variable);
        if (value != NULL)
            good = config_file_set(config, variable, setting, value, errors) && good;
    }
    return good;
}

bool environment_sets(const char *setting) {
    char variable[VARIABLE_LEN];
    return value_of(setting, variable) != NULL;
}

static bool is_setting(const char *variable, size_t len) {
    for (size_t i = 0; settings_at(i) != NULL; i++) {
        char known[VARIABLE_LEN];
        name_variable(settings_at(i)->name, known);
        if (strlen(known) == len && strncmp(variable, known, len) == 0)
            return true;
    }
    return false;
}

/* A warning only: other programs, such as Kubernetes for a service named "skep", set variables of
 * this kind, too. */
void environment_warn(void) {
    for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
        const size_t len = strcspn(*variable, "=");
        if (strncmp(*variable, PREFIX, strlen(PREFIX)) == 0 && !is_setting(*variable, len))
            log_warning("environment: %.*s names no setting and is ignored", (int)len, *variable);
    }
}
