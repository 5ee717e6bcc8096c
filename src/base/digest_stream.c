#include "base/digest_stream.h"

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
