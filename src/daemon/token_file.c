#include "daemon/token_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/utf8.h"

/* False with errno set. */
static bool read_line(const char *path, char line[static ADMIN_TOKEN_LEN]) {
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    line[0] = '\0';
    errno = 0;
    const bool read = fgets(line, ADMIN_TOKEN_LEN, file) != NULL || !ferror(file);
    size_t len = strcspn(line, "\r\n");
    if (read && len == ADMIN_TOKEN_LEN - 1 && !feof(file))
        errno = EFBIG;
    const int saved = errno;
    fclose(file);
    const struct bytes token = utf8_trim((struct bytes){ (const uint8_t *)line, len });
    len = token.len;
    memmove(line, token.data, len);
    line[len] = '\0';
    errno = saved;
    return read && saved != EFBIG;
}

static void load(struct config *config, struct config_errors *errors) {
    char token[ADMIN_TOKEN_LEN] = "";
    const char *path = config->admin_token_file;
    if (!read_line(path, token))
        config_errors_add(errors, "http.admin_token_file %s: %s", path, strerror(errno));
    else if (token[0] == '\0')
        config_errors_add(errors, "http.admin_token_file %s: the first line is empty", path);
    else
        memcpy(config->web.admin_token, token, sizeof token);
}

/* Without the admin's file, the unit passes an empty line. */
static void load_credential(struct config *config, struct config_errors *errors) {
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    char path[CONFIG_PATH_LEN] = "";
    char token[ADMIN_TOKEN_LEN] = "";
    if (directory == NULL ||
        (size_t)snprintf(path, sizeof path, "%s/admin_token", directory) >= sizeof path)
        return;
    if ((!read_line(path, token) && errno == ENOENT) || token[0] == '\0')
        return;
    memcpy(config->admin_token_file, path, sizeof path);
    load(config, errors);
}

void token_file_load(struct config *config, struct config_errors *errors) {
    const bool direct = config->web.admin_token[0] != '\0';
    if (config->admin_token_file[0] == '\0' && !direct)
        load_credential(config, errors);
    else if (config->admin_token_file[0] != '\0' && direct)
        config_errors_add(errors, "set either http.admin_token or http.admin_token_file, not both");
    else if (!direct)
        load(config, errors);
}

void token_file_warn_if_readable(const char *path, const char *what) {
    struct stat status;
    if (stat(path, &status) == 0 && (status.st_mode & S_IROTH) != 0)
        log_warning("%s: contains %s and is readable by all users: chmod o-r %s", path, what, path);
}
