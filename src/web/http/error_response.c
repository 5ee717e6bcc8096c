#include "web/http/error_response.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool error_response_is_api(const struct web_request *call) {
    return bytes_start_with(call->path, bytes_of("/api/")) ||
           bytes_equal(call->path, bytes_of("/api"));
}

void error_response_text(struct web_response *answer, unsigned status, const char *words) {
    answer->status = status;
    answer->content_type = "text/plain";
    answer->body = (const uint8_t *)words;
    answer->len = strlen(words);
}

void error_response(struct web_response *answer, const struct web_request *call, unsigned status,
                    const char *code, const char *message) {
    const bool api = error_response_is_api(call);
    char *text = NULL;
    const int len =
        api ? asprintf(&text, "{\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}\n", code, message)
            : asprintf(&text, "%s\n", message);
    if (len < 0) {
        error_response_text(answer, status, "");
        return;
    }
    answer->status = status;
    answer->content_type = api ? "application/json" : "text/plain";
    answer->body = (uint8_t *)text;
    answer->len = (size_t)len;
    answer->owned = true;
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

void error_response_not_admin(struct web_response *answer, const struct web_request *call,
                              const struct authorization *session) {
    const bool shown = session->proof == AUTH_WRONG_TOKEN;
    error_response(answer, call, shown ? 401 : 403, shown ? "wrong_token" : "forbidden",
                   why_no_admin(session->proof));
    if (shown)
        answer->authenticate = "Bearer";
}

void error_response_method_not_allowed(struct web_response *answer, const struct web_request *call,
                                       const char *allowed) {
    error_response(answer, call, 405, "wrong_method", "This address does not take that method.");
    answer->allow = allowed;
}
