#include "swarm/registry_entries.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"

_Static_assert((int)REGISTRY_PARTS == (int)ENTRY_MAP_PARTS,
               "a part of the registry is one of its maps");

enum { TAG_LEN = 8 };

const char *entry_text(const struct entry *entry) {
    return (const char *)entry->key + registry_key_len((enum registry_kind)entry->kind);
}

const char *entry_reason(const struct entry *entry) {
    const char *text = entry_text(entry);
    return text + strlen(text) + 1;
}

static struct bytes key_of_entry(const struct entry *entry) {
    return (struct bytes){ entry->key, registry_key_len((enum registry_kind)entry->kind) };
}

/* Passkeys are found by the part of the digest that a peer keeps. */
static struct bytes tag_of_entry(const struct entry *entry) {
    return (struct bytes){ entry->key, TAG_LEN };
}

static struct bytes label_of_entry(const struct entry *entry) {
    return bytes_of(entry_text(entry));
}

static struct bytes file_of_entry(const struct entry *entry) {
    return (struct bytes){ (const uint8_t *)&entry->file_id, sizeof entry->file_id };
}

static struct bytes map_key(enum registry_kind kind, const uint8_t *key) {
    return (struct bytes){ key, kind == REGISTRY_PASSKEY ? TAG_LEN : registry_key_len(kind) };
}

struct registry *registry_create(void) {
    struct hash_key key;
    struct registry *registry = aligned_alloc(_Alignof(struct registry), sizeof *registry);
    if (registry == NULL || !random_secret(&key, sizeof key)) {
        free(registry);
        return NULL;
    }
    memset(registry, 0, sizeof *registry);
    pthread_mutex_init(&registry->lock, NULL);
    for (int i = 0; i < REGISTRY_KINDS; i++)
        entry_map_init(&registry->maps[i], &key,
                       i == REGISTRY_PASSKEY ? tag_of_entry : key_of_entry);
    entry_map_init(&registry->labels, &key, label_of_entry);
    entry_map_init(&registry->files, &key, file_of_entry);
    registry->marks.hash_key = key;
    return registry;
}

static void free_entries(struct entry_map *map) {
    for (int i = 0; i < REGISTRY_PARTS; i++) {
        for (uint32_t at = 0; at < map->parts[i].count; at++)
            free(map->parts[i].entries[at]);
    }
    entry_map_free(map);
}

void registry_delete(struct registry *registry) {
    if (registry == NULL)
        return;
    registry_end_edits(registry);
    for (int i = 0; i < REGISTRY_KINDS; i++)
        free_entries(&registry->maps[i]);
    entry_map_free(&registry->labels);
    entry_map_free(&registry->files);
    registry_marks_free(&registry->marks);
    pthread_mutex_destroy(&registry->lock);
    free(registry);
}

uint64_t registry_version(const struct registry *registry, enum registry_kind kind) {
    return atomic_load_explicit(&registry->versions[kind], memory_order_acquire);
}

size_t registry_count(const struct registry *registry, enum registry_kind kind) {
    return entry_map_count(&registry->maps[kind]);
}

static void copy_reason(const struct entry *entry, char reason[static REFUSAL_DETAIL_LEN]) {
    snprintf(reason, REFUSAL_DETAIL_LEN, "%s", entry_reason(entry));
}

static void copy_row(const struct entry *entry, struct registry_row *row) {
    *row = (struct registry_row){
        .kind = (enum registry_kind)entry->kind,
        .size = entry->size,
        .file_id = entry->file_id,
        .privacy = (enum registry_privacy)entry->privacy,
        .file_node = entry->file_node,
        .since_s = entry->since_s,
        .until_s = entry->until_s,
    };
    memcpy((uint8_t *)(uintptr_t)registry_row_key(row), entry->key, registry_key_len(row->kind));
    snprintf(row->text, sizeof row->text, "%s", entry_text(entry));
    copy_reason(entry, row->reason);
}

/* Finds the entry of a kind by its whole key. Its part must be locked. */
static struct entry *find_entry(const struct registry *registry, const struct entry_map_part *part,
                                enum registry_kind kind, const uint8_t *key, uint32_t hash) {
    struct entry *entry =
        entry_map_find(&registry->maps[kind], part, map_key(kind, key), hash, NULL);
    return entry == NULL || memcmp(entry->key, key, registry_key_len(kind)) != 0 ? NULL : entry;
}

static struct entry_map_part *lock_key(struct registry *registry, enum registry_kind kind,
                                       const uint8_t *key, uint32_t *hash) {
    return entry_map_lock(&registry->maps[kind], map_key(kind, key), hash);
}

