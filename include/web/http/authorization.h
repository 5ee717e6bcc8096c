/* Who is asking, and whether a browser was led astray to ask. There are no cookies and no log-in:
 * each request is judged by itself. Pure; any thread; allocates nothing.
 *
 * An admin either comes from one of the networks of admins, or shows the token. Since any web site
 * can make a browser send requests, an address alone is not enough: the request must also name us
 * by something that no stranger's DNS server can point at us (an IP address, "localhost", or a name
 * that we know for ours), and must not have come by a proxy that nobody told us of, or that does
 * not say for whom it asks. */
#ifndef SKEP_WEB_HTTP_AUTHORIZATION_H
#define SKEP_WEB_HTTP_AUTHORIZATION_H

#include "base/digest.h"
#include "base/endpoint.h"
#include "server/web_handler.h"

enum {
    HOSTNAMES_CONFIGURED_MAX = 31,
    HOSTNAMES_MAX = HOSTNAMES_CONFIGURED_MAX + 1, /* and the machine's own */
    HOSTNAME_LEN = 256,                           /* with its terminating zero */
};

struct hostnames {
    size_t count;
    char list[HOSTNAMES_MAX][HOSTNAME_LEN];
};

struct authorization_rules {
    struct networks admins;
    struct hostnames names; /* of ours */
    bool token_set;
    uint8_t token_digest[SHA256_LEN];
    bool public_stats; /* whether anyone may see the totals */
};

enum role {
    ROLE_NONE,
    ROLE_PUBLIC, /* may see totals, nobody's address */
    ROLE_ADMIN,
};

/* What makes someone an admin, or what is wanting. */
enum auth_proof {
    AUTH_BY_ADDRESS,
    AUTH_BY_TOKEN,
    AUTH_WRONG_TOKEN,
    AUTH_WRONG_ADDRESS,   /* it is in none of the networks of admins */
    AUTH_WRONG_HOST,      /* it is, but the request names us by a name that we do not know */
    AUTH_UNTRUSTED_PROXY, /* it is, but a proxy may have passed the request on for someone else */
};

struct authorization {
    enum role role;
    enum auth_proof proof; /* one of the first two for an admin, one of the others else */
    bool tokens;           /* whether there is a token to show */
};

struct authorization authorize(const struct authorization_rules *rules,
                               const struct web_request *request);

/* Whether the request wants to change something, and a page of another site made the browser send
 * it. To be refused, whoever sends it. */
bool authorization_is_cross_site(const struct web_request *request);

#endif
