#include "requests.h"

#include <string.h>

#define PROTOCOL_ID 0x41727101980U

enum { LEFT = 734003200, NEST_MAX = 8 };
enum { ACTION_CONNECT = 0, ACTION_ANNOUNCE = 1, ACTION_SCRAPE = 2, ACTION_ERROR = 3 };

static const struct {
    const char *http;
    uint32_t udp;
} events[ASK_KINDS] = {
    [ASK_UPDATE] = { "", 0 },
    [ASK_COMPLETED] = { "&event=completed", 1 },
    [ASK_STARTED] = { "&event=started", 2 },
    [ASK_STOPPED] = { "&event=stopped", 3 },
};

static bool is_plain(uint8_t c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

static void put_encoded(struct writer *w, const uint8_t *data, size_t len) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        const char escape[] = { '%', digits[data[i] >> 4], digits[data[i] & 15] };
        if (is_plain(data[i]))
            writer_put(w, &data[i], 1);
        else
            writer_put(w, escape, sizeof escape);
    }
}

static void put_parameter(struct writer *w, const char *name, uint64_t value) {
    writer_put_text(w, name);
    writer_put_number(w, value);
}

static void put_query(struct writer *w, const struct ask *ask) {
    uint8_t peer_id[ID_LEN];
    char key[9];
    uint8_t key_bytes[4];
    workload_peer_id(ask->peer, peer_id);
    store_u32(key_bytes, ask->key);
    hex_encode(key_bytes, sizeof key_bytes, key);
    writer_put_text(w, "&peer_id=");
    put_encoded(w, peer_id, ID_LEN);
    put_parameter(w, "&port=", ask->port);
    put_parameter(w, "&uploaded=", 0);
    put_parameter(w, "&downloaded=", ask->seeder ? LEFT : 0);
    put_parameter(w, "&left=", ask->seeder ? 0 : LEFT);
    writer_put_text(w, "&corrupt=0&key=");
    writer_put_text(w, key);
    writer_put_text(w, events[ask->kind].http);
    put_parameter(w, "&numwant=", (uint64_t)ask->numwant);
    writer_put_text(w, "&compact=1&no_peer_id=1&supportcrypto=1&redundant=0");
}

size_t http_request(const struct ask *ask, const char *host, bool close, uint8_t *out) {
    uint8_t info_hash[ID_LEN];
    struct writer w = writer_on(out, HTTP_REQUEST_MAX);
    workload_info_hash(ask->torrent, info_hash);
    writer_put_text(&w, ask->kind == ASK_SCRAPE ? "GET /scrape" : "GET /announce");
    writer_put_text(&w, "?info_hash=");
    put_encoded(&w, info_hash, ID_LEN);
    if (ask->kind != ASK_SCRAPE)
        put_query(&w, ask);
    writer_put_text(&w, " HTTP/1.1\r\nHost: ");
    writer_put_text(&w, host);
    writer_put_text(&w, "\r\nUser-Agent: skep-bench/1\r\n");
    writer_put_text(&w, close ? "Connection: close\r\n\r\n" : "\r\n");
    return w.len;
}

size_t udp_connect_request(uint32_t transaction_id, uint8_t *out) {
    store_u64(out, PROTOCOL_ID);
    store_u32(out + 8, ACTION_CONNECT);
    store_u32(out + 12, transaction_id);
    return UDP_CONNECT_LEN;
}

size_t udp_request(const struct ask *ask, uint64_t connection_id, uint32_t transaction_id,
                   uint8_t *out) {
    const bool scrape = ask->kind == ASK_SCRAPE;
    if (ask->kind == ASK_CONNECT)
        return udp_connect_request(transaction_id, out);
    store_u64(out, connection_id);
    store_u32(out + 8, scrape ? ACTION_SCRAPE : ACTION_ANNOUNCE);
    store_u32(out + 12, transaction_id);
    workload_info_hash(ask->torrent, out + 16);
    if (scrape)
        return 36;
    workload_peer_id(ask->peer, out + 36);
    store_u64(out + 56, ask->seeder ? LEFT : 0);
    store_u64(out + 64, ask->seeder ? 0 : LEFT);
    store_u64(out + 72, 0);
    store_u32(out + 80, events[ask->kind].udp);
    store_u32(out + 84, 0);
    store_u32(out + 88, ask->key);
    store_u32(out + 92, (uint32_t)ask->numwant);
    store_u16(out + 96, ask->port);
    return UDP_REQUEST_MAX;
}

/* Bencode, in one pass: each function reads one thing from `*rest`, or returns false. */
static bool take_number(struct bytes *rest, char end, uint64_t *value) {
    size_t i = 0;
    *value = 0;
    for (; i < rest->len && rest->data[i] >= '0' && rest->data[i] <= '9' && i < 19; i++)
        *value = *value * 10 + (uint64_t)(rest->data[i] - '0');
    if (i == 0 || i == rest->len || rest->data[i] != (uint8_t)end)
        return false;
    *rest = (struct bytes){ rest->data + i + 1, rest->len - i - 1 };
    return true;
}

