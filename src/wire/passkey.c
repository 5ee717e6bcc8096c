#include "wire/passkey.h"

#include "base/percent.h"

struct passkey passkey_of(struct bytes key) {
    struct passkey passkey = { 0 };
    if (key.len == 0 || key.len > PASSKEY_TEXT_MAX)
        return passkey;
    passkey.given = true;
    digest_sha256(key.data, key.len, passkey.digest);
    return passkey;
}

struct passkey passkey_of_target(const struct http_target *target) {
    uint8_t key[PASSKEY_TEXT_MAX];
    const long len = percent_decode_part(target->key, key, sizeof key);
    return passkey_of((struct bytes){ .data = key, .len = len < 0 ? 0 : (size_t)len });
}
