#include "daemon/config.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* Error messages quote the file; control characters in it must not break the line. */
static void replace_controls(char *text) {
    for (; *text != '\0'; text++) {
        if (iscntrl((unsigned char)*text))
            *text = ' ';
    }
}

bool config_errors_add(struct config_errors *errors, const char *format, ...) {
    char line[2 * ERROR_LEN];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    replace_controls(line);
    const size_t left = sizeof errors->text - errors->len;
    const int len =
        snprintf(errors->text + errors->len, left, "%s%s", errors->len > 0 ? "\n" : "", line);
    if (len > 0 && (size_t)len < left)
        errors->len += (size_t)len;
    else
        errors->text[errors->len] = '\0';
    return false;
}

/* Such a setting has kept its default, so a comparison with it would mislead. */
static bool is_invalid(const struct config_errors *errors, const char *name) {
    char start[64];
    snprintf(start, sizeof start, "%s must be", name);
    return errors->len > 0 && strstr(errors->text, start) != NULL;
}

static void check_order(const char *low_name, uint32_t low, const char *high_name, uint32_t high,
                        struct config_errors *errors) {
    if (low > high && !is_invalid(errors, low_name) && !is_invalid(errors, high_name))
        config_errors_add(errors, "%s (%u) must not exceed %s (%u)", low_name, low, high_name,
                          high);
}

static void check_https(const struct http_server_options *http, struct config_errors *errors) {
    const struct https_options *https = &http->https;
    const bool files = https->files.certificate[0] != '\0' && https->files.key[0] != '\0';
    if (https->port == 0)
        return;
    if (!files && !is_invalid(errors, "https.certificate") && !is_invalid(errors, "https.key"))
        config_errors_add(errors, "https.port requires https.certificate and https.key");
    if (https->port == http->port && !is_invalid(errors, "http.port"))
        config_errors_add(errors, "https.port and http.port must differ, both are %u", https->port);
}

static void check_dht(const struct config *config, struct config_errors *errors) {
    const uint16_t udp_port = config->udp.port == 0 ? config->http.port : config->udp.port;
    if (config->dht.enabled && config->udp.enabled && config->dht.port == udp_port &&
        !is_invalid(errors, "udp.port") && !is_invalid(errors, "http.port"))
        config_errors_add(errors, "dht.port and the tracker's UDP port must differ, both are %u",
                          udp_port);
}

/* The token is sent in a header: printable ASCII only. A short token can be guessed. */
static void check_admin_token(const struct config *config, struct config_errors *errors) {
    const char *token = config->web.admin_token;
    const size_t len = strlen(token);
    bool good = len == 0 || len >= ADMIN_TOKEN_LEN_MIN;
    for (size_t i = 0; i < len; i++)
        good = good && token[i] > ' ' && token[i] <= '~';
    if (!good)
        config_errors_add(errors, "%s must have at least %d ASCII characters and no spaces",
                          config->admin_token_file[0] == '\0'
                              ? "http.admin_token"
                              : "the token of http.admin_token_file",
                          ADMIN_TOKEN_LEN_MIN);
}

/* The name is shown as it is, also in /metrics. */
static void check_plain(const char *name, const char *text, struct config_errors *errors) {
    if (!utf8_is_valid(bytes_of(text)) || utf8_has_control(bytes_of(text)))
        config_errors_add(errors, "%s must be UTF-8 text without control characters", name);
}

bool config_check(const struct config *config, struct config_errors *errors) {
    const struct tracker_options *tracker = &config->tracker;
    const size_t before = errors->len;
    check_order("announce.interval_min_s", tracker->interval_min_s, "announce.interval_max_s",
                tracker->interval_max_s, errors);
    check_order("announce.numwant", tracker->numwant, "announce.numwant_max", tracker->numwant_max,
                errors);
    check_order("http.upload_max", config->web.upload_max, "http.uploads_max",
                config->http.uploads_max, errors);
    check_https(&config->http, errors);
    check_dht(config, errors);
    check_admin_token(config, errors);
    check_plain("cluster.name", config->cluster.name, errors);
    check_plain("cluster.site", config->cluster.site, errors);
    check_plain("cluster.prefix", config->cluster.prefix, errors);
    return errors->len == before;
}
