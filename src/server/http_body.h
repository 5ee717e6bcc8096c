/* Collects the body of one request as it arrives. Memory is allocated when the first bytes are
 * there, at most `allowed` bytes, and at most the budget for all bodies together. All zeros is no
 * body. */
#ifndef SKEP_SERVER_HTTP_BODY_H
#define SKEP_SERVER_HTTP_BODY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A body that is not allowed is still read and discarded up to this length, in bytes: most clients
 * read the response only after they have sent the body. */
enum { HTTP_BODY_DISCARD_MAX = 4096 };

/* The length of a chunked body. */
#define HTTP_BODY_LEN_UNKNOWN UINT64_MAX

/* Memory of all bodies together, in bytes. */
struct http_body_budget {
    _Atomic uint64_t used;
    _Atomic uint64_t max;
};

struct http_body {
    struct http_body_budget *budget; /* NULL before http_body_begin */
    uint8_t *data;
    size_t len;
    size_t capacity;
    size_t allowed;   /* bytes that may be kept */
    size_t received;  /* bytes, kept or discarded */
    bool too_large;   /* discarded because it is longer than allowed */
    bool over_budget; /* discarded because the budget is used up */
};

/* What to do with a body before its first byte. */
enum http_body_plan {
    HTTP_BODY_READ,  /* read it, and discard it if it is not allowed */
    HTTP_BODY_REJECT /* respond at once and close the connection */
};

/* Begins a body of `announced` bytes of which `allowed` may be kept, out of `budget`. A client that
 * may send a body but sends a longer one gets the response after all of it is read, since few
 * clients read earlier; or at once if it `waits` for "100 Continue". A client that may send none
 * gets the response at once if the body is longer than HTTP_BODY_DISCARD_MAX. */
enum http_body_plan http_body_begin(struct http_body *body, uint64_t announced, size_t allowed,
                                    bool waits, struct http_body_budget *budget);

/* Adds the next bytes. False if the caller must close the connection: too many bytes to discard, or
 * out of memory. */
bool http_body_add(struct http_body *body, const void *data, size_t len);

/* Whether the bytes received so far were kept. */
bool http_body_is_kept(const struct http_body *body);

/* Frees the body and returns its memory to the budget. */
void http_body_clear(struct http_body *body);

#endif
