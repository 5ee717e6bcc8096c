#include "ctl/announce_url_choice.h"

#include "ctl/api_client.h"

static int index_of(const char *text, const char *const *list, int count) {
    int at = 0;
    while (at < count && strcmp(list[at], text) != 0)
        at++;
    return at;
}

/* Rank of a URL; lower is better. Reachable by others before loopback, then IPv4 before IPv6, which
 * not every client has, then LAN before public addresses, then by how many clients support the
 * scheme. */
static int url_rank(const json_t *url) {
    static const char *const scopes[] = { "lan", "public", "loopback" };
    static const char *const schemes[] = { "http", "udp", "https" };
    const int scope = index_of(api_client_text(url, "scope", ""), scopes, 3);
    const int scheme = index_of(api_client_text(url, "scheme", ""), schemes, 3);
    const bool v6 = strchr(api_client_text(url, "host", ""), ':') != NULL;
    return (scope >= 2 ? 16 : 0) + (v6 ? 8 : 0) + 4 * (scope == 1) + scheme;
}

static const json_t *find_best_url(const json_t *all) {
    const json_t *best = NULL;
    size_t i;
    const json_t *url;
    json_array_foreach(all, i, url) {
        if (api_client_text(url, "url", NULL) != NULL &&
            (best == NULL || url_rank(url) < url_rank(best)))
            best = url;
    }
    return best;
}

/* Takes the best URL first, then the others of the same host. */
static void take_best_host(const json_t *all, struct announce_url_choice *choice) {
    const json_t *best = find_best_url(all);
    if (best == NULL)
        return;
    const char *host = api_client_text(best, "host", "");
    choice->urls[choice->count++] = api_client_text(best, "url", "");
    size_t i;
    const json_t *url;
    json_array_foreach(all, i, url) {
        const char *text = api_client_text(url, "url", NULL);
        if (url != best && text != NULL && strcmp(api_client_text(url, "host", ""), host) == 0 &&
            choice->count < ANNOUNCE_URLS_MAX)
            choice->urls[choice->count++] = text;
    }
}

/* Checks that the URLs of skepd are complete and usable. */
static enum status check_choice(const struct announce_url_choice *choice, bool quiet) {
    const json_t *all = json_object_get(choice->status, "urls");
    if (quiet)
        return choice->count == 0 ? STATUS_REFUSED : STATUS_GOOD;
    if (choice->count == 0)
        return output_fail(STATUS_REFUSED, "skepd reports no announce URLs; pass --announce");
    if (strcmp(api_client_text(choice->status, "mode", ""), "private") == 0)
        return output_fail(STATUS_FAULT,
                           "private tracker; pass --announce http://HOST:PORT/PASSKEY/announce");
    if (strcmp(api_client_text(find_best_url(all), "scope", ""), "loopback") == 0)
        output_note("%s is reachable from this machine only", choice->urls[0]);
    return STATUS_GOOD;
}

enum status announce_url_choice_find(const struct command_line *line, bool quiet,
                                     struct announce_url_choice *choice) {
    *choice = (struct announce_url_choice){ .count = line->announce_url_count };
    memcpy(choice->urls, line->announce_urls, sizeof choice->urls);
    if (choice->count > 0)
        return STATUS_GOOD;
    struct api_client *client = api_client_open(line);
    if (client == NULL)
        return STATUS_FAULT;
    enum status status = api_client_get(client, "status", &choice->status);
    if (status != STATUS_GOOD && !quiet)
        output_fail(status, "%s; pass --announce or --url", api_client_failure(client));
    api_client_close(client);
    if (status != STATUS_GOOD)
        return status;
    take_best_host(json_object_get(choice->status, "urls"), choice);
    return check_choice(choice, quiet);
}

const char *announce_url_choice_host(const struct announce_url_choice *choice) {
    const json_t *best = find_best_url(json_object_get(choice->status, "urls"));
    return api_client_text(best, "host", "");
}

void announce_url_choice_free(struct announce_url_choice *choice) {
    json_decref(choice->status);
    *choice = (struct announce_url_choice){ 0 };
}
