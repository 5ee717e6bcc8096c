/* Lists in request headers. Pure; any thread. */
#ifndef SKEP_WEB_HTTP_HEADER_MATCH_H
#define SKEP_WEB_HTTP_HEADER_MATCH_H

#include <stdbool.h>

/* Whether Accept or Accept-Encoding contains exactly `wanted`, without "q=0"; wildcards do not
 * match. `header` NULL: false. */
bool header_match_accept(const char *header, const char *wanted);

/* Whether If-None-Match contains the ETag, which is quoted, or "*". `header` NULL: false. */
bool header_match_etag(const char *header, const char *etag);

#endif
