/* The files of the web page, embedded at build time by src/page/embed. */
#ifndef SKEP_WEB_HTTP_ASSETS_H
#define SKEP_WEB_HTTP_ASSETS_H

#include "base/bytes.h"

struct asset {
    const char *name;      /* "style.css"; in a directory: "icons/peer.svg" */
    const char *etag;      /* quoted, as in the header */
    const char *etag_gzip; /* of the compressed file */
    struct bytes plain;
    struct bytes gzip;
};

/* Generated. */
extern const struct asset assets_list[];
extern const size_t assets_count;

/* NULL if there is no asset of that name. */
const struct asset *assets_find(struct bytes name);

/* By the suffix of the name: "text/css; charset=utf-8". */
const char *assets_content_type(const char *name);

#endif
