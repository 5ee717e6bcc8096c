/* The records of an entry, or of a chunk: each that is read can be written, and says the same when
 * it is read again. */
#include "cluster/record.h"

#include <assert.h>
#include <stdlib.h>

#include "fuzz.h"
#include "swarm/announce.h"

enum { COUNT_MAX = 8 + 5 + 5 }; /* bytes of a node's count */

static void check_peer(const struct record *record) {
    const struct peer_state *state = &record->state;
    assert(endpoint_port(&record->peer.endpoint) != 0);
    if (record->kind == RECORD_REMOVE)
        return;
    assert(state->left <= RECORD_LEFT_MAX || state->left == LEFT_UNKNOWN);
    assert(state->interval_s > 0 && state->interval_s <= INTERVAL_LIMIT_S);
    assert(state->completed <= record->stamp);
}

static void check_positions(struct bytes positions) {
    struct position position;
    size_t count = 0;
    while (position_read(&positions, &position))
        count++;
    assert(count <= RECORD_MAX / 17 && positions.len == 0);
}

static void check_record(const struct record *record, size_t v4_max) {
    uint8_t once[RECORD_MAX];
    uint8_t twice[RECORD_MAX];
    struct record again;
    struct writer w = writer_on(once, sizeof once);
    record_write(&w, record);
    assert(!w.failed);
    struct bytes rest = { .data = once, .len = w.len };
    assert(record_read(&rest, &again) == record->kind && rest.len == 0);
    struct writer rewritten = writer_on(twice, sizeof twice);
    record_write(&rewritten, &again);
    assert(rewritten.len == w.len && memcmp(once, twice, w.len) == 0);
    if (record->kind == RECORD_PUT || record->kind == RECORD_REMOVE) {
        check_peer(record);
        assert(record->peer.endpoint.family == FAMILY_V6 ||
               w.len <= v4_max + (record->count.node == 0 ? 0 : COUNT_MAX));
    }
    if (record->kind == RECORD_HEARTBEAT)
        check_positions(record->heartbeat.positions);
}

FUZZ_TARGET(cluster_record, 1) {
    struct entry_header entry;
    struct chunk_header chunk;
    struct record record;
    if (size == 0)
        return;
    /* A buffer of the exact size, so that a sanitizer sees a read past its end. */
    uint8_t *copy = malloc(size);
    assert(copy != NULL);
    memcpy(copy, data, size);
    struct bytes rest = { .data = copy + 1, .len = size - 1 };
    if (copy[0] & 1 ? chunk_header_read(&rest, &chunk) : entry_header_read(&rest, &entry)) {
        for (enum record_kind kind = record_read(&rest, &record); kind != RECORD_NONE;
             kind = record_read(&rest, &record)) {
            if (kind != RECORD_UNKNOWN)
                check_record(&record, RECORD_PUT_V4_MAX);
        }
        assert(rest.len == 0);
    }
    free(copy);
}
