#include "swarm/registry.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/error.h"
#include "base/random.h"
#include "swarm/entry_map.h"

_Static_assert((int)REGISTRY_PARTS == (int)ENTRY_MAP_PARTS,
               "a part of the registry is one of its maps");

enum { PREFIX_LENGTHS = 129, KEY_LEN_MAX = SHA256_LEN, TAG_LEN = 8 };

/* Does not change once readers can find it, apart from the first two fields, which the registry's
 * lock guards. */
struct entry {
    uint32_t edit;    /* number of the edit that put it; 0: it was loaded */
    uint32_t loading; /* number of the last load of its source that contained it */
    uint64_t size;    /* of a torrent */
    int64_t file_id;  /* of a torrent; 0: none */
    int64_t since_s;
    int64_t until_s; /* of a ban */
    uint8_t kind;
    uint8_t key[]; /* then text and reason, each with a terminating zero */
};

struct registry_edit {
    struct registry_edit *next; /* newer */
    struct registry *registry;
    atomic_int references;
    uint32_t number;
    struct registry_change *changes;
    size_t count;
    size_t capacity;
    uint8_t *file;
    size_t file_len;
    enum registry_state state;
    char reason[ERROR_LEN];
    void (*ready)(void *context);
    void *context;
};

struct registry {
    pthread_mutex_t lock; /* of everything that changes; never taken by an announce */
    struct entry_map maps[REGISTRY_KINDS];
    struct entry_map labels;                         /* passkeys by label */
    struct entry_map files;                          /* torrents by file_id */
    _Atomic uint32_t ban_lengths[2][PREFIX_LENGTHS]; /* bans by prefix length; v4, v6 */
    _Atomic uint64_t versions[REGISTRY_KINDS];
    struct registry_edit *oldest;
    struct registry_edit *newest;
    uint32_t last_edit;
    uint32_t settled_edit;
    uint32_t loading[REGISTRY_SOURCES];
    struct registry_purge purge;
    void (*wake)(void *context);
    void *wake_context;
};

