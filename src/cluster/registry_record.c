#include "cluster/registry_record.h"

#include <string.h>

#include "base/utf8.h"

/* The fields of a value: five numbers, a byte, and two texts with their lengths. Later versions may
 * add fields. The kinds are those of enum registry_kind, whose values must not change. */
enum { NUMBERS_LEN = 5 * 8, NETWORK_HEAD_LEN = 2 };

/* Ids of files below it were given by an early version of skepd, each in its own database. */
#define FILE_ID_MIN (INT64_C(1) << 62)

static void put_number(struct writer *w, uint64_t number) {
    uint8_t *place = writer_reserve(w, sizeof number);
    if (place != NULL)
        store_u64(place, number);
}

static void put_text(struct writer *w, const char *text) {
    uint8_t *place = writer_reserve(w, 2);
    if (place != NULL)
        store_u16(place, (uint16_t)strlen(text));
    writer_put(w, text, strlen(text));
}

static void write_key(struct writer *w, const struct registry_row *row) {
    switch (row->kind) {
    case REGISTRY_TORRENT:
    case REGISTRY_BLOCK:
        writer_put(w, row->info_hash, INFO_HASH_LEN);
        break;
    case REGISTRY_PASSKEY:
        writer_put(w, row->digest, SHA256_LEN);
        break;
    case REGISTRY_BAN:
    case REGISTRY_MACHINE:
        writer_put(w, &row->network.family, 1);
        writer_put(w, &row->network.bits, 1);
        writer_put(w, row->network.address, address_len(row->network.family));
        break;
    case REGISTRY_TORRENT_FILE:
    case REGISTRY_KINDS:
        break;
    }
}

static void write_value(struct writer *w, const struct registry_row *row, uint64_t node) {
    const uint8_t privacy = (uint8_t)row->privacy;
    const bool has_file = row->file_id != 0 && row->file_node == 0;
    put_number(w, (uint64_t)row->since_s);
    put_number(w, (uint64_t)row->until_s);
    put_number(w, row->size);
    put_number(w, row->file_id >= FILE_ID_MIN ? (uint64_t)row->file_id : 0);
    put_number(w, has_file ? node : row->file_node);
    writer_put(w, &privacy, 1);
    put_text(w, row->text);
    put_text(w, row->reason);
}

struct record registry_record_make(const struct registry_row *row, const struct registry_mark *mark,
                                   uint64_t node, struct registry_record_bytes *bytes) {
    struct writer key = writer_on(bytes->key, sizeof bytes->key);
    struct writer value = writer_on(bytes->value, sizeof bytes->value);
    write_key(&key, row);
    if (!mark->removed)
        write_value(&value, row, node);
    return (struct record){
        .kind = RECORD_REGISTRY,
        .stamp = mark->stamp,
        .registry = {
            .kind = (uint8_t)row->kind,
            .restricts = mark->restricts,
            .restriction = mark->restriction,
            .key = { .data = bytes->key, .len = key.len },
            .value = { .data = bytes->value, .len = value.len },
        },
    };
}

static bool read_network(struct bytes key, struct network *network) {
    char text[NETWORK_TEXT_LEN];
    struct network again;
    if (key.len < NETWORK_HEAD_LEN)
        return false;
    network->family = key.data[0];
    network->bits = key.data[1];
    if ((network->family != FAMILY_V4 && network->family != FAMILY_V6) ||
        key.len != NETWORK_HEAD_LEN + address_len(network->family) ||
        network->bits > 8 * address_len(network->family))
        return false;
    memcpy(network->address, key.data + NETWORK_HEAD_LEN, address_len(network->family));
    network_text(network, text);
    return network_parse(text, &again) && memcmp(&again, network, sizeof again) == 0;
}

static bool copy_key(struct bytes key, uint8_t *copy, size_t len) {
    if (key.len != len)
        return false;
    memcpy(copy, key.data, len);
    return true;
}

static bool read_key(const struct registry_record *record, struct registry_row *row) {
    *row = (struct registry_row){ .kind = (enum registry_kind)record->kind };
    switch (record->kind) {
    case REGISTRY_TORRENT:
    case REGISTRY_BLOCK:
        return copy_key(record->key, row->info_hash, INFO_HASH_LEN);
    case REGISTRY_PASSKEY:
        return copy_key(record->key, row->digest, SHA256_LEN);
    case REGISTRY_BAN:
        return read_network(record->key, &row->network);
    case REGISTRY_MACHINE:
        return read_network(record->key, &row->network) &&
               row->network.bits == 8 * address_len(row->network.family);
    default:
        return false;
    }
}

/* False if the rest is too short. */
static bool take_text(struct bytes *rest, struct bytes *text) {
    if (rest->len < 2 || rest->len - 2 < load_u16(rest->data))
        return false;
    *text = (struct bytes){ .data = rest->data + 2, .len = load_u16(rest->data) };
    *rest = (struct bytes){ .data = text->data + text->len, .len = rest->len - 2 - text->len };
    return true;
}

static int64_t time_of(uint64_t number) {
    return number > INT64_MAX ? 0 : (int64_t)number;
}

static bool is_name(enum registry_kind kind) {
    return kind == REGISTRY_TORRENT || kind == REGISTRY_MACHINE;
}

static void copy_texts(struct registry_row *row, struct bytes text, struct bytes reason) {
    if (is_name(row->kind))
        (void)utf8_copy_line(text, row->text, sizeof row->text);
    else if (row->kind == REGISTRY_BAN)
        network_text(&row->network, row->text);
    else
        utf8_copy(text, row->text, sizeof row->text);
    utf8_copy(reason, row->reason, sizeof row->reason);
}

static bool read_value(struct bytes value, uint64_t node, struct registry_row *row) {
    struct bytes text, reason;
    if (value.len < NUMBERS_LEN + 1)
        return false;
    const uint64_t size = load_u64(value.data + 16);
    const uint64_t file_node = load_u64(value.data + 32);
    const uint8_t privacy = value.data[NUMBERS_LEN];
    struct bytes rest = { .data = value.data + NUMBERS_LEN + 1,
                          .len = value.len - NUMBERS_LEN - 1 };
    row->since_s = time_of(load_u64(value.data));
    row->until_s = time_of(load_u64(value.data + 8));
    row->size = size > INT64_MAX ? 0 : size;
    row->file_id = time_of(load_u64(value.data + 24));
    row->file_node = file_node == node ? 0 : file_node;
    row->privacy = privacy <= PRIVACY_PRIVATE ? (enum registry_privacy)privacy : PRIVACY_UNKNOWN;
    if (!take_text(&rest, &text) || !take_text(&rest, &reason))
        return false;
    copy_texts(row, text, reason);
    return row->kind != REGISTRY_PASSKEY || row->text[0] != '\0';
}

bool registry_record_read(const struct record *record, uint64_t node, struct registry_row *row,
                          struct registry_mark *mark) {
    const struct registry_record *registry = &record->registry;
    *mark = (struct registry_mark){
        .stamp = record->stamp,
        .restriction = registry->restriction,
        .restricts = registry->restricts,
        .removed = registry->value.len == 0,
    };
    return read_key(registry, row) && (mark->removed || read_value(registry->value, node, row));
}
