#include "ctl/command_line.h"
#include "ctl/commands/commands.h"
#include "ctl/output.h"

#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "ctl/announce_url_choice.h"
#include "ctl/file_hasher.h"
#include "ctl/file_output.h"
#include "ctl/format.h"
#include "ctl/torrent_argument.h"
#include "wire/tracker_url.h"

enum { NAME_LEN = 256, OUTPUT_LEN = PATH_MAX };

/* All options, checked before the long work begins. */
struct creation {
    enum torrent_version version;
    uint64_t piece_len;
    char name[NAME_LEN];
    char output[OUTPUT_LEN];
    struct file_list files;
    struct announce_url_choice urls;
    struct registry_client *registrar; /* NULL: do not register it */
    bool force;
};

static bool refuse(const char *what, const char *detail) {
    output_fail(STATUS_FAULT, what, detail);
    return false;
}

static bool choose_version(const struct command_line *line, enum torrent_version *version) {
    const bool v2 = command_line_has(line, OPTION_V2);
    const bool hybrid = command_line_has(line, OPTION_HYBRID);
    *version = hybrid ? TORRENT_HYBRID : v2 ? TORRENT_V2 : TORRENT_V1;
    return !(v2 && hybrid) || refuse("--v2 and --hybrid are mutually exclusive", NULL);
}

/* A name is a single path component: not "..", and without '/'. */
static bool choose_name(const struct command_line *line, char name[static NAME_LEN]) {
    const char *given = line->values[OPTION_NAME];
    char *real = given == NULL ? realpath(line->words[0], NULL) : NULL;
    const char *found = given != NULL ? given : real != NULL ? basename(real) : "";
    const size_t len = strlen(found);
    const bool good = len > 0 && len < NAME_LEN && utf8_is_valid(bytes_of(found)) &&
                      strchr(found, '/') == NULL && strcmp(found, ".") != 0 &&
                      strcmp(found, "..") != 0;
    if (good)
        memcpy(name, found, len + 1);
    else
        refuse(
            "invalid torrent name (must be UTF-8 without '/', up to 255 bytes); set one with "
            "--name",
            found);
    free(real);
    return good;
}

/* Bounds the number of pieces so that skepd accepts the .torrent file. */
static bool choose_piece_len(const struct command_line *line, const struct file_list *files,
                             uint64_t *piece_len) {
    const char *given = line->values[OPTION_PIECE_LENGTH];
    *piece_len = given == NULL ? metainfo_write_piece_len(files->size) : format_parse_size(given);
    const bool power = (*piece_len & (*piece_len - 1)) == 0;
    if (!power || *piece_len < TORRENT_BLOCK_LEN || *piece_len > TORRENT_PIECE_MAX)
        return refuse("piece length must be a power of two from 16K to 64M", given);
    if (files->size / *piece_len > REGISTRY_FILE_MAX / 2 / SHA256_LEN)
        return refuse("too many pieces; use a larger --piece-length", given);
    return true;
}

static bool choose_output(const struct command_line *line, struct creation *creation) {
    const char *given = line->values[OPTION_OUTPUT];
    const int len = given == NULL
                        ? snprintf(creation->output, OUTPUT_LEN, "%s.torrent", creation->name)
                        : snprintf(creation->output, OUTPUT_LEN, "%s", given);
    if (len >= OUTPUT_LEN)
        return refuse("path too long", given);
    return file_output_is_free(creation->output, creation->force);
}

/* The output file would change while it is part of the torrent. */
static bool is_not_shared(const struct creation *creation) {
    struct stat there;
    if (stat(creation->output, &there) != 0)
        return true;
    for (size_t i = 0; i < creation->files.count; i++) {
        const struct stat *seen = &creation->files.files[i].seen;
        if (seen->st_dev == there.st_dev && seen->st_ino == there.st_ino)
            return refuse("output file would be part of the torrent", creation->output);
    }
    return true;
}

