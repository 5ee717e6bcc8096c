#include "wire/udp_client.h"

enum {
    REPLY_HEADER_LEN = 8,
    ANNOUNCE_BODY_LEN = 12,
    SCRAPE_ENTRY_LEN = 12,
    OPTION_LEN_MAX = 255,
};

static size_t put_header(uint8_t *out, const struct udp_header *header) {
    store_u64(out, header->connection_id);
    store_u32(out + 8, header->action);
    store_u32(out + 12, header->transaction_id);
    return UDP_HEADER_LEN;
}

size_t udp_client_connect(uint8_t *out, uint32_t transaction_id) {
    const struct udp_header header = {
        .connection_id = UDP_PROTOCOL_ID,
        .action = UDP_CONNECT,
        .transaction_id = transaction_id,
    };
    return put_header(out, &header);
}

/* libtorrent sends 4 for a partial seed. */
static uint32_t event_number(enum announce_event event) {
    static const uint32_t numbers[] = {
        [EVENT_NONE] = 0,    [EVENT_COMPLETED] = 1, [EVENT_STARTED] = 2,
        [EVENT_STOPPED] = 3, [EVENT_PAUSED] = 4,
    };
    return numbers[event];
}

/* Splits the path into options of at most 255 bytes, followed by an end option. */
static size_t put_options(uint8_t *out, struct bytes target) {
    size_t len = 0;
    if (target.len > UDP_PATH_MAX)
        target.len = UDP_PATH_MAX;
    for (size_t at = 0; at < target.len; at += OPTION_LEN_MAX) {
        const size_t left = target.len - at;
        const size_t piece = left < OPTION_LEN_MAX ? left : OPTION_LEN_MAX;
        out[len++] = UDP_OPTION_PATH;
        out[len++] = (uint8_t)piece;
        memcpy(out + len, target.data + at, piece);
        len += piece;
    }
    if (len > 0)
        out[len++] = UDP_OPTION_END;
    return len;
}

size_t udp_client_announce(uint8_t *out, const struct udp_header *header,
                           const struct announce_request *request, uint16_t port,
                           struct bytes target) {
    uint8_t *p = out + put_header(out, header);
    memcpy(p, request->info_hash, INFO_HASH_LEN);
    memcpy(p + 20, request->peer_id, PEER_ID_LEN);
    store_u64(p + 40, request->downloaded);
    store_u64(p + 48, request->left);
    store_u64(p + 56, request->uploaded);
    store_u32(p + 64, event_number(request->event));
    store_u32(p + 68, 0); /* IP address: 0, the socket's */
    store_u32(p + 72, request->key);
    store_u32(p + 76, (uint32_t)request->numwant);
    store_u16(p + 80, port);
    return UDP_ANNOUNCE_LEN + put_options(out + UDP_ANNOUNCE_LEN, target);
}

size_t udp_client_scrape(uint8_t *out, const struct udp_header *header, const uint8_t *hashes,
                         size_t count) {
    put_header(out, header);
    memcpy(out + UDP_HEADER_LEN, hashes, count * INFO_HASH_LEN);
    return UDP_HEADER_LEN + count * INFO_HASH_LEN;
}

enum udp_answer udp_client_judge(struct bytes packet, const struct udp_header *header,
                                 struct bytes *body) {
    if (packet.len < REPLY_HEADER_LEN || load_u32(packet.data + 4) != header->transaction_id)
        return UDP_ANSWER_FOREIGN;
    *body = (struct bytes){ .data = packet.data + REPLY_HEADER_LEN,
                            .len = packet.len - REPLY_HEADER_LEN };
    const uint32_t action = load_u32(packet.data);
    if (action == header->action)
        return UDP_ANSWER_GOOD;
    return action == UDP_ERROR ? UDP_ANSWER_ERROR : UDP_ANSWER_BROKEN;
}

bool udp_client_read_connect(struct bytes body, uint64_t *connection_id) {
    if (body.len < sizeof *connection_id)
        return false;
    *connection_id = load_u64(body.data);
    return true;
}

bool udp_client_read_announce(struct bytes body, uint8_t family, struct announce_reply *reply) {
    if (body.len < ANNOUNCE_BODY_LEN)
        return false;
    const struct bytes peers = { .data = body.data + ANNOUNCE_BODY_LEN,
                                 .len = body.len - ANNOUNCE_BODY_LEN };
    *reply = (struct announce_reply){
        .interval_s = load_u32(body.data),
        .min_interval_s = REPLY_UNKNOWN,
        .leechers = load_u32(body.data + 4),
        .seeders = load_u32(body.data + 8),
        .downloaded = REPLY_UNKNOWN,
    };
    if (family == FAMILY_V6)
        reply->compact_v6 = peers;
    else
        reply->compact_v4 = peers;
    return true;
}

bool udp_client_read_counts(struct bytes body, size_t index, struct scrape_counts *counts) {
    if (index >= body.len / SCRAPE_ENTRY_LEN)
        return false;
    const uint8_t *entry = body.data + index * SCRAPE_ENTRY_LEN;
    counts->seeders = load_u32(entry);
    counts->downloaded = load_u32(entry + 4);
    counts->leechers = load_u32(entry + 8);
    return true;
}
