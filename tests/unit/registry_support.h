/* Changes of a registry for tests: each is settled at once, as if it had been written. */
#ifndef SKEP_UNIT_REGISTRY_SUPPORT_H
#define SKEP_UNIT_REGISTRY_SUPPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "swarm/registry.h"

static inline void test_settle(struct registry *registry, struct registry_edit *edit) {
    registry_edit_submit(edit);
    registry_settle(registry, edit);
    registry_edit_release(edit);
}

static inline void test_put_row(struct registry *registry, const struct registry_row *row) {
    struct registry_edit *edit = registry_edit_begin(registry);
    if (edit == NULL || !registry_edit_put(edit, row))
        abort();
    test_settle(registry, edit);
}

/* Returns whether it was there. */
static inline bool test_remove_row(struct registry *registry, const struct registry_row *row) {
    bool found;
    struct registry_edit *edit = registry_edit_begin(registry);
    if (edit == NULL || !registry_edit_remove(edit, row, &found))
        abort();
    test_settle(registry, edit);
    return found;
}

static inline struct registry_row test_ban_row(const char *network, const char *reason) {
    struct registry_row row = { .kind = REGISTRY_BAN };
    if (!network_parse(network, &row.network))
        abort();
    network_text(&row.network, row.text);
    snprintf(row.reason, sizeof row.reason, "%s", reason);
    return row;
}

/* `kind` is REGISTRY_TORRENT or REGISTRY_BLOCK. */
static inline struct registry_row test_torrent_row(enum registry_kind kind,
                                                   const uint8_t info_hash[static INFO_HASH_LEN]) {
    struct registry_row row = { .kind = kind };
    memcpy(row.info_hash, info_hash, INFO_HASH_LEN);
    return row;
}

static inline struct registry_row test_passkey_row(const uint8_t digest[static SHA256_LEN],
                                                   const char *label) {
    struct registry_row row = { .kind = REGISTRY_PASSKEY };
    memcpy(row.digest, digest, SHA256_LEN);
    snprintf(row.text, sizeof row.text, "%s", label);
    return row;
}

static inline void test_add_ban(struct registry *registry, const char *network,
                                const char *reason) {
    const struct registry_row row = test_ban_row(network, reason);
    test_put_row(registry, &row);
}

static inline void test_add_torrent(struct registry *registry,
                                    const uint8_t info_hash[static INFO_HASH_LEN]) {
    const struct registry_row row = test_torrent_row(REGISTRY_TORRENT, info_hash);
    test_put_row(registry, &row);
}

/* Its label is the beginning of the digest. */
static inline void test_add_passkey(struct registry *registry,
                                    const uint8_t digest[static SHA256_LEN]) {
    char label[17];
    hex_encode(digest, 8, label);
    const struct registry_row row = test_passkey_row(digest, label);
    test_put_row(registry, &row);
}

#endif
