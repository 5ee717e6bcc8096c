/* Lists in the headers of requests. Pure; any thread. */
#ifndef SKEP_WEB_HTTP_HEADER_MATCH_H
#define SKEP_WEB_HTTP_HEADER_MATCH_H

#include <stdbool.h>

/* Whether Accept or Accept-Encoding names `wanted`, in full and not with a quality of 0. False
 * where there is no header (NULL). */
bool header_match_accept(const char *header, const char *wanted);

/* Whether If-None-Match names the ETag, which is quoted: what the client has is still right. False
 * where there is no header (NULL). */
bool header_match_etag(const char *header, const char *etag);

#endif
