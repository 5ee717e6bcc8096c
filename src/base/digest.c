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
