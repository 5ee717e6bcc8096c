#include "server/http_headers.h"

#include <string.h>
#include <strings.h>

/* What is told apart here. */
enum meaning { MEANS_LENGTH, MEANS_CODING, MEANS_CLIENT, MEANS_PROXY };

/* nginx adds nothing unless it is told to, but speaks HTTP/1.0 then, which no browser does. */
static const struct {
    const char *name;
    size_t len;
    enum meaning meaning;
} HEADERS[] = {
#define HEADER(name, meaning)                                                                      \
    { name, sizeof name - 1, meaning }
    HEADER("Content-Length", MEANS_LENGTH),
    HEADER("Transfer-Encoding", MEANS_CODING),
    HEADER("Forwarded", MEANS_CLIENT),
    HEADER("X-Forwarded-For", MEANS_CLIENT),
    HEADER("Via", MEANS_PROXY),
    HEADER("X-Real-IP", MEANS_PROXY),
    HEADER("X-Forwarded-Host", MEANS_PROXY),
    HEADER("X-Forwarded-Proto", MEANS_PROXY),
    HEADER("X-Forwarded-Server", MEANS_PROXY),
#undef HEADER
};

struct reading {
    struct http_headers found;
    unsigned lengths;
    unsigned codings;
};

/* A list of nothing but empty elements names nobody. */
static bool names_someone(const char *value) {
    return value[strspn(value, " \t,")] != '\0';
}

static void take(struct reading *reading, enum meaning meaning, const char *value) {
    switch (meaning) {
    case MEANS_LENGTH:
        reading->lengths++;
        break;
    case MEANS_CODING:
        reading->codings++;
        reading->found.ambiguous = reading->found.ambiguous || strcasecmp(value, "chunked") != 0;
        break;
    case MEANS_CLIENT:
        reading->found.named = reading->found.named || names_someone(value);
        reading->found.marked = true;
        break;
    case MEANS_PROXY:
        reading->found.marked = true;
        break;
    }
}

/* libmicrohttpd takes blanks before the colon for a part of the name, and others do not. */
static bool ends_in_blank(const char *name, size_t len) {
    return len > 0 && (name[len - 1] == ' ' || name[len - 1] == '\t');
}

static enum MHD_Result read_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                   size_t name_len, const char *value, size_t value_len) {
    (void)kind;
    (void)value_len;
    struct reading *reading = cls;
    if (ends_in_blank(name, name_len))
        reading->found.ambiguous = true;
    for (size_t i = 0; i < sizeof HEADERS / sizeof *HEADERS; i++) {
        if (name_len == HEADERS[i].len && strcasecmp(name, HEADERS[i].name) == 0)
            take(reading, HEADERS[i].meaning, value == NULL ? "" : value);
    }
    return MHD_YES;
}

struct http_headers http_headers_look(struct MHD_Connection *connection, bool outdated) {
    struct reading reading = { 0 };
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, read_header, &reading);
    /* HTTP/1.0 knows no chunks. */
    if (reading.lengths + reading.codings > 1 || (outdated && reading.codings > 0))
        reading.found.ambiguous = true;
    return reading.found;
}
