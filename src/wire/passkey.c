#include "wire/passkey.h"

#include "base/percent.h"
#include "base/random.h"
#include "wire/url_query.h"

enum { PASSKEY_BYTES = 16 };

bool passkey_generate(char key[static PASSKEY_TEXT_MAX + 1]) {
    uint8_t secret[PASSKEY_BYTES];
    if (!random_secret(secret, sizeof secret))
        return false;
    hex_encode(secret, sizeof secret, key);
    return true;
}

bool passkey_has_allowed_characters(struct bytes key) {
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    for (size_t i = 0; i < key.len; i++) {
        if (memchr(allowed, key.data[i], sizeof allowed - 1) == NULL)
            return false;
    }
    return true;
}

bool passkey_is_allowed(struct bytes key) {
    return key.len >= PASSKEY_TEXT_MIN && key.len <= PASSKEY_TEXT_MAX &&
           passkey_has_allowed_characters(key);
}

struct passkey passkey_of(struct bytes key) {
    struct passkey passkey = { 0 };
    if (key.len == 0 || key.len > PASSKEY_TEXT_MAX)
        return passkey;
    passkey.given = true;
    digest_sha256(key.data, key.len, passkey.digest);
    return passkey;
}

static struct passkey decode_key(struct bytes text) {
    uint8_t key[PASSKEY_TEXT_MAX];
    const long len = percent_decode_part(text, key, sizeof key);
    return passkey_of((struct bytes){ .data = key, .len = len < 0 ? 0 : (size_t)len });
}

struct passkey passkey_choose(const struct http_target *target, const struct passkey *in_query) {
    return target->key.len > 0 ? decode_key(target->key) : *in_query;
}

struct passkey passkey_of_target(const struct http_target *target) {
    struct passkey in_query = { 0 };
    struct bytes query = target->query;
    struct bytes name;
    struct bytes value;
    if (target->key.len > 0)
        return decode_key(target->key);
    while (!in_query.given && url_query_next(&query, &name, &value)) {
        if (bytes_equal(name, bytes_of("passkey")))
            in_query = decode_key(value);
    }
    return in_query;
}
