/* Arbitrary bytes as a list file: valid lines are loaded, all others are skipped. A file in
 * UTF-16 is refused. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"
#include "daemon/list_file.h"
#include "fuzz.h"
#include "memory_file.h"

/* A line appended to the input. It must be found after any input. */
static const char last_line[] = "\n00112233445566778899aabbccddeeff00112233 last\n";
static const uint8_t last_hash[INFO_HASH_LEN] = {
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99,
    0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x00, 0x11, 0x22, 0x33,
};

static void assert_listed(const struct access *access) {
    static struct registry *registry;
    char detail[REFUSAL_DETAIL_LEN];
    if (registry == NULL)
        registry = registry_create();
    assert(registry != NULL);
    assert(access_check_torrent(access, registry, last_hash, detail) == ANNOUNCE_OK);
}

FUZZ_TARGET(list_file, 1) {
    const struct access_rules rules = { .mode = ACCESS_LISTED };
    char path[MEMORY_FILE_PATH_LEN];
    char error[ERROR_LEN] = "";
    uint8_t *text = malloc(size + sizeof last_line);
    struct access *access = access_create(&rules);
    assert(text != NULL && access != NULL);
    memcpy(text, data, size);
    memcpy(text + size, last_line, sizeof last_line - 1);
    const int fd = memory_file(text, size + sizeof last_line - 1, path);
    log_set_level(LOG_LEVEL_ERROR);
    const bool loaded = list_file_load(path, access, ACCESS_WHITELIST, error);
    const bool expected = !utf8_is_utf16((struct bytes){ .data = data, .len = size });
    assert(loaded == expected && (error[0] == '\0') == expected);
    if (expected)
        assert_listed(access);
    memory_file_close(fd);
    access_delete(access);
    free(text);
}
