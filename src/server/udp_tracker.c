#include "server/udp_tracker.h"

#include "wire/connection_id.h"

enum { DAY_MS = 24 * 3600 * 1000 };

#define PURPOSE UINT64_C(0x7564702d6b657973) /* of what is derived from the secret: "udp-keys" */
#include "wire/passkey.h"
#include "wire/refusal.h"

static size_t write_refusal(uint8_t *out, uint32_t transaction_id, enum announce_result result,
                            const char *detail) {
    char text[REFUSAL_TEXT_LEN];
    refusal_text(result, detail, text);
    return udp_write_error(out, transaction_id, text, UDP_REPLY_MAX);
}

static size_t reply_announce(const struct udp_context *context, struct bytes packet,
                             const struct udp_header *header, const struct endpoint *sender,
                             const struct endpoint *reached, uint64_t now_ms, uint8_t *out,
                             enum udp_outcome *outcome) {
    struct udp_announce announce;
    const char *error = udp_parse_announce(packet, &announce);
    *outcome = UDP_ANNOUNCE_MALFORMED;
    if (error != NULL)
        return udp_write_error(out, header->transaction_id, error, UDP_REPLY_MAX);
    announce.request.peer = *sender;
    announce.request.reached = *reached;
    endpoint_set_port(&announce.request.peer, announce.port);
    announce.request.passkey.given = false;
    if (announce.path_len > 0) {
        const struct http_target target =
            http_parse_target((struct bytes){ announce.path, announce.path_len });
        announce.request.passkey = passkey_of_target(&target);
    }

    struct announce_response response = {
        .peers = udp_peers_place(out),
        .peers_max = udp_peers_max(sender->family),
    };
    const enum announce_result result =
        tracker_announce(context->tracker, &announce.request, now_ms, &response);
    *outcome = result == ANNOUNCE_OK ? UDP_ANNOUNCED : UDP_ANNOUNCE_REFUSED;
    if (result != ANNOUNCE_OK)
        return write_refusal(out, header->transaction_id, result, response.detail);
    return udp_write_announce(out, header->transaction_id, &response);
}

/* A scrape over UDP carries no path, so it cannot contain a passkey. */
static size_t reply_scrape(const struct udp_context *context, struct bytes packet,
                           const struct udp_header *header, const struct endpoint *sender,
                           uint64_t now_ms, uint8_t *out, enum udp_outcome *outcome) {
    const struct passkey none = { 0 };
    char detail[REFUSAL_DETAIL_LEN];
    const enum announce_result result =
        tracker_check_scrape(context->tracker, sender, &none, now_ms, detail);
    *outcome = result == ANNOUNCE_OK ? UDP_SCRAPED : UDP_SCRAPE_REFUSED;
    if (result != ANNOUNCE_OK)
        return write_refusal(out, header->transaction_id, result, detail);
    size_t count;
    const uint8_t *hashes = udp_parse_scrape(packet, &count);
    size_t len = udp_write_scrape_header(out, header->transaction_id);
    for (size_t i = 0; i < count; i++) {
        const struct scrape_entry entry =
            tracker_scrape(context->tracker, hashes + i * INFO_HASH_LEN);
        len = udp_write_scrape_entry(out, i, &entry);
    }
    return len;
}

struct udp_shared_keys udp_shared_keys_derive(const struct hash_key *secret, uint64_t cluster_ms,
                                              uint64_t clock_offset_ms) {
    static const int64_t days[UDP_DAYS] = { 0, -1, 1 };
    struct udp_shared_keys keys = { .clock_offset_ms = clock_offset_ms };
    for (int i = 0; i < UDP_DAYS; i++) {
        const uint64_t day = cluster_ms / DAY_MS + (uint64_t)days[i];
        for (uint64_t half = 0; half < 2; half++) {
            const uint64_t purpose[] = { PURPOSE, day, half };
            keys.days[i].half[half] = keyed_signature(secret, purpose, sizeof purpose);
        }
    }
    return keys;
}

static uint64_t make_connection_id(const struct udp_context *context, const struct endpoint *sender,
                                   uint64_t now_ms) {
    const struct udp_shared_keys *shared =
        atomic_load_explicit(&context->shared, memory_order_acquire);
    if (shared == NULL)
        return connection_id_make(&context->keys.current, sender, now_ms);
    return connection_id_make(&shared->days[0], sender, now_ms + shared->clock_offset_ms);
}

/* The clock of the node that made the id may be a little ahead, so that its time window is the next
 * one. */
static bool is_shared_id(const struct udp_shared_keys *shared, const struct endpoint *sender,
                         uint64_t now_ms, uint32_t lifetime_s, uint64_t id) {
    const uint64_t later_ms =
        now_ms + shared->clock_offset_ms + UINT64_C(1000) * CONNECTION_ID_WINDOW_S;
    for (int i = 0; i < UDP_DAYS; i++) {
        if (connection_id_valid(&shared->days[i], sender, later_ms,
                                lifetime_s + CONNECTION_ID_WINDOW_S, id))
            return true;
    }
    return false;
}

static bool connection_id_ok(const struct udp_context *context, const struct endpoint *sender,
                             uint64_t now_ms, uint64_t id) {
    const uint32_t lifetime_s = context->connection_id_lifetime_s;
    const struct udp_shared_keys *shared =
        atomic_load_explicit(&context->shared, memory_order_acquire);
    return (shared != NULL && is_shared_id(shared, sender, now_ms, lifetime_s, id)) ||
           connection_id_valid(&context->keys.current, sender, now_ms, lifetime_s, id) ||
           connection_id_valid(&context->keys.previous, sender, now_ms, lifetime_s, id);
}

bool udp_tracker_hint(struct bytes packet, const struct endpoint *sender,
                      struct announce_hint *hint) {
    uint16_t port = 0;
    *hint = (struct announce_hint){
        .info_hash = udp_peek_announce(packet, &port),
        .client = *sender,
        .limited = true,
    };
    if (hint->info_hash != NULL)
        endpoint_set_port(&hint->client, port);
    return hint->info_hash != NULL;
}

size_t udp_tracker_reply(const struct udp_context *context, struct bytes packet,
                         const struct endpoint *sender, const struct endpoint *reached,
                         uint64_t now_ms, uint8_t *out, enum udp_outcome *outcome) {
    struct udp_header header;
    *outcome = UDP_IGNORED;
    if (!udp_parse_header(packet, &header))
        return 0;
    *outcome = UDP_CONNECTED;
    if (udp_is_connect(&header))
        return udp_write_connect(out, header.transaction_id,
                                 make_connection_id(context, sender, now_ms));
    *outcome = UDP_BAD_CONNECTION_ID;
    if (!connection_id_ok(context, sender, now_ms, header.connection_id))
        return udp_write_error(out, header.transaction_id, "invalid connection id", packet.len);
    switch (header.action) {
    case UDP_ANNOUNCE:
        return reply_announce(context, packet, &header, sender, reached, now_ms, out, outcome);
    case UDP_SCRAPE:
        return reply_scrape(context, packet, &header, sender, now_ms, out, outcome);
    default:
        *outcome = UDP_UNKNOWN_ACTION;
        return udp_write_error(out, header.transaction_id, "unknown action", packet.len);
    }
}
