#include "wire/udp_wire.h"

#include <string.h>

/* Offsets of the fields of an announce (BEP 15). */
enum {
    AT_INFO_HASH = 16,
    AT_PEER_ID = 36,
    AT_DOWNLOADED = 56,
    AT_LEFT = 64,
    AT_UPLOADED = 72,
    AT_EVENT = 80,
    AT_KEY = 88,
    AT_NUMWANT = 92,
    AT_PORT = 96,
};

enum { REPLY_HEADER_LEN = 8, SCRAPE_ENTRY_LEN = 12 };

bool udp_parse_header(struct bytes packet, struct udp_header *header) {
    if (packet.len < UDP_HEADER_LEN)
        return false;
    *header = (struct udp_header){
        .connection_id = load_u64(packet.data),
        .action = load_u32(packet.data + 8),
        .transaction_id = load_u32(packet.data + 12),
    };
    return true;
}

bool udp_is_connect(const struct udp_header *header) {
    return header->action == UDP_CONNECT && header->connection_id == UDP_PROTOCOL_ID;
}

/* Any other number is a regular update. libtorrent sends 4 for a paused torrent. */
static enum announce_event event_of(uint32_t number) {
    static const enum announce_event events[] = {
        EVENT_NONE,
        EVENT_COMPLETED,
        EVENT_STARTED,
        EVENT_STOPPED,
    };
    return number < sizeof events / sizeof *events ? events[number] : EVENT_NONE;
}

static void add_path(struct udp_announce *announce, const uint8_t *piece, size_t len) {
    if (len > UDP_PATH_MAX - announce->path_len)
        len = UDP_PATH_MAX - announce->path_len;
    memcpy(announce->path + announce->path_len, piece, len);
    announce->path_len += len;
}

/* A truncated option ends the list. */
static void read_options(struct bytes options, struct udp_announce *announce) {
    size_t at = 0;
    while (at < options.len && options.data[at] != UDP_OPTION_END) {
        if (options.data[at] == UDP_OPTION_PADDING) {
            at++;
            continue;
        }
        if (options.len - at < 2)
            return;
        const size_t len = options.data[at + 1];
        if (options.len - at - 2 < len)
            return;
        if (options.data[at] == UDP_OPTION_PATH)
            add_path(announce, options.data + at + 2, len);
        at += 2 + len;
    }
}

const uint8_t *udp_peek_announce(struct bytes packet, uint16_t *port) {
    if (packet.len < UDP_ANNOUNCE_LEN || load_u32(packet.data + 8) != UDP_ANNOUNCE)
        return NULL;
    *port = load_u16(packet.data + AT_PORT);
    return packet.data + AT_INFO_HASH;
}

const char *udp_parse_announce(struct bytes packet, struct udp_announce *announce) {
    if (packet.len < UDP_ANNOUNCE_LEN)
        return "an announce has at least 98 bytes";
    const uint8_t *p = packet.data;
    const enum announce_event event = event_of(load_u32(p + AT_EVENT));
    const uint16_t port = load_u16(p + AT_PORT);
    const int32_t numwant = (int32_t)load_u32(p + AT_NUMWANT);

    struct announce_request *request = &announce->request;
    memcpy(request->info_hash, p + AT_INFO_HASH, INFO_HASH_LEN);
    memcpy(request->peer_id, p + AT_PEER_ID, PEER_ID_LEN);
    request->claimed.family = FAMILY_NONE;
    request->claimed_v4.family = FAMILY_NONE;
    request->claimed_v6.family = FAMILY_NONE;
    request->uploaded = load_u64(p + AT_UPLOADED);
    request->downloaded = load_u64(p + AT_DOWNLOADED);
    request->left = load_u64(p + AT_LEFT);
    request->key = load_u32(p + AT_KEY);
    request->numwant = numwant < 0 ? NUMWANT_DEFAULT : numwant;
    request->event = event;
    request->may_be_proxy = false;
    announce->port = port;
    announce->path_len = 0;
    read_options(
        (struct bytes){ .data = p + UDP_ANNOUNCE_LEN, .len = packet.len - UDP_ANNOUNCE_LEN },
        announce);
    return NULL;
}

const uint8_t *udp_parse_scrape(struct bytes packet, size_t *count) {
    *count = packet.len < UDP_HEADER_LEN ? 0 : (packet.len - UDP_HEADER_LEN) / INFO_HASH_LEN;
    if (*count > UDP_SCRAPE_MAX)
        *count = UDP_SCRAPE_MAX;
    return packet.data + UDP_HEADER_LEN;
}

static void write_header(uint8_t *out, enum udp_action action, uint32_t transaction_id) {
    store_u32(out, (uint32_t)action);
    store_u32(out + 4, transaction_id);
}

size_t udp_write_connect(uint8_t *out, uint32_t transaction_id, uint64_t connection_id) {
    write_header(out, UDP_CONNECT, transaction_id);
    store_u64(out + REPLY_HEADER_LEN, connection_id);
    return UDP_CONNECT_REPLY_LEN;
}

size_t udp_write_announce(uint8_t *out, uint32_t transaction_id,
                          const struct announce_response *response) {
    write_header(out, UDP_ANNOUNCE, transaction_id);
    store_u32(out + 8, response->interval_s);
    store_u32(out + 12, response->leechers);
    store_u32(out + 16, response->seeders);
    return UDP_ANNOUNCE_REPLY_LEN + response->peer_count * endpoint_len(response->family);
}

size_t udp_write_scrape_header(uint8_t *out, uint32_t transaction_id) {
    write_header(out, UDP_SCRAPE, transaction_id);
    return REPLY_HEADER_LEN;
}

size_t udp_write_scrape_entry(uint8_t *out, size_t number, const struct scrape_entry *entry) {
    uint8_t *p = out + REPLY_HEADER_LEN + number * SCRAPE_ENTRY_LEN;
    store_u32(p, entry->seeders);
    store_u32(p + 4, entry->downloaded);
    store_u32(p + 8, entry->leechers);
    return REPLY_HEADER_LEN + (number + 1) * SCRAPE_ENTRY_LEN;
}

size_t udp_write_error(uint8_t *out, uint32_t transaction_id, const char *text, size_t max) {
    if (max < REPLY_HEADER_LEN)
        return 0;
    size_t len = strlen(text);
    if (max > UDP_REPLY_MAX)
        max = UDP_REPLY_MAX;
    if (len > max - REPLY_HEADER_LEN)
        len = max - REPLY_HEADER_LEN;
    write_header(out, UDP_ERROR, transaction_id);
    memcpy(out + REPLY_HEADER_LEN, text, len);
    return REPLY_HEADER_LEN + len;
}
