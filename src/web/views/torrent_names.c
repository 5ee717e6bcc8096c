#include "web/views/torrent_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/case_fold.h"
#include "base/hash_index.h"
#include "base/keyed_hash.h"
#include "base/radix_sort.h"
#include "base/random.h"

enum { FOLDED_LEN = 2 * REGISTRY_TEXT_LEN };

struct name_rows {
    struct torrent_name *list;
    size_t count;
    size_t capacity;
};

struct torrent_names {
    struct registry *registry;
    locale_t letters;
    struct hash_key key;
    uint64_t version; /* version_now() when they were read */
    struct name_rows rows;
    struct hash_index index; /* by info_hash */
};

/* Rows of the registry, copied so that others can be looked up for each. */
struct names_reader {
    const struct torrent_names *names;
    struct name_rows rows;
    struct registry_row *part;
    size_t part_count;
    size_t part_capacity;
    bool failed;
};

static void free_rows(struct name_rows *rows) {
    for (size_t i = 0; i < rows->count; i++)
        free(rows->list[i].text);
    free(rows->list);
    *rows = (struct name_rows){ 0 };
}

/* Stores both texts in one allocation. */
static bool copy_texts(const struct torrent_names *names, const char *text,
                       struct torrent_name *name) {
    char folded[FOLDED_LEN];
    torrent_names_fold(names, text, folded, sizeof folded);
    const size_t text_size = strlen(text) + 1;
    const size_t folded_size = strlen(folded) + 1;
    name->text = malloc(text_size + folded_size);
    if (name->text == NULL)
        return false;
    memcpy(name->text, text, text_size);
    memcpy(name->text + text_size, folded, folded_size);
    name->folded = name->text + text_size;
    return true;
}

/* Adds what the torrent's file in access.torrent_dir tells and its row does not. */
static void complete_row(struct registry *registry, struct registry_row *row) {
    struct registry_row file = { .kind = REGISTRY_TORRENT_FILE };
    memcpy(file.info_hash, row->info_hash, INFO_HASH_LEN);
    if (!registry_find(registry, &file))
        return;
    if (row->text[0] == '\0')
        memcpy(row->text, file.text, sizeof row->text);
    row->size = row->size == 0 ? file.size : row->size;
    if (row->file_id == 0 || row->file_node != 0)
        row->file_id = file.file_id;
    row->file_node = 0;
}

static bool is_registered_by_hand(struct registry *registry, const struct registry_row *file) {
    struct registry_row row = { .kind = REGISTRY_TORRENT };
    memcpy(row.info_hash, file->info_hash, INFO_HASH_LEN);
    return registry_find(registry, &row);
}

static bool add_row(struct names_reader *reader, const struct registry_row *row) {
    struct name_rows *rows = &reader->rows;
    struct torrent_name *list =
        array_grow(rows->list, &rows->capacity, rows->count + 1, sizeof *list);
    if (list == NULL)
        return false;
    rows->list = list;
    struct torrent_name name = { .file_id = row->file_id,
                                 .has_file = row->file_id != 0 && row->file_node == 0,
                                 .size = row->size,
                                 .added_s = row->since_s,
                                 .sibling = TORRENT_UNNAMED };
    memcpy(name.info_hash, row->info_hash, INFO_HASH_LEN);
    if (!copy_texts(reader->names, row->text, &name))
        return false;
    list[rows->count++] = name;
    return true;
}

static void collect_row(void *context, const struct registry_row *row) {
    struct names_reader *reader = context;
    if (reader->failed)
        return;
    struct registry_row *part =
        array_grow(reader->part, &reader->part_capacity, reader->part_count + 1, sizeof *part);
    reader->failed = part == NULL;
    if (reader->failed)
        return;
    reader->part = part;
    part[reader->part_count++] = *row;
}

static void read_part(struct names_reader *reader, enum registry_kind kind, int number) {
    struct registry *registry = reader->names->registry;
    reader->part_count = 0;
    registry_visit_part(registry, kind, number, collect_row, reader);
    for (size_t i = 0; i < reader->part_count && !reader->failed; i++) {
        struct registry_row *row = &reader->part[i];
        if (kind == REGISTRY_TORRENT)
            complete_row(registry, row);
        else if (is_registered_by_hand(registry, row))
            continue;
        reader->failed = !add_row(reader, row);
    }
}

static int compare_names(const void *a, const void *b) {
    const struct torrent_name *one = a;
    const struct torrent_name *other = b;
    const bool one_is_empty = one->text[0] == '\0';
    const bool other_is_empty = other->text[0] == '\0';
    if (one_is_empty != other_is_empty)
        return one_is_empty ? 1 : -1;
    const int order = strcmp(one->folded, other->folded);
    return order != 0 ? order : memcmp(one->info_hash, other->info_hash, INFO_HASH_LEN);
}

