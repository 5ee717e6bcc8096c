#include "web/http/header_match.h"

#include <string.h>
#include <strings.h>

#include "base/bytes.h"

static bool is_blank(uint8_t c) {
    return c == ' ' || c == '\t';
}

static struct bytes trim(struct bytes text) {
    while (text.len > 0 && is_blank(text.data[0])) {
        text.data++;
        text.len--;
    }
    while (text.len > 0 && is_blank(text.data[text.len - 1]))
        text.len--;
    return text;
}

static bool equals_ignoring_case(struct bytes text, const char *other) {
    return text.len == strlen(other) && strncasecmp((const char *)text.data, other, text.len) == 0;
}

/* "q=0" or "q=0.0", but not "q=0.1". */
static bool has_zero_quality(struct bytes parameter) {
    if (parameter.len < 3 || !equals_ignoring_case((struct bytes){ parameter.data, 2 }, "q="))
        return false;
    for (size_t i = 2; i < parameter.len; i++) {
        if (parameter.data[i] != '0' && parameter.data[i] != '.')
            return false;
    }
    return true;
}

bool header_match_accept(const char *header, const char *wanted) {
    struct bytes rest = bytes_of(header == NULL ? "" : header);
    while (rest.len > 0) {
        struct bytes element = bytes_split(&rest, ',');
        if (!equals_ignoring_case(trim(bytes_split(&element, ';')), wanted))
            continue;
        while (element.len > 0) {
            if (has_zero_quality(trim(bytes_split(&element, ';'))))
                return false;
        }
        return true;
    }
    return false;
}

bool header_match_etag(const char *header, const char *etag) {
    struct bytes rest = bytes_of(header == NULL ? "" : header);
    while (rest.len > 0) {
        struct bytes element = trim(bytes_split(&rest, ','));
        if (bytes_start_with(element, bytes_of("W/"))) {
            element.data += 2;
            element.len -= 2;
        }
        if (bytes_equal(element, bytes_of(etag)) || bytes_equal(element, bytes_of("*")))
            return true;
    }
    return false;
}
