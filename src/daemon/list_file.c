#include "daemon/list_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"

enum { HASH_DIGITS = 2 * INFO_HASH_LEN };

/* Text after the info_hash is a comment. */
static bool parse_info_hash(struct bytes line, uint8_t info_hash[static INFO_HASH_LEN]) {
    struct bytes digits = line;
    if (digits.len > HASH_DIGITS) {
        digits.len = HASH_DIGITS;
        if (!isspace(line.data[digits.len]))
            return false;
    }
    return hex_decode(digits, info_hash, INFO_HASH_LEN);
}

/* Returns false only if out of memory. */
static bool load_line(const char *path, unsigned number, struct bytes text, struct access *access,
                      enum access_list list) {
    const struct bytes line = bytes_trim(text);
    uint8_t info_hash[INFO_HASH_LEN];
    if (line.len == 0 || line.data[0] == '#')
        return true;
    if (parse_info_hash(line, info_hash))
        return access_add_torrent(access, list, info_hash);
    log_warning("%s:%u: line ignored: not an info_hash of 40 hexadecimal digits", path, number);
    return true;
}

bool list_file_load(const char *path, struct access *access, enum access_list list,
                    char error[static ERROR_LEN]) {
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    bool good = file != NULL;
    for (unsigned number = 1; good && getline(&line, &size, file) >= 0; number++) {
        struct bytes rest = bytes_of(line);
        while (good && rest.len > 0) /* lines may end with \r alone */
            good = load_line(path, number, bytes_split(&rest, '\r'), access, list);
    }
    good = good && ferror(file) == 0;
    if (!good)
        error_set(error, "%s: %s", path, strerror(errno));
    free(line);
    if (file != NULL)
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
