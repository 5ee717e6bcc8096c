#include "daemon/config.h"

#include <string.h>

static bool check_order(const char *low_name, uint32_t low, const char *high_name, uint32_t high,
                        char error[static ERROR_LEN]) {
    return low <= high ||
           error_set(error, "%s (%u) must not exceed %s (%u)", low_name, low, high_name, high);
}

static bool check_https(const struct http_server_options *http, char error[static ERROR_LEN]) {
    const struct https_options *https = &http->https;
    if (https->port == 0)
        return true;
    if (https->files.certificate[0] == '\0' || https->files.key[0] == '\0')
        return error_set(error, "https.port requires https.certificate and https.key");
    return https->port != http->port ||
           error_set(error, "https.port and http.port must differ, both are %u", https->port);
}

/* The token is sent in a header: printable ASCII only. A short token can be guessed. */
static bool check_admin_token(const char *token, char error[static ERROR_LEN]) {
    const size_t len = strlen(token);
    if (len == 0)
        return true;
    bool good = len >= ADMIN_TOKEN_LEN_MIN;
    for (size_t i = 0; i < len; i++)
        good = good && token[i] > ' ' && token[i] <= '~';
    return good ||
           error_set(error, "http.admin_token must have at least %d ASCII characters and no spaces",
                     ADMIN_TOKEN_LEN_MIN);
}

bool config_check(const struct config *config, char error[static ERROR_LEN]) {
    const struct tracker_options *tracker = &config->tracker;
    return check_order("announce.interval_min_s", tracker->interval_min_s,
                       "announce.interval_max_s", tracker->interval_max_s, error) &&
           check_order("announce.numwant", tracker->numwant, "announce.numwant_max",
                       tracker->numwant_max, error) &&
           check_order("http.upload_max", config->web.upload_max, "http.uploads_max",
                       config->http.uploads_max, error) &&
           check_https(&config->http, error) && check_admin_token(config->web.admin_token, error);
}
