#include <stdlib.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/error.h"
#include "swarm/registry_entries.h"
#include "swarm/stamp.h"

enum { KEPT_MAX = 1024 }; /* changes of other nodes that stay queued after a failed write */

static void release_edit(struct registry_edit *edit) {
    if (atomic_fetch_sub(&edit->references, 1) > 1)
        return;
    free(edit->changes);
    free(edit->file);
    free(edit);
}

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

/* The stamp of a restriction that was changed outside of the cluster is in `restriction`. */
static uint64_t known_restriction(const struct registry_mark *mark) {
    return mark->restricts && mark->stamp != 0 ? mark->stamp : mark->restriction;
}

static struct registry_mark draw_mark(const struct registry *registry,
                                      const struct registry_change *change) {
    return (struct registry_mark){
        .stamp = stamp_next(clock_now_ms() + registry->clock_offset_ms, registry->marks.highest,
                            registry->node),
        .restriction = change->had_mark ? known_restriction(&change->mark_before) : 0,
        .restricts = registry_restricts(change->row.kind, change->removed),
        .removed = change->removed,
    };
}

/* In a cluster, each change has a mark. */
static bool note_mark(struct registry_edit *edit, struct registry_change *change,
                      const struct registry_mark *given) {
    struct registry *registry = edit->registry;
    if (!registry->shared)
        return true;
    const struct marked_key *marked = registry_marks_find(&registry->marks, &change->row);
    change->had_mark = marked != NULL;
    if (marked != NULL)
        change->mark_before = marked->mark;
    change->merged = given != NULL;
    edit->merged = edit->merged || given != NULL;
    change->mark = given != NULL ? *given : draw_mark(registry, change);
    return registry_marks_put(&registry->marks, &change->row, &change->mark, true);
}

struct registry_change *registry_note_change(struct registry_edit *edit,
                                             const struct registry_row *row, bool removed,
                                             const struct registry_mark *given) {
    /* Most edits have one change. */
    struct registry_change *changes =
        edit->changes == NULL
            ? malloc(sizeof *changes)
            : array_grow(edit->changes, &edit->capacity, edit->count + 1, sizeof *changes);
    if (changes == NULL)
        return NULL;
    if (edit->changes == NULL)
        edit->capacity = 1;
    edit->changes = changes;
    struct registry_change *change = &changes[edit->count];
    *change = (struct registry_change){ .row = *row, .before = *row, .removed = removed };
    change->existed = registry_find(edit->registry, &change->before);
    if (!note_mark(edit, change, given))
        return NULL;
    edit->count++;
    return change;
}

bool registry_edit_put(struct registry_edit *edit, const struct registry_row *row) {
    struct entry *entry = entry_create(row);
    if (entry == NULL || registry_note_change(edit, row, false, NULL) == NULL) {
        free(entry);
        return false;
    }
    entry->edit = edit->number;
    return registry_put_entry(edit->registry, entry);
}

bool registry_edit_remove(struct registry_edit *edit, const struct registry_row *row, bool *found) {
    struct registry_row present = *row;
    *found = registry_find(edit->registry, &present);
    if (!*found)
        return true;
    return registry_note_change(edit, row, true, NULL) != NULL &&
           registry_remove_entry(edit->registry, row->kind, registry_row_key(row));
}

bool registry_edit_attach(struct registry_edit *edit, struct bytes file) {
    edit->file = malloc(file.len + 1);
    if (edit->file == NULL)
        return false;
    memcpy(edit->file, file.data, file.len);
    edit->file_len = file.len;
    return true;
}

static void undo_mark(struct registry *registry, const struct registry_change *change) {
    if (!registry->shared)
        return;
    if (change->had_mark)
        (void)registry_marks_put(&registry->marks, &change->row, &change->mark_before, false);
    else
        registry_marks_remove(&registry->marks, &change->row);
}

/* Another node's change of the entry, merged since, holds. */
static bool is_overtaken(const struct registry *registry, const struct registry_change *change) {
    const struct marked_key *marked = registry_marks_find(&registry->marks, &change->row);
    return registry->shared && marked != NULL && marked->mark.stamp != change->mark.stamp;
}

/* Restores the earlier entries, newest change first. Without memory an entry stays as it is until
 * the next load. */
