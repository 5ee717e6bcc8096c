/* The settings that the API shows or needs, copied from the configuration. */
#ifndef SKEP_WEB_VIEWS_TRACKER_SETTINGS_H
#define SKEP_WEB_VIEWS_TRACKER_SETTINGS_H

#include "server/listen.h"
#include "swarm/access.h"

struct tracker_settings {
    enum access_mode mode;
    struct networks lan;
    struct networks proxies;     /* trusted */
    struct endpoint external_v4; /* public address of our LAN; FAMILY_NONE: unknown */
    struct endpoint external_v6;
    struct listen_addresses listen;
    uint16_t http_port;
    uint16_t https_port; /* 0: no HTTPS */
    uint16_t udp_port;   /* 0: no UDP */
};

#endif
