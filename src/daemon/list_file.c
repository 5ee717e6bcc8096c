#include "daemon/list_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"
#include "torrent/magnet.h"

#define BLANKS " \t\v\f\n"

/* The part of a line before one of `ends` or a zero byte, without quotation marks. */
static struct bytes part_before(struct bytes line, const char *ends) {
    size_t len = 0;
    while (len < line.len && strchr(ends, line.data[len]) == NULL)
        len++;
    return utf8_unquote((struct bytes){ line.data, len });
}

/* An info_hash may be the first field of a table. A name in a magnet link may contain spaces, and a
 * comment may follow the link. */
static bool parse_line(struct bytes line, struct metainfo *torrent, char error[static ERROR_LEN]) {
    torrent->hash_count = 1;
    if (hex_decode(part_before(line, BLANKS ",;|"), torrent->info_hashes[0], INFO_HASH_LEN))
        return true;
    if (!magnet_is_link(line))
        return error_set(error, "not an info_hash of 40 hexadecimal digits or a magnet link");
    return magnet_parse(line, torrent, error) ||
           magnet_parse(part_before(line, BLANKS), torrent, error);
}

/* Returns false only if out of memory. */
static bool load_line(const char *path, unsigned number, struct bytes text, struct access *access,
                      enum access_list list) {
    const struct bytes line = utf8_trim(text);
    struct metainfo torrent;
    char error[ERROR_LEN];
    bool good = true;
    if (line.len == 0 || line.data[0] == '#')
        return true;
    if (!parse_line(line, &torrent, error)) {
        log_warning("%s:%u: line ignored: %s", path, number, error);
        return true;
    }
    for (size_t i = 0; good && i < torrent.hash_count; i++)
        good = access_add_torrent(access, list, torrent.info_hashes[i]);
    return good;
}

static bool load_lines(FILE *file, const char *path, struct access *access, enum access_list list,
                       char error[static ERROR_LEN]) {
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    bool good = true;
    for (unsigned number = 1; good && (len = getline(&line, &size, file)) >= 0; number++) {
        struct bytes rest = { (const uint8_t *)line, (size_t)len };
        good = number > 1 || !utf8_is_utf16(rest) ||
               error_set(error, "%s: the file is UTF-16; save it as UTF-8", path);
        while (good && rest.len > 0) /* lines may end with \r alone */
            good = load_line(path, number, bytes_split(&rest, '\r'), access, list) ||
                   error_set(error, "out of memory");
    }
    free(line);
    return good && (ferror(file) == 0 || error_set(error, "%s: %s", path, strerror(errno)));
}

bool list_file_load(const char *path, struct access *access, enum access_list list,
                    char error[static ERROR_LEN]) {
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return error_set(error, "%s: %s", path, strerror(errno));
    const bool good = load_lines(file, path, access, list, error);
    fclose(file);
    return good;
}

bool list_file_changed(const char *path, struct stat *known) {
    struct stat now = { 0 };
    (void)stat(path, &now);
    const bool same = now.st_ino == known->st_ino && now.st_dev == known->st_dev &&
                      now.st_size == known->st_size &&
                      now.st_mtim.tv_sec == known->st_mtim.tv_sec &&
                      now.st_mtim.tv_nsec == known->st_mtim.tv_nsec;
    *known = now;
    return !same;
}
