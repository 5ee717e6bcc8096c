#include "web/views/torrent_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/case_fold.h"
#include "base/keyed_hash.h"
#include "base/random.h"
#include "store/registry.h"

enum { FOLDED_LEN = 2 * REGISTRY_TEXT_LEN, INDEX_MIN = 16 };

struct rows {
    struct torrent_name *list;
    size_t count;
    size_t capacity;
    bool failed; /* for want of memory */
};

struct torrent_names {
    const char *database;
    locale_t letters;
    struct hash_key key;
    int64_t version; /* of the registry */
    struct rows rows;
    uint32_t *index; /* place + 1, found by info_hash; 0 where there is none */
    size_t index_mask;
};

static void free_rows(struct rows *rows) {
    for (size_t i = 0; i < rows->count; i++)
        free(rows->list[i].text);
    free(rows->list);
    *rows = (struct rows){ 0 };
}

static bool grow(struct rows *rows) {
    if (rows->count < rows->capacity)
        return true;
    const size_t capacity = 2 * rows->capacity + 64;
    struct torrent_name *list = realloc(rows->list, capacity * sizeof *list);
    if (list == NULL)
        return false;
    rows->list = list;
    rows->capacity = capacity;
    return true;
}

/* Both texts of a row in one piece of memory. */
static bool copy_texts(const struct torrent_names *names, const char *text,
                       struct torrent_name *name) {
    char folded[FOLDED_LEN];
    torrent_names_fold(names, text, folded, sizeof folded);
    const size_t format_size = strlen(text) + 1;
    const size_t folded_size = strlen(folded) + 1;
    name->text = malloc(format_size + folded_size);
    if (name->text == NULL)
        return false;
    memcpy(name->text, text, format_size);
    memcpy(name->text + format_size, folded, folded_size);
    name->folded = name->text + format_size;
    return true;
}

struct loading {
    const struct torrent_names *names;
    struct rows rows;
};

static void load_row(void *context, const struct registry_row *row) {
    struct loading *loading = context;
    struct torrent_name name = { .file_id = row->file_id,
                                 .size = row->size,
                                 .added_s = row->since_s };
    memcpy(name.info_hash, row->info_hash, INFO_HASH_LEN);
    if (loading->rows.failed || !grow(&loading->rows) ||
        !copy_texts(loading->names, row->text, &name))
        loading->rows.failed = true;
    else
        loading->rows.list[loading->rows.count++] = name;
}

static int compare_names(const void *a, const void *b) {
    const struct torrent_name *one = a;
    const struct torrent_name *other = b;
    const bool one_is_nameless = one->text[0] == '\0';
    const bool other_is_nameless = other->text[0] == '\0';
    if (one_is_nameless != other_is_nameless)
        return one_is_nameless ? 1 : -1;
    const int order = strcmp(one->folded, other->folded);
    return order != 0 ? order : memcmp(one->info_hash, other->info_hash, INFO_HASH_LEN);
}

static uint32_t *slot_of(const struct torrent_names *names, const uint8_t *info_hash) {
    size_t at = keyed_hash(&names->key, info_hash, INFO_HASH_LEN) & names->index_mask;
    while (names->index[at] != 0 &&
           memcmp(names->rows.list[names->index[at] - 1].info_hash, info_hash, INFO_HASH_LEN) != 0)
        at = (at + 1) & names->index_mask;
    return &names->index[at];
}

/* Takes the rows over. Without memory, all stays as it was. */
static bool take_rows(struct torrent_names *names, const struct rows *rows) {
    size_t size = INDEX_MIN;
    while (size < 2 * rows->count)
        size *= 2;
    uint32_t *index = calloc(size, sizeof *index);
    if (index == NULL)
        return false;
    if (rows->count > 1)
        qsort(rows->list, rows->count, sizeof *rows->list, compare_names);
    free_rows(&names->rows);
    free(names->index);
    names->rows = *rows;
    names->index = index;
    names->index_mask = size - 1;
    for (size_t i = 0; i < rows->count; i++)
        *slot_of(names, rows->list[i].info_hash) = (uint32_t)i + 1;
    return true;
}

static bool load(struct torrent_names *names, struct registry *registry) {
    struct loading loading = { .names = names };
    if (registry_visit_torrents(registry, load_row, &loading) && !loading.rows.failed &&
        take_rows(names, &loading.rows))
        return true;
    free_rows(&loading.rows);
    return false;
}

bool torrent_names_refresh(struct torrent_names *names) {
    char why[ERROR_LEN];
    if (names->database == NULL)
        return false;
    struct registry *registry = registry_open(names->database, REGISTRY_SHORT_TIMEOUT_MS, why);
    int64_t version;
    const bool changed = registry != NULL && registry_version(registry, &version) &&
                         version != names->version && load(names, registry);
    if (changed)
        names->version = version;
    registry_close(registry);
    return changed;
}

struct torrent_names *torrent_names_create(const char *database) {
    struct torrent_names *names = calloc(1, sizeof *names);
    if (names == NULL)
        return NULL;
    names->database = database;
    names->letters = case_fold_letters();
    if (random_secret(&names->key, sizeof names->key))
        return names;
    torrent_names_delete(names);
    return NULL;
}

void torrent_names_delete(struct torrent_names *names) {
    if (names == NULL)
        return;
    if (names->letters != (locale_t)0)
        freelocale(names->letters);
    free_rows(&names->rows);
    free(names->index);
    free(names);
}

size_t torrent_names_count(const struct torrent_names *names) {
    return names->rows.count;
}

const struct torrent_name *torrent_names_at(const struct torrent_names *names, size_t place) {
    return &names->rows.list[place];
}

int64_t torrent_names_find(const struct torrent_names *names,
                           const uint8_t info_hash[static INFO_HASH_LEN]) {
    if (names->rows.count == 0)
        return NAME_NONE;
    return (int64_t)*slot_of(names, info_hash) - 1;
}

void torrent_names_fold(const struct torrent_names *names, const char *text, char *folded,
                        size_t size) {
    case_fold_text(names->letters, text, folded, size);
}
