/* Error responses: JSON if `response->kind` is HTTP_KIND_API, plain text otherwise. Any thread. */
#ifndef SKEP_WEB_HTTP_ERROR_RESPONSE_H
#define SKEP_WEB_HTTP_ERROR_RESPONSE_H

#include "server/web_handler.h"
#include "web/http/authorization.h"

/* Plain text; borrows `text`, which must be a constant. */
void error_response_text(struct web_response *response, unsigned status, const char *text);

/* {"error":{"code":CODE,"message":MESSAGE}}, or MESSAGE as a line of text. Neither may contain
 * quotes, backslashes or control characters. */
void error_response(struct web_response *response, unsigned status, const char *code,
                    const char *message);

/* 401 for a wrong token, 403 otherwise, with the reason. For callers that are not admins. */
void error_response_not_admin(struct web_response *response, const struct authorization *auth);

/* 405. Borrows `allowed`, the value of the header Allow: a constant, or `response->text`. */
void error_response_method_not_allowed(struct web_response *response, const char *allowed);

#endif
