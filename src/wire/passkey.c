#include "wire/passkey.h"

#include "wire/http_wire.h"

struct passkey passkey_of(struct bytes key) {
    struct passkey passkey = { 0 };
    if (key.len == 0 || key.len > PASSKEY_TEXT_MAX)
        return passkey;
    passkey.given = true;
    digest_sha256(key.data, key.len, passkey.digest);
    return passkey;
}

struct passkey passkey_in_path(struct bytes path) {
    return passkey_of(http_parse_target(path).prefix);
}
