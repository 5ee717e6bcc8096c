#include "ctl/commands/commands.h"

#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "ctl/announce_url_choice.h"
#include "ctl/dht_node_choice.h"
#include "ctl/file_hasher.h"
#include "ctl/file_output.h"
#include "ctl/format.h"
#include "ctl/torrent_argument.h"
#include "wire/tracker_url.h"

enum { NAME_LEN = 256, OUTPUT_LEN = PATH_MAX };

/* clang-format off */
static const struct option_spec option_piece_length = { "piece-length", "SIZE", "16K to 64M, a power of two (default: by size)", 0, NULL };
static const struct option_spec option_private = { "private", NULL, "set the private flag: peers from the tracker only", 0, NULL };
static const struct option_spec option_name = { "name", "NAME", "torrent name (default: last part of PATH)", 0, NULL };
static const struct option_spec option_comment = { "comment", "TEXT", "comment", 0, NULL };
static const struct option_spec option_v2 = { "v2", NULL, "version 2 (BEP 52)", 0, NULL };
static const struct option_spec option_hybrid = { "hybrid", NULL, "hybrid (v1 + v2)", 0, NULL };
static const struct option_spec option_output = { "output", "FILE", "output file (default: NAME.torrent)", 'o', NULL };
static const struct option_spec option_force = { "force", NULL, "overwrite an existing file", 0, NULL };
static const struct option_spec option_trackerless = { "trackerless", NULL, "no tracker, but the DHT node of skepd to start from", 0, NULL };
static const struct option_spec option_node = { "node", "HOST:PORT", "this DHT node in place of skepd's", 0, NULL };
static const struct option_spec option_add = { "add", NULL, "also register it", 0, NULL };
/* clang-format on */

/* Everything that is checked before hashing begins, since hashing takes long. */
struct creation {
    enum torrent_version version;
    uint64_t piece_len;
    char name[NAME_LEN];
    char output[OUTPUT_LEN];
    struct file_list files;
    struct announce_url_choice announce;
    struct dht_node_choice node;      /* of a torrent without a tracker */
    struct registry_client *registry; /* NULL: do not register */
    bool force;
};

static bool choose_version(const struct command_line *line, enum torrent_version *version) {
    const bool v2 = command_line_has(line, &option_v2);
    const bool hybrid = command_line_has(line, &option_hybrid);
    *version = hybrid ? TORRENT_HYBRID : v2 ? TORRENT_V2 : TORRENT_V1;
    return !(v2 && hybrid) || output_error("--v2 and --hybrid exclude each other");
}

/* The name becomes a file or directory of the downloading client: one path component. */
static bool choose_name(const struct command_line *line, char name[static NAME_LEN]) {
    const char *given = command_line_value(line, &option_name);
    char *real = given == NULL ? realpath(line->arguments[0], NULL) : NULL;
    const char *found = given != NULL ? given : real != NULL ? basename(real) : "";
    const size_t len = strlen(found);
    const bool good = len > 0 && len < NAME_LEN && utf8_is_valid(bytes_of(found)) &&
                      strchr(found, '/') == NULL && strcmp(found, ".") != 0 &&
                      strcmp(found, "..") != 0;
    if (good)
        memcpy(name, found, len + 1);
    else
        output_error(
            "invalid torrent name \"%s\"; pass --name with up to 255 bytes of UTF-8 without \"/\"",
            found);
    free(real);
    return good;
}

/* Limits the number of pieces, so that skepd and skepctl accept the size of the .torrent file. */
static bool choose_piece_len(const struct command_line *line, const struct file_list *files,
                             uint64_t *piece_len) {
    const char *given = command_line_value(line, &option_piece_length);
    *piece_len = given == NULL ? metainfo_write_piece_len(files->size) : format_parse_size(given);
    const bool power = (*piece_len & (*piece_len - 1)) == 0;
    if (!power || *piece_len < TORRENT_BLOCK_LEN || *piece_len > TORRENT_PIECE_MAX)
        return output_error("--piece-length must be a power of two from 16K to 64M, not \"%s\"",
                            given);
    if (files->size / *piece_len > REGISTRY_FILE_MAX / 2 / SHA256_LEN)
        return output_error("too many pieces; use a larger --piece-length");
    return true;
}

static bool choose_output(const struct command_line *line, struct creation *creation) {
    const char *given = command_line_value(line, &option_output);
    const int len = given == NULL
                        ? snprintf(creation->output, OUTPUT_LEN, "%s.torrent", creation->name)
                        : snprintf(creation->output, OUTPUT_LEN, "%s", given);
    if (len >= OUTPUT_LEN)
        return output_error("output path too long");
    return file_output_check(creation->output, creation->force);
}

