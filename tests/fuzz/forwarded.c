/* Forwarded and X-Forwarded-For: each line of the input is one header line. */
#include "wire/forwarded.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

typedef void (*line_reader)(struct forwarded *, struct bytes line, const struct networks *trusted);

static const struct networks trusted = {
    .count = 1,
    .list = { { .family = FAMILY_V4, .bits = 8, .address = { 10 } } },
};

static struct forwarded read_lines(struct bytes lines, line_reader read) {
    struct forwarded forwarded = { 0 };
    while (lines.len > 0)
        read(&forwarded, bytes_split(&lines, '\n'), &trusted);
    return forwarded;
}

static void assert_valid(const struct forwarded *forwarded) {
    const bool client = forwarded->state == FORWARDED_CLIENT;
    assert(!client || forwarded->client.family != FAMILY_NONE);
    assert(!client || endpoint_port(&forwarded->client) == 0);
}

/* The entry that the trusted proxy appends decides, independent of the entries before it. */
static void assert_last_entry_decides(struct forwarded forwarded, line_reader read,
                                      const char *added) {
    static const uint8_t address[] = { 192, 0, 2, 7 };
    read(&forwarded, bytes_of(added), &trusted);
    assert(forwarded.state == FORWARDED_CLIENT);
    assert(memcmp(forwarded.client.wire, address, sizeof address) == 0);
}

static void read_single(struct forwarded *forwarded, struct bytes line,
                        const struct networks *unused) {
    (void)unused;
    forwarded_read_single(forwarded, line);
}

FUZZ_TARGET(forwarded, 1) {
    uint8_t *copy = malloc(size + 1);
    assert(copy != NULL);
    memcpy(copy, data, size);
    const struct bytes lines = { .data = copy, .len = size };
    const struct forwarded standard = read_lines(lines, forwarded_read);
    const struct forwarded list = read_lines(lines, forwarded_read_list);
    const struct forwarded single = read_lines(lines, read_single);
    const struct forwarded joined = forwarded_join(&standard, &list);
    assert_valid(&standard);
    assert_valid(&list);
    assert_valid(&single);
    assert_valid(&joined);
    assert_last_entry_decides(standard, forwarded_read, "for=192.0.2.7");
    assert_last_entry_decides(list, forwarded_read_list, "192.0.2.7");
    free(copy);
}
