/* The announce URLs of this tracker: by the name that the caller used, and by each address of the
 * machine. Allocates nothing; any thread. */
#ifndef SKEP_WEB_VIEWS_ANNOUNCE_URLS_H
#define SKEP_WEB_VIEWS_ANNOUNCE_URLS_H

#include "server/web_handler.h"
#include "web/views/tracker_settings.h"

enum { ANNOUNCE_URLS_MAX = 48, ANNOUNCE_HOST_LEN = 256, ANNOUNCE_URL_LEN = 384 };

/* Who can use it: this machine alone, our own networks, or anyone. */
enum url_scope { URL_LOOPBACK, URL_LAN, URL_PUBLIC };

struct announce_url {
    const char *scheme; /* "http", "https" or "udp" */
    enum url_scope scope;
    char host[ANNOUNCE_HOST_LEN];
    char text[ANNOUNCE_URL_LEN];
};

struct announce_urls {
    size_t count;
    struct announce_url list[ANNOUNCE_URLS_MAX];
};

/* The best come first: those by which `call` reached us, unless that is loopback; then those of the
 * LAN, the public ones, those of IPv6 after all of IPv4, and loopback's. `passkey` NULL: none is in
 * them. */
void announce_urls_find(struct announce_urls *urls, const struct tracker_settings *settings,
                        const struct web_request *request, const char *passkey);

/* As many of them as make sense in a torrent: without loopback, unless there is nothing else. The
 * texts borrow `urls`. Returns how many, at most `max`. */
size_t announce_urls_for_torrent(const struct announce_urls *urls, const char **texts, size_t max);

#endif
