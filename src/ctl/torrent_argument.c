#include "ctl/torrent_argument.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "ctl/command_line.h"
#include "ctl/output.h"
#include "store/registry_rows.h"
#include "torrent/magnet.h"

/* Returns 0 or an errno value. On success, the caller frees `*owned`. */
static int read_open_file(FILE *file, uint8_t **owned, struct bytes *content) {
    struct stat status;
    if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode))
        return EINVAL;
    if (status.st_size > REGISTRY_FILE_MAX)
        return EFBIG;
    *owned = malloc((size_t)status.st_size + 1);
    if (*owned == NULL)
        return ENOMEM;
    content->data = *owned;
    content->len = fread(*owned, 1, (size_t)status.st_size, file);
    return 0;
}

static int read_file(const char *path, uint8_t **owned, struct bytes *content) {
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return errno;
    const int error = read_open_file(file, owned, content);
    fclose(file);
    return error;
}

static bool has_torrent_suffix(const char *text) {
    static const char suffix[] = ".torrent";
    const size_t len = strlen(text);
    return len >= sizeof suffix && strcmp(text + len - (sizeof suffix - 1), suffix) == 0;
}

static void take_hashes(struct torrent_argument *argument) {
    argument->hash_count = argument->metainfo.hash_count;
    memcpy(argument->info_hashes, argument->metainfo.info_hashes, sizeof argument->info_hashes);
}

static bool read_link(const char *text, struct torrent_argument *argument) {
    char error[ERROR_LEN];
    if (!magnet_parse(bytes_of(text), &argument->metainfo, error))
        return output_error("%s: %s", text, error);
    take_hashes(argument);
    return true;
}

bool torrent_argument_read(const char *text, struct torrent_argument *argument) {
    *argument = (struct torrent_argument){ 0 };
    if (command_line_hash(text, argument->info_hashes[0])) {
        argument->hash_count = 1;
        return true;
    }
    if (magnet_is_link(bytes_of(text)))
        return read_link(text, argument);
    const int failure = read_file(text, &argument->owned, &argument->file);
    if (failure == ENOENT && !has_torrent_suffix(text))
        return output_error(
            "\"%s\": no such file, and not an info_hash of 40 hexadecimal digits or a magnet link",
            text);
    if (failure == EINVAL)
        return output_error("%s: not a regular file", text);
    if (failure != 0)
        return output_error("%s: %s", text, strerror(failure));
    char error[ERROR_LEN];
    if (!metainfo_parse(argument->file, &argument->metainfo, error)) {
        output_fail(STATUS_FAULT, "%s: %s", text, error);
        torrent_argument_free(argument);
        return false;
    }
    take_hashes(argument);
    return true;
}

static bool is_torrent_file(const char *path) {
    uint8_t *owned = NULL;
    struct bytes file = { 0 };
    struct metainfo metainfo;
    char error[ERROR_LEN];
    const bool good = read_file(path, &owned, &file) == 0 && metainfo_parse(file, &metainfo, error);
    free(owned);
    return good;
}

bool torrent_argument_is_exact(const char *text) {
    uint8_t info_hash[INFO_HASH_LEN];
    return has_torrent_suffix(text) || command_line_hash(text, info_hash) ||
           magnet_is_link(bytes_of(text)) || is_torrent_file(text);
}

void torrent_argument_free(struct torrent_argument *argument) {
    free(argument->owned);
    *argument = (struct torrent_argument){ 0 };
}
