/* SHA-256, by Nettle. Any thread; allocates nothing. */
#ifndef SKEP_BASE_DIGEST_H
#define SKEP_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_LEN = 32 };

void digest_sha256(const void *data, size_t len, uint8_t digest[static SHA256_LEN]);

#endif
