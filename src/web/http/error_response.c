#include "web/http/error_response.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void error_response_text(struct web_response *response, unsigned status, const char *text) {
    response->status = status;
    response->content_type = "text/plain";
    response->body = (const uint8_t *)text;
    response->len = strlen(text);
}

void error_response(struct web_response *response, unsigned status, const char *code,
                    const char *message) {
    const bool json = response->kind == HTTP_KIND_API;
    char *text = NULL;
    const int len =
        json ? asprintf(&text, "{\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}\n", code, message)
             : asprintf(&text, "%s\n", message);
    if (len < 0) {
        error_response_text(response, status, "");
        return;
    }
    response->status = status;
    response->content_type = json ? "application/json" : "text/plain";
    response->body = (uint8_t *)text;
    response->len = (size_t)len;
    response->owned = true;
}

static const char *denial_message(const struct authorization *auth) {
    switch (auth->proof) {
    case AUTH_WRONG_TOKEN:
        return auth->tokens ? "Invalid token." : "Invalid token: http.admin_token is not set.";
    case AUTH_WRONG_HOST:
        return "Unknown host name. Use the IP address of the tracker, or add the name to "
               "http.hostnames.";
    case AUTH_UNTRUSTED_PROXY:
        return "Admin access by address is disabled for proxied requests. Use the token of "
               "http.admin_token, or add the proxy to network.trusted_proxies and let it send the "
               "address of the client.";
    case AUTH_WRONG_ADDRESS:
    case AUTH_BY_ADDRESS:
    case AUTH_BY_TOKEN:
        break;
    }
    return "Admin permission required. Use the token of http.admin_token, or an address in "
           "http.admins.";
}

void error_response_not_admin(struct web_response *response, const struct authorization *auth) {
    const bool wrong_token = auth->proof == AUTH_WRONG_TOKEN;
    error_response(response, wrong_token ? 401 : 403, wrong_token ? "invalid_token" : "forbidden",
                   denial_message(auth));
    if (wrong_token)
        response->authenticate = "Bearer";
}

void error_response_method_not_allowed(struct web_response *response, const char *allowed) {
    error_response(response, 405, "method_not_allowed", "Method not allowed.");
    response->allow = allowed;
}