static uint32_t hash_info_hash(const struct torrent_names *names, const uint8_t *info_hash) {
    return (uint32_t)keyed_hash(&names->key, info_hash, INFO_HASH_LEN);
}

static bool matches_info_hash(const void *array, uint32_t position, const void *wanted) {
    const struct torrent_name *list = array;
    return memcmp(list[position].info_hash, wanted, INFO_HASH_LEN) == 0;
}

/* Links the torrents that share a .torrent file. False if out of memory. */
static bool link_siblings(const struct name_rows *rows) {
    struct radix_item *items = malloc((rows->count + 1) * sizeof *items);
    struct radix_item *spare = malloc((rows->count + 1) * sizeof *spare);
    const bool good = items != NULL && spare != NULL;
    size_t count = 0;
    for (size_t i = 0; good && i < rows->count; i++) {
        if (rows->list[i].file_id != 0)
            items[count++] = (struct radix_item){ (uint64_t)rows->list[i].file_id, (uint32_t)i };
    }
    if (good)
        radix_sort(items, spare, count);
    for (size_t i = 1; i < count; i++) {
        if (items[i].key != items[i - 1].key)
            continue;
        rows->list[items[i].position].sibling = items[i - 1].position;
        rows->list[items[i - 1].position].sibling = items[i].position;
    }
    free(items);
    free(spare);
    return good;
}

/* Replaces the rows, and takes ownership of the new ones. If out of memory, the old ones stay. */
static bool replace_rows(struct torrent_names *names, const struct name_rows *rows) {
    struct hash_index index;
    if (!hash_index_create(&index, (uint32_t)rows->count))
        return false;
    if (rows->count > 1)
        qsort(rows->list, rows->count, sizeof *rows->list, compare_names);
    if (!link_siblings(rows)) {
        hash_index_free(&index);
        return false;
    }
    for (size_t i = 0; i < rows->count; i++)
        hash_index_put(&index, hash_info_hash(names, rows->list[i].info_hash), (uint32_t)i);
    free_rows(&names->rows);
    hash_index_free(&names->index);
    names->rows = *rows;
    names->index = index;
    return true;
}

static bool read_names(struct torrent_names *names) {
    struct names_reader reader = { .names = names };
    for (int part = 0; part < REGISTRY_PARTS; part++) {
        read_part(&reader, REGISTRY_TORRENT, part);
        read_part(&reader, REGISTRY_TORRENT_FILE, part);
    }
    free(reader.part);
    if (!reader.failed && replace_rows(names, &reader.rows))
        return true;
    free_rows(&reader.rows);
    return false;
}

/* Both numbers only ever increase. */
static uint64_t version_now(const struct registry *registry) {
    return registry_version(registry, REGISTRY_TORRENT) +
           registry_version(registry, REGISTRY_TORRENT_FILE);
}

bool torrent_names_refresh(struct torrent_names *names) {
    const uint64_t version = version_now(names->registry);
    if (version == names->version || !read_names(names))
        return false;
    names->version = version;
    return true;
}

struct torrent_names *torrent_names_create(struct registry *registry) {
    struct torrent_names *names = calloc(1, sizeof *names);
    if (names == NULL)
        return NULL;
    names->registry = registry;
    names->version = UINT64_MAX;
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
    hash_index_free(&names->index);
    free(names);
}

size_t torrent_names_count(const struct torrent_names *names) {
    return names->rows.count;
}

const struct torrent_name *torrent_names_at(const struct torrent_names *names, size_t position) {
    return &names->rows.list[position];
}

int64_t torrent_names_find(const struct torrent_names *names,
                           const uint8_t info_hash[static INFO_HASH_LEN]) {
    if (names->rows.count == 0)
        return TORRENT_UNNAMED;
    const uint32_t position = hash_index_find(&names->index, hash_info_hash(names, info_hash),
                                              matches_info_hash, names->rows.list, info_hash);
    return position == HASH_INDEX_NONE ? TORRENT_UNNAMED : (int64_t)position;
}

const struct torrent_name *torrent_names_sibling(const struct torrent_names *names,
                                                 const struct torrent_name *name) {
    return name->sibling == TORRENT_UNNAMED ? NULL : torrent_names_at(names, (size_t)name->sibling);
}

void torrent_names_fold(const struct torrent_names *names, const char *text, char *folded,
                        size_t size) {
    case_fold_text(names->letters, text, folded, size);
}
