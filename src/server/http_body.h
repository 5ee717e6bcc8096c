/* The body of one request, collected as it comes. It takes memory only once its first bytes are
 * there, never more than was granted, and nothing beyond what all bodies together may have. Starts
 * out as zeros, which stand for no body. */
#ifndef SKEP_SERVER_HTTP_BODY_H
#define SKEP_SERVER_HTTP_BODY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that are read, and thrown away, from anyone. */
enum { HTTP_BODY_FORGIVEN = 4096 };

/* The length of a body that comes in chunks. */
#define HTTP_BODY_LEN_UNKNOWN UINT64_MAX

/* The memory of all bodies together. */
struct http_body_budget {
    _Atomic uint64_t used; /* bytes */
    _Atomic uint64_t max;
};

struct http_body {
    struct http_body_budget *budget; /* NULL where nothing was granted */
    uint8_t *data;
    size_t len;
    size_t capacity;
    size_t granted; /* how much of it is kept */
    size_t seen;    /* how much has come, kept or not */
    bool refused;   /* it is longer than granted, so that none of it is kept */
    bool crowded;   /* the same, because all bodies together are too much */
};

/* What to do about a body before its first byte. */
enum http_body_plan {
    HTTP_BODY_READ,  /* all of it; what is not granted is thrown away then */
    HTTP_BODY_REFUSE /* nothing of it: the answer comes now, and the connection ends */
};

/* Begins a body of `announced` bytes, whose sender may send `granted`, out of `budget`. One who may
 * send something, but sends more, gets the answer when all of it has come, since few listen before;
 * unless he `waits` to be told to go on. One who may send nothing is forgiven a short one. */
enum http_body_plan http_body_begin(struct http_body *body, uint64_t announced, size_t granted,
                                    bool waits, struct http_body_budget *budget);

/* False where nobody will read on: the connection is to be closed. One for which the budget has no
 * more is read on, and thrown away. */
bool http_body_add(struct http_body *body, const void *data, size_t len);

/* Whether what came of it was kept. */
bool http_body_is_kept(const struct http_body *body);

/* Forgets the body, frees its memory and gives the budget back what it took. */
void http_body_clear(struct http_body *body);

#endif
