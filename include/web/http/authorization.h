/* Decides the role of the caller of a web request. There are no sessions and no cookies: each
 * request is authorized by itself. Pure; any thread; allocates nothing.
 *
 * An admin shows the token, or has an address in the admin networks. A caller with a wrong token
 * has no role, whatever its address. Any web site can make a browser send requests, so an address
 * alone is not enough: the header Host must be an IP address, "localhost" or a name configured for
 * this tracker, which the DNS of another site cannot point here (DNS rebinding); and the request
 * must not come from an untrusted proxy, or from a trusted proxy that does not name its client. */
#ifndef SKEP_WEB_HTTP_AUTHORIZATION_H
#define SKEP_WEB_HTTP_AUTHORIZATION_H

#include "base/digest.h"
#include "base/endpoint.h"
#include "server/web_handler.h"

enum {
    HOSTNAMES_CONFIGURED_MAX = 31,
    HOSTNAMES_MAX = HOSTNAMES_CONFIGURED_MAX + 1, /* with the machine's own name */
    HOSTNAME_LEN = 256,                           /* with the terminating zero */
};

struct hostnames {
    size_t count;
    char list[HOSTNAMES_MAX][HOSTNAME_LEN];
};

struct authorization_rules {
    struct networks admins;
    struct hostnames names; /* of this tracker */
    bool token_set;
    uint8_t token_digest[SHA256_LEN];
    bool public_stats; /* whether anyone may see the totals */
};

/* In ascending order: each role includes the rights of those before it. */
enum role {
    ROLE_NONE,
    ROLE_PUBLIC, /* may see totals, but no addresses */
    ROLE_ADMIN,
};

/* Why the caller is an admin, or is not. */
enum auth_proof {
    AUTH_BY_ADDRESS,
    AUTH_BY_TOKEN,
    AUTH_WRONG_TOKEN,
    AUTH_WRONG_ADDRESS,   /* not in the admin networks */
    AUTH_WRONG_HOST,      /* right address, but Host is an unknown name */
    AUTH_UNTRUSTED_PROXY, /* right address, but another client may be behind a proxy */
};

struct authorization {
    enum role role;
    enum auth_proof proof; /* one of the first two for an admin, else one of the others */
    bool tokens;           /* whether a token is configured */
};

struct authorization authorize(const struct authorization_rules *rules,
                               const struct web_request *request);

/* Whether a page of another site made the browser send a request that is not a GET. Such a request
 * must be rejected, whatever the role of its caller. */
bool authorization_is_cross_site(const struct web_request *request);

#endif
