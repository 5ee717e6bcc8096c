/* Answers that are only a few words: JSON below /api/, plain text elsewhere. Any thread. */
#ifndef SKEP_WEB_HTTP_ERROR_RESPONSE_H
#define SKEP_WEB_HTTP_ERROR_RESPONSE_H

#include "server/web_handler.h"
#include "web/http/authorization.h"

/* Whether the call is the API's, and so gets its errors as JSON. */
bool error_response_is_api(const struct web_request *request);

/* Plain text that is a constant. */
void error_response_text(struct web_response *response, unsigned status, const char *words);

/* What is wrong: {"error":{"code":CODE,"message":MESSAGE}}, or the message alone, with a line end.
 * Neither of the two may hold a quote, a backslash or a control character. */
void error_response(struct web_response *response, const struct web_request *request,
                    unsigned status, const char *code, const char *message);

/* For who is no admin and wants what only admins may have: why not, and what can be done. */
void error_response_not_admin(struct web_response *response, const struct web_request *request,
                              const struct authorization *auth);

/* There is such a thing, but it does not take that method; `allowed` is a constant such as "GET,
 * HEAD". */
void error_response_method_not_allowed(struct web_response *response,
                                       const struct web_request *request, const char *allowed);

#endif
