#include "cluster/record.h"

#include "swarm/announce.h"

enum {
    VARINT_MAX = 10,
    POSITIONS_LEN_MAX = NODES_MAX * (8 + 8 + VARINT_MAX),
};

/* Flags of a peer. */
enum {
    FLAG_V6 = 1,
    FLAG_LAN = 2,
    FLAG_PAUSED = 4,
    FLAG_COUNTED = 8,
    FLAG_OWN_ADDRESS = 16,
    FLAG_FROM_DHT = 32,
    FLAG_HAS_TAG = 64,
    FLAG_HAS_COMPLETED = 128,
};

/* Flags of a heartbeat, a registry entry and a chunk. */
enum { FLAG_JOINED = 1, FLAG_WHOLE = 2, FLAG_EMPTY = 4, FLAG_RESTRICTS = 1, FLAG_LAST = 1 };

static void put_u8(struct writer *w, unsigned value) {
    const uint8_t byte = (uint8_t)value;
    writer_put(w, &byte, 1);
}

static void put_u16(struct writer *w, uint16_t value) {
    uint8_t *place = writer_reserve(w, sizeof value);
    if (place != NULL)
        store_u16(place, value);
}

static void put_u32(struct writer *w, uint32_t value) {
    uint8_t *place = writer_reserve(w, sizeof value);
    if (place != NULL)
        store_u32(place, value);
}

static void put_u64(struct writer *w, uint64_t value) {
    uint8_t *place = writer_reserve(w, sizeof value);
    if (place != NULL)
        store_u64(place, value);
}

static void put_varint(struct writer *w, uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        put_u8(w, (unsigned)(value & 0x7f) | 0x80);
    put_u8(w, (unsigned)value);
}

static void put_text(struct writer *w, struct bytes text) {
    put_varint(w, text.len);
    writer_put(w, text.data, text.len);
}

/* Reads fields: once one is missing or invalid, nothing is left, and later ones are zero. */
struct reader {
    struct bytes rest;
    bool failed;
};

static const uint8_t *take(struct reader *r, size_t len) {
    if (r->failed || len > r->rest.len) {
        *r = (struct reader){ .failed = true };
        return NULL;
    }
    const uint8_t *place = r->rest.data;
    r->rest = (struct bytes){ .data = place + len, .len = r->rest.len - len };
    return place;
}

static uint8_t take_u8(struct reader *r) {
    const uint8_t *place = take(r, 1);
    return place == NULL ? 0 : *place;
}

static uint16_t take_u16(struct reader *r) {
    const uint8_t *place = take(r, sizeof(uint16_t));
    return place == NULL ? 0 : load_u16(place);
}

static uint32_t take_u32(struct reader *r) {
    const uint8_t *place = take(r, sizeof(uint32_t));
    return place == NULL ? 0 : load_u32(place);
}

static uint64_t take_u64(struct reader *r) {
    const uint8_t *place = take(r, sizeof(uint64_t));
    return place == NULL ? 0 : load_u64(place);
}

static void take_copy(struct reader *r, uint8_t *copy, size_t len) {
    const uint8_t *place = take(r, len);
    if (place != NULL)
        memcpy(copy, place, len);
}

static uint64_t take_varint(struct reader *r, uint64_t most) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 7 * VARINT_MAX; shift += 7) {
        const uint8_t byte = take_u8(r);
        const uint64_t bits = byte & 0x7f;
        if (shift == 63 && bits > 1)
            break;
        value |= bits << shift;
        if (byte < 0x80) {
            if (value > most)
                break;
            return value;
        }
    }
    *r = (struct reader){ .failed = true };
    return 0;
}

static struct bytes take_text(struct reader *r, size_t most) {
    const size_t len = (size_t)take_varint(r, most);
    const uint8_t *place = take(r, len);
    if (place == NULL)
        return (struct bytes){ 0 };
    return (struct bytes){ .data = place, .len = len };
}

static void require(struct reader *r, bool condition) {
    r->failed = r->failed || !condition;
}

static uint64_t clamp(uint64_t value, uint64_t most) {
    return value < most ? value : most;
}

static void write_key(struct writer *w, const struct peer_key *key) {
    writer_put(w, key->info_hash, INFO_HASH_LEN);
    writer_put(w, key->endpoint.wire, endpoint_len(key->endpoint.family));
}

