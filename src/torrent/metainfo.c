#include "torrent/metainfo.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/bencode.h"
#include "base/utf8.h"
#include "torrent/charset.h"
#include "torrent/piece_layers.h"
#include "torrent/torrent_files.h"

enum {
    V2_PIECE_LEN_MIN = 16384,
    PIECE_LEN_MAX = INT32_MAX / 2, /* the limits of libtorrent */
    PIECES_MAX = 0x200000,
};

/* A .torrent file while it is checked. */
struct parser {
    struct metainfo metainfo;
    struct bencode_value top;
    struct bencode_value info;
    struct bytes name;       /* as it is in the file */
    uint64_t pieces;         /* with padding */
    struct file_root *roots; /* of version 2 */
    size_t root_count;
    size_t root_capacity;
    char *error;
};

/* What is not a .torrent file but often saved as one. */
static const char *find_mistake(struct bytes file) {
    static const uint8_t gzip[] = { 0x1f, 0x8b };
    file = utf8_trim(file);
    if (file.len == 0)
        return "the file is empty";
    if (file.data[0] == '<')
        return "this is an HTML page, not a .torrent file";
    if (bytes_start_with(file, (struct bytes){ gzip, sizeof gzip }))
        return "the file is compressed with gzip; decompress it first";
    return NULL;
}

static bool check_encoding(struct bytes file, char error[static ERROR_LEN]) {
    size_t at;
    const char *fault = bencode_check(file, false, &at);
    if (fault == NULL)
        return true;
    const char *mistake = find_mistake(file);
    if (mistake != NULL)
        return error_set(error, "%s", mistake);
    return error_set(error, "invalid bencoding at byte %zu: %s", at, fault);
}

static bool find_info(struct parser *p, struct bytes file) {
    if (!bencode_take(&file, &p->top) || p->top.kind != BENCODE_DICT)
        return error_set(p->error, "must be a bencoded dictionary");
    if (!bencode_find(&p->top, "info", BENCODE_DICT, &p->info))
        return error_set(p->error, "info must be a dictionary");
    p->metainfo.info = p->info.whole;
    return true;
}

/* The bytes of version 2 must be canonical: the order of the file tree is that of the data. */
static bool check_order(struct parser *p, const char *name, struct bytes dict) {
    size_t at;
    const char *fault = bencode_check(dict, true, &at);
    if (fault == NULL)
        return true;
    at += (size_t)(dict.data - p->top.whole.data);
    return error_set(p->error, "%s: %s at byte %zu; keys must be sorted and unique", name, fault,
                     at);
}

static bool read_versions(struct parser *p) {
    struct bencode_value value = { 0 };
    struct bencode_value tree;
    int64_t version = 1;
    if (bencode_find(&p->info, "meta version", BENCODE_NUMBER, &value))
        version = value.number;
    if (version > 2)
        return error_set(p->error, "meta version must be 1 or 2");
    p->metainfo.has_v2 = version == 2;
    const bool has_tree = bencode_find(&p->info, "file tree", BENCODE_DICT, &tree);
    if (has_tree && !p->metainfo.has_v2)
        return error_set(p->error, "meta version must be 2 with a file tree");
    p->metainfo.has_v1 = !p->metainfo.has_v2 || bencode_find_any(&p->info, "length", &value) ||
                         bencode_find(&p->info, "files", BENCODE_LIST, &value);
    if (version < 1 || !bencode_find_any(&p->info, "meta version", &value))
        return true;
    return (!has_tree || check_order(p, "file tree", tree.whole)) &&
           check_order(p, "info", p->info.whole);
}