static void undo_edit(struct registry *registry, const struct registry_edit *edit) {
    for (size_t i = edit->count; i > 0; i--) {
        const struct registry_change *change = &edit->changes[i - 1];
        if (is_overtaken(registry, change))
            continue;
        undo_mark(registry, change);
        struct entry *entry = change->existed ? entry_create(&change->before) : NULL;
        if (entry != NULL)
            (void)registry_put_entry(registry, entry);
        else if (!change->existed)
            (void)registry_remove_entry(registry, change->row.kind, registry_row_key(&change->row));
    }
}

void registry_edit_abort(struct registry_edit *edit) {
    struct registry *registry = edit->registry;
    undo_edit(registry, edit);
    pthread_mutex_unlock(&registry->lock);
    release_edit(edit);
}

/* Appends the edit to a list. */
static void append_edit(struct registry_edit **first, struct registry_edit **last,
                        struct registry_edit *edit) {
    edit->next = NULL;
    if (*last == NULL)
        *first = edit;
    else
        (*last)->next = edit;
    *last = edit;
}

void registry_edit_submit(struct registry_edit *edit) {
    struct registry *registry = edit->registry;
    void (*wake)(void *context) = registry->wake;
    void *context = registry->wake_context;
    atomic_fetch_add(&edit->references, 1);
    append_edit(&registry->oldest, &registry->newest, edit);
    registry->queued++;
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

static void follow_edit(const struct registry_edit *edit) {
    const struct registry *registry = edit->registry;
    if (registry->follow != NULL && edit->state == REGISTRY_WRITTEN && edit->count > 0)
        registry->follow(registry->follow_context, edit->changes, edit->count);
}

/* Notifies the owners of settled edits, and frees the edits; without a lock. */
static void finish_edits(struct registry_edit *edits) {
    while (edits != NULL) {
        struct registry_edit *next = edits->next;
        follow_edit(edits);
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
    for (; edit != last; edit = edit->next) {
        edit->state = REGISTRY_WRITTEN;
        registry->queued--;
    }
    registry->queued--;
    edit->state = REGISTRY_WRITTEN;
    registry->settled_edit = edit->number;
    registry->oldest = edit->next;
    if (registry->oldest == NULL)
        registry->newest = NULL;
    edit->next = NULL;
    pthread_mutex_unlock(&registry->lock);
    finish_edits(settled);
}

static void prepend_edit(struct registry_edit **first, struct registry_edit *edit) {
    edit->next = *first;
    *first = edit;
}

static size_t count_own_edits(const struct registry *registry) {
    size_t count = 0;
    for (const struct registry_edit *edit = registry->oldest; edit != NULL; edit = edit->next)
        count += !edit->merged;
    return count;
}

bool registry_has_own_edits(struct registry *registry) {
    pthread_mutex_lock(&registry->lock);
    const bool has = count_own_edits(registry) > 0;
    pthread_mutex_unlock(&registry->lock);
    return has;
}

/* Takes the edits that cannot stay queued; returns them, the newest first. Changes of other nodes
 * hold, even if they cannot be written now; at most `kept_max` stay queued. */
static struct registry_edit *take_failed(struct registry *registry, size_t kept_max) {
    const size_t merged = registry->queued - count_own_edits(registry);
    const bool keep = merged <= kept_max;
    struct registry_edit *failed = NULL;
    struct registry_edit *edit = registry->oldest;
    registry->oldest = NULL;
    registry->newest = NULL;
    while (edit != NULL) {
        struct registry_edit *next = edit->next;
        if (edit->merged && keep)
            append_edit(&registry->oldest, &registry->newest, edit);
        else
            prepend_edit(&failed, edit);
        edit = next;
    }
    registry->queued = keep ? merged : 0;
    registry->settled_edit =
        registry->oldest == NULL ? registry->last_edit : registry->oldest->number - 1;
    return failed;
}

static void roll_back(struct registry *registry, enum registry_state state, const char *reason,
                      size_t kept_max) {
    struct registry_edit *oldest = NULL;
    pthread_mutex_lock(&registry->lock);
    struct registry_edit *failed = take_failed(registry, kept_max);
    while (failed != NULL) {
        struct registry_edit *older = failed->next;
        if (!failed->merged)
            undo_edit(registry, failed);
        failed->state = state;
        error_set(failed->reason, "%s", reason);
        prepend_edit(&oldest, failed);
        failed = older;
    }
    pthread_mutex_unlock(&registry->lock);
    finish_edits(oldest);
}

void registry_roll_back(struct registry *registry, enum registry_state state, const char *reason) {
    roll_back(registry, state, reason, KEPT_MAX);
}

void registry_end_edits(struct registry *registry) {
    roll_back(registry, REGISTRY_FAILED, "shutting down", 0);
}
