/* Parser of HTTP announces and scrapes. */
#include <string.h>

#include "base/percent.h"
#include "wire/http_wire.h"
#include "wire/passkey.h"
#include "wire/url_query.h"

enum { VALUE_MAX = 64 };

struct reading {
    struct http_announce announce;
    uint32_t seen; /* one bit per parameter that was seen */
    uint16_t port;
    http_error error;
};

static bool text_is(struct bytes text, const char *word) {
    return bytes_equal(text, bytes_of(word));
}

/* Only the first error is reported. */
static void set_error(struct reading *reading, http_error error) {
    if (reading->error == NULL)
        reading->error = error;
}

static void read_id(struct reading *reading, struct bytes value, uint8_t *id, http_error error) {
    if (value.len == INFO_HASH_LEN)
        memcpy(id, value.data, INFO_HASH_LEN);
    else
        set_error(reading, error);
}

static void read_info_hash(struct reading *reading, struct bytes value) {
    read_id(reading, value, reading->announce.request.info_hash,
            "info_hash must be exactly 20 bytes");
}

static void read_peer_id(struct reading *reading, struct bytes value) {
    read_id(reading, value, reading->announce.request.peer_id, "peer_id must be exactly 20 bytes");
}

static void read_port(struct reading *reading, struct bytes value) {
    uint64_t port;
    if (bytes_to_u64(value, &port) && port <= UINT16_MAX)
        reading->port = (uint16_t)port;
    else
        set_error(reading, "port must be a number from 1 to 65535");
}

static void read_uploaded(struct reading *reading, struct bytes value) {
    bytes_to_u64(value, &reading->announce.request.uploaded);
}

static void read_downloaded(struct reading *reading, struct bytes value) {
    bytes_to_u64(value, &reading->announce.request.downloaded);
}

static void read_left(struct reading *reading, struct bytes value) {
    bytes_to_u64(value, &reading->announce.request.left);
}

static void read_numwant(struct reading *reading, struct bytes value) {
    int64_t numwant;
    if (!bytes_to_i64(value, &numwant) || numwant < 0)
        return;
    reading->announce.request.numwant = numwant > INT32_MAX ? INT32_MAX : (int32_t)numwant;
}

static void read_event(struct reading *reading, struct bytes value) {
    static const struct {
        const char *name;
        enum announce_event event;
    } events[] = {
        { "started", EVENT_STARTED },
        { "stopped", EVENT_STOPPED },
        { "completed", EVENT_COMPLETED },
        { "paused", EVENT_PAUSED },
    };
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (text_is(value, events[i].name))
            reading->announce.request.event = events[i].event;
    }
}

static void read_compact(struct reading *reading, struct bytes value) {
    reading->announce.compact = !text_is(value, "0");
}

static void read_no_peer_id(struct reading *reading, struct bytes value) {
    reading->announce.no_peer_id = text_is(value, "1");
}

/* Most clients send 32 bits as up to eight hexadecimal digits, the same number as over UDP. Any
 * other key is hashed to 32 bits (FNV-1a). */
static void read_key(struct reading *reading, struct bytes value) {
    uint32_t number = 0;
    uint32_t folded = 2166136261;
    bool hex = value.len > 0 && value.len <= 8;
    for (size_t i = 0; i < value.len; i++) {
        const int digit = hex_digit(value.data[i]);
        hex = hex && digit >= 0;
        number = number << 4 | ((uint32_t)digit & 15);
        folded = (folded ^ value.data[i]) * 16777619;
    }
    if (value.len > 0)
        reading->announce.request.key = hex ? number : folded;
}

static void read_address(struct bytes value, struct endpoint *address) {
    char text[VALUE_MAX + 1];
    memcpy(text, value.data, value.len);
    text[value.len] = '\0';
    struct endpoint parsed;
    if (strlen(text) == value.len && endpoint_parse_address(text, &parsed) &&
        endpoint_is_usable(&parsed))
        *address = parsed;
}

static void read_ip(struct reading *reading, struct bytes value) {
    read_address(value, &reading->announce.request.claimed);
}

static void read_ipv4(struct reading *reading, struct bytes value) {
    read_address(value, &reading->announce.request.claimed_v4);
}

static void read_ipv6(struct reading *reading, struct bytes value) {
    read_address(value, &reading->announce.request.claimed_v6);
}

static void read_passkey(struct reading *reading, struct bytes value) {
    reading->announce.request.passkey = passkey_of(value);
}

