#include "ctl/api_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/utf8.h"
#include "ctl/http_client.h"
#include "wire/tracker_url.h"

#define DEFAULT_HOST "http://127.0.0.1:"
#define DEFAULT_PORT "6969"

enum {
    URL_LEN = 512,
    TOKEN_LEN = 512,
    PATH_LEN = 1024,
    TIMEOUT_MS = 5000,
    UPLOAD_TIMEOUT_MS = 60000, /* with a body: a .torrent file of 64 MiB over a slow link */
};

struct api_client {
    struct http_client *http;
    const char *cacert; /* NULL: those of the system */
    bool insecure;
    char url[URL_LEN];     /* without a slash at its end */
    char token[TOKEN_LEN]; /* "": none */
    unsigned http_status;
    char failure[ERROR_LEN + URL_LEN + 32];
};

static bool set_token(struct bytes text, const char *source, char token[static TOKEN_LEN]) {
    const struct bytes trimmed = utf8_trim(text);
    if (trimmed.len >= TOKEN_LEN)
        return output_error("%s: the token is longer than %d bytes", source, TOKEN_LEN - 1);
    utf8_copy(trimmed, token, TOKEN_LEN);
    return true;
}

/* Reads the first line of a file, which may be a pipe. */
static bool read_token_file(const char *path, char token[static TOKEN_LEN]) {
    char text[2 * TOKEN_LEN];
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return output_error("%s: %s", path, strerror(errno));
    const char *line = fgets(text, sizeof text, file);
    fclose(file);
    const size_t len = line == NULL ? 0 : strcspn(text, "\r\n");
    if (!set_token((struct bytes){ (const uint8_t *)text, len }, path, token))
        return false;
    return token[0] != '\0' || output_error("%s: the first line contains no token", path);
}

static bool choose_token(const struct command_line *line, char token[static TOKEN_LEN]) {
    const char *given = command_line_value(line, &option_token);
    const char *path = command_line_value(line, &option_token_file);
    if (given == NULL && path != NULL)
        return read_token_file(path, token);
    if (given != NULL)
        return set_token(bytes_of(given), "--token", token);
    given = getenv("SKEPCTL_TOKEN");
    return given == NULL || set_token(bytes_of(given), "SKEPCTL_TOKEN", token);
}

static bool starts_with_scheme(struct bytes text, const char *scheme) {
    return text.len >= strlen(scheme) &&
           strncasecmp((const char *)text.data, scheme, strlen(scheme)) == 0;
}

/* skepd on this machine, on the port that its environment sets, as in a container. */
static const char *default_url(char url[static URL_LEN]) {
    const char *port = getenv("SKEP_HTTP_PORT");
    snprintf(url, URL_LEN, "%s%s", DEFAULT_HOST,
             port == NULL || port[0] == '\0' ? DEFAULT_PORT : port);
    return url;
}

/* HOST:PORT without a scheme means http. */
static bool choose_url(const struct command_line *line, char url[static URL_LEN]) {
    const char *given = command_line_value(line, &option_url);
    char local[URL_LEN];
    if (given == NULL)
        given = getenv("SKEPCTL_URL");
    if (given == NULL || given[0] == '\0')
        given = default_url(local);
    const struct bytes text = utf8_unquote(bytes_of(given));
    const bool has_scheme =
        starts_with_scheme(text, "http://") || starts_with_scheme(text, "https://");
    if (!has_scheme && strstr(given, "://") != NULL)
        return output_error("the URL of skepd must begin with http:// or https://, not \"%s\"",
                            given);
    const int len = snprintf(url, URL_LEN, "%s%.*s", has_scheme ? "" : "http://", (int)text.len,
                             (const char *)text.data);
    if (len >= URL_LEN)
        return output_error("URL too long");
    for (size_t end = (size_t)len; end > 0 && url[end - 1] == '/'; end--)
        url[end - 1] = '\0';
    return true;
}

struct api_client *api_client_open(const struct command_line *line) {
    struct api_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        output_out_of_memory();
        return NULL;
    }
    client->cacert = command_line_value(line, &option_cacert);
    client->insecure = command_line_has(line, &option_insecure);
    if (choose_url(line, client->url) && choose_token(line, client->token)) {
        client->http = http_client_create();
        if (client->http != NULL)
            return client;
        output_out_of_memory();
    }
    api_client_close(client);
    return NULL;
}

void api_client_close(struct api_client *client) {
    if (client == NULL)
        return;
    http_client_delete(client->http);
    free(client);
}

const char *api_client_url(const struct api_client *client) {
    return client->url;
}

bool api_client_is_local(const struct api_client *client) {
    struct tracker_url url;
    return tracker_url_parse(bytes_of(client->url), &url) == NULL &&
           (strcmp(url.host, "localhost") == 0 || strcmp(url.host, "::1") == 0 ||
            strncmp(url.host, "127.", 4) == 0);
}

unsigned api_client_http_status(const struct api_client *client) {
    return client->http_status;
}

const char *api_client_failure(const struct api_client *client) {
    return client->failure;
}

