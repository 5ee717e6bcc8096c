#include "torrent/metainfo_write.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bencode.h"
#include "torrent/announce_list.h"

enum {
    PIECES_WANTED = 1024,
    AUTOMATIC_PIECE_MAX = 16 << 20,
    FIXED_LEN = 512, /* bencoding of everything except files and texts */
    ENTRY_LEN = 320, /* bencoding of a file in both versions, with padding */
};

int metainfo_write_compare(struct bytes a, struct bytes b) {
    while (a.len > 0 && b.len > 0) {
        const struct bytes x = bytes_split(&a, '/');
        const struct bytes y = bytes_split(&b, '/');
        const int order = bytes_compare(x, y);
        if (order != 0)
            return order;
    }
    return (a.len > 0) - (b.len > 0);
}

uint64_t metainfo_write_piece_len(uint64_t size) {
    uint64_t piece_len = TORRENT_BLOCK_LEN;
    while (piece_len < AUTOMATIC_PIECE_MAX && size / piece_len > PIECES_WANTED)
        piece_len *= 2;
    return piece_len;
}

uint64_t metainfo_write_padding(uint64_t size, uint64_t piece_len) {
    return (piece_len - size % piece_len) % piece_len;
}

static size_t text_len(const char *text) {
    return text == NULL ? 0 : strlen(text);
}

size_t metainfo_write_len_max(const struct metainfo_source *source) {
    size_t len = FIXED_LEN + 3 * source->name.len + source->pieces.len + text_len(source->comment) +
                 text_len(source->created_by) + source->node.host.len;
    for (size_t i = 0; i < source->count; i++)
        len += ENTRY_LEN + 8 * source->entries[i].path.len + source->entries[i].layer.len;
    for (size_t i = 0; i < source->announce_url_count; i++)
        len += 2 * strlen(source->announce_urls[i]) + FIXED_LEN / 8;
    return len;
}

static void put_leaf(struct writer *w, const struct torrent_entry *entry, struct bytes name) {
    bencode_put_string(w, name.data, name.len);
    bencode_open_dict(w);
    bencode_put_text(w, "");
    bencode_open_dict(w);
    bencode_put_number_entry(w, "length", entry->size);
    if (entry->size > 0)
        bencode_put_string_entry(w, "pieces root", entry->root, SHA256_LEN);
    bencode_close(w);
    bencode_close(w);
}

/* The directories of a path, up to and including the last '/'. */
static struct bytes directories_of(struct bytes path) {
    size_t len = path.len;
    while (len > 0 && path.data[len - 1] != '/')
        len--;
    return (struct bytes){ .data = path.data, .len = len };
}

/* Length of the leading directories that both paths share. */
static size_t common_len(struct bytes a, struct bytes b) {
    size_t common = 0;
    for (size_t i = 0; i < a.len && i < b.len && a.data[i] == b.data[i]; i++) {
        if (a.data[i] == '/')
            common = i + 1;
    }
    return common;
}

static void close_directories(struct writer *w, struct bytes directories, size_t from) {
    for (size_t i = from; i < directories.len; i++) {
        if (directories.data[i] == '/')
            bencode_close(w);
    }
}

static void open_directories(struct writer *w, struct bytes directories, size_t from) {
    struct bytes rest = { .data = directories.data + from, .len = directories.len - from };
    while (rest.len > 0) {
        const struct bytes name = bytes_split(&rest, '/');
        bencode_put_string(w, name.data, name.len);
        bencode_open_dict(w);
    }
}

/* Version 2: a tree of dictionaries. The order of the entries keeps those of a directory together,
 * so that each directory is opened once. */
static void put_tree(struct writer *w, const struct metainfo_source *source) {
    struct bytes open = { 0 };
    bencode_put_text(w, "file tree");
    bencode_open_dict(w);
    if (source->single)
        put_leaf(w, &source->entries[0], source->name);
    for (size_t i = 0; i < source->count && !source->single; i++) {
        const struct bytes path = source->entries[i].path;
        const struct bytes directories = directories_of(path);
        const size_t common = common_len(open, directories);
        close_directories(w, open, common);
        open_directories(w, directories, common);
        put_leaf(w, &source->entries[i],
                 (struct bytes){ path.data + directories.len, path.len - directories.len });
        open = directories;
    }
    close_directories(w, open, 0);
    bencode_close(w);
}

