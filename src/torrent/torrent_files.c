#include "torrent/torrent_files.h"

#include "base/digest.h"
#include "base/utf8.h"

enum { BLOCK_LEN = 16384 };

/* The limits of libtorrent. */
static const uint64_t file_size_max = BLOCK_LEN * (uint64_t)(INT32_MAX / 2) - 1;
static const uint64_t total_size_max = ((uint64_t)1 << 48) - 1;

static bool fail_file(struct torrent_files *files, const char *list, const char *reason) {
    files->failed = true;
    return error_set(files->error, "file %ju of %s: %s", (uintmax_t)files->count + 1, list, reason);
}

static bool has_attribute(const struct bencode_value *dict, char attribute) {
    struct bencode_value value;
    return bencode_find(dict, "attr", BENCODE_STRING, &value) && value.inside.len > 0 &&
           memchr(value.inside.data, attribute, value.inside.len) != NULL;
}

bool torrent_files_is_control_only(struct bytes name) {
    size_t controls = 0;
    while (controls < name.len && (name.data[controls] < ' ' || name.data[controls] == 0x7f))
        controls++;
    return name.len > 0 && controls == name.len;
}

bool torrent_files_is_name(struct bytes name) {
    size_t kept = 0;
    size_t dots = 0;
    if (torrent_files_is_control_only(name))
        return false;
    while (name.len > 0) {
        uint32_t c;
        if (!utf8_take(&name, &c)) {
            c = '_';
            name = (struct bytes){ .data = name.data + 1, .len = name.len - 1 };
        }
        const bool mark = c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e);
        kept += c != '/' && c != '\\' && !mark;
        dots += c == '.';
    }
    return kept > 0 && (kept > dots || dots > 2);
}

bool torrent_files_find_name(const struct bencode_value *info, struct bytes *name) {
    struct bencode_value value;
    if (!bencode_find(info, "name.utf-8", BENCODE_STRING, &value) &&
        !bencode_find(info, "name", BENCODE_STRING, &value))
        return false;
    *name = value.inside;
    return true;
}

static bool are_names(struct bytes list) {
    struct bencode_value name;
    while (bencode_take(&list, &name)) {
        if (name.kind != BENCODE_STRING || torrent_files_is_control_only(name.inside))
            return false;
    }
    return true;
}

/* Whether a path from the root of the torrent leaves it. */
static bool leads_out(struct bytes list) {
    struct bencode_value value;
    size_t depth = 0;
    while (bencode_take(&list, &value)) {
        struct bytes rest = value.inside;
        if (rest.len > 0 && rest.data[0] == '/')
            return true;
        while (rest.len > 0) {
            const struct bytes name = bytes_split(&rest, '/');
            const bool up = bytes_equal(name, bytes_of(".."));
            if (up && depth == 0)
                return true;
            if (up)
                depth--;
            else if (name.len > 0 && !bytes_equal(name, bytes_of(".")))
                depth++;
        }
    }
    return false;
}

/* Checks the `symlink path` of a symbolic link. Without one the file is an empty file. */
static bool read_symlink(struct torrent_files *files, const struct bencode_value *dict,
                         const char *list) {
    struct bencode_value target;
    if (!bencode_find_any(dict, "symlink path", &target))
        return true;
    if (target.kind != BENCODE_LIST || target.inside.len == 0 || !are_names(target.inside))
        return fail_file(files, list, "symlink path must be a list of names");
    return !leads_out(target.inside) ||
           fail_file(files, list, "symlink path must not lead out of the torrent");
}

/* Reads what both versions have. A symbolic link needs no length. */
static bool read_file(struct torrent_files *files, const struct bencode_value *dict,
                      const char *list, struct torrent_file *file) {
    struct bencode_value length;
    if (has_attribute(dict, 'l'))
        return read_symlink(files, dict, list);
    if (!bencode_find(dict, "length", BENCODE_NUMBER, &length) || length.number < 0)
        return fail_file(files, list, "length must be a number of bytes, 0 or more");
    file->size = (uint64_t)length.number;
    if (file->size > file_size_max)
        return fail_file(files, list, "length must be less than 16 TiB");
    if (file->size > total_size_max - files->size)
        return fail_file(files, list, "total length must be less than 256 TiB");
    return true;
}

static bool take_file(struct torrent_files *files, const struct torrent_file *file) {
    files->count++;
    files->size += file->size;
    return true;
}

bool torrent_files_begin_v1(struct torrent_files *files, const struct bencode_value *info,
                            char error[static ERROR_LEN]) {
    struct bencode_value list;
    struct bencode_value length;
    *files = (struct torrent_files){ .error = error };
    const bool has_list = bencode_find_any(info, "files", &list);
    const bool has_length = bencode_find_any(info, "length", &length);
    if (has_list && has_length)
        return error_set(error, "info must have either length or files, not both");
    if (!has_list && !has_length)
        return error_set(error, "info must have length or files");
    if (has_list && list.kind != BENCODE_LIST)
        return error_set(error, "files must be a list");
    if (has_list)
        files->list = list.inside;
    else
        files->single = *info;
    return true;
}