static unsigned key_flags(const struct peer_key *key) {
    return (key->endpoint.family == FAMILY_V6 ? FLAG_V6 : 0U) | (key->on_lan ? FLAG_LAN : 0U);
}

static unsigned state_flags(const struct peer_state *state) {
    return (state->paused ? FLAG_PAUSED : 0U) | (state->counted ? FLAG_COUNTED : 0U) |
           (state->own_address ? FLAG_OWN_ADDRESS : 0U) | (state->from_dht ? FLAG_FROM_DHT : 0U) |
           (state->passkey_tag != 0 ? FLAG_HAS_TAG : 0U) |
           (state->completed != 0 ? FLAG_HAS_COMPLETED : 0U);
}

static void write_count(struct writer *w, const struct node_count *count) {
    put_u64(w, count->node);
    put_varint(w, count->counted);
    put_varint(w, count->taken_back);
}

/* `left` is increased by one, so that the usual unknown one takes one byte: 0. */
static void write_put(struct writer *w, const struct record *record) {
    const struct peer_state *state = &record->state;
    put_u8(w, key_flags(&record->peer) | state_flags(state));
    write_key(w, &record->peer);
    writer_put(w, state->peer_id, PEER_ID_LEN);
    put_u32(w, state->key);
    put_u16(w, state->interval_s);
    put_varint(w, state->left == LEFT_UNKNOWN ? 0 : clamp(state->left, RECORD_LEFT_MAX) + 1);
    put_varint(w, clamp(state->uploaded_kib, RECORD_TOTAL_KIB_MAX));
    put_varint(w, clamp(state->downloaded_kib, RECORD_TOTAL_KIB_MAX));
    if (state->passkey_tag != 0)
        put_u64(w, state->passkey_tag);
    if (state->completed != 0)
        put_u64(w, state->completed);
    if (record->count.node != 0)
        write_count(w, &record->count);
}

static void write_heartbeat(struct writer *w, const struct heartbeat *heartbeat) {
    put_u8(w, (heartbeat->joined ? FLAG_JOINED : 0U) | (heartbeat->whole ? FLAG_WHOLE : 0U) |
                  (heartbeat->empty ? FLAG_EMPTY : 0U));
    put_varint(w, heartbeat->interval_max_s);
    put_varint(w, heartbeat->budget_per_s);
    put_text(w, heartbeat->name);
    put_text(w, heartbeat->positions);
    put_text(w, heartbeat->version);
    put_varint(w, heartbeat->announces_per_s);
    put_u64(w, (uint64_t)heartbeat->clock_offset_ms);
    if (!heartbeat->has_lag)
        return;
    put_varint(w, clamp(heartbeat->behind_entries, RECORD_BEHIND_MAX));
    put_varint(w, clamp(heartbeat->behind_ms, RECORD_BEHIND_MAX));
}

static void write_registry(struct writer *w, const struct registry_record *registry) {
    put_u8(w, registry->kind);
    put_u8(w, registry->restricts ? FLAG_RESTRICTS : 0U);
    put_u64(w, registry->restriction);
    put_text(w, registry->key);
    put_text(w, registry->value);
}

static bool has_stamp(enum record_kind kind) {
    return kind != RECORD_HEARTBEAT && kind != RECORD_REQUEST;
}

static void write_fields(struct writer *w, const struct record *record) {
    switch (record->kind) {
    case RECORD_PUT:
        write_put(w, record);
        break;
    case RECORD_REMOVE:
        put_u8(w, key_flags(&record->peer));
        write_key(w, &record->peer);
        break;
    case RECORD_COMPLETION:
        writer_put(w, record->completion.info_hash, INFO_HASH_LEN);
        put_u64(w, record->completion.identity);
        break;
    case RECORD_COUNTER:
        writer_put(w, record->counter.info_hash, INFO_HASH_LEN);
        write_count(w, &record->count);
        break;
    case RECORD_REGISTRY:
        write_registry(w, &record->registry);
        break;
    case RECORD_HEARTBEAT:
        write_heartbeat(w, &record->heartbeat);
        break;
    case RECORD_REQUEST:
        put_u64(w, record->request);
        break;
    case RECORD_TOMBSTONE:
        put_u64(w, record->hash);
        break;
    case RECORD_NONE:
    case RECORD_UNKNOWN:
        w->failed = true;
        break;
    }
}

