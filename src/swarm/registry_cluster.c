#include "swarm/registry_cluster.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/utf8.h"
#include "swarm/registry_entries.h"

void registry_share(struct registry *registry) {
    registry->shared = true;
    registry->adopts = true;
}

bool registry_is_shared(const struct registry *registry) {
    return registry->shared;
}

void registry_set_node(struct registry *registry, uint64_t node, uint64_t clock_offset_ms) {
    pthread_mutex_lock(&registry->lock);
    registry->node = node;
    registry->clock_offset_ms = clock_offset_ms;
    pthread_mutex_unlock(&registry->lock);
}

void registry_set_adopts(struct registry *registry, bool adopts) {
    pthread_mutex_lock(&registry->lock);
    registry->adopts = adopts;
    pthread_mutex_unlock(&registry->lock);
}

void registry_set_identity(struct registry *registry, const struct registry_identity *identity) {
    pthread_mutex_lock(&registry->lock);
    registry->identity = *identity;
    pthread_mutex_unlock(&registry->lock);
}

struct registry_identity registry_get_identity(struct registry *registry) {
    pthread_mutex_lock(&registry->lock);
    const struct registry_identity identity = registry->identity;
    pthread_mutex_unlock(&registry->lock);
    return identity;
}

bool registry_load_mark(struct registry *registry, const struct registry_row *key,
                        const struct registry_mark *mark) {
    pthread_mutex_lock(&registry->lock);
    const bool good = registry_marks_put(&registry->marks, key, mark, false);
    pthread_mutex_unlock(&registry->lock);
    return good;
}

bool registry_find_mark(struct registry *registry, const struct registry_row *row,
                        struct registry_mark *mark) {
    pthread_mutex_lock(&registry->lock);
    const struct marked_key *marked = registry_marks_find(&registry->marks, row);
    if (marked != NULL)
        *mark = marked->mark;
    pthread_mutex_unlock(&registry->lock);
    return marked != NULL;
}

bool registry_is_aside(struct registry *registry, const struct registry_row *row) {
    struct registry_mark mark;
    return registry_find_mark(registry, row, &mark) && mark.aside;
}

/* Merging. */

/* A passkey with the same stamp was given another label, because another one had its own. */
static bool has_greater_label(struct registry *registry, const struct registry_row *row) {
    struct registry_row present = *row;
    return row->kind == REGISTRY_PASSKEY && registry_find(registry, &present) &&
           strcmp(row->text, present.text) > 0;
}

/* Of a change that was made outside of the cluster, and will become one of this node. A restriction
 * that it did not know beats it; a restriction is not merged with a permit until it is adopted. */
static bool beats_outside(struct registry *registry, const struct registry_row *row,
                          const struct marked_key *marked, const struct registry_mark *mark) {
    const bool present = registry_find_entry(registry, row) != NULL;
    if (marked != NULL && marked->mark.aside)
        return true;
    if (mark->restricts)
        return marked == NULL || !registry->adopts || mark->stamp > marked->mark.restriction;
    if (marked == NULL)
        return !present || !registry_restricts(row->kind, false);
    return !registry->adopts && !registry_restricts(row->kind, !present);
}

static bool beats_present(struct registry *registry, const struct registry_row *row,
                          const struct registry_mark *mark) {
    struct marked_key *marked = registry_marks_find(&registry->marks, row);
    if (marked == NULL || marked->mark.stamp == 0)
        return beats_outside(registry, row, marked, mark);
    if (marked->mark.stamp != mark->stamp)
        return registry_mark_beats(mark, &marked->mark);
    marked->confirmed = true;
    return !mark->removed && has_greater_label(registry, row);
}

/* LABEL-xxxx, by the digest. */
static void change_label(struct registry_row *row) {
    enum { SUFFIX_LEN = 5 };
    char label[REGISTRY_TEXT_LEN - SUFFIX_LEN];
    utf8_copy(bytes_of(row->text), label, sizeof label);
    snprintf(row->text, sizeof row->text, "%s-%02x%02x", label, row->digest[0], row->digest[1]);
}

/* The node keeps the .torrent file that it has. */
static struct registry_row keep_file(struct registry *registry, const struct registry_row *row) {
    struct registry_row changed = *row;
    struct registry_row present = *row;
    if (row->kind == REGISTRY_TORRENT && registry_find(registry, &present) &&
        present.file_id != 0 && present.file_node == 0) {
        changed.file_id = present.file_id;
        changed.file_node = 0;
    }
    return changed;
}

/* A new label is sent on, since a node may have only one of the two passkeys. */
static bool put_merged(struct registry_edit *edit, const struct registry_row *row,
                       const struct registry_mark *mark, bool has_new_label) {
    const struct registry_row changed = keep_file(edit->registry, row);
    struct entry *entry = entry_create(&changed);
    struct registry_change *change =
        entry == NULL ? NULL : registry_note_change(edit, &changed, false, mark);
    if (change == NULL) {
        free(entry);
        return false;
    }
    change->merged = !has_new_label;
    entry->edit = edit->number;
    return registry_put_entry(edit->registry, entry);
}

