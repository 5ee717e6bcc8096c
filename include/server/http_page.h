/* A page of the HTTP server that another module writes. */
#ifndef SKEP_SERVER_HTTP_PAGE_H
#define SKEP_SERVER_HTTP_PAGE_H

#include "base/bytes.h"

struct http_page {
    void (*write)(void *context, struct writer *w); /* any thread */
    void *context;
};

enum { HTTP_PAGE_MAX = 64 * 1024 };

#endif
