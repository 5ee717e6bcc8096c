#include "support.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

uint32_t patience_ms = 60000;

struct endpoint endpoint_at(const char *address, uint16_t port) {
    struct endpoint endpoint;
    REQUIRE(endpoint_parse_address(address, &endpoint));
    endpoint_set_port(&endpoint, port);
    return endpoint;
}

struct endpoint numbered_endpoint(uint8_t family, uint32_t number) {
    struct endpoint endpoint = endpoint_at(family == FAMILY_V6 ? "2001:db8::" : "80.0.0.0", 6881);
    uint8_t *last = endpoint.wire + address_len(family) - 4;
    store_u32(last, load_u32(last) + number);
    return endpoint;
}

void numbered_id(uint8_t id[static ID_LEN], uint32_t number) {
    memset(id, 0, ID_LEN);
    store_u32(id, number * 2654435761U);
    store_u32(id + ID_LEN - 4, number);
}

bool looks_uniform(const uint32_t *counts, size_t cells) {
    double sum = 0;
    for (size_t i = 0; i < cells; i++)
        sum += counts[i];
    const double expected = sum / (double)cells;
    double chi_square = 0;
    for (size_t i = 0; i < cells; i++)
        chi_square += (counts[i] - expected) * (counts[i] - expected) / expected;
    const double freedom = (double)cells - 1;
    return chi_square <= freedom + 6 * sqrt(2 * freedom) + 6;
}

void assert_bytes(struct bytes found, struct bytes expected) {
    ck_assert_msg(bytes_equal(found, expected), "found \"%.*s\" (%zu), expected \"%.*s\" (%zu)",
                  (int)found.len, (const char *)found.data, found.len, (int)expected.len,
                  (const char *)expected.data, expected.len);
}

void assert_written(const struct writer *w, const char *expected) {
    ck_assert(!w->failed);
    assert_bytes((struct bytes){ .data = w->data, .len = w->len }, bytes_of(expected));
}

struct directory directory_create(void) {
    struct directory directory;
    /* Memory is faster: databases are synced after each transaction. */
    const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(directory.path, sizeof directory.path, "%s/skep-unit-XXXXXX", parent);
    ck_assert_ptr_nonnull(mkdtemp(directory.path));
    snprintf(directory.database, sizeof directory.database, "%s/skep.db", directory.path);
    return directory;
}

void directory_remove(const struct directory *directory) {
    DIR *entries = opendir(directory->path);
    ck_assert_ptr_nonnull(entries);
    const struct dirent *entry;
    while ((entry = readdir(entries)) != NULL) {
        char path[sizeof directory->path + 1 + sizeof entry->d_name];
        snprintf(path, sizeof path, "%s/%s", directory->path, entry->d_name);
        if (entry->d_name[0] != '.')
            ck_assert_msg(remove(path) == 0, "cannot remove %s", path);
    }
    closedir(entries);
    ck_assert_int_eq(rmdir(directory->path), 0);
}
