#include "torrent/metainfo.h"

#include <string.h>

#include "base/bencode.h"
#include "base/digest.h"

enum { META_VERSION_2 = 2 };

/* The reason why a .torrent file is invalid; NULL: it is valid. */
typedef const char *metainfo_error;

static const char invalid_length[] = "a file has no valid length";

/* Whether a dictionary consists of keys with values only. */
static bool is_well_formed(const struct bencode_value *dict) {
    struct bytes rest = dict->inside;
    struct bytes key;
    struct bencode_value value;
    while (bencode_take_entry(&rest, &key, &value))
        continue;
    return rest.len == 0;
}

/* Padding aligns the next file to a piece (BEP 47); it is not part of the content. */
static bool is_padding(const struct bencode_value *file) {
    struct bencode_value attributes;
    return bencode_find(file, "attr", BENCODE_STRING, &attributes) && attributes.inside.len > 0 &&
           memchr(attributes.inside.data, 'p', attributes.inside.len) != NULL;
}

static metainfo_error count_file(struct metainfo *metainfo, const struct bencode_value *file) {
    struct bencode_value length;
    if (!bencode_find(file, "length", BENCODE_NUMBER, &length) || length.number < 0)
        return invalid_length;
    if (is_padding(file))
        return NULL;
    if (metainfo->size > (uint64_t)(INT64_MAX - length.number))
        return "the total size is too large";
    metainfo->size += (uint64_t)length.number;
    metainfo->file_count++;
    return NULL;
}

/* Version 1: the `length` of a single file, or a list of `files`. */
static metainfo_error read_files(struct metainfo *metainfo, const struct bencode_value *info) {
    struct bencode_value files;
    if (!bencode_find(info, "files", BENCODE_LIST, &files))
        return count_file(metainfo, info);
    struct bytes rest = files.inside;
    struct bencode_value file;
    metainfo_error error = NULL;
    while (error == NULL && bencode_take(&rest, &file))
        error = file.kind == BENCODE_DICT ? count_file(metainfo, &file) : invalid_length;
    return error;
}

/* Version 2: nested dictionaries by name; the key "" holds the properties of a file. Iterative, so
 * that a hostile file cannot exhaust the stack. */
static metainfo_error read_tree(struct metainfo *metainfo, const struct bencode_value *info) {
    struct bencode_value entry;
    if (!bencode_find(info, "file tree", BENCODE_DICT, &entry))
        return "the info dictionary has no file tree";
    struct bytes rests[BENCODE_DEPTH_MAX] = { entry.inside };
    size_t depth = 1;
    metainfo_error error = NULL;
    while (error == NULL && depth > 0) {
        struct bytes *rest = &rests[depth - 1];
        struct bytes name;
        if (rest->len == 0)
            depth--;
        else if (!bencode_take_entry(rest, &name, &entry) || entry.kind != BENCODE_DICT ||
                 depth == BENCODE_DEPTH_MAX)
            error = "invalid file tree";
        else if (name.len == 0)
            error = count_file(metainfo, &entry);
        else
            rests[depth++] = entry.inside;
    }
    return error;
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

static metainfo_error read_info(struct metainfo *metainfo, const struct bencode_value *info) {
    struct bencode_value value;
    if (!bencode_find(info, "name", BENCODE_STRING, &value))
        return "the info dictionary has no name";
    metainfo->name = value.inside;
    metainfo->info = info->whole;
    metainfo->has_v1 = bencode_find(info, "pieces", BENCODE_STRING, &value);
    metainfo->has_v2 = bencode_find(info, "meta version", BENCODE_NUMBER, &value) &&
                       value.number == META_VERSION_2;
    if (!metainfo->has_v1 && !metainfo->has_v2)
        return "neither a version 1 nor a version 2 torrent";
    if (!bencode_find(info, "piece length", BENCODE_NUMBER, &value) || value.number <= 0)
        return "the info dictionary has no piece length";
    metainfo->piece_len = (uint64_t)value.number;
    metainfo->is_private =
        bencode_find(info, "private", BENCODE_NUMBER, &value) && value.number == 1;
    const metainfo_error error =
        metainfo->has_v1 ? read_files(metainfo, info) : read_tree(metainfo, info);
    if (error == NULL && metainfo->file_count == 0)
        return "no files";
    add_hashes(metainfo);
    return error;
}

const char *metainfo_parse(struct bytes file, struct metainfo *metainfo) {
    struct metainfo parsed = { 0 };
    struct bencode_value top;
    struct bencode_value info;
    if (!bencode_take(&file, &top) || top.kind != BENCODE_DICT || !is_well_formed(&top))
        return "not a bencoded dictionary";
    if (!bencode_find(&top, "info", BENCODE_DICT, &info) || !is_well_formed(&info))
        return "no info dictionary";
    const metainfo_error error = read_info(&parsed, &info);
    if (error == NULL)
        *metainfo = parsed;
    return error;
}