static bool take_string(struct bytes *rest, struct bytes *string) {
    uint64_t len;
    if (!take_number(rest, ':', &len) || len > rest->len)
        return false;
    *string = (struct bytes){ rest->data, len };
    *rest = (struct bytes){ rest->data + len, rest->len - len };
    return true;
}

static bool take_byte(struct bytes *rest, char c) {
    if (rest->len == 0 || rest->data[0] != (uint8_t)c)
        return false;
    *rest = (struct bytes){ rest->data + 1, rest->len - 1 };
    return true;
}

/* Skips one value of any type. */
static bool skip_value(struct bytes *rest) {
    int depth = 0;
    do {
        struct bytes string;
        uint64_t number;
        if (take_byte(rest, 'd') || take_byte(rest, 'l')) {
            if (++depth > NEST_MAX)
                return false;
        } else if (depth > 0 && take_byte(rest, 'e')) {
            depth--;
        } else if (take_byte(rest, 'i')) {
            (void)take_byte(rest, '-');
            if (!take_number(rest, 'e', &number))
                return false;
        } else if (!take_string(rest, &string)) {
            return false;
        }
    } while (depth > 0);
    return true;
}

enum { HAS_COMPLETE = 1, HAS_INCOMPLETE = 2, HAS_INTERVAL = 4, HAS_PEERS = 8, HAS_FILES = 16 };

struct reading {
    unsigned has;
    size_t peers_len;
    const char *error;
};

static bool is(struct bytes text, const char *word) {
    return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

static bool read_entry(struct reading *reading, struct bytes key, struct bytes *rest) {
    const bool number = rest->len > 0 && rest->data[0] == 'i';
    if (is(key, "failure reason")) {
        reading->error = "request refused";
    } else if (is(key, "peers") || is(key, "peers6")) {
        struct bytes peers;
        reading->has |= HAS_PEERS;
        if (!take_string(rest, &peers))
            return false;
        reading->peers_len += peers.len;
        return true;
    } else if (number && is(key, "complete")) {
        reading->has |= HAS_COMPLETE;
    } else if (number && is(key, "incomplete")) {
        reading->has |= HAS_INCOMPLETE;
    } else if (number && is(key, "interval")) {
        reading->has |= HAS_INTERVAL;
    } else if (is(key, "files")) {
        reading->has |= HAS_FILES;
    }
    return skip_value(rest);
}

static reply_error read_body(struct bytes body, struct reading *reading) {
    if (!take_byte(&body, 'd'))
        return "the body is not a dictionary";
    while (!take_byte(&body, 'e')) {
        struct bytes key;
        if (!take_string(&body, &key) || !read_entry(reading, key, &body))
            return "invalid bencode";
    }
    /* aquatic_http ends it with a line break. */
    (void)(take_byte(&body, '\r') && take_byte(&body, '\n'));
    return body.len > 0 ? "data after the body" : reading->error;
}

static reply_error check_peers(size_t len, size_t stride, uint32_t *peers) {
    *peers = (uint32_t)(len / stride);
    return len % stride != 0 ? "incomplete peer" : NULL;
}

reply_error http_check(const struct ask *ask, struct bytes body, size_t stride, uint32_t *peers) {
    struct reading reading = { 0 };
    const reply_error error = read_body(body, &reading);
    *peers = 0;
    if (error != NULL)
        return error;
    if (ask->kind == ASK_SCRAPE)
        return reading.has & HAS_FILES ? NULL : "no files in the scrape";
    const unsigned needed = HAS_COMPLETE | HAS_INCOMPLETE | HAS_INTERVAL | HAS_PEERS;
    if ((reading.has & needed) != needed)
        return ask->kind == ASK_STOPPED ? NULL : "a key is missing in the body";
    return check_peers(reading.peers_len, stride, peers);
}

reply_error udp_check(const struct ask *ask, struct bytes packet, size_t stride, uint32_t *peers) {
    *peers = 0;
    const uint32_t action = load_u32(packet.data);
    if (action == ACTION_ERROR)
        return "request refused";
    if (ask->kind == ASK_CONNECT)
        return action == ACTION_CONNECT && packet.len == UDP_CONNECT_LEN ? NULL
                                                                         : "not a connect reply";
    if (ask->kind == ASK_SCRAPE)
        return action == ACTION_SCRAPE && packet.len == 20 ? NULL : "not a scrape reply";
    if (action != ACTION_ANNOUNCE || packet.len < 20)
        return "not an announce reply";
    return check_peers(packet.len - 20, stride, peers);
}
