/* The announce URLs of this tracker: with the host name that the caller used, and with each address
 * of the machine. Allocates nothing; any thread. */
#ifndef SKEP_WEB_VIEWS_ANNOUNCE_URLS_H
#define SKEP_WEB_VIEWS_ANNOUNCE_URLS_H

#include "server/web_handler.h"
#include "web/views/tracker_settings.h"

enum { ANNOUNCE_URLS_MAX = 48, ANNOUNCE_HOST_LEN = 256, ANNOUNCE_URL_LEN = 448 };

/* Where the URL works: on this machine, on our networks, or everywhere. */
enum url_scope { URL_LOOPBACK, URL_LAN, URL_PUBLIC };

struct announce_url {
    const char *scheme; /* "http", "https" or "udp" */
    enum url_scope scope;
    char host[ANNOUNCE_HOST_LEN];
    char text[ANNOUNCE_URL_LEN];
};

struct announce_urls {
    size_t count;
    size_t reached; /* the first ones: configured, or with the host of the request */
    struct announce_url list[ANNOUNCE_URLS_MAX];
};

/* Fills `urls`: the configured ones, or if there are none, the best ones first: the host of
 * `request`, unless it is loopback; LAN; public; both again for IPv6; loopback. `request` and
 * `passkey` may be NULL. */
void announce_urls_find(struct announce_urls *urls, const struct tracker_settings *settings,
                        const struct web_request *request, const char *passkey);

/* Leaves those that work for the caller and tell a stranger nothing about our networks: those that
 * are configured or have the host of `request`, and the URLs of the caller's own scope or a wider
 * one; no further URLs if a proxy is between us. */
void announce_urls_keep_public(struct announce_urls *urls, const struct tracker_settings *settings,
                               const struct web_request *request);

/* Chooses at most `max` URLs for a .torrent file: all but loopback, which is used only if it is all
 * there is. Borrows the texts from `urls`. Returns their number. */
size_t announce_urls_for_torrent(const struct announce_urls *urls, const char **texts, size_t max);

#endif
