/* Parser for announce URLs. Pure. */
#ifndef SKEP_WIRE_TRACKER_URL_H
#define SKEP_WIRE_TRACKER_URL_H

#include "base/bytes.h"
#include "base/endpoint.h"

enum { TRACKER_HOST_LEN = 256 };

enum tracker_scheme { TRACKER_HTTP, TRACKER_HTTPS, TRACKER_UDP };

struct tracker_url {
    enum tracker_scheme scheme;
    enum family family;          /* FAMILY_NONE: either */
    char host[TRACKER_HOST_LEN]; /* host name or IP address, without the brackets of IPv6 */
    uint16_t port;               /* the scheme's default if absent */
    struct bytes target;         /* path and query, borrowed from the URL */
    struct bytes whole;          /* everything except the fragment */
};

/* Returns NULL and fills `*url`, or returns the reason why `text` is not a tracker URL. Accepts the
 * scheme in either case, and udp4 and udp6 for one family. */
const char *tracker_url_parse(struct bytes text, struct tracker_url *url);

/* Writes the scrape URL: a last path part that begins with "announce" begins with "scrape" instead
 * (BEP 48); a "scrape" is kept. If there is none, the same for the part before it, which is
 * followed by a passkey ("/announce/KEY"). False if there is none either. */
bool tracker_url_write_scrape(struct writer *w, const struct tracker_url *url);

#endif
