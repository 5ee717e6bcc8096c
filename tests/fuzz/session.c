/* The headers by which admins and forged requests are known: Host, Origin and Authorization, a line
 * of the input each. */
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

int fuzz_session(const uint8_t *data, size_t size) {
    char *copy = calloc(1, size + 1);
    assert(copy != NULL);
    memcpy(copy, data, size);
    char *rest = copy;
    struct web_request call = { .method = "POST", .client = { FAMILY_V4, { 127, 0, 0, 1 } } };
    call.host = next_line(&rest);
    call.origin = next_line(&rest);
    call.authorization = next_line(&rest);
    (void)header_match_accept(call.authorization, "gzip");
    (void)header_match_match_etag(call.authorization, "\"abc\"");
    const struct authorization session = authorize(&rules, &call);
    const bool own = !authorization_is_cross_site(&call);

    /* No token is set, and no name that has a letter but ours is known. */
    assert(session.proof != AUTH_BY_TOKEN);
    assert(session.role == ROLE_NONE ||
           strcspn(call.host, "gjkmnpqrvwxyzGJKMNPQRVWXYZ") == strlen(call.host));
    assert(!own || strncmp(call.origin, "http://", 7) == 0);
    free(copy);
    return 0;
}
