/* SHA-1 and SHA-256, by Nettle, of one buffer or of a stream. A stream is used by one thread at a
 * time. Allocates nothing. */
#ifndef SKEP_BASE_DIGEST_H
#define SKEP_BASE_DIGEST_H

#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHA1_LEN = 20, SHA256_LEN = 32 };

void digest_sha1(const void *data, size_t len, uint8_t digest[static SHA1_LEN]);

void digest_sha256(const void *data, size_t len, uint8_t digest[static SHA256_LEN]);

/* Compares in constant time. */
bool digest_equal(const uint8_t a[static SHA256_LEN], const uint8_t b[static SHA256_LEN]);

struct sha1_stream {
    struct sha1_ctx context;
};

struct sha256_stream {
    struct sha256_ctx context;
};

void sha1_stream_begin(struct sha1_stream *stream);
void sha1_stream_add(struct sha1_stream *stream, const void *data, size_t len);

/* Returns the digest of everything added, and starts over. */
void sha1_stream_end(struct sha1_stream *stream, uint8_t digest[static SHA1_LEN]);

void sha256_stream_begin(struct sha256_stream *stream);
void sha256_stream_add(struct sha256_stream *stream, const void *data, size_t len);
void sha256_stream_end(struct sha256_stream *stream, uint8_t digest[static SHA256_LEN]);

#endif
