#include "swarm/registry_entries.h"

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
                memcmp(registry_row_key(changed), registry_row_key(row),
                       registry_key_len(row->kind)) == 0)
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
           entry->privacy == row->privacy && strcmp(entry_text(entry), row->text) == 0 &&
           strcmp(entry_reason(entry), row->reason) == 0;
}

static bool load_row(struct registry *registry, const struct registry_row *row) {
    const uint32_t loading = registry->loading[source_of(row->kind)];
    struct entry *present = registry_find_entry(registry, row);
    if (present == NULL && is_removed_by_edit(registry, row))
        return true;
    if (present != NULL && (is_unsettled(registry, present) || describes_entry(present, row))) {
        present->loading = loading;
        return true;
    }
    struct entry *entry = entry_create(row);
    if (entry == NULL)
        return false;
    entry->loading = loading;
    return registry_put_entry(registry, entry);
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
            removed += registry_remove_entry(registry, kind, entry->key);
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
