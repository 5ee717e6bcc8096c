/* Parses the input as the query of an announce, and as that of a scrape. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "wire/client_name.h"
#include "wire/http_wire.h"

enum { HASHES_MAX = 16 };

static void parse_announce(struct bytes query) {
    struct http_announce announce;
    if (http_parse_announce(query, &announce) != NULL)
        return;
    assert(announce.port != 0 || announce.request.event == EVENT_STOPPED);
    assert(announce.request.numwant >= NUMWANT_DEFAULT);
    char name[CLIENT_NAME_LEN];
    client_name(announce.request.peer_id, name);
    assert(strlen(name) < CLIENT_NAME_LEN);
}

static void parse_scrape(struct bytes query) {
    uint8_t hashes[HASHES_MAX][INFO_HASH_LEN];
    size_t count = 0;
    if (http_parse_scrape(query, hashes, HASHES_MAX, &count) != NULL)
        return;
    assert(count <= HASHES_MAX);
    for (size_t i = 1; i < count; i++)
        assert(memcmp(hashes[i - 1], hashes[i], INFO_HASH_LEN) < 0);
}

int fuzz_http_parse(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size + 1);
    assert(copy != NULL);
    memcpy(copy, data, size);
    const struct bytes query = { .data = copy, .len = size };
    parse_announce(query);
    parse_scrape(query);
    free(copy);
    return 0;
}
