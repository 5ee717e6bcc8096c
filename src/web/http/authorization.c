#include "web/http/authorization.h"

#include <string.h>
#include <strings.h>

enum { HTTP_PORT = 80, HTTPS_PORT = 443 };

/* A host and port, from the header Host or Origin. */
struct host_port {
    char host[HOSTNAME_LEN]; /* without the brackets of an IPv6 address */
    bool bracketed;
    uint64_t port;
};

static bool parse_port(struct bytes text, uint64_t *port) {
    return text.len == 0 || (bytes_to_u64(text, port) && *port <= UINT16_MAX);
}

/* Returns the host without brackets; `*rest` is the colon and the port, if any. */
static struct bytes split_host(struct bytes text, struct bytes *rest, bool *bracketed) {
    *bracketed = text.len > 0 && text.data[0] == '[';
    const uint8_t *end = text.len == 0 ? NULL : memchr(text.data, *bracketed ? ']' : ':', text.len);
    *rest = (struct bytes){ 0 };
    if (end == NULL)
        return *bracketed ? *rest : text;
    const size_t len = (size_t)(end - text.data);
    const size_t skipped = *bracketed ? 1 : 0;
    *rest = (struct bytes){ end + skipped, text.len - len - skipped };
    return (struct bytes){ text.data + skipped, len - skipped };
}

/* Parses "192.0.2.1:6969", "[2001:db8::1]" or "tracker.example". False if invalid. */
static bool parse_host_port(struct host_port *parsed, struct bytes text, uint16_t default_port) {
    struct bytes rest;
    struct bytes host = split_host(text, &rest, &parsed->bracketed);
    if (rest.len > 0 && rest.data[0] != ':')
        return false;
    if (host.len > 0 && host.data[host.len - 1] == '.')
        host.len--;
    if (host.len == 0 || host.len >= sizeof parsed->host || memchr(host.data, 0, host.len) != NULL)
        return false;
    memcpy(parsed->host, host.data, host.len);
    parsed->host[host.len] = '\0';
    parsed->port = default_port;
    if (rest.len == 0)
        return true;
    return parse_port((struct bytes){ rest.data + 1, rest.len - 1 }, &parsed->port);
}

static bool is_address(const struct host_port *parsed) {
    struct endpoint address;
    const bool has_colon = strchr(parsed->host, ':') != NULL;
    return parsed->bracketed == has_colon && endpoint_parse_address(parsed->host, &address);
}

static bool is_own_name(const struct hostnames *names, const char *host) {
    for (size_t i = 0; i < names->count; i++) {
        if (strcasecmp(names->list[i], host) == 0)
            return true;
    }
    return strcasecmp(host, "localhost") == 0;
}

/* Every browser sends a Host. */
static bool host_is_ours(const struct authorization_rules *rules,
                         const struct web_request *request) {
    struct host_port parsed;
    return request->host != NULL && parse_host_port(&parsed, bytes_of(request->host), HTTP_PORT) &&
           (is_address(&parsed) || (!parsed.bracketed && is_own_name(&rules->names, parsed.host)));
}

/* The token of the header Authorization; NULL without one or with another scheme: Basic may be for
 * a proxy. */
static const char *find_token(const char *authorization) {
    static const char scheme[] = "Bearer";
    if (authorization == NULL || strncasecmp(authorization, scheme, strlen(scheme)) != 0)
        return NULL;
    const char *rest = authorization + strlen(scheme);
    return *rest == ' ' ? rest + 1 : *rest == '\0' ? rest : NULL;
}

/* Compares digests, so that the time taken reveals nothing about the token. */
static bool token_is_valid(const struct authorization_rules *rules, const char *token) {
    uint8_t digest[SHA256_LEN];
    if (!rules->token_set)
        return false;
    digest_sha256(token, strlen(token), digest);
    return digest_equal(digest, rules->token_digest);
}

static enum auth_proof find_proof(const struct authorization_rules *rules,
                                  const struct web_request *request) {
    /* A wrong token is reported even if the address would suffice. */
    const char *token = find_token(request->authorization);
    if (token != NULL)
        return token_is_valid(rules, token) ? AUTH_BY_TOKEN : AUTH_WRONG_TOKEN;
    const bool admin_address =
        request->client.family != FAMILY_NONE && networks_contain(&rules->admins, &request->client);
    const bool own_host = host_is_ours(rules, request);
    if (admin_address && own_host && !request->client_uncertain)
        return AUTH_BY_ADDRESS;
    if (!admin_address)
        return AUTH_WRONG_ADDRESS;
    return own_host ? AUTH_UNTRUSTED_PROXY : AUTH_WRONG_HOST;
}

struct authorization authorize(const struct authorization_rules *rules,
                               const struct web_request *request) {
    struct authorization auth = { .proof = find_proof(rules, request), .tokens = rules->token_set };
    if (auth.proof == AUTH_BY_ADDRESS || auth.proof == AUTH_BY_TOKEN)
        auth.role = ROLE_ADMIN;
    else if (rules->public_stats && auth.proof != AUTH_WRONG_TOKEN)
        auth.role = ROLE_PUBLIC;
    return auth;
}

/* Whether a page of this site sent the request. In front of a trusted proxy, scheme and port may
 * differ from ours, so only the host is compared. */
static bool is_own_origin(const struct web_request *request) {
    struct bytes origin = bytes_of(request->origin);
    const struct bytes scheme = bytes_split(&origin, ':');
    const bool secure = bytes_equal(scheme, bytes_of("https"));
    const uint16_t port = secure ? HTTPS_PORT : HTTP_PORT;
    if (!bytes_start_with(origin, bytes_of("//")) ||
        (!secure && !bytes_equal(scheme, bytes_of("http"))) || request->host == NULL)
        return false;
    const struct bytes rest = { origin.data + 2, origin.len - 2 };
    struct host_port theirs;
    struct host_port ours;
    if (!parse_host_port(&theirs, rest, port) ||
        !parse_host_port(&ours, bytes_of(request->host), port))
        return false;
    return strcasecmp(theirs.host, ours.host) == 0 && theirs.bracketed == ours.bracketed &&
           (request->proxied || (secure == request->secure && theirs.port == ours.port));
}

bool authorization_is_cross_site(const struct web_request *request) {
    if (strcmp(request->method, "GET") == 0)
        return false;
    if (request->origin != NULL && !is_own_origin(request))
        return true;
    /* Programs other than browsers send neither header. "none": the user started the request. */
    const char *site = request->sec_fetch_site;
    return site != NULL && strcasecmp(site, "same-origin") != 0 && strcasecmp(site, "none") != 0;
}