static size_t key_len(enum registry_kind kind) {
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

static const char *text_of(const struct entry *entry) {
    return (const char *)entry->key + key_len((enum registry_kind)entry->kind);
}

static const char *reason_of(const struct entry *entry) {
    const char *text = text_of(entry);
    return text + strlen(text) + 1;
}

static struct bytes key_of_entry(const struct entry *entry) {
    return (struct bytes){ entry->key, key_len((enum registry_kind)entry->kind) };
}

/* Passkeys are found by the part of the digest that a peer keeps. */
static struct bytes tag_of_entry(const struct entry *entry) {
    return (struct bytes){ entry->key, TAG_LEN };
}

static struct bytes label_of_entry(const struct entry *entry) {
    return bytes_of(text_of(entry));
}

static struct bytes file_of_entry(const struct entry *entry) {
    return (struct bytes){ (const uint8_t *)&entry->file_id, sizeof entry->file_id };
}

static const uint8_t *key_of_row(const struct registry_row *row) {
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

static struct bytes map_key(enum registry_kind kind, const uint8_t *key) {
    return (struct bytes){ key, kind == REGISTRY_PASSKEY ? TAG_LEN : key_len(kind) };
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
    return registry;
}

static void release_edit(struct registry_edit *edit) {
    if (atomic_fetch_sub(&edit->references, 1) > 1)
        return;
    free(edit->changes);
    free(edit->file);
    free(edit);
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
    registry_roll_back(registry, REGISTRY_FAILED, "shutting down");
    for (int i = 0; i < REGISTRY_KINDS; i++)
        free_entries(&registry->maps[i]);
    entry_map_free(&registry->labels);
    entry_map_free(&registry->files);
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
    snprintf(reason, REFUSAL_DETAIL_LEN, "%s", reason_of(entry));
}

static void copy_row(const struct entry *entry, struct registry_row *row) {
    *row = (struct registry_row){
        .kind = (enum registry_kind)entry->kind,
        .size = entry->size,
        .file_id = entry->file_id,
        .since_s = entry->since_s,
        .until_s = entry->until_s,
    };
    memcpy((uint8_t *)(uintptr_t)key_of_row(row), entry->key, key_len(row->kind));
    snprintf(row->text, sizeof row->text, "%s", text_of(entry));
    copy_reason(entry, row->reason);
}

/* Finds the entry of a kind by its whole key. Its part must be locked. */
static struct entry *find_entry(const struct registry *registry, const struct entry_map_part *part,
                                enum registry_kind kind, const uint8_t *key, uint32_t hash) {
    struct entry *entry =
        entry_map_find(&registry->maps[kind], part, map_key(kind, key), hash, NULL);
    return entry == NULL || memcmp(entry->key, key, key_len(kind)) != 0 ? NULL : entry;
}

static struct entry_map_part *lock_key(struct registry *registry, enum registry_kind kind,
                                       const uint8_t *key, uint32_t *hash) {
    return entry_map_lock(&registry->maps[kind], map_key(kind, key), hash);
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
    struct entry_map_part *part = lock_key(registry, kind, key_of_row(row), &hash);
    const struct entry *entry = find_entry(registry, part, kind, key_of_row(row), hash);
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

/* Changes of memory. The registry's lock is held. */

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

static struct entry *create_entry(const struct registry_row *row) {
    const size_t text_size = strnlen(row->text, sizeof row->text - 1) + 1;
    const size_t reason_size = strnlen(row->reason, sizeof row->reason - 1) + 1;
    const size_t len = key_len(row->kind);
    struct entry *entry = calloc(1, sizeof *entry + len + text_size + reason_size);
    if (entry == NULL)
        return NULL;
    entry->kind = (uint8_t)row->kind;
    entry->size = row->size;
    entry->file_id = row->file_id;
    entry->since_s = row->since_s;
    entry->until_s = row->until_s;
    memcpy(entry->key, key_of_row(row), len);
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

/* Takes ownership of `entry`. False if out of memory; then nothing has changed. */
static bool put_entry(struct registry *registry, struct entry *entry) {
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

static bool remove_entry(struct registry *registry, enum registry_kind kind, const uint8_t *key) {
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

/* Edits */

struct registry_edit *registry_edit_begin(struct registry *registry) {
    struct registry_edit *edit = calloc(1, sizeof *edit);
    if (edit == NULL)
        return NULL;
    edit->registry = registry;
    edit->references = 1;
    pthread_mutex_lock(&registry->lock);
    /* 0 means loaded. */
    if (++registry->last_edit == 0)
        ++registry->last_edit;
    edit->number = registry->last_edit;
    return edit;
}

static struct registry_change *append_change(struct registry_edit *edit,
                                             const struct registry_row *row, bool removed) {
    struct registry_change *changes =
        array_grow(edit->changes, &edit->capacity, edit->count + 1, sizeof *changes);
    if (changes == NULL)
        return NULL;
    edit->changes = changes;
    struct registry_change *change = &changes[edit->count];
    *change = (struct registry_change){ .row = *row, .before = *row, .removed = removed };
    change->existed = registry_find(edit->registry, &change->before);
    return change;
}

bool registry_edit_put(struct registry_edit *edit, const struct registry_row *row) {
    struct entry *entry = create_entry(row);
    if (entry == NULL || append_change(edit, row, false) == NULL) {
        free(entry);
        return false;
    }
    entry->edit = edit->number;
    const bool good = put_entry(edit->registry, entry);
    edit->count += good;
    return good;
}

bool registry_edit_remove(struct registry_edit *edit, const struct registry_row *row, bool *found) {
    const struct registry_change *change = append_change(edit, row, true);
    *found = change != NULL && change->existed;
    if (!*found)
        return change != NULL;
    edit->count++;
    return remove_entry(edit->registry, row->kind, key_of_row(row));
}

bool registry_edit_attach(struct registry_edit *edit, struct bytes file) {
    edit->file = malloc(file.len + 1);
    if (edit->file == NULL)
        return false;
    memcpy(edit->file, file.data, file.len);
    edit->file_len = file.len;
    return true;
}

/* Restores the earlier entries, newest change first. Without memory an entry stays as it is until
 * the next load. */
static void undo_edit(struct registry *registry, const struct registry_edit *edit) {
    for (size_t i = edit->count; i > 0; i--) {
        const struct registry_change *change = &edit->changes[i - 1];
        struct entry *entry = change->existed ? create_entry(&change->before) : NULL;
        if (entry != NULL)
            (void)put_entry(registry, entry);
        else if (!change->existed)
            (void)remove_entry(registry, change->row.kind, key_of_row(&change->row));
    }
}

void registry_edit_abort(struct registry_edit *edit) {
    struct registry *registry = edit->registry;
    undo_edit(registry, edit);
    pthread_mutex_unlock(&registry->lock);
    release_edit(edit);
}

void registry_edit_submit(struct registry_edit *edit) {
    struct registry *registry = edit->registry;
    void (*wake)(void *context) = registry->wake;
    void *context = registry->wake_context;
    atomic_fetch_add(&edit->references, 1);
    if (registry->newest == NULL)
        registry->oldest = edit;
    else
        registry->newest->next = edit;
    registry->newest = edit;
    pthread_mutex_unlock(&registry->lock);
    if (wake != NULL)
        wake(context);
}

void registry_edit_release(struct registry_edit *edit) {
    if (edit != NULL)
        release_edit(edit);
}

enum registry_state registry_edit_state(struct registry_edit *edit, char reason[static ERROR_LEN]) {
    pthread_mutex_lock(&edit->registry->lock);
    const enum registry_state state = edit->state;
    if (state == REGISTRY_FAILED || state == REGISTRY_LOCKED)
        memcpy(reason, edit->reason, ERROR_LEN);
    pthread_mutex_unlock(&edit->registry->lock);
    return state;
}

void registry_edit_notify(struct registry_edit *edit, void (*ready)(void *context), void *context) {
    pthread_mutex_lock(&edit->registry->lock);
    const bool settled = edit->state != REGISTRY_QUEUED;
    if (!settled) {
        edit->ready = ready;
        edit->context = context;
    }
    pthread_mutex_unlock(&edit->registry->lock);
    if (settled)
        ready(context);
}

const struct registry_change *registry_edit_changes(const struct registry_edit *edit,
                                                    size_t *count) {
    *count = edit->count;
    return edit->changes;
}

struct bytes registry_edit_file(const struct registry_edit *edit) {
    return (struct bytes){ edit->file, edit->file_len };
}

/* Only the writer removes edits, so the list cannot be cut behind its back. */
const struct registry_edit *registry_edit_next(const struct registry_edit *edit) {
    pthread_mutex_lock(&edit->registry->lock);
    const struct registry_edit *next = edit->next;
    pthread_mutex_unlock(&edit->registry->lock);
    return next;
}

/* The writer */

void registry_set_writer(struct registry *registry, void (*wake)(void *context), void *context) {
    pthread_mutex_lock(&registry->lock);
    registry->wake = wake;
    registry->wake_context = context;
    pthread_mutex_unlock(&registry->lock);
}

bool registry_has_writer(struct registry *registry) {
    pthread_mutex_lock(&registry->lock);
    const bool has = registry->wake != NULL;
    pthread_mutex_unlock(&registry->lock);
    return has;
}

const struct registry_edit *registry_queued(struct registry *registry) {
    pthread_mutex_lock(&registry->lock);
    const struct registry_edit *oldest = registry->oldest;
    pthread_mutex_unlock(&registry->lock);
    return oldest;
}

/* Notifies the owners of settled edits, and frees the edits; without a lock. */
static void finish_edits(struct registry_edit *edits) {
    while (edits != NULL) {
        struct registry_edit *next = edits->next;
        if (edits->ready != NULL)
            edits->ready(edits->context);
        release_edit(edits);
        edits = next;
    }
}

void registry_settle(struct registry *registry, const struct registry_edit *last) {
    pthread_mutex_lock(&registry->lock);
    struct registry_edit *settled = registry->oldest;
    struct registry_edit *edit = settled;
    for (; edit != last; edit = edit->next)
        edit->state = REGISTRY_WRITTEN;
    edit->state = REGISTRY_WRITTEN;
    registry->settled_edit = edit->number;
    registry->oldest = edit->next;
    if (registry->oldest == NULL)
        registry->newest = NULL;
    edit->next = NULL;
    pthread_mutex_unlock(&registry->lock);
    finish_edits(settled);
}

static void undo_newest_first(struct registry *registry) {
    struct registry_edit *until = NULL;
    while (registry->oldest != until) {
        struct registry_edit *edit = registry->oldest;
        while (edit->next != until)
            edit = edit->next;
        undo_edit(registry, edit);
        until = edit;
    }
}

void registry_roll_back(struct registry *registry, enum registry_state state, const char *reason) {
    pthread_mutex_lock(&registry->lock);
    undo_newest_first(registry);
    struct registry_edit *undone = registry->oldest;
    for (struct registry_edit *edit = undone; edit != NULL; edit = edit->next) {
        edit->state = state;
        error_set(edit->reason, "%s", reason);
    }
    registry->settled_edit = registry->last_edit;
    registry->oldest = NULL;
    registry->newest = NULL;
    pthread_mutex_unlock(&registry->lock);
    finish_edits(undone);
}

/* Loads */

static enum registry_source source_of(enum registry_kind kind) {
    return kind < REGISTRY_STORED_KINDS ? REGISTRY_DATABASE : REGISTRY_DIRECTORY;
}

void registry_load_begin(struct registry *registry, enum registry_source source) {
    pthread_mutex_lock(&registry->lock);
    registry->loading[source]++;
    pthread_mutex_unlock(&registry->lock);
}

/* Whether a queued edit has removed the entry. */
static bool is_removed_by_edit(const struct registry *registry, const struct registry_row *row) {
    for (const struct registry_edit *edit = registry->oldest; edit != NULL; edit = edit->next) {
        for (size_t i = 0; i < edit->count; i++) {
            const struct registry_row *changed = &edit->changes[i].row;
            if (changed->kind == row->kind &&
                memcmp(key_of_row(changed), key_of_row(row), key_len(row->kind)) == 0)
                return true;
        }
    }
    return false;
}

static bool is_unsettled(const struct registry *registry, const struct entry *entry) {
    return entry->edit != 0 && (int32_t)(entry->edit - registry->settled_edit) > 0;
}

static bool describes_entry(const struct entry *entry, const struct registry_row *row) {
    return entry->size == row->size && entry->since_s == row->since_s &&
           entry->until_s == row->until_s && (entry->file_id == 0) == (row->file_id == 0) &&
           strcmp(text_of(entry), row->text) == 0 && strcmp(reason_of(entry), row->reason) == 0;
}

static struct entry *find_unlocked(struct registry *registry, const struct registry_row *row) {
    uint32_t hash;
    struct entry_map_part *part = lock_key(registry, row->kind, key_of_row(row), &hash);
    struct entry *entry = find_entry(registry, part, row->kind, key_of_row(row), hash);
    entry_map_unlock(part);
    return entry;
}

static bool load_row(struct registry *registry, const struct registry_row *row) {
    const uint32_t loading = registry->loading[source_of(row->kind)];
    struct entry *present = find_unlocked(registry, row);
    if (present == NULL && is_removed_by_edit(registry, row))
        return true;
    if (present != NULL && (is_unsettled(registry, present) || describes_entry(present, row))) {
        present->loading = loading;
        return true;
    }
    struct entry *entry = create_entry(row);
    if (entry == NULL)
        return false;
    entry->loading = loading;
    return put_entry(registry, entry);
}

bool registry_load_put(struct registry *registry, const struct registry_row *row) {
    pthread_mutex_lock(&registry->lock);
    const bool good = load_row(registry, row);
    pthread_mutex_unlock(&registry->lock);
    return good;
}

/* An entry of the part for which `leaves` is true, copied to `row`. The registry's lock keeps the
 * entry alive. */
static const struct entry *find_leaving(struct registry *registry, struct entry_map_part *part,
                                        bool (*leaves)(const struct registry *registry,
                                                       const struct entry *entry, int64_t now_s),
                                        int64_t now_s, uint32_t *from) {
    const struct entry *found = NULL;
    pthread_mutex_lock(&part->lock);
    for (; *from < part->count && found == NULL; ++*from) {
        if (leaves(registry, part->entries[*from], now_s))
            found = part->entries[*from];
    }
    pthread_mutex_unlock(&part->lock);
    return found;
}

/* Removes all entries of a kind for which `leaves` is true; returns their number. */
static size_t remove_leaving(struct registry *registry, enum registry_kind kind,
                             bool (*leaves)(const struct registry *registry,
                                            const struct entry *entry, int64_t now_s),
                             int64_t now_s) {
    size_t removed = 0;
    for (int i = 0; i < REGISTRY_PARTS; i++) {
        const struct entry *entry;
        uint32_t from = 0;
        pthread_mutex_lock(&registry->lock);
        while ((entry = find_leaving(registry, &registry->maps[kind].parts[i], leaves, now_s,
                                     &from)) != NULL) {
            removed += remove_entry(registry, kind, entry->key);
            from--; /* the part's last entry has taken its place */
        }
        pthread_mutex_unlock(&registry->lock);
    }
    return removed;
}

static bool is_missing_in_load(const struct registry *registry, const struct entry *entry,
                               int64_t now_s) {
    (void)now_s;
    const enum registry_source source = source_of((enum registry_kind)entry->kind);
    return entry->loading != registry->loading[source] && !is_unsettled(registry, entry);
}

void registry_load_end(struct registry *registry, enum registry_source source) {
    for (int kind = 0; kind < REGISTRY_KINDS; kind++) {
        if (source_of((enum registry_kind)kind) == source)
            (void)remove_leaving(registry, (enum registry_kind)kind, is_missing_in_load, 0);
    }
}

static bool has_ended(const struct registry *registry, const struct entry *entry, int64_t now_s) {
    (void)registry;
    return entry->until_s != 0 && entry->until_s <= now_s;
}

size_t registry_remove_ended(struct registry *registry, int64_t now_s) {
    return remove_leaving(registry, REGISTRY_BAN, has_ended, now_s);
}

bool registry_take_purge(struct registry *registry, struct registry_purge *purge) {
    pthread_mutex_lock(&registry->lock);
    *purge = registry->purge;
    registry->purge.torrent_count = 0;
    registry->purge.everything = false;
    pthread_mutex_unlock(&registry->lock);
    return purge->torrent_count > 0 || purge->everything;
}