struct entry *registry_find_entry(struct registry *registry, const struct registry_row *row) {
    uint32_t hash;
    struct entry_map_part *part = lock_key(registry, row->kind, registry_row_key(row), &hash);
    struct entry *entry = find_entry(registry, part, row->kind, registry_row_key(row), hash);
    entry_map_unlock(part);
    return entry;
}

/* Whether there is an entry with the key; copies its reason unless `reason` is NULL. */
static bool look_up(struct registry *registry, enum registry_kind kind, const uint8_t *key,
                    char *reason) {
    if (registry_count(registry, kind) == 0)
        return false;
    uint32_t hash;
    struct entry_map_part *part = lock_key(registry, kind, key, &hash);
    const struct entry *entry = find_entry(registry, part, kind, key, hash);
    if (entry != NULL && reason != NULL)
        copy_reason(entry, reason);
    entry_map_unlock(part);
    return entry != NULL;
}

bool registry_has_torrent(struct registry *registry,
                          const uint8_t info_hash[static INFO_HASH_LEN]) {
    return look_up(registry, REGISTRY_TORRENT, info_hash, NULL) ||
           look_up(registry, REGISTRY_TORRENT_FILE, info_hash, NULL);
}

bool registry_is_blocked(struct registry *registry, const uint8_t info_hash[static INFO_HASH_LEN],
                         char reason[static REFUSAL_DETAIL_LEN]) {
    return look_up(registry, REGISTRY_BLOCK, info_hash, reason);
}

bool registry_has_passkey(struct registry *registry, const uint8_t digest[static SHA256_LEN]) {
    return look_up(registry, REGISTRY_PASSKEY, digest, NULL);
}

uint64_t registry_passkey_tag(const uint8_t digest[static SHA256_LEN]) {
    return load_u64(digest);
}

bool registry_has_passkey_tag(struct registry *registry, uint64_t tag) {
    uint8_t bytes[TAG_LEN];
    uint32_t hash;
    store_u64(bytes, tag);
    const struct bytes key = { bytes, TAG_LEN };
    struct entry_map_part *part = entry_map_lock(&registry->maps[REGISTRY_PASSKEY], key, &hash);
    const bool found =
        entry_map_find(&registry->maps[REGISTRY_PASSKEY], part, key, hash, NULL) != NULL;
    entry_map_unlock(part);
    return found;
}

static _Atomic uint32_t *ban_lengths(struct registry *registry, uint8_t family) {
    return registry->ban_lengths[family == FAMILY_V6];
}

static struct network network_around(const struct endpoint *address, unsigned bits) {
    struct network network = { .family = address->family, .bits = (uint8_t)bits };
    memcpy(network.address, address->wire, bits / 8);
    if (bits % 8 != 0)
        network.address[bits / 8] = (uint8_t)(address->wire[bits / 8] & 0xff00 >> bits % 8);
    return network;
}

/* Finds the narrowest ban in force: one lookup per prefix length in use, however many bans there
 * are. Returns its part, locked, or NULL. */
static struct entry_map_part *lock_ban(struct registry *registry, const struct endpoint *address,
                                       int64_t now_s, const struct entry **ban) {
    const _Atomic uint32_t *lengths = ban_lengths(registry, address->family);
    for (int bits = 8 * (int)address_len(address->family); bits >= 0; bits--) {
        if (atomic_load_explicit(&lengths[bits], memory_order_relaxed) == 0)
            continue;
        const struct network network = network_around(address, (unsigned)bits);
        const uint8_t *key = &network.family;
        uint32_t hash;
        struct entry_map_part *part = lock_key(registry, REGISTRY_BAN, key, &hash);
        *ban = find_entry(registry, part, REGISTRY_BAN, key, hash);
        if (*ban != NULL && ((*ban)->until_s == 0 || (*ban)->until_s > now_s))
            return part;
        entry_map_unlock(part);
    }
    return NULL;
}

bool registry_is_banned(struct registry *registry, const struct endpoint *address, int64_t now_s,
                        char reason[static REFUSAL_DETAIL_LEN]) {
    const struct entry *ban;
    struct entry_map_part *part = lock_ban(registry, address, now_s, &ban);
    if (part == NULL)
        return false;
    copy_reason(ban, reason);
    entry_map_unlock(part);
    return true;
}