static bool has_other_with_label(struct registry *registry, const struct registry_row *row,
                                 struct registry_row *other) {
    return row->kind == REGISTRY_PASSKEY && registry_find_label(registry, row->text, other) &&
           memcmp(other->digest, row->digest, SHA256_LEN) != 0;
}

static struct registry_mark mark_of(const struct marked_key *marked) {
    const struct registry_mark none = { .stamp = 0 };
    return marked == NULL ? none : marked->mark;
}

/* Of two passkeys with one label, that with the greater stamp gets another one; so does a passkey
 * that the cluster does not know. */
static bool put_row(struct registry_edit *edit, const struct registry_row *row,
                    const struct registry_mark *mark) {
    struct registry_row changed = *row;
    struct registry_row other;
    if (!has_other_with_label(edit->registry, row, &other))
        return put_merged(edit, row, mark, false);
    const struct marked_key *marked = registry_marks_find(&edit->registry->marks, &other);
    const struct registry_mark held = mark_of(marked);
    if (held.stamp != 0 && held.stamp < mark->stamp) {
        change_label(&changed);
        return put_merged(edit, &changed, mark, true);
    }
    change_label(&other);
    return put_merged(edit, &other, &held, held.stamp != 0) && put_merged(edit, row, mark, false);
}

static bool merge(struct registry_edit *edit, const struct registry_row *row,
                  const struct registry_mark *mark) {
    if (!mark->removed)
        return put_row(edit, row, mark);
    if (registry_note_change(edit, row, true, mark) == NULL)
        return false;
    (void)registry_remove_entry(edit->registry, row->kind, registry_row_key(row));
    return true;
}

static void submit(struct registry_edit *edit) {
    registry_edit_submit(edit);
    registry_edit_release(edit);
}

size_t registry_count_queued(struct registry *registry) {
    pthread_mutex_lock(&registry->lock);
    const size_t count = registry->queued;
    pthread_mutex_unlock(&registry->lock);
    return count;
}

void registry_settle_queued(struct registry *registry) {
    pthread_mutex_lock(&registry->lock);
    const struct registry_edit *newest = registry->newest;
    pthread_mutex_unlock(&registry->lock);
    if (newest != NULL)
        registry_settle(registry, newest);
}

void registry_touch(struct registry *registry) {
    struct registry_edit *edit = registry_edit_begin(registry);
    if (edit != NULL)
        submit(edit);
}

uint32_t registry_loads(struct registry *registry) {
    pthread_mutex_lock(&registry->lock);
    const uint32_t loads = registry->loading[REGISTRY_DATABASE];
    pthread_mutex_unlock(&registry->lock);
    return loads;
}

bool registry_edit_import(struct registry_edit *edit, const struct registry_row *row) {
    struct registry_row changed = *row;
    struct registry_row other;
    if (has_other_with_label(edit->registry, row, &other))
        change_label(&changed);
    return registry_edit_put(edit, &changed);
}

bool registry_merge(struct registry *registry, const struct registry_row *row,
                    const struct registry_mark *mark) {
    struct registry_edit *edit = registry_edit_begin(registry);
    if (edit == NULL)
        return false;
    if (!beats_present(registry, row, mark) || !merge(edit, row, mark)) {
        registry_edit_abort(edit);
        return false;
    }
    submit(edit);
    return true;
}

void registry_follow(struct registry *registry, registry_follower follow, void *context) {
    pthread_mutex_lock(&registry->lock);
    registry->follow = follow;
    registry->follow_context = context;
    pthread_mutex_unlock(&registry->lock);
}

struct visited_mark {
    struct registry_row row;
    struct registry_mark mark;
    bool confirmed;
};

/* False at the end. */
static bool take_mark(struct registry *registry, struct registry_cursor *cursor,
                      struct visited_mark *taken) {
    const struct registry_marks *marks = &registry->marks;
    pthread_mutex_lock(&registry->lock);
    if (cursor->version != marks->version)
        *cursor = (struct registry_cursor){ .version = marks->version };
    const bool more = cursor->position < marks->count;
    if (more) {
        const struct marked_key *marked = &marks->list[cursor->position++];
        *taken = (struct visited_mark){
            .row = registry_marks_row(marked),
            .mark = marked->mark,
            .confirmed = marked->confirmed,
        };
        taken->mark.removed = taken->mark.removed || !registry_find(registry, &taken->row);
    }
    pthread_mutex_unlock(&registry->lock);
    return more;
}

bool registry_visit_marks(struct registry *registry, struct registry_cursor *cursor, uint32_t most,
                          registry_mark_visitor visit, void *context) {
    struct visited_mark taken;
    for (; most > 0; most--) {
        if (!take_mark(registry, cursor, &taken))
            return false;
        visit(context, &taken.row, &taken.mark, taken.confirmed);
    }
    return true;
}

