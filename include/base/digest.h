/* SHA-1 and SHA-256, by Nettle. Any thread; allocates nothing. */
#ifndef SKEP_BASE_DIGEST_H
#define SKEP_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHA1_LEN = 20, SHA256_LEN = 32 };

void digest_sha1(const void *data, size_t len, uint8_t digest[static SHA1_LEN]);

void digest_sha256(const void *data, size_t len, uint8_t digest[static SHA256_LEN]);

/* Whether both are the same, in a time that does not tell how far they are. */
bool digest_equal(const uint8_t a[static SHA256_LEN], const uint8_t b[static SHA256_LEN]);

#endif