static const struct parameter {
    struct bytes name;
    void (*read)(struct reading *reading, struct bytes value);
    const char *broken; /* error if the value cannot be decoded; NULL: ignore the parameter */
} parameters[] = {
    { BYTES_LITERAL("info_hash"), read_info_hash, "info_hash must be exactly 20 bytes" },
    { BYTES_LITERAL("peer_id"), read_peer_id, "peer_id must be exactly 20 bytes" },
    { BYTES_LITERAL("port"), read_port, "port must be a number from 1 to 65535" },
    { BYTES_LITERAL("uploaded"), read_uploaded, NULL },
    { BYTES_LITERAL("downloaded"), read_downloaded, NULL },
    { BYTES_LITERAL("left"), read_left, NULL },
    { BYTES_LITERAL("event"), read_event, NULL },
    { BYTES_LITERAL("numwant"), read_numwant, NULL },
    { BYTES_LITERAL("compact"), read_compact, NULL },
    { BYTES_LITERAL("no_peer_id"), read_no_peer_id, NULL },
    { BYTES_LITERAL("key"), read_key, NULL },
    { BYTES_LITERAL("ip"), read_ip, NULL },
    { BYTES_LITERAL("ipv4"), read_ipv4, NULL },
    { BYTES_LITERAL("ipv6"), read_ipv6, NULL },
    { BYTES_LITERAL("passkey"), read_passkey, NULL },
};

enum {
    PARAMETERS = sizeof parameters / sizeof *parameters,
    SEEN_INFO_HASH = 1,
    SEEN_PEER_ID = 2,
    SEEN_PORT = 4
};

static void read_parameter(struct reading *reading, struct bytes name, struct bytes value) {
    for (unsigned i = 0; i < PARAMETERS; i++) {
        if (!bytes_equal(name, parameters[i].name))
            continue;
        if (reading->seen & 1U << i)
            return;
        reading->seen |= 1U << i;
        uint8_t decoded[VALUE_MAX];
        const long len = percent_decode(value, decoded, sizeof decoded);
        if (len >= 0)
            parameters[i].read(reading, (struct bytes){ .data = decoded, .len = (size_t)len });
        else if (parameters[i].broken != NULL)
            set_error(reading, parameters[i].broken);
        return;
    }
}

static http_error missing_parameter(const struct reading *reading) {
    if (!(reading->seen & SEEN_INFO_HASH))
        return "info_hash is missing";
    if (!(reading->seen & SEEN_PEER_ID))
        return "peer_id is missing";
    if (!(reading->seen & SEEN_PORT) && reading->announce.request.event != EVENT_STOPPED)
        return "port is missing";
    return NULL;
}

http_error http_parse_announce(struct bytes query, struct http_announce *announce) {
    struct reading reading = {
        .announce = {
            .request = { .left = LEFT_UNKNOWN, .numwant = NUMWANT_DEFAULT },
            .compact = true,
        },
    };
    struct bytes name;
    struct bytes value;
    while (url_query_next(&query, &name, &value))
        read_parameter(&reading, name, value);
    if (reading.error == NULL)
        reading.error = missing_parameter(&reading);
    if (reading.error != NULL) {
        memcpy(announce->request.peer_id, reading.announce.request.peer_id, PEER_ID_LEN);
        return reading.error;
    }
    reading.announce.port = reading.port;
    *announce = reading.announce;
    return NULL;
}

/* Position of `hash` among the sorted `hashes`; `*found` if it is there already. */
static size_t sorted_place(uint8_t (*hashes)[INFO_HASH_LEN], size_t count, const uint8_t *hash,
                           bool *found) {
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = memcmp(hashes[middle], hash, INFO_HASH_LEN);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = false;
    return low;
}

http_error http_parse_scrape(struct bytes query, uint8_t (*hashes)[INFO_HASH_LEN], size_t max,
                             size_t *count) {
    size_t known = 0;
    struct bytes name;
    struct bytes value;
    while (url_query_next(&query, &name, &value)) {
        if (!text_is(name, "info_hash"))
            continue;
        uint8_t hash[INFO_HASH_LEN];
        if (percent_decode(value, hash, sizeof hash) != INFO_HASH_LEN)
            return "info_hash must be exactly 20 bytes";
        bool found;
        const size_t place = sorted_place(hashes, known, hash, &found);
        if (found)
            continue;
        if (known == max)
            return "too many info_hash in one scrape";
        memmove(hashes + place + 1, hashes + place, (known - place) * INFO_HASH_LEN);
        memcpy(hashes[place], hash, INFO_HASH_LEN);
        known++;
    }
    *count = known;
    return NULL;
}
