#include "daemon/secret_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/first_line.h"

static void load_token(struct config *config, struct config_errors *errors) {
    const char *path = config->admin_token_file;
    char *token = config->web.admin_token;
    const char *reason = first_line_read(path, token, sizeof config->web.admin_token);
    if (reason != NULL)
        config_errors_add(errors, "http.admin_token_file %s: %s", path, reason);
}

/* Path of a credential that systemd passes to the service; false if there is none. Without the
 * admin's file, the unit passes an empty line. */
static bool find_credential(const char *name, char path[static CONFIG_PATH_LEN]) {
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    char line[ADMIN_TOKEN_LEN];
    const bool named = directory != NULL &&
                       snprintf(path, CONFIG_PATH_LEN, "%s/%s", directory, name) < CONFIG_PATH_LEN;
    const bool found = named && first_line_read(path, line, sizeof line) == NULL;
    if (!found)
        path[0] = '\0';
    explicit_bzero(line, sizeof line);
    return found;
}

static void find_token(struct config *config, struct config_errors *errors) {
    const bool direct = config->web.admin_token[0] != '\0';
    const bool named = config->admin_token_file[0] != '\0';
    if (named && direct)
        config_errors_add(errors, "set either http.admin_token or http.admin_token_file, not both");
    else if (!direct && (named || find_credential("admin_token", config->admin_token_file)))
        load_token(config, errors);
}

static bool has_password(const struct engine_urls *urls) {
    bool found = false;
    for (size_t i = 0; i < urls->count; i++)
        found = found || urls->list[i].password[0] != '\0';
    return found;
}

static void find_password(struct cluster_options *cluster, struct config_errors *errors) {
    char line[ENGINE_PASSWORD_LEN];
    if (cluster->engines.count == 0)
        return;
    if (cluster->password_file[0] == '\0') {
        if (!has_password(&cluster->engines))
            (void)find_credential("engine_password", cluster->password_file);
        return;
    }
    const char *reason = first_line_read(cluster->password_file, line, sizeof line);
    if (reason != NULL)
        config_errors_add(errors, "cluster.password_file %s: %s", cluster->password_file, reason);
    explicit_bzero(line, sizeof line);
}

void secret_files_load(struct config *config, struct config_errors *errors) {
    find_token(config, errors);
    find_password(&config->cluster, errors);
}

void secret_files_warn_if_readable(const char *path, const char *what) {
    struct stat status;
    if (stat(path, &status) == 0 && (status.st_mode & S_IROTH) != 0)
        log_warning("%s: contains %s and is readable by all users: chmod o-r %s", path, what, path);
}