static bool check_urls(const struct command_line *line) {
    for (size_t i = 0; i < line->announce_url_count; i++) {
        struct tracker_url url;
        const char *error = tracker_url_parse(bytes_of(line->announce_urls[i]), &url);
        if (error != NULL)
            return refuse(line->announce_urls[i], error);
    }
    return true;
}

static bool check_comment(const struct command_line *line) {
    const char *comment = line->values[OPTION_COMMENT];
    return comment == NULL || utf8_is_valid(bytes_of(comment)) ||
           refuse("comment is not valid UTF-8", comment);
}

static void note_what_is_special(const struct file_list *files) {
    if (files->links > 0)
        output_note("symbolic links followed: %zu", files->links);
    if (files->empty > 0)
        output_note("empty directories skipped: %zu", files->empty);
}

static enum status prepare(const struct command_line *line, struct creation *creation) {
    creation->force = command_line_has(line, OPTION_FORCE);
    if (!choose_version(line, &creation->version) || !check_urls(line) || !check_comment(line) ||
        !file_list_read(&creation->files, line->words[0]) || !choose_name(line, creation->name) ||
        !choose_piece_len(line, &creation->files, &creation->piece_len) ||
        !choose_output(line, creation) || !is_not_shared(creation))
        return STATUS_FAULT;
    if (command_line_has(line, OPTION_ADD)) {
        const enum status status = registry_client_open(line, &creation->registrar);
        if (status != STATUS_GOOD)
            return status;
    }
    note_what_is_special(&creation->files);
    return announce_url_choice_find(line, false, &creation->urls);
}

/* Uses SOURCE_DATE_EPOCH, if set, so that the result is reproducible. */
static int64_t creation_date(void) {
    const char *given = getenv("SOURCE_DATE_EPOCH");
    int64_t date_s;
    if (given != NULL && bytes_to_i64(bytes_of(given), &date_s) && date_s >= 0)
        return date_s;
    return clock_unix_s();
}

static bool make_file(const struct command_line *line, const struct creation *creation,
                      const struct hashed_files *hashed, struct writer *w) {
    const struct metainfo_source source = {
        .version = creation->version,
        .name = bytes_of(creation->name),
        .entries = hashed->entries,
        .count = hashed->count,
        .single = creation->files.single,
        .is_private = command_line_has(line, OPTION_PRIVATE),
        .piece_len = creation->piece_len,
        .pieces = { .data = hashed->pieces.v1_digests.data, .len = hashed->pieces.v1_digests.len },
        .announce_urls = creation->urls.list,
        .announce_url_count = creation->urls.count,
        .comment = line->values[OPTION_COMMENT],
        .created_by = "skepctl " SKEP_VERSION,
        .created_s = creation_date(),
    };
    const size_t len_max = metainfo_write_len_max(&source);
    struct torrent_layer *layers = calloc(source.count, sizeof *layers);
    *w = writer_on(malloc(len_max), len_max);
    const bool good = w->data != NULL && layers != NULL;
    if (good)
        metainfo_write(w, &source, layers);
    free(layers);
    return (good && !w->failed) || refuse("out of memory", NULL);
}

static json_t *hashes_json(const struct metainfo *metainfo) {
    json_t *hashes = json_array();
    for (size_t i = 0; i < metainfo->hash_count; i++)
        json_array_append_new(hashes, output_json_hex(metainfo->info_hashes[i], INFO_HASH_LEN));
    return hashes;
}

static enum status print_json(const struct creation *creation, const struct metainfo *metainfo) {
    json_t *urls = json_array();
    for (size_t i = 0; i < creation->urls.count; i++)
        json_array_append_new(urls, output_json_text(bytes_of(creation->urls.list[i])));
    const uint8_t *digest = metainfo->digest_v2;
    return output_json(json_pack(
        "{s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:b, s:o, s:o}", "info_hash",
        output_json_hex(metainfo->info_hashes[0], INFO_HASH_LEN), "versions", hashes_json(metainfo),
        "info_hash_v2", metainfo->has_v2 ? output_json_hex(digest, SHA256_LEN) : json_null(),
        "name", output_json_text(metainfo->name), "size", (json_int_t)metainfo->size, "files",
        (json_int_t)metainfo->file_count, "piece_length", (json_int_t)metainfo->piece_len,
        "private", metainfo->is_private, "file", output_json_text(bytes_of(creation->output)),
        "announce", urls));
}

