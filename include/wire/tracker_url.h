/* Parser for announce URLs. Pure. */
#ifndef SKEP_WIRE_TRACKER_URL_H
#define SKEP_WIRE_TRACKER_URL_H

#include "base/bytes.h"

enum { TRACKER_HOST_LEN = 256 };

enum tracker_scheme { TRACKER_HTTP, TRACKER_HTTPS, TRACKER_UDP };

struct tracker_url {
    enum tracker_scheme scheme;
    char host[TRACKER_HOST_LEN]; /* host name or IP address, without the brackets of IPv6 */
    uint16_t port;               /* the scheme's default if absent */
    struct bytes target;         /* path and query, borrowed from the URL */
    struct bytes whole;          /* everything except the fragment */
};

/* Returns NULL and fills `*url`, or returns the reason why `text` is not a tracker URL. */
const char *tracker_url_parse(struct bytes text, struct tracker_url *url);

/* Writes the scrape URL: a last path part that begins with "announce" begins with "scrape" instead
 * (BEP 48); a "scrape" is kept. False if there is none. */
bool tracker_url_write_scrape(struct writer *w, const struct tracker_url *url);

#endif
