#include "store/packed_change.h"

enum { PEER = 1, PEER_LEFT, TORRENT, TORRENT_FORGOTTEN, TORRENT_LOST };

enum {
    KIND = 0x07,
    IS_V6 = 0x08,
    IS_SEEDER = 0x10,
    IS_PAUSED = 0x20,
    IS_COUNTED = 0x40,
    HAS_PASSKEY = 0x80,
};

uint32_t packed_change_age(int64_t since_s, int64_t now_s) {
    const bool known = since_s > 0 && since_s <= now_s && now_s - since_s <= UINT32_MAX;
    return known ? (uint32_t)(now_s - since_s) : 0;
}

static void put_u32(struct writer *w, uint32_t value) {
    store_u32(writer_reserve(w, sizeof value), value);
}

static void put_u64(struct writer *w, uint64_t value) {
    store_u64(writer_reserve(w, sizeof value), value);
}

/* A time beyond 32 bits is unknown. */
static void put_since(struct writer *w, int64_t at_s, uint32_t age_s) {
    const int64_t since_s = at_s - age_s;
    put_u32(w, since_s > 0 && since_s <= UINT32_MAX ? (uint32_t)since_s : 0);
}

static void put_head(struct writer *w, unsigned head, const struct change *change) {
    *writer_reserve(w, 1) = (uint8_t)head;
    writer_put(w, change->info_hash, INFO_HASH_LEN);
}

static void put_endpoint(struct writer *w, unsigned head, const struct change *change) {
    put_head(w, head | (change->peer.family == FAMILY_V6 ? IS_V6 : 0U), change);
    writer_put(w, change->peer.wire, endpoint_len(change->peer.family));
}

static void put_peer(struct writer *w, const struct change *change, int64_t at_s) {
    const uint32_t interval_s =
        change->interval_s < PACKED_INTERVAL_MAX_S ? change->interval_s : PACKED_INTERVAL_MAX_S;
    put_endpoint(w,
                 PEER | (change->left == 0 ? IS_SEEDER : 0U) | (change->paused ? IS_PAUSED : 0U) |
                     (change->counted ? IS_COUNTED : 0U) |
                     (change->passkey_tag != 0 ? HAS_PASSKEY : 0U),
                 change);
    writer_put(w, change->peer_id, PEER_ID_LEN);
    put_u32(w, change->key);
    store_u16(writer_reserve(w, 2), (uint16_t)interval_s);
    put_since(w, at_s, change->age_s);
    if (change->left != 0)
        put_u64(w, change->left);
    if (change->passkey_tag != 0)
        put_u64(w, change->passkey_tag);
}

static void put_torrent(struct writer *w, const struct change *change, int64_t at_s) {
    put_head(w, TORRENT, change);
    put_u32(w, change->downloaded);
    put_since(w, at_s, change->kind == CHANGE_TORRENT ? change->age_s : 0);
}

size_t packed_change_write(uint8_t to[static PACKED_CHANGE_MAX], const struct change *change,
                           int64_t at_s) {
    struct writer w = writer_on(to, PACKED_CHANGE_MAX);
    switch (change->kind) {
    case CHANGE_PEER_JOINED:
    case CHANGE_PEER_UPDATED:
        put_peer(&w, change, at_s);
        break;
    case CHANGE_PEER_COMPLETED:
        put_peer(&w, change, at_s);
        put_torrent(&w, change, at_s);
        break;
    case CHANGE_PEER_LEFT:
    case CHANGE_PEER_EXPIRED:
    case CHANGE_PEER_MOVED:
        put_endpoint(&w, PEER_LEFT, change);
        break;
    case CHANGE_PEER_CONFIRMED:
    case CHANGE_PEER_REFRESHED:
    case CHANGE_PEER_ABSENT:
        break;
    case CHANGE_TORRENT:
        if (change->downloaded > 0)
            put_torrent(&w, change, at_s);
        break;
    case CHANGE_TORRENT_FORGOTTEN:
        put_head(&w, TORRENT_FORGOTTEN, change);
        break;
    case CHANGE_TORRENT_LOST:
        put_head(&w, TORRENT_LOST, change);
        break;
    }
    return w.len;
}

/* Takes `len` bytes; NULL if there are fewer. */
static const uint8_t *take(struct bytes *rest, size_t len) {
    if (rest->len < len)
        return NULL;
    const uint8_t *taken = rest->data;
    *rest = (struct bytes){ .data = taken + len, .len = rest->len - len };
    return taken;
}

static bool take_endpoint(struct bytes *rest, unsigned head, struct endpoint *peer) {
    peer->family = head & IS_V6 ? FAMILY_V6 : FAMILY_V4;
    const size_t len = endpoint_len(peer->family);
    const uint8_t *wire = take(rest, len);
    if (wire == NULL)
        return false;
    memcpy(peer->wire, wire, len);
    return endpoint_port(peer) != 0;
}

static bool take_peer(struct bytes *rest, unsigned head, int64_t now_s, struct change *change) {
    enum { KEY_AT = PEER_ID_LEN, INTERVAL_AT = KEY_AT + 4, SINCE_AT = INTERVAL_AT + 2 };
    const uint8_t *fixed = NULL;
    const uint8_t *left = NULL;
    const uint8_t *tag = NULL;
    if (!take_endpoint(rest, head, &change->peer) || (fixed = take(rest, SINCE_AT + 4)) == NULL ||
        (!(head & IS_SEEDER) && (left = take(rest, sizeof change->left)) == NULL) ||
        (head & HAS_PASSKEY && (tag = take(rest, sizeof change->passkey_tag)) == NULL))
        return false;
    memcpy(change->peer_id, fixed, PEER_ID_LEN);
    change->key = load_u32(fixed + KEY_AT);
    change->interval_s = load_u16(fixed + INTERVAL_AT);
    change->age_s = packed_change_age(load_u32(fixed + SINCE_AT), now_s);
    change->left = left == NULL ? 0 : load_u64(left);
    change->passkey_tag = tag == NULL ? 0 : load_u64(tag);
    change->paused = head & IS_PAUSED;
    change->counted = head & IS_COUNTED;
    return change->interval_s <= PACKED_INTERVAL_MAX_S;
}

static bool take_torrent(struct bytes *rest, int64_t now_s, struct change *change) {
    const uint8_t *numbers = take(rest, 8);
    if (numbers == NULL)
        return false;
    change->downloaded = load_u32(numbers);
    change->age_s = packed_change_age(load_u32(numbers + 4), now_s);
    return true;
}

bool packed_change_read(struct bytes *rest, int64_t now_s, struct change *change) {
    static const enum change_kind kinds[] = {
        [PEER] = CHANGE_PEER_JOINED,          [PEER_LEFT] = CHANGE_PEER_LEFT,
        [TORRENT] = CHANGE_TORRENT,           [TORRENT_FORGOTTEN] = CHANGE_TORRENT_FORGOTTEN,
        [TORRENT_LOST] = CHANGE_TORRENT_LOST,
    };
    const uint8_t *start = take(rest, 1 + INFO_HASH_LEN);
    const unsigned head = start == NULL ? 0 : *start;
    const unsigned kind = head & KIND;
    if (kind < PEER || kind > TORRENT_LOST)
        return false;
    *change = (struct change){ .kind = kinds[kind] };
    memcpy(change->info_hash, start + 1, INFO_HASH_LEN);
    if (kind == PEER)
        return take_peer(rest, head, now_s, change);
    if (kind == PEER_LEFT)
        return take_endpoint(rest, head, &change->peer);
    return kind != TORRENT || take_torrent(rest, now_s, change);
}
