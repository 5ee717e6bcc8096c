/* An announce URL, taken apart as a client needs it. Pure. */
#ifndef SKEP_WIRE_TRACKER_URL_H
#define SKEP_WIRE_TRACKER_URL_H

#include "base/bytes.h"

enum { TRACKER_HOST_LEN = 256 };

enum tracker_scheme { TRACKER_HTTP, TRACKER_HTTPS, TRACKER_UDP };

struct tracker_url {
    enum tracker_scheme scheme;
    char host[TRACKER_HOST_LEN]; /* a name or an address; without the brackets of IPv6 */
    uint16_t port;               /* the scheme's own where the URL has none */
    struct bytes target;         /* path and query, as they stand in the URL, which is borrowed */
    struct bytes whole;          /* all but the fragment */
};

/* NULL and `*url` filled, or in words why `text` is no URL of a tracker. */
const char *tracker_url_parse(struct bytes text, struct tracker_url *url);

/* Writes the URL to scrape at: the last part of the path that begins with "announce" begins with
 * "scrape" instead (BEP 48); one that does already is kept. False where there is none. */
bool tracker_url_write_scrape(struct writer *w, const struct tracker_url *url);

#endif
