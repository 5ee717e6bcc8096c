#include "ctl/announce_url_choice.h"

#include "ctl/api_client.h"

static int position(const char *word, const char *const *words, int count) {
    int at = 0;
    while (at < count && strcmp(words[at], word) != 0)
        at++;
    return at;
}

/* Ranks URLs, lowest first: reachable by others before loopback, IPv4 before IPv6 (not every client
 * supports it), LAN before public, then by how many clients support the scheme. */
static int rank(const json_t *url) {
    static const char *const scopes[] = { "lan", "public", "loopback" };
    static const char *const schemes[] = { "http", "udp", "https" };
    const int scope = position(api_client_text(url, "scope", ""), scopes, 3);
    const int scheme = position(api_client_text(url, "scheme", ""), schemes, 3);
    const bool v6 = strchr(api_client_text(url, "host", ""), ':') != NULL;
    return (scope >= 2 ? 16 : 0) + (v6 ? 8 : 0) + 4 * (scope == 1) + scheme;
}

static const json_t *find_best(const json_t *all) {
    const json_t *best = NULL;
    size_t i;
    const json_t *url;
    json_array_foreach(all, i, url) {
        if (api_client_text(url, "url", NULL) != NULL && (best == NULL || rank(url) < rank(best)))
            best = url;
    }
    return best;
}

/* All URLs of the best-ranked host, ordered by scheme. */
static void take_host(const json_t *all, struct announce_url_choice *urls) {
    const json_t *best = find_best(all);
    if (best == NULL)
        return;
    const char *host = api_client_text(best, "host", "");
    urls->list[urls->count++] = api_client_text(best, "url", "");
    size_t i;
    const json_t *url;
    json_array_foreach(all, i, url) {
        const char *text = api_client_text(url, "url", NULL);
        if (url != best && text != NULL && strcmp(api_client_text(url, "host", ""), host) == 0 &&
            urls->count < ANNOUNCE_OPTIONS_MAX)
            urls->list[urls->count++] = text;
    }
}

static enum status explain(const struct api_client *client, enum status status) {
    return output_fail(status,
                       "give the announce URL with --announce, or the running skepd with "
                       "--url",
                       api_client_failure(client));
}

static enum status judge(const struct announce_url_choice *urls, bool quiet) {
    const json_t *all = json_object_get(urls->owner, "urls");
    if (quiet)
        return urls->count == 0 ? STATUS_REFUSED : STATUS_GOOD;
    if (urls->count == 0)
        return output_fail(STATUS_REFUSED,
                           "skepd did not return announce URLs; give them with --announce", NULL);
    if (strcmp(api_client_text(urls->owner, "mode", ""), "private") == 0)
        return output_fail(STATUS_FAULT,
                           "this tracker requires a passkey in the announce URL; give it with "
                           "--announce http://HOST:PORT/PASSKEY/announce",
                           NULL);
    if (strcmp(api_client_text(find_best(all), "scope", ""), "loopback") == 0)
        output_note("%s is reachable from this machine only", urls->list[0]);
    return STATUS_GOOD;
}

enum status announce_url_choice_find(const struct command_line *line, bool quiet,
                                     struct announce_url_choice *urls) {
    *urls = (struct announce_url_choice){ .count = line->announce_url_count };
    memcpy(urls->list, line->announce_urls, sizeof urls->list);
    if (urls->count > 0)
        return STATUS_GOOD;
    struct api_client *client = api_client_open(line);
    if (client == NULL)
        return STATUS_FAULT;
    enum status status = api_client_get(client, "status", &urls->owner);
    if (status != STATUS_GOOD && !quiet)
        explain(client, status);
    api_client_close(client);
    if (status != STATUS_GOOD)
        return status;
    take_host(json_object_get(urls->owner, "urls"), urls);
    return judge(urls, quiet);
}

void announce_url_choice_free(struct announce_url_choice *urls) {
    json_decref(urls->owner);
    *urls = (struct announce_url_choice){ 0 };
}