static bool read_piece_len(struct parser *p) {
    struct bencode_value value;
    if (!bencode_find(&p->info, "piece length", BENCODE_NUMBER, &value) || value.number <= 0 ||
        value.number > PIECE_LEN_MAX)
        return error_set(p->error, "piece length must be a number of bytes from 1 to %d",
                         PIECE_LEN_MAX);
    p->metainfo.piece_len = (uint64_t)value.number;
    const bool power = (value.number & (value.number - 1)) == 0;
    if (p->metainfo.has_v2 && (!power || value.number < V2_PIECE_LEN_MIN))
        return error_set(p->error,
                         "piece length is %jd; in a version 2 torrent it must be a power of two of"
                         " at least 16384",
                         (intmax_t)value.number);
    return true;
}

/* Shows the name as UTF-8, by the `encoding` of the file if it is not UTF-8 already. */
static void copy_name(struct parser *p) {
    uint8_t decoded[4 * METAINFO_NAME_LEN];
    struct writer w = writer_on(decoded, sizeof decoded);
    struct bytes name = p->name;
    struct bencode_value encoding;
    if (!utf8_is_valid(name) && bencode_find(&p->top, "encoding", BENCODE_STRING, &encoding) &&
        charset_decode(&w, name, encoding.inside))
        name = (struct bytes){ .data = w.data, .len = w.len };
    utf8_copy_line(name, p->metainfo.name, sizeof p->metainfo.name);
}

static bool read_name(struct parser *p) {
    struct bencode_value value;
    if (!torrent_files_find_name(&p->info, &p->name))
        return error_set(p->error, "name must be a string");
    const bool is_file_name = p->metainfo.has_v1 && !bencode_find_any(&p->info, "files", &value);
    if (is_file_name ? !torrent_files_is_name(p->name) : torrent_files_is_control_only(p->name))
        return error_set(p->error, "name must be a file name");
    copy_name(p);
    return true;
}

static uint64_t count_pieces(const struct parser *p, uint64_t size) {
    return size / p->metainfo.piece_len + (size % p->metainfo.piece_len > 0);
}

static void count_file(struct parser *p, const struct torrent_file *file) {
    if (file->is_padding)
        return;
    p->metainfo.size += file->size;
    p->metainfo.file_count++;
}

static bool read_v1(struct parser *p) {
    struct torrent_files files;
    struct torrent_file file;
    if (!torrent_files_begin_v1(&files, &p->info, p->error))
        return false;
    while (torrent_files_next_v1(&files, &file))
        count_file(p, &file);
    p->pieces = count_pieces(p, files.size);
    return !files.failed;
}

static bool add_root(struct parser *p, const struct torrent_file *file) {
    const size_t count = p->root_count;
    if (file->size == 0)
        return true;
    struct file_root *grown = array_grow(p->roots, &p->root_capacity, count + 1, sizeof *p->roots);
    if (grown == NULL)
        return error_set(p->error, "out of memory");
    p->roots = grown;
    p->roots[p->root_count++] =
        (struct file_root){ .root = file->root.data, .pieces = count_pieces(p, file->size) };
    return true;
}

static bool read_v2(struct parser *p) {
    struct torrent_files files;
    struct torrent_file file;
    struct bytes single = { 0 };
    uint64_t pieces = 0;
    bool good = torrent_files_begin_v2(&files, &p->info, p->error);
    while (good && torrent_files_next_v2(&files, &file)) {
        pieces += count_pieces(p, file.size);
        if (!p->metainfo.has_v1)
            count_file(p, &file);
        good = add_root(p, &file);
        single = files.count == 1 && files.depth == 1 ? files.names[0] : (struct bytes){ 0 };
    }
    if (!p->metainfo.has_v1)
        p->pieces = pieces;
    if (!good || files.failed)
        return false;
    return single.data == NULL || torrent_files_is_name(single) ||
           error_set(p->error, "file tree: the key of the file must be a file name");
}

static bool next_content(struct torrent_files *v1, struct torrent_file *file) {
    bool found;
    do
        found = torrent_files_next_v1(v1, file);
    while (found && file->is_padding);
    return found;
}

