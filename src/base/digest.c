#include "base/digest.h"

#include <nettle/memops.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

void digest_sha1(const void *data, size_t len, uint8_t digest[static SHA1_LEN]) {
    struct sha1_ctx context;
    sha1_init(&context);
    sha1_update(&context, len, data);
    sha1_digest(&context, SHA1_LEN, digest);
}

void digest_sha256(const void *data, size_t len, uint8_t digest[static SHA256_LEN]) {
    struct sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, len, data);
    sha256_digest(&context, SHA256_LEN, digest);
}

bool digest_equal(const uint8_t a[static SHA256_LEN], const uint8_t b[static SHA256_LEN]) {
    return memeql_sec(a, b, SHA256_LEN) != 0;
}

void sha1_stream_begin(struct sha1_stream *stream) {
    sha1_init(&stream->context);
}

void sha1_stream_add(struct sha1_stream *stream, const void *data, size_t len) {
    sha1_update(&stream->context, len, data);
}

void sha1_stream_end(struct sha1_stream *stream, uint8_t digest[static SHA1_LEN]) {
    sha1_digest(&stream->context, SHA1_LEN, digest);
}

void sha256_stream_begin(struct sha256_stream *stream) {
    sha256_init(&stream->context);
}

void sha256_stream_add(struct sha256_stream *stream, const void *data, size_t len) {
    sha256_update(&stream->context, len, data);
}

void sha256_stream_end(struct sha256_stream *stream, uint8_t digest[static SHA256_LEN]) {
    sha256_digest(&stream->context, SHA256_LEN, digest);
}