void record_write(struct writer *w, const struct record *record) {
    uint8_t body[RECORD_MAX];
    struct writer fields = writer_on(body, sizeof body);
    put_u8(&fields, record->kind);
    if (has_stamp(record->kind))
        put_u64(&fields, record->stamp);
    write_fields(&fields, record);
    if (fields.failed)
        w->failed = true;
    else
        put_text(w, (struct bytes){ .data = body, .len = fields.len });
}

static void read_key(struct reader *r, unsigned flags, struct peer_key *key) {
    key->on_lan = (flags & FLAG_LAN) != 0;
    key->endpoint.family = flags & FLAG_V6 ? FAMILY_V6 : FAMILY_V4;
    take_copy(r, key->info_hash, INFO_HASH_LEN);
    take_copy(r, key->endpoint.wire, endpoint_len(key->endpoint.family));
    require(r, endpoint_port(&key->endpoint) != 0 && endpoint_is_usable(&key->endpoint));
}

static void read_count(struct reader *r, struct node_count *count) {
    count->node = take_u64(r);
    count->counted = (uint32_t)take_varint(r, UINT32_MAX);
    count->taken_back = (uint32_t)take_varint(r, UINT32_MAX);
}

static void read_put(struct reader *r, struct record *record) {
    struct peer_state *state = &record->state;
    const unsigned flags = take_u8(r);
    read_key(r, flags, &record->peer);
    take_copy(r, state->peer_id, PEER_ID_LEN);
    state->key = take_u32(r);
    state->interval_s = take_u16(r);
    state->left = take_varint(r, RECORD_LEFT_MAX + 1) - 1;
    state->uploaded_kib = take_varint(r, RECORD_TOTAL_KIB_MAX);
    state->downloaded_kib = take_varint(r, RECORD_TOTAL_KIB_MAX);
    state->passkey_tag = flags & FLAG_HAS_TAG ? take_u64(r) : 0;
    state->completed = flags & FLAG_HAS_COMPLETED ? take_u64(r) : 0;
    state->paused = (flags & FLAG_PAUSED) != 0;
    state->counted = (flags & FLAG_COUNTED) != 0;
    state->own_address = (flags & FLAG_OWN_ADDRESS) != 0;
    state->from_dht = (flags & FLAG_FROM_DHT) != 0;
    require(r, state->interval_s > 0 && state->interval_s <= INTERVAL_LIMIT_S);
    require(r, state->completed <= record->stamp);
    if (r->rest.len > 0)
        read_count(r, &record->count);
}

static void read_registry(struct reader *r, struct record *record) {
    struct registry_record *registry = &record->registry;
    registry->kind = take_u8(r);
    registry->restricts = (take_u8(r) & FLAG_RESTRICTS) != 0;
    registry->restriction = take_u64(r);
    registry->key = take_text(r, REGISTRY_KEY_MAX);
    registry->value = take_text(r, REGISTRY_VALUE_MAX);
    require(r, registry->key.len > 0 && registry->restriction <= record->stamp);
}

static void read_heartbeat(struct reader *r, struct heartbeat *heartbeat) {
    const unsigned flags = take_u8(r);
    heartbeat->joined = (flags & FLAG_JOINED) != 0;
    heartbeat->whole = (flags & FLAG_WHOLE) != 0;
    heartbeat->empty = (flags & FLAG_EMPTY) != 0;
    heartbeat->interval_max_s = (uint32_t)take_varint(r, INTERVAL_LIMIT_S);
    heartbeat->budget_per_s = (uint32_t)take_varint(r, UINT32_MAX);
    heartbeat->name = take_text(r, NODE_NAME_MAX);
    heartbeat->positions = take_text(r, POSITIONS_LEN_MAX);
    require(r, heartbeat->interval_max_s > 0);
    if (r->rest.len == 0)
        return;
    heartbeat->version = take_text(r, NODE_VERSION_MAX);
    heartbeat->announces_per_s = (uint32_t)take_varint(r, UINT32_MAX);
    heartbeat->clock_offset_ms = (int64_t)take_u64(r);
    if (r->rest.len == 0)
        return;
    heartbeat->has_lag = true;
    heartbeat->behind_entries = take_varint(r, RECORD_BEHIND_MAX);
    heartbeat->behind_ms = take_varint(r, RECORD_BEHIND_MAX);
}

