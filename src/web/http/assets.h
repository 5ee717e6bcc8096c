/* The files that the page is made of. The Makefile puts them into the program (src/web/embed), each
 * as it is and compressed. */
#ifndef SKEP_WEB_HTTP_ASSETS_H
#define SKEP_WEB_HTTP_ASSETS_H

#include "base/bytes.h"

struct asset {
    const char *name;      /* "style.css"; in a folder "icons/peer.svg" */
    const char *etag;      /* quoted, as the header has it */
    const char *etag_gzip; /* of the compressed one */
    struct bytes plain;
    struct bytes gzip;
};

/* All there are; generated. */
extern const struct asset assets_list[];
extern const size_t assets_count;

/* NULL where there is none of that name. */
const struct asset *assets_find(struct bytes name);

/* What the name says that it is: "text/css; charset=utf-8". */
const char *assets_content_type(const char *name);

#endif