/* Overwriting a file of the torrent would change its content. */
static bool check_output(const struct creation *creation) {
    struct stat there;
    if (stat(creation->output, &there) != 0)
        return true;
    for (size_t i = 0; i < creation->files.count; i++) {
        const struct stat *seen = &creation->files.files[i].seen;
        if (seen->st_dev == there.st_dev && seen->st_ino == there.st_ino)
            return output_error("output file %s is part of the torrent", creation->output);
    }
    return true;
}

static bool check_urls(const struct command_line *line) {
    for (size_t i = 0; i < line->announce_url_count; i++) {
        struct tracker_url url;
        const char *error = tracker_url_parse(bytes_of(line->announce_urls[i]), &url);
        if (error != NULL)
            return output_error("%s: %s", line->announce_urls[i], error);
    }
    return true;
}

static bool check_comment(const struct command_line *line) {
    const char *comment = command_line_value(line, &option_comment);
    return comment == NULL || utf8_is_valid(bytes_of(comment)) ||
           output_error("--comment is not valid UTF-8");
}

/* Chooses the announce URLs, or the DHT node of a torrent without a tracker. */
static enum status choose_sources(const struct command_line *line, struct creation *creation) {
    const char *node = command_line_value(line, &option_node);
    if (!command_line_has(line, &option_trackerless) && node == NULL)
        return announce_url_choice_find(line, false, &creation->announce);
    if (line->announce_url_count > 0 || command_line_has(line, &option_private))
        return output_fail(STATUS_FAULT,
                           "--trackerless and --node exclude --announce and --private");
    return dht_node_choice_find(line, node, &creation->node);
}

static void print_notes(const struct file_list *files) {
    if (files->links > 0)
        output_note("symbolic links followed: %zu", files->links);
    if (files->empty > 0)
        output_note("empty directories skipped: %zu", files->empty);
}

static enum status prepare_creation(const struct command_line *line, struct creation *creation) {
    creation->force = command_line_has(line, &option_force);
    if (!choose_version(line, &creation->version) || !check_urls(line) || !check_comment(line) ||
        !file_list_read(&creation->files, line->arguments[0]) ||
        !choose_name(line, creation->name) ||
        !choose_piece_len(line, &creation->files, &creation->piece_len) ||
        !choose_output(line, creation) || !check_output(creation))
        return STATUS_FAULT;
    if (command_line_has(line, &option_add)) {
        const enum status status = registry_client_open(line, &creation->registry);
        if (status != STATUS_GOOD)
            return status;
    }
    print_notes(&creation->files);
    return choose_sources(line, creation);
}

/* SOURCE_DATE_EPOCH makes the .torrent file reproducible. */
static int64_t creation_date(void) {
    const char *given = getenv("SOURCE_DATE_EPOCH");
    int64_t date_s;
    if (given != NULL && bytes_to_i64(bytes_of(given), &date_s) && date_s >= 0)
        return date_s;
    return clock_unix_s();
}

static bool write_metainfo(const struct command_line *line, const struct creation *creation,
                           const struct hashed_files *hashed, struct writer *w) {
    const struct metainfo_source source = {
        .version = creation->version,
        .name = bytes_of(creation->name),
        .entries = hashed->entries,
        .count = hashed->count,
        .single = creation->files.single,
        .is_private = command_line_has(line, &option_private),
        .piece_len = creation->piece_len,
        .pieces = { .data = hashed->pieces.v1_digests.data, .len = hashed->pieces.v1_digests.len },
        .announce_urls = creation->announce.urls,
        .announce_url_count = creation->announce.count,
        .node = { bytes_of(creation->node.host), creation->node.port },
        .comment = command_line_value(line, &option_comment),
        .created_by = "skepctl " SKEP_VERSION,
        .created_s = creation_date(),
    };
    const size_t len_max = metainfo_write_len_max(&source);
    const struct torrent_entry **sorted =
        calloc(source.count, sizeof(const struct torrent_entry *));
    *w = writer_on(malloc(len_max), len_max);
    const bool good = w->data != NULL && sorted != NULL;
    if (good)
        metainfo_write(w, &source, sorted);
    free(sorted);
    if (good && !w->failed)
        return true;
    output_out_of_memory();
    return false;
}

static json_t *hashes_json(const struct metainfo *metainfo) {
    json_t *hashes = json_array();
    for (size_t i = 0; i < metainfo->hash_count; i++)
        json_array_append_new(hashes, output_json_hex(metainfo->info_hashes[i], INFO_HASH_LEN));
    return hashes;
}

