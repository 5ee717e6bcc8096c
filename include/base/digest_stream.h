/* SHA-1 and SHA-256 of what comes piece by piece, by Nettle. One thread at a time for each; they
 * allocate nothing. */
#ifndef SKEP_BASE_DIGEST_STREAM_H
#define SKEP_BASE_DIGEST_STREAM_H

#include <nettle/sha1.h>
#include <nettle/sha2.h>

#include "base/digest.h"

struct sha1_stream {
    struct sha1_ctx context;
};

struct sha256_stream {
    struct sha256_ctx context;
};

void sha1_stream_begin(struct sha1_stream *stream);
void sha1_stream_add(struct sha1_stream *stream, const void *data, size_t len);

/* The digest of all that was added; begins anew. */
void sha1_stream_end(struct sha1_stream *stream, uint8_t digest[static SHA1_LEN]);

void sha256_stream_begin(struct sha256_stream *stream);
void sha256_stream_add(struct sha256_stream *stream, const void *data, size_t len);
void sha256_stream_end(struct sha256_stream *stream, uint8_t digest[static SHA256_LEN]);

#endif
