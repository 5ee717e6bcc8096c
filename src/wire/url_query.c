#include "wire/url_query.h"

bool url_query_next(struct bytes *rest, struct bytes *name, struct bytes *value) {
    while (rest->len > 0) {
        struct bytes pair = bytes_split(rest, '&');
        if (pair.len == 0)
            continue;
        *name = bytes_split(&pair, '=');
        *value = pair;
        return true;
    }
    return false;
}