/* Adoption. */

struct row_list {
    struct registry_row *rows;
    size_t count;
    size_t capacity;
    bool failed;
};

static void collect_row(void *context, const struct registry_row *row) {
    struct row_list *list = context;
    struct registry_row *rows =
        array_grow(list->rows, &list->capacity, list->count + 1, sizeof *rows);
    if (rows == NULL) {
        list->failed = true;
        return;
    }
    list->rows = rows;
    rows[list->count++] = *row;
}

static bool is_wanted(const struct registry *registry, const struct registry_row *row,
                      enum registry_adoption adoption) {
    const struct marked_key *marked = registry_marks_find(&registry->marks, row);
    const bool unstamped = marked == NULL || marked->mark.stamp == 0;
    const bool restricts = registry_restricts(row->kind, false);
    switch (adoption) {
    case ADOPT_RESTRICTIONS:
        return unstamped && restricts;
    case ADOPT_ALL:
        return unstamped;
    case SET_ASIDE:
        return !restricts && (unstamped || !marked->confirmed);
    }
    return false;
}

static bool set_aside(struct registry_edit *edit, const struct registry_row *row) {
    const struct registry_mark mark = { .aside = true };
    return registry_note_change(edit, row, true, &mark) != NULL &&
           registry_remove_entry(edit->registry, row->kind, registry_row_key(row));
}

/* The entry may have changed since the list was made. */
static bool adopt_row(struct registry_edit *edit, const struct registry_row *listed,
                      enum registry_adoption adoption) {
    struct registry_row row = *listed;
    if (!registry_find(edit->registry, &row) || !is_wanted(edit->registry, &row, adoption))
        return true;
    return adoption == SET_ASIDE ? set_aside(edit, &row) : registry_edit_put(edit, &row);
}

static bool finish_adoption(struct registry_edit *edit, bool good) {
    if (good && edit->count > 0)
        submit(edit);
    else
        registry_edit_abort(edit);
    return good;
}

static bool adopt_rows(struct registry *registry, const struct row_list *list,
                       enum registry_adoption adoption, bool *any) {
    struct registry_edit *edit = registry_edit_begin(registry);
    bool good = edit != NULL;
    for (size_t i = 0; good && i < list->count; i++)
        good = adopt_row(edit, &list->rows[i], adoption);
    if (edit == NULL)
        return false;
    *any = edit->count > 0;
    return finish_adoption(edit, good);
}

bool registry_adopt(struct registry *registry, enum registry_kind kind, int part,
                    enum registry_adoption adoption, bool *any) {
    struct row_list list = { .count = 0 };
    *any = false;
    registry_visit_part(registry, kind, part, collect_row, &list);
    const bool good =
        !list.failed && (list.count == 0 || adopt_rows(registry, &list, adoption, any));
    free(list.rows);
    return good;
}

bool registry_adopt_removals(struct registry *registry) {
    struct registry_edit *edit = registry_edit_begin(registry);
    bool good = edit != NULL;
    for (uint32_t i = 0; good && i < registry->marks.count; i++) {
        const struct marked_key *marked = &registry->marks.list[i];
        const struct registry_row row = registry_marks_row(marked);
        if (marked->mark.stamp == 0 && !marked->mark.aside &&
            registry_find_entry(registry, &row) == NULL)
            good = registry_note_change(edit, &row, true, NULL) != NULL;
    }
    return edit != NULL && finish_adoption(edit, good);
}

void registry_forget_marks(struct registry *registry) {
    pthread_mutex_lock(&registry->lock);
    registry_marks_forget_all(&registry->marks);
    registry->forget_before = UINT64_MAX;
    pthread_mutex_unlock(&registry->lock);
}

void registry_forget_removed(struct registry *registry, uint64_t before) {
    pthread_mutex_lock(&registry->lock);
    if (registry_marks_forget(&registry->marks, before) > 0 && before > registry->forget_before)
        registry->forget_before = before;
    pthread_mutex_unlock(&registry->lock);
}

uint64_t registry_forgotten(struct registry *registry) {
    pthread_mutex_lock(&registry->lock);
    const uint64_t before = registry->forget_before;
    pthread_mutex_unlock(&registry->lock);
    return before;
}

void registry_settle_forgotten(struct registry *registry, uint64_t before) {
    pthread_mutex_lock(&registry->lock);
    if (registry->forget_before == before)
        registry->forget_before = 0;
    pthread_mutex_unlock(&registry->lock);
}

size_t registry_count_aside(struct registry *registry, enum registry_kind kind) {
    pthread_mutex_lock(&registry->lock);
    const size_t count = registry->marks.aside[kind];
    pthread_mutex_unlock(&registry->lock);
    return count;
}
