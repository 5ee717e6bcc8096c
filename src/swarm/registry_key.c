#include "swarm/registry_key.h"

size_t registry_key_len(enum registry_kind kind) {
    switch (kind) {
    case REGISTRY_TORRENT:
    case REGISTRY_BLOCK:
    case REGISTRY_TORRENT_FILE:
        return INFO_HASH_LEN;
    case REGISTRY_PASSKEY:
        return SHA256_LEN;
    case REGISTRY_BAN:
    case REGISTRY_MACHINE:
    case REGISTRY_KINDS:
        break;
    }
    return sizeof(struct network);
}

const uint8_t *registry_row_key(const struct registry_row *row) {
    switch (row->kind) {
    case REGISTRY_TORRENT:
    case REGISTRY_BLOCK:
    case REGISTRY_TORRENT_FILE:
        return row->info_hash;
    case REGISTRY_PASSKEY:
        return row->digest;
    case REGISTRY_BAN:
    case REGISTRY_MACHINE:
    case REGISTRY_KINDS:
        break;
    }
    return &row->network.family;
}

bool registry_restricts(enum registry_kind kind, bool removed) {
    switch (kind) {
    case REGISTRY_TORRENT:
    case REGISTRY_PASSKEY:
        return removed;
    case REGISTRY_BLOCK:
    case REGISTRY_BAN:
        return !removed;
    case REGISTRY_MACHINE:
    case REGISTRY_TORRENT_FILE:
    case REGISTRY_KINDS:
        break;
    }
    return false;
}