static void put_file(struct writer *w, uint64_t size, struct bytes path, bool padding) {
    bencode_open_dict(w);
    if (padding)
        bencode_put_text_entry(w, "attr", "p");
    bencode_put_number_entry(w, "length", size);
    bencode_put_text(w, "path");
    bencode_open_list(w);
    while (path.len > 0) {
        const struct bytes name = bytes_split(&path, '/');
        bencode_put_string(w, name.data, name.len);
    }
    bencode_close(w);
    bencode_close(w);
}

static void put_padding(struct writer *w, const struct metainfo_source *source, size_t number) {
    char path[32];
    const uint64_t padding =
        metainfo_write_padding(source->entries[number].size, source->piece_len);
    if (source->version != TORRENT_HYBRID || padding == 0 || number + 1 == source->count)
        return;
    snprintf(path, sizeof path, ".pad/%ju", (uintmax_t)padding);
    put_file(w, padding, bytes_of(path), true);
}

static void put_files(struct writer *w, const struct metainfo_source *source) {
    if (source->single) {
        bencode_put_number_entry(w, "length", source->entries[0].size);
        return;
    }
    bencode_put_text(w, "files");
    bencode_open_list(w);
    for (size_t i = 0; i < source->count; i++) {
        put_file(w, source->entries[i].size, source->entries[i].path, false);
        put_padding(w, source, i);
    }
    bencode_close(w);
}

static void put_info(struct writer *w, const struct metainfo_source *source) {
    const bool v1 = (source->version & TORRENT_V1) != 0;
    const bool v2 = (source->version & TORRENT_V2) != 0;
    bencode_put_text(w, "info");
    bencode_open_dict(w);
    if (v2)
        put_tree(w, source);
    if (v1)
        put_files(w, source);
    if (v2)
        bencode_put_number_entry(w, "meta version", 2);
    bencode_put_string_entry(w, "name", source->name.data, source->name.len);
    bencode_put_number_entry(w, "piece length", source->piece_len);
    if (v1)
        bencode_put_string_entry(w, "pieces", source->pieces.data, source->pieces.len);
    if (source->is_private)
        bencode_put_number_entry(w, "private", 1);
    bencode_close(w);
}

static int compare_roots(const void *a, const void *b) {
    const struct torrent_entry *const *x = a;
    const struct torrent_entry *const *y = b;
    return memcmp((*x)->root, (*y)->root, SHA256_LEN);
}

/* Puts the layers by root. Files with the same content share one entry. */
static void put_layers(struct writer *w, const struct metainfo_source *source,
                       const struct torrent_entry **sorted) {
    size_t count = 0;
    for (size_t i = 0; i < source->count; i++) {
        if (source->entries[i].layer.len > 0)
            sorted[count++] = &source->entries[i];
    }
    if (count > 0)
        qsort(sorted, count, sizeof(const struct torrent_entry *), compare_roots);
    bencode_put_text(w, "piece layers");
    bencode_open_dict(w);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || compare_roots(&sorted[i - 1], &sorted[i]) != 0) {
            bencode_put_string(w, sorted[i]->root, SHA256_LEN);
            bencode_put_string(w, sorted[i]->layer.data, sorted[i]->layer.len);
        }
    }
    bencode_close(w);
}

static void put_node(struct writer *w, const struct torrent_node *node) {
    bencode_put_text(w, "nodes");
    bencode_open_list(w);
    bencode_open_list(w);
    bencode_put_string(w, node->host.data, node->host.len);
    bencode_put_number(w, node->port);
    bencode_close(w);
    bencode_close(w);
}

void metainfo_write(struct writer *w, const struct metainfo_source *source,
                    const struct torrent_entry **sorted) {
    bencode_open_dict(w);
    announce_list_put(w, source->announce_urls, source->announce_url_count);
    if (source->comment != NULL)
        bencode_put_text_entry(w, "comment", source->comment);
    if (source->created_by != NULL)
        bencode_put_text_entry(w, "created by", source->created_by);
    bencode_put_number_entry(w, "creation date", (uint64_t)source->created_s);
    put_info(w, source);
    if (source->node.host.len > 0)
        put_node(w, &source->node);
    if ((source->version & TORRENT_V2) != 0)
        put_layers(w, source, sorted);
    bencode_close(w);
}