/* The padding files of BitComet have no attribute. */
static bool is_bitcomet_padding(struct bytes path) {
    static const char mark[] = "_____padding_file_";
    return memmem(path.data, path.len, mark, sizeof mark - 1) != NULL;
}

static bool read_path(struct torrent_files *files, const struct bencode_value *dict,
                      struct torrent_file *file) {
    struct bencode_value path = { .inside = { .data = (const uint8_t *)"", .len = 0 } };
    if (!bencode_find(dict, "path.utf-8", BENCODE_LIST, &path) &&
        !bencode_find(dict, "path", BENCODE_LIST, &path) && !file->is_padding)
        return fail_file(files, "files", "path must be a list of names");
    if (path.inside.len == 0 && !file->is_padding)
        return fail_file(files, "files", "path must be a list of at least one name");
    if (!are_names(path.inside))
        return fail_file(files, "files", "path must be a list of names");
    files->path = path.inside;
    file->is_padding = file->is_padding || is_bitcomet_padding(path.inside);
    return true;
}

bool torrent_files_next_v1(struct torrent_files *files, struct torrent_file *file) {
    const bool single = files->single.whole.len > 0;
    struct bencode_value dict = files->single;
    if (single ? files->count > 0 : !bencode_take(&files->list, &dict))
        return false;
    const char *list = single ? "info" : "files";
    if (dict.kind != BENCODE_DICT)
        return fail_file(files, list, "must be a dictionary");
    *file = (struct torrent_file){ .start = files->size, .is_padding = has_attribute(&dict, 'p') };
    return read_file(files, &dict, list, file) && (single || read_path(files, &dict, file)) &&
           take_file(files, file);
}

bool torrent_files_begin_v2(struct torrent_files *files, const struct bencode_value *info,
                            char error[static ERROR_LEN]) {
    struct bencode_value tree;
    *files = (struct torrent_files){ .error = error };
    if (!bencode_find(info, "file tree", BENCODE_DICT, &tree))
        return error_set(error, "file tree must be a dictionary in a version 2 torrent");
    files->entries[0] = tree.inside;
    files->depth = 1;
    return true;
}

static bool has_content(struct bytes root) {
    size_t zeros = 0;
    while (zeros < root.len && root.data[zeros] == 0)
        zeros++;
    return zeros < root.len;
}

static bool read_leaf(struct torrent_files *files, const struct bencode_value *dict,
                      struct torrent_file *file) {
    static const char list[] = "file tree";
    struct bencode_value root;
    *file = (struct torrent_file){ 0 };
    if (has_attribute(dict, 'p'))
        return fail_file(files, list, "must not be padding");
    if (!read_file(files, dict, list, file))
        return false;
    if (bencode_find(dict, "pieces root", BENCODE_STRING, &root) && root.inside.len == SHA256_LEN)
        file->root = root.inside;
    if (file->size > 0 && !has_content(file->root))
        return fail_file(files, list, "pieces root must be 32 bytes, not all zeros");
    return take_file(files, file);
}

/* A file is a dictionary whose only key is "". */
static bool is_leaf(const struct bencode_value *entry, struct bencode_value *file) {
    struct bytes rest = entry->inside;
    struct bytes key;
    return bencode_take_entry(&rest, &key, file) && key.len == 0 && rest.len == 0 &&
           file->kind == BENCODE_DICT;
}

/* Iterative, so that a hostile file cannot exhaust the stack. */
bool torrent_files_next_v2(struct torrent_files *files, struct torrent_file *file) {
    struct bencode_value entry;
    struct bencode_value leaf;
    while (files->depth > 0) {
        struct bytes *name = &files->names[files->depth - 1];
        if (!bencode_take_entry(&files->entries[files->depth - 1], name, &entry)) {
            files->depth--;
            continue;
        }
        if (entry.kind != BENCODE_DICT || name->len == 0 || torrent_files_is_control_only(*name))
            return fail_file(files, "file tree", "must be a dictionary with a name as its key");
        if (is_leaf(&entry, &leaf))
            return read_leaf(files, &leaf, file);
        if (files->depth == BENCODE_DEPTH_MAX)
            return fail_file(files, "file tree", "nested too deeply");
        files->entries[files->depth++] = entry.inside;
    }
    return false;
}

bool torrent_files_same_path(const struct torrent_files *v1, const struct torrent_files *v2,
                             struct bytes name) {
    if (v1->single.whole.len > 0)
        return v2->depth == 1 && bytes_equal(v2->names[0], name);
    struct bytes rest = v1->path;
    struct bencode_value part;
    size_t depth = 0;
    while (bencode_take(&rest, &part)) {
        if (depth == v2->depth || !bytes_equal(part.inside, v2->names[depth]))
            return false;
        depth++;
    }
    return depth == v2->depth;
}
