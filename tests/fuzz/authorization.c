/* Authorization and cross-site checks: the headers Host, Origin and Authorization, one line of the
 * input each. */
#include "web/http/authorization.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "web/http/header_match.h"

static const struct authorization_rules rules = {
    .admins = { .count = 1, .list = { { .family = FAMILY_V4, .bits = 8, .address = { 127 } } } },
    .names = { .count = 1, .list = { "house" } },
};

/* Ends the line and returns it. */
static const char *next_line(char **rest) {
    char *line = *rest;
    char *end = line + strcspn(line, "\n");
    *rest = *end == '\0' ? end : end + 1;
    *end = '\0';
    return line;
}

FUZZ_TARGET(authorization, 1) {
    char *copy = calloc(1, size + 1);
    assert(copy != NULL);
    memcpy(copy, data, size);
    char *rest = copy;
    struct web_request request = { .method = "POST", .client = { FAMILY_V4, { 127, 0, 0, 1 } } };
    request.host = next_line(&rest);
    request.origin = next_line(&rest);
    request.authorization = next_line(&rest);
    (void)header_match_accept(request.authorization, "gzip");
    (void)header_match_etag(request.authorization, "\"abc\"");
    const struct authorization auth = authorize(&rules, &request);
    const bool own = !authorization_is_cross_site(&request);

    /* No token is configured, and the only names known are "house" and "localhost". */
    assert(auth.proof != AUTH_BY_TOKEN);
    assert(auth.role == ROLE_NONE ||
           strcspn(request.host, "gjkmnpqrvwxyzGJKMNPQRVWXYZ") == strlen(request.host));
    assert(!own || strncmp(request.origin, "http://", 7) == 0);
    free(copy);
}