enum registry_privacy registry_torrent_privacy(struct registry *registry,
                                               const uint8_t info_hash[static INFO_HASH_LEN]) {
    static const enum registry_kind kinds[] = { REGISTRY_TORRENT, REGISTRY_TORRENT_FILE };
    enum registry_privacy privacy = PRIVACY_UNKNOWN;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct registry_row row = { .kind = kinds[i] };
        memcpy(row.info_hash, info_hash, INFO_HASH_LEN);
        if (registry_find(registry, &row) && row.privacy > privacy)
            privacy = row.privacy;
    }
    return privacy;
}

bool registry_find_ban(struct registry *registry, const struct endpoint *address, int64_t now_s,
                       struct registry_row *row) {
    const struct entry *ban;
    struct entry_map_part *part = lock_ban(registry, address, now_s, &ban);
    if (part == NULL)
        return false;
    copy_row(ban, row);
    entry_map_unlock(part);
    return true;
}

bool registry_find(struct registry *registry, struct registry_row *row) {
    const enum registry_kind kind = row->kind;
    uint32_t hash;
    struct entry_map_part *part = lock_key(registry, kind, registry_row_key(row), &hash);
    const struct entry *entry = find_entry(registry, part, kind, registry_row_key(row), hash);
    if (entry != NULL)
        copy_row(entry, row);
    entry_map_unlock(part);
    return entry != NULL;
}

struct registry_row registry_machine(const struct endpoint *address) {
    return (struct registry_row){
        .kind = REGISTRY_MACHINE,
        .network = network_of_address(address),
    };
}

void registry_find_machine(struct registry *registry, const struct endpoint *address,
                           char name[static REGISTRY_TEXT_LEN]) {
    struct registry_row row = registry_machine(address);
    name[0] = '\0';
    if (address->family != FAMILY_NONE && registry_count(registry, REGISTRY_MACHINE) > 0 &&
        registry_find(registry, &row))
        memcpy(name, row.text, sizeof row.text);
}

/* Finds an entry by a second key. */
static bool find_by(struct entry_map *map, struct bytes key, const uint8_t *except_key,
                    struct registry_row *row) {
    uint32_t hash;
    struct entry_map_part *part = entry_map_lock(map, key, &hash);
    const struct entry *entry = entry_map_find(map, part, key, hash, NULL);
    if (entry != NULL && except_key != NULL && memcmp(entry->key, except_key, INFO_HASH_LEN) == 0)
        entry = entry_map_find(map, part, key, hash, entry);
    if (entry != NULL)
        copy_row(entry, row);
    entry_map_unlock(part);
    return entry != NULL;
}

bool registry_find_label(struct registry *registry, const char *label, struct registry_row *row) {
    return find_by(&registry->labels, bytes_of(label), NULL, row);
}

bool registry_find_sibling(struct registry *registry, const struct registry_row *torrent,
                           struct registry_row *sibling) {
    const struct bytes key = { (const uint8_t *)&torrent->file_id, sizeof torrent->file_id };
    return torrent->file_id != 0 && find_by(&registry->files, key, torrent->info_hash, sibling);
}

void registry_visit_part(struct registry *registry, enum registry_kind kind, int number,
                         registry_visitor visit, void *context) {
    struct entry_map_part *part = &registry->maps[kind].parts[number];
    pthread_mutex_lock(&part->lock);
    for (uint32_t at = 0; at < part->count; at++) {
        struct registry_row row;
        copy_row(part->entries[at], &row);
        visit(context, &row);
    }
    pthread_mutex_unlock(&part->lock);
}

void registry_visit(struct registry *registry, enum registry_kind kind, registry_visitor visit,
                    void *context) {
    for (int i = 0; i < REGISTRY_PARTS; i++)
        registry_visit_part(registry, kind, i, visit, context);
}

int64_t registry_file_id(struct bytes file) {
    uint8_t digest[SHA256_LEN];
    digest_sha256(file.data, file.len, digest);
    /* Positive, and above the small numbers that a database may have given to earlier files. */
    return (int64_t)(load_u64(digest) >> 1 | 1ULL << 62);
}

/* Changes. The registry's lock is held. */

static void add_to_purge(struct registry *registry, enum registry_kind kind, bool removed,
                         const uint8_t *key) {
    struct registry_purge *purge = &registry->purge;
    const bool is_torrent = kind == REGISTRY_TORRENT || kind == REGISTRY_TORRENT_FILE;
    if (is_torrent ? removed : kind == REGISTRY_BLOCK && !removed) {
        if (purge->torrent_count < REGISTRY_PURGE_MAX)
            memcpy(purge->torrents[purge->torrent_count++], key, INFO_HASH_LEN);
        else
            purge->everything = true;
    }
    if (kind == REGISTRY_PASSKEY ? removed : kind == REGISTRY_BAN && !removed)
        purge->everything = true;
}

