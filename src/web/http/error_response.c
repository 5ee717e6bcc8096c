#include "web/http/error_response.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool error_response_is_api(const struct web_request *request) {
    return bytes_start_with(request->path, bytes_of("/api/")) ||
           bytes_equal(request->path, bytes_of("/api"));
}

void error_response_text(struct web_response *response, unsigned status, const char *words) {
    response->status = status;
    response->content_type = "text/plain";
    response->body = (const uint8_t *)words;
    response->len = strlen(words);
}

void error_response(struct web_response *response, const struct web_request *request,
                    unsigned status, const char *code, const char *message) {
    const bool api = error_response_is_api(request);
    char *text = NULL;
    const int len =
        api ? asprintf(&text, "{\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}\n", code, message)
            : asprintf(&text, "%s\n", message);
    if (len < 0) {
        error_response_text(response, status, "");
        return;
    }
    response->status = status;
    response->content_type = api ? "application/json" : "text/plain";
    response->body = (uint8_t *)text;
    response->len = (size_t)len;
    response->owned = true;
}

static const char *why_no_admin(enum auth_proof proof) {
    switch (proof) {
    case AUTH_WRONG_TOKEN:
        return "This is not the token that http.admin_token names.";
    case AUTH_WRONG_HOST:
        return "You reached this by a name that is not known for this tracker's. Use its IP "
               "address, or add the name to http.hostnames.";
    case AUTH_UNTRUSTED_PROXY:
        return "A proxy passed this on that network.trusted_proxies does not name, or it names "
               "you and did not say credibly for whom it asks, or this was HTTP/1.0, as proxies "
               "speak it. "
               "The token of http.admin_token works all the same.";
    case AUTH_WRONG_ADDRESS:
    case AUTH_BY_ADDRESS:
    case AUTH_BY_TOKEN:
        break;
    }
    return "Your address may not see this; http.admins names those that may, and who knows the "
           "token of http.admin_token may, too.";
}

void error_response_not_admin(struct web_response *response, const struct web_request *request,
                              const struct authorization *auth) {
    const bool shown = auth->proof == AUTH_WRONG_TOKEN;
    error_response(response, request, shown ? 401 : 403, shown ? "wrong_token" : "forbidden",
                   why_no_admin(auth->proof));
    if (shown)
        response->authenticate = "Bearer";
}

void error_response_method_not_allowed(struct web_response *response,
                                       const struct web_request *request, const char *allowed) {
    error_response(response, request, 405, "wrong_method",
                   "This address does not take that method.");
    response->allow = allowed;
}
