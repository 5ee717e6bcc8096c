/* What the headers of every request are looked through for before anything else, in one pass that
 * is cheap enough for announces. */
#ifndef SKEP_SERVER_HTTP_HEADERS_H
#define SKEP_SERVER_HTTP_HEADERS_H

#include <microhttpd.h>
#include <stdbool.h>

struct http_headers {
    bool ambiguous; /* a proxy may think that the request ends elsewhere than we do, or read a
                       header that we do not (RFC 9112, 5.1 and 6.3): to be refused */
    bool marked;    /* a proxy passed the request on */
    bool named;     /* ... and says for whom; see server/proxies.h */
};

/* Those of a request whose body is still to come. `outdated`: it speaks no HTTP/1.1. */
struct http_headers http_headers_look(struct MHD_Connection *connection, bool outdated);

#endif