static void print_line(const char *label, const char *raw) {
    char text[OUTPUT_LEN];
    format_clean(bytes_of(raw), text, sizeof text);
    printf("%-10s%s\n", label, text);
}

static void print_words(const struct creation *creation, const struct metainfo *metainfo) {
    char size[FORMAT_NUMBER_LEN];
    char piece[FORMAT_NUMBER_LEN];
    char hash[2 * SHA256_LEN + 1];
    format_size(metainfo->size, size);
    format_size(metainfo->piece_len, piece);
    print_line("file", creation->output);
    print_line("name", creation->name);
    printf("%-10s%s in %" PRIu64 " file%s, pieces of %s%s\n", "size", size, metainfo->file_count,
           metainfo->file_count == 1 ? "" : "s", piece, metainfo->is_private ? ", private" : "");
    for (size_t i = 0; i < creation->urls.count; i++)
        print_line(i == 0 ? "announce" : "", creation->urls.list[i]);
    hex_encode(metainfo->info_hashes[0], INFO_HASH_LEN, hash);
    if (metainfo->has_v1)
        print_line("info_hash", hash);
    hex_encode(metainfo->digest_v2, SHA256_LEN, hash);
    if (metainfo->has_v2)
        print_line("version 2", hash);
}

/* Verifies the result by parsing it as a client does. */
static enum status finish(const struct command_line *line, const struct creation *creation,
                          struct bytes file) {
    struct metainfo metainfo;
    const char *error = metainfo_parse(file, &metainfo);
    if (error != NULL)
        return output_fail(STATUS_FAULT, "internal error: invalid torrent", error);
    if (!file_output_write(creation->output, file, creation->force))
        return STATUS_FAULT;
    if (creation->registrar != NULL) {
        const enum status status =
            registry_client_put_torrent(creation->registrar, &metainfo, file);
        if (status != STATUS_GOOD)
            return status;
    }
    if (command_line_has(line, OPTION_JSON))
        return print_json(creation, &metainfo);
    print_words(creation, &metainfo);
    return STATUS_GOOD;
}

static enum status create(const struct command_line *line, const struct creation *creation) {
    struct hashed_files hashed;
    struct writer w = { 0 };
    struct progress progress = progress_begin(creation->files.size);
    enum status status = STATUS_FAULT;
    if (hashed_files_read(&hashed, &creation->files, creation->version, creation->piece_len,
                          &progress) &&
        make_file(line, creation, &hashed, &w))
        status = finish(line, creation, (struct bytes){ .data = w.data, .len = w.len });
    free(w.data);
    hashed_files_free(&hashed);
    return status;
}

static enum status run_create(const struct command_line *line) {
    struct creation creation = { 0 };
    enum status status = prepare(line, &creation);
    if (status == STATUS_GOOD)
        status = create(line, &creation);
    file_list_free(&creation.files);
    announce_url_choice_free(&creation.urls);
    registry_client_close(creation.registrar);
    return status;
}

const struct command create_command = {
    .section = SECTION_TOOLS,
    .name = "create",
    .arguments = "PATH",
    .least = 1,
    .most = 1,
    .summary = "Create a .torrent file",
    .run = run_create,
    .options = OPTION_BIT(OPTION_ANNOUNCE) | OPTION_BIT(OPTION_PIECE_LENGTH) |
               OPTION_BIT(OPTION_PRIVATE) | OPTION_BIT(OPTION_NAME) | OPTION_BIT(OPTION_COMMENT) |
               OPTION_BIT(OPTION_V2) | OPTION_BIT(OPTION_HYBRID) | OPTION_BIT(OPTION_OUTPUT) |
               OPTION_BIT(OPTION_FORCE) | OPTION_BIT(OPTION_ADD),
};