/* A hybrid torrent describes the same files twice. */
static bool compare_lists(struct parser *p) {
    struct torrent_files v1;
    struct torrent_files v2;
    struct torrent_file a;
    struct torrent_file b;
    if (!torrent_files_begin_v1(&v1, &p->info, p->error) ||
        !torrent_files_begin_v2(&v2, &p->info, p->error))
        return false;
    while (torrent_files_next_v2(&v2, &b)) {
        if (!next_content(&v1, &a) || a.size != b.size ||
            !torrent_files_same_path(&v1, &v2, p->name))
            return error_set(p->error,
                             "file %ju of file tree must be the same, with the same length, in the"
                             " version 1 list",
                             (uintmax_t)v2.count);
        if (a.size > 0 && a.start % p->metainfo.piece_len != 0)
            return error_set(p->error,
                             "file %ju of files must start at a multiple of the piece length;"
                             " padding is missing",
                             (uintmax_t)v1.count);
    }
    return !next_content(&v1, &a) ||
           error_set(p->error, "file %ju of files must be in file tree too", (uintmax_t)v1.count);
}

static bool check_pieces(struct parser *p) {
    struct bencode_value pieces;
    if (p->pieces > PIECES_MAX)
        return error_set(p->error, "piece length is too small: %ju pieces, at most %d are allowed",
                         (uintmax_t)p->pieces, PIECES_MAX);
    const bool found = bencode_find(&p->info, "pieces", BENCODE_STRING, &pieces);
    if (!found && p->metainfo.has_v1)
        return error_set(p->error, "pieces must be a string of 20 bytes per piece");
    if (found && pieces.inside.len != p->pieces * SHA1_LEN)
        return error_set(p->error, "pieces must have %ju bytes, 20 for each piece, but has %zu",
                         (uintmax_t)p->pieces * SHA1_LEN, pieces.inside.len);
    return true;
}

static bool check_layers(struct parser *p) {
    struct bencode_value layers;
    if (!p->metainfo.has_v2 || !bencode_find_any(&p->top, "piece layers", &layers))
        return true;
    if (layers.kind != BENCODE_DICT)
        return error_set(p->error, "piece layers must be a dictionary");
    return piece_layers_check(&layers, p->roots, p->root_count, p->metainfo.piece_len, p->error);
}

static void add_hashes(struct metainfo *metainfo) {
    const struct bytes info = metainfo->info;
    if (metainfo->has_v1)
        digest_sha1(info.data, info.len, metainfo->info_hashes[metainfo->hash_count++]);
    if (metainfo->has_v2) {
        digest_sha256(info.data, info.len, metainfo->digest_v2);
        memcpy(metainfo->info_hashes[metainfo->hash_count++], metainfo->digest_v2, INFO_HASH_LEN);
    }
}

static bool read_info(struct parser *p) {
    struct metainfo *metainfo = &p->metainfo;
    struct bencode_value value;
    if (!read_versions(p) || !read_piece_len(p) || !read_name(p) ||
        (metainfo->has_v1 && !read_v1(p)) || (metainfo->has_v2 && !read_v2(p)) ||
        (metainfo->has_v1 && metainfo->has_v2 && !compare_lists(p)))
        return false;
    if (metainfo->file_count == 0)
        return error_set(p->error, "the torrent has no files");
    if (metainfo->size == 0)
        return error_set(p->error, "length of all files is 0; a torrent needs content");
    metainfo->is_private =
        bencode_find(&p->info, "private", BENCODE_NUMBER, &value) && value.number != 0;
    return check_pieces(p) && check_layers(p);
}

bool metainfo_parse(struct bytes file, struct metainfo *metainfo, char error[static ERROR_LEN]) {
    struct parser p = { .error = error };
    const bool good = check_encoding(file, error) && find_info(&p, file) && read_info(&p);
    free(p.roots);
    if (!good)
        return false;
    add_hashes(&p.metainfo);
    *metainfo = p.metainfo;
    return true;
}