static enum status set_failure(struct api_client *client, enum status status, const char *why) {
    snprintf(client->failure, sizeof client->failure, "%s: %s", client->url, why);
    return status;
}

static enum status set_unreachable(struct api_client *client, const char *why) {
    snprintf(client->failure, sizeof client->failure, "cannot reach skepd at %s: %s", client->url,
             why);
    return STATUS_UNREACHABLE;
}

/* The error of skepd, {"error": {"message": ...}}; without a message, it is another server. */
static enum status set_http_failure(struct api_client *client, unsigned http_status,
                                    const json_t *value) {
    char text[ERROR_LEN];
    const char *message = api_client_text(json_object_get(value, "error"), "message", NULL);
    if (message != NULL)
        return set_failure(client, STATUS_REFUSED, message);
    snprintf(text, sizeof text, "unexpected HTTP status %u; is this skepd?", http_status);
    return set_failure(client, STATUS_UNREACHABLE, text);
}

/* Whether the response is that of skepd to a request that succeeded. */
static bool is_success(unsigned http_status, const json_t *value) {
    return http_status == 204 ||
           ((http_status == 200 || http_status == 201) && json_is_object(value));
}

static struct http_request_options general_options_of(const struct api_client *client) {
    return (struct http_request_options){
        .token = client->token[0] == '\0' ? NULL : client->token,
        .cacert = client->cacert,
        .timeout_ms = TIMEOUT_MS,
        .insecure = client->insecure,
    };
}

enum status api_client_send(struct api_client *client, const struct api_client_request *request,
                            json_t **value) {
    char url[URL_LEN + PATH_LEN];
    struct http_response response;
    struct http_request_options options = general_options_of(client);
    options.method = request->method;
    options.content_type = request->content_type;
    options.body = request->body;
    if (request->content_type != NULL)
        options.timeout_ms = UPLOAD_TIMEOUT_MS;
    *value = NULL;
    client->http_status = 0;
    const int len = snprintf(url, sizeof url, "%s/api/v1/%s", client->url, request->path);
    if (len >= (int)sizeof url)
        return set_failure(client, STATUS_FAULT, "request path too long");
    if (!http_client_send(client->http, url, &options, &response))
        return set_unreachable(client, response.error);
    client->http_status = response.status;
    json_t *parsed = json_loadb((const char *)response.body.data, response.body.len, 0, NULL);
    if (is_success(response.status, parsed)) {
        *value = parsed;
        return STATUS_GOOD;
    }
    const enum status status = set_http_failure(client, response.status, parsed);
    json_decref(parsed);
    return status;
}

enum status api_client_send_json(struct api_client *client, const char *method, const char *path,
                                 json_t *body, json_t **value) {
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    json_decref(body);
    *value = NULL;
    if (text == NULL)
        return set_failure(client, STATUS_FAULT, "out of memory");
    const struct api_client_request request = {
        .method = method,
        .path = path,
        .content_type = "application/json",
        .body = bytes_of(text),
    };
    const enum status status = api_client_send(client, &request, value);
    free(text);
    return status;
}

enum status api_client_get(struct api_client *client, const char *path, json_t **value) {
    const struct api_client_request request = { .path = path };
    const enum status status = api_client_send(client, &request, value);
    if (status != STATUS_GOOD || *value != NULL)
        return status;
    return set_failure(client, STATUS_UNREACHABLE, "empty response; is this skepd?");
}

enum status api_client_fail(const struct api_client *client, enum status status) {
    const bool reached = status != STATUS_UNREACHABLE || client->http_status != 0;
    return output_fail(status, "%s%s", client->failure,
                       reached ? "" : "; start skepd or pass --url");
}

enum status api_client_fetch(struct api_client *client, const char *path, json_t **value) {
    const enum status status = api_client_get(client, path, value);
    return status == STATUS_GOOD ? status : api_client_fail(client, status);
}

enum status api_client_fetch_once(const struct command_line *line, const char *path,
                                  json_t **value) {
    struct api_client *client = api_client_open(line);
    if (client == NULL)
        return STATUS_FAULT;
    const enum status status = api_client_fetch(client, path, value);
    api_client_close(client);
    return status;
}

double api_client_real(const json_t *object, const char *key) {
    return json_number_value(json_object_get(object, key));
}

enum status api_client_get_text(struct api_client *client, const char *path, struct bytes *text) {
    char url[URL_LEN + PATH_LEN];
    struct http_response response;
    const struct http_request_options options = general_options_of(client);
    snprintf(url, sizeof url, "%s%s", client->url, path);
    if (!http_client_send(client->http, url, &options, &response))
        return set_unreachable(client, response.error);
    client->http_status = response.status;
    *text = response.body;
    return response.status == 200 ? STATUS_GOOD : set_http_failure(client, response.status, NULL);
}

uint64_t api_client_number(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    if (json_is_integer(value))
        return json_integer_value(value) < 0 ? 0 : (uint64_t)json_integer_value(value);
    const double real = json_number_value(value);
    return real > 0 && real < 1e18 ? (uint64_t)real : 0;
}

const char *api_client_text(const json_t *object, const char *key, const char *fallback) {
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? fallback : text;
}