static enum status print_torrent_json(const struct creation *creation,
                                      const struct metainfo *metainfo) {
    json_t *urls = json_array();
    for (size_t i = 0; i < creation->announce.count; i++)
        json_array_append_new(urls, output_json_string(creation->announce.urls[i]));
    char node[DHT_NODE_TEXT_LEN];
    const uint8_t *digest = metainfo->digest_v2;
    dht_node_choice_text(&creation->node, node);
    return output_json(json_pack(
        "{s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:b, s:o, s:o, s:o}", "info_hash",
        output_json_hex(metainfo->info_hashes[0], INFO_HASH_LEN), "versions", hashes_json(metainfo),
        "info_hash_v2", metainfo->has_v2 ? output_json_hex(digest, SHA256_LEN) : json_null(),
        "name", output_json_text(bytes_of(metainfo->name)), "size", (json_int_t)metainfo->size,
        "files", (json_int_t)metainfo->file_count, "piece_length", (json_int_t)metainfo->piece_len,
        "private", metainfo->is_private, "file", output_json_string(creation->output), "announce",
        urls, "node", node[0] == '\0' ? json_null() : output_json_string(node)));
}

static void print_line(const char *label, const char *raw) {
    char text[OUTPUT_LEN];
    format_clean(bytes_of(raw), text, sizeof text);
    printf("%-14s%s\n", label, text);
}

static void print_torrent(const struct creation *creation, const struct metainfo *metainfo) {
    char size[FORMAT_NUMBER_LEN];
    char piece[FORMAT_NUMBER_LEN];
    char hash[DHT_NODE_TEXT_LEN];
    format_size(metainfo->size, size);
    format_size(metainfo->piece_len, piece);
    print_line("file", creation->output);
    print_line("name", creation->name);
    printf("%-14s%s in %" PRIu64 " file%s, pieces of %s%s\n", "size", size, metainfo->file_count,
           metainfo->file_count == 1 ? "" : "s", piece, metainfo->is_private ? ", private" : "");
    for (size_t i = 0; i < creation->announce.count; i++)
        print_line(i == 0 ? "announce" : "", creation->announce.urls[i]);
    dht_node_choice_text(&creation->node, hash);
    if (hash[0] != '\0')
        print_line("DHT node", hash);
    hex_encode(metainfo->info_hashes[0], INFO_HASH_LEN, hash);
    if (metainfo->has_v1)
        print_line("info_hash", hash);
    hex_encode(metainfo->digest_v2, SHA256_LEN, hash);
    if (metainfo->has_v2)
        print_line("info_hash v2", hash);
    if (creation->registry != NULL)
        print_line("registered", "yes");
}

/* Parses the result as a client would, before writing it. */
static enum status save_torrent(const struct command_line *line, const struct creation *creation,
                                struct bytes file) {
    struct metainfo metainfo;
    char error[ERROR_LEN];
    if (!metainfo_parse(file, &metainfo, error))
        return output_fail(STATUS_FAULT, "internal error: invalid torrent: %s", error);
    if (!file_output_write(creation->output, file, creation->force))
        return STATUS_FAULT;
    if (creation->registry != NULL) {
        const enum status status = registry_client_add_file(creation->registry, &metainfo, file);
        if (status != STATUS_GOOD)
            return status;
    }
    if (command_line_has(line, &option_json))
        return print_torrent_json(creation, &metainfo);
    print_torrent(creation, &metainfo);
    return STATUS_GOOD;
}

static enum status create_torrent(const struct command_line *line,
                                  const struct creation *creation) {
    struct hashed_files hashed;
    struct writer w = { 0 };
    struct progress progress = progress_begin(creation->files.size);
    enum status status = STATUS_FAULT;
    if (file_hasher_read(&hashed, &creation->files, creation->version, creation->piece_len,
                         &progress) &&
        write_metainfo(line, creation, &hashed, &w))
        status = save_torrent(line, creation, (struct bytes){ .data = w.data, .len = w.len });
    free(w.data);
    file_hasher_free(&hashed);
    return status;
}

static enum status run_create(const struct command_line *line) {
    struct creation creation = { 0 };
    enum status status = prepare_creation(line, &creation);
    if (status == STATUS_GOOD)
        status = create_torrent(line, &creation);
    file_list_free(&creation.files);
    announce_url_choice_free(&creation.announce);
    registry_client_close(creation.registry);
    return status;
}

const struct command create_command = {
    .section = SECTION_TOOLS,
    .name = "create",
    .arguments = "PATH",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Create a .torrent file",
    .example = "skepctl create holidays --private --add",
    .run = run_create,
    .options = { &option_announce, &option_piece_length, &option_private, &option_name,
                 &option_comment, &option_v2, &option_hybrid, &option_output, &option_force,
                 &option_trackerless, &option_node, &option_add, &option_url, &option_token,
                 &option_token_file, &option_database },
};
