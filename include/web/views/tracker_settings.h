/* The settings that the API shows or needs, copied from the configuration. */
#ifndef SKEP_WEB_VIEWS_TRACKER_SETTINGS_H
#define SKEP_WEB_VIEWS_TRACKER_SETTINGS_H

#include "server/listen.h"
#include "swarm/access.h"

enum { ANNOUNCE_URLS_CONFIGURED_MAX = 8, ANNOUNCE_URL_CONFIGURED_LEN = 256 };

/* Valid announce URLs; the last part of each path begins with "announce". */
struct configured_urls {
    size_t count;
    char list[ANNOUNCE_URLS_CONFIGURED_MAX][ANNOUNCE_URL_CONFIGURED_LEN];
};

struct tracker_settings {
    enum access_mode mode;
    struct networks lan;
    struct networks proxies;     /* trusted */
    struct endpoint external_v4; /* public address of our LAN; FAMILY_NONE: unknown */
    struct endpoint external_v6;
    struct listen_addresses listen;
    struct configured_urls announce_urls; /* empty: find them */
    uint16_t http_port;
    uint16_t https_port; /* 0: no HTTPS */
    uint16_t udp_port;   /* 0: no UDP */
};

#endif
