#include "ctl/http_client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/array.h"

enum { REDIRECTS_MAX = 5, HEADER_LEN = 128, DATE_LEN = 64 };

struct http_client {
    CURL *curl;
    uint8_t *body;
    size_t len;
    size_t capacity;
    bool too_long;
};

struct http_client *http_client_create(void) {
    struct http_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return NULL;
    client->curl = curl_easy_init();
    if (client->curl != NULL)
        return client;
    free(client);
    return NULL;
}

void http_client_delete(struct http_client *client) {
    if (client == NULL)
        return;
    curl_easy_cleanup(client->curl);
    free(client->body);
    free(client);
}

/* Write callback of libcurl: any other result than the length of `data` aborts the transfer. */
static size_t append_body(char *data, size_t size, size_t count, void *context) {
    struct http_client *client = context;
    const size_t len = size * count;
    client->too_long = len > HTTP_CLIENT_BODY_MAX - client->len;
    if (client->too_long || len == 0)
        return 0;
    if (client->len + len > client->capacity) {
        uint8_t *body = array_grow(client->body, &client->capacity, client->len + len, 1);
        if (body == NULL)
            return 0;
        client->body = body;
    }
    memcpy(client->body + client->len, data, len);
    client->len += len;
    return len;
}

static long ip_resolve(enum family family) {
    if (family == FAMILY_V4)
        return CURL_IPRESOLVE_V4;
    return family == FAMILY_V6 ? CURL_IPRESOLVE_V6 : CURL_IPRESOLVE_WHATEVER;
}

/* Sets method and body. Returns the headers to free after the request; NULL: none. */
static struct curl_slist *set_body(CURL *curl, const struct http_request_options *options) {
    char header[HEADER_LEN];
    if (options->method != NULL)
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, options->method);
    if (options->content_type == NULL)
        return NULL;
    snprintf(header, sizeof header, "Content-Type: %s", options->content_type);
    struct curl_slist *headers = curl_slist_append(NULL, header);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (const char *)options->body.data);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)options->body.len);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    return headers;
}

static void set_options(struct http_client *client, const char *url,
                        const struct http_request_options *options, char *error) {
    CURL *curl = client->curl;
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    /* Ignore http_proxy: the response must be that of the tracker itself. */
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "skepctl/" SKEP_VERSION);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)options->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_IPRESOLVE, ip_resolve(options->family));
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    if (options->follow) {
        curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
        curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
    }
    if (options->token != NULL) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, options->token);
    }
    if (options->cacert != NULL)
        curl_easy_setopt(curl, CURLOPT_CAINFO, options->cacert);
    if (options->insecure) {
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
}

/* curl_getdate requires the date that GnuTLS writes, "2026-11-30 14:56:49 GMT", without dashes. */
static int64_t parse_expiry(const char *text) {
    char date[DATE_LEN];
    size_t len = 0;
    const bool dashes = strlen(text) > 4 && text[4] == '-';
    for (; *text != '\0' && len + 1 < sizeof date; text++) {
        if (*text != '-' || !dashes)
            date[len++] = *text;
    }
    date[len] = '\0';
    const time_t expires = curl_getdate(date, NULL);
    return expires < 0 ? 0 : (int64_t)expires;
}

/* Of the server's own certificate, which is the first one. */
static int64_t read_certificate_expiry(CURL *curl) {
    static const char label[] = "Expire date:";
    const struct curl_certinfo *certificates = NULL;
    if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &certificates) != CURLE_OK ||
        certificates == NULL || certificates->num_of_certs < 1)
        return 0;
    for (const struct curl_slist *at = certificates->certinfo[0]; at != NULL; at = at->next) {
        if (strncasecmp(at->data, label, strlen(label)) == 0)
            return parse_expiry(at->data + strlen(label));
    }
    return 0;
}

static void read_result(CURL *curl, struct http_response *response) {
    long status = 0;
    curl_off_t took_us = 0;
    const char *address = NULL;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME_T, &took_us);
    curl_easy_getinfo(curl, CURLINFO_PRIMARY_IP, &address);
    response->status = (unsigned)status;
    response->took_us = (uint64_t)took_us;
    response->certificate_expires_s = read_certificate_expiry(curl);
    snprintf(response->address, sizeof response->address, "%s", address == NULL ? "" : address);
}

/* The reason of a failed connection is the system's; libcurl only says that it failed. */
static const char *describe_failure(CURL *curl, CURLcode result, const char *error) {
    long os_error = 0;
    curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os_error);
    if (result == CURLE_COULDNT_CONNECT && os_error != 0)
        return strerror((int)os_error);
    return error[0] != '\0' ? error : curl_easy_strerror(result);
}

bool http_client_send(struct http_client *client, const char *url,
                      const struct http_request_options *options, struct http_response *response) {
    char error[CURL_ERROR_SIZE] = "";
    *response = (struct http_response){ 0 };
    client->len = 0;
    client->too_long = false;
    set_options(client, url, options, error);
    struct curl_slist *headers = set_body(client->curl, options);
    const CURLcode result = curl_easy_perform(client->curl);
    read_result(client->curl, response);
    curl_easy_setopt(client->curl, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    if (client->too_long)
        snprintf(response->error, sizeof response->error, "response longer than %d MiB",
                 HTTP_CLIENT_BODY_MAX >> 20);
    else if (result != CURLE_OK)
        snprintf(response->error, sizeof response->error, "%s",
                 describe_failure(client->curl, result, error));
    response->body = (struct bytes){ .data = client->body, .len = client->len };
    return result == CURLE_OK;
}
