#include "ctl/announce_url_choice.h"

#include "ctl/api_client.h"

static int position(const char *word, const char *const *words, int count) {
    int at = 0;
    while (at < count && strcmp(words[at], word) != 0)
        at++;
    return at;
}

/* Better ones have lower numbers: what others can reach before loopback, then IPv4 before IPv6,
 * which not every client has, then those of the LAN, then by who can speak it. */
static int rank(const json_t *url) {
    static const char *const scopes[] = { "lan", "public", "loopback" };
    static const char *const schemes[] = { "http", "udp", "https" };
    const int scope = position(remote_text(url, "scope", ""), scopes, 3);
    const int scheme = position(remote_text(url, "scheme", ""), schemes, 3);
    const bool v6 = strchr(remote_text(url, "host", ""), ':') != NULL;
    return (scope >= 2 ? 16 : 0) + (v6 ? 8 : 0) + 4 * (scope == 1) + scheme;
}

static const json_t *find_best(const json_t *all) {
    const json_t *best = NULL;
    size_t i;
    const json_t *url;
    json_array_foreach(all, i, url) {
        if (remote_text(url, "url", NULL) != NULL && (best == NULL || rank(url) < rank(best)))
            best = url;
    }
    return best;
}

/* All URLs of the best one's host, in the order of their schemes. */
static void take_host(const json_t *all, struct own_urls *urls) {
    const json_t *best = find_best(all);
    if (best == NULL)
        return;
    const char *host = remote_text(best, "host", "");
    urls->list[urls->count++] = remote_text(best, "url", "");
    size_t i;
    const json_t *url;
    json_array_foreach(all, i, url) {
        const char *text = remote_text(url, "url", NULL);
        if (url != best && text != NULL && strcmp(remote_text(url, "host", ""), host) == 0 &&
            urls->count < ANNOUNCE_OPTIONS_MAX)
            urls->list[urls->count++] = text;
    }
}

static enum status explain(const struct remote *remote, enum status status) {
    return output_fail(status,
                       "name the announce URL with --announce, or the skepd that runs with "
                       "--url",
                       remote_failure(remote));
}

static enum status judge(const struct own_urls *urls, bool quiet) {
    const json_t *all = json_object_get(urls->owner, "urls");
    if (quiet)
        return urls->count == 0 ? STATUS_REFUSED : STATUS_GOOD;
    if (urls->count == 0)
        return output_fail(STATUS_REFUSED,
                           "skepd does not tell its announce URLs; name them with --announce",
                           NULL);
    if (strcmp(remote_text(urls->owner, "mode", ""), "private") == 0)
        return output_fail(STATUS_FAULT,
                           "this tracker wants a passkey in the announce URL; name it with "
                           "--announce http://HOST:PORT/PASSKEY/announce",
                           NULL);
    if (strcmp(remote_text(find_best(all), "scope", ""), "loopback") == 0)
        output_note("%s can be reached from this machine only", urls->list[0]);
    return STATUS_GOOD;
}

enum status own_urls_find(const struct command_line *line, bool quiet, struct own_urls *urls) {
    *urls = (struct own_urls){ .count = line->announce_url_count };
    memcpy(urls->list, line->announce_urls, sizeof urls->list);
    if (urls->count > 0)
        return STATUS_GOOD;
    struct remote *remote = remote_open(line);
    if (remote == NULL)
        return STATUS_FAULT;
    enum status status = remote_get(remote, "status", &urls->owner);
    if (status != STATUS_GOOD && !quiet)
        explain(remote, status);
    remote_close(remote);
    if (status != STATUS_GOOD)
        return status;
    take_host(json_object_get(urls->owner, "urls"), urls);
    return judge(urls, quiet);
}

void own_urls_free(struct own_urls *urls) {
    json_decref(urls->owner);
    *urls = (struct own_urls){ 0 };
}