static void count_ban(struct registry *registry, const struct entry *entry, uint32_t difference) {
    if (entry->kind != REGISTRY_BAN)
        return;
    const uint8_t family = entry->key[0];
    const uint8_t bits = entry->key[1];
    atomic_fetch_add_explicit(&ban_lengths(registry, family)[bits], difference,
                              memory_order_relaxed);
}

struct entry *entry_create(const struct registry_row *row) {
    const size_t text_size = strnlen(row->text, sizeof row->text - 1) + 1;
    const size_t reason_size = strnlen(row->reason, sizeof row->reason - 1) + 1;
    const size_t len = registry_key_len(row->kind);
    struct entry *entry = calloc(1, sizeof *entry + len + text_size + reason_size);
    if (entry == NULL)
        return NULL;
    entry->kind = (uint8_t)row->kind;
    entry->size = row->size;
    entry->file_id = row->file_id;
    entry->privacy = (uint8_t)row->privacy;
    entry->file_node = row->file_node;
    entry->since_s = row->since_s;
    entry->until_s = row->until_s;
    memcpy(entry->key, registry_row_key(row), len);
    memcpy(entry->key + len, row->text, text_size - 1);
    memcpy(entry->key + len + text_size, row->reason, reason_size - 1);
    return entry;
}

/* The map in which an entry is found by its second key. NULL: none. */
static struct entry_map *second_map(struct registry *registry, const struct entry *entry) {
    if (entry->kind == REGISTRY_PASSKEY)
        return &registry->labels;
    return entry->kind == REGISTRY_TORRENT && entry->file_id != 0 ? &registry->files : NULL;
}

static bool add_to_second_map(struct registry *registry, struct entry *entry) {
    struct entry_map *map = second_map(registry, entry);
    uint32_t hash;
    if (map == NULL)
        return true;
    struct entry_map_part *part = entry_map_lock(map, map->key_of(entry), &hash);
    const bool added = entry_map_add(map, part, entry, hash);
    entry_map_unlock(part);
    return added;
}

static void remove_from_second_map(struct registry *registry, const struct entry *entry) {
    struct entry_map *map = second_map(registry, entry);
    uint32_t hash;
    if (map == NULL)
        return;
    struct entry_map_part *part = entry_map_lock(map, map->key_of(entry), &hash);
    entry_map_remove(map, part, entry, hash);
    entry_map_unlock(part);
}

static void note_change(struct registry *registry, enum registry_kind kind, bool removed,
                        const uint8_t *key) {
    add_to_purge(registry, kind, removed, key);
    atomic_fetch_add_explicit(&registry->versions[kind], 1, memory_order_release);
}

bool registry_put_entry(struct registry *registry, struct entry *entry) {
    const enum registry_kind kind = (enum registry_kind)entry->kind;
    struct entry_map *map = &registry->maps[kind];
    uint32_t hash;
    if (!add_to_second_map(registry, entry)) {
        free(entry);
        return false;
    }
    struct entry_map_part *part = lock_key(registry, kind, entry->key, &hash);
    struct entry *old = find_entry(registry, part, kind, entry->key, hash);
    bool good = true;
    if (old != NULL)
        entry_map_replace(map, part, old, entry, hash);
    else
        good = entry_map_add(map, part, entry, hash);
    entry_map_unlock(part);
    if (!good) {
        remove_from_second_map(registry, entry);
        free(entry);
        return false;
    }
    count_ban(registry, entry, 1);
    note_change(registry, kind, false, entry->key);
    if (old != NULL) {
        count_ban(registry, old, UINT32_MAX);
        remove_from_second_map(registry, old);
        free(old);
    }
    return true;
}

bool registry_remove_entry(struct registry *registry, enum registry_kind kind, const uint8_t *key) {
    uint32_t hash;
    struct entry_map_part *part = lock_key(registry, kind, key, &hash);
    struct entry *entry = find_entry(registry, part, kind, key, hash);
    if (entry != NULL)
        entry_map_remove(&registry->maps[kind], part, entry, hash);
    entry_map_unlock(part);
    if (entry == NULL)
        return false;
    count_ban(registry, entry, UINT32_MAX);
    remove_from_second_map(registry, entry);
    note_change(registry, kind, true, entry->key);
    free(entry);
    return true;
}

bool registry_take_purge(struct registry *registry, struct registry_purge *purge) {
    pthread_mutex_lock(&registry->lock);
    *purge = registry->purge;
    registry->purge.torrent_count = 0;
    registry->purge.everything = false;
    pthread_mutex_unlock(&registry->lock);
    return purge->torrent_count > 0 || purge->everything;
}