static void read_fields(struct reader *r, struct record *record) {
    switch (record->kind) {
    case RECORD_PUT:
        read_put(r, record);
        break;
    case RECORD_REMOVE:
        read_key(r, take_u8(r), &record->peer);
        break;
    case RECORD_COMPLETION:
        take_copy(r, record->completion.info_hash, INFO_HASH_LEN);
        record->completion.identity = take_u64(r);
        break;
    case RECORD_COUNTER:
        take_copy(r, record->counter.info_hash, INFO_HASH_LEN);
        read_count(r, &record->count);
        require(r, record->count.node != 0);
        break;
    case RECORD_REGISTRY:
        read_registry(r, record);
        break;
    case RECORD_HEARTBEAT:
        read_heartbeat(r, &record->heartbeat);
        break;
    case RECORD_REQUEST:
        record->request = take_u64(r);
        break;
    case RECORD_TOMBSTONE:
        record->hash = take_u64(r);
        break;
    case RECORD_NONE:
    case RECORD_UNKNOWN:
        r->failed = true;
        break;
    }
}

static enum record_kind known_kind(uint8_t kind) {
    return kind >= RECORD_PUT && kind <= RECORD_TOMBSTONE ? (enum record_kind)kind : RECORD_UNKNOWN;
}

enum record_kind record_read(struct bytes *rest, struct record *record) {
    struct reader all = { .rest = *rest };
    struct reader body = { .rest = take_text(&all, SIZE_MAX) };
    *rest = all.rest;
    if (all.failed)
        return RECORD_NONE;
    struct record found = { .kind = known_kind(take_u8(&body)) };
    if (has_stamp(found.kind)) {
        found.stamp = take_u64(&body);
        require(&body, found.stamp != 0);
    }
    read_fields(&body, &found);
    if (body.failed)
        return RECORD_UNKNOWN;
    *record = found;
    return found.kind;
}

void position_write(struct writer *w, const struct position *position) {
    put_u64(w, position->node);
    put_u64(w, position->incarnation);
    put_varint(w, position->number);
}

bool position_read(struct bytes *rest, struct position *position) {
    struct reader r = { .rest = *rest };
    struct position found;
    found.node = take_u64(&r);
    found.incarnation = take_u64(&r);
    found.number = take_varint(&r, UINT64_MAX);
    *rest = r.rest;
    if (!r.failed)
        *position = found;
    return !r.failed;
}

void entry_header_write(struct writer *w, const struct entry_header *header) {
    uint8_t body[HEADER_MAX];
    struct writer fields = writer_on(body, sizeof body);
    put_u64(&fields, header->node);
    put_u64(&fields, header->incarnation);
    put_varint(&fields, header->number);
    put_varint(&fields, header->site);
    put_text(w, (struct bytes){ .data = body, .len = fields.len });
}

bool entry_header_read(struct bytes *rest, struct entry_header *header) {
    struct reader all = { .rest = *rest };
    struct reader fields = { .rest = take_text(&all, SIZE_MAX) };
    struct entry_header found;
    found.node = take_u64(&fields);
    found.incarnation = take_u64(&fields);
    found.number = take_varint(&fields, UINT64_MAX);
    found.site = take_varint(&fields, UINT64_MAX);
    if (all.failed || fields.failed)
        return false;
    *rest = all.rest;
    *header = found;
    return true;
}

void chunk_header_write(struct writer *w, const struct chunk_header *header) {
    uint8_t body[HEADER_MAX];
    struct writer fields = writer_on(body, sizeof body);
    put_u8(&fields, (header->last ? FLAG_LAST : 0U) | (header->whole ? FLAG_WHOLE : 0U));
    put_u64(&fields, header->request);
    put_u64(&fields, header->node);
    put_varint(&fields, header->site);
    put_varint(&fields, header->index);
    put_text(w, (struct bytes){ .data = body, .len = fields.len });
}

bool chunk_header_read(struct bytes *rest, struct chunk_header *header) {
    struct reader all = { .rest = *rest };
    struct reader fields = { .rest = take_text(&all, SIZE_MAX) };
    struct chunk_header found;
    const unsigned flags = take_u8(&fields);
    found.whole = (flags & FLAG_WHOLE) != 0;
    found.last = (flags & FLAG_LAST) != 0;
    found.request = take_u64(&fields);
    found.node = take_u64(&fields);
    found.site = take_varint(&fields, UINT64_MAX);
    found.index = (uint32_t)take_varint(&fields, UINT32_MAX);
    if (all.failed || fields.failed)
        return false;
    *rest = all.rest;
    *header = found;
    return true;
}
