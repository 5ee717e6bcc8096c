/* The complete handling of a UDP packet. The first byte of the input selects sender and connection
 * id; the rest is the packet. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "server/udp_tracker.h"
#include "wire/connection_id.h"

enum { FLAG_V6 = 1, FLAG_VALID_ID = 2, NOW_MS = 1000000 };

static const struct tracker_options options = {
    .interval_min_s = 120,
    .interval_max_s = 1800,
    .budget_per_s = 1000,
    .numwant = 50,
    .numwant_max = 1000,
    .torrents_max = 1000,
    .torrent_peers_max = 1000,
    .peers_max = 10000,
};

static struct udp_context *context(void) {
    static struct udp_context shared = { .connection_id_lifetime_s = 3600 };
    if (shared.tracker == NULL)
        shared.tracker = tracker_create(&options, 0);
    assert(shared.tracker != NULL);
    return &shared;
}

FUZZ_TARGET(udp_tracker, 1) {
    if (size < 1)
        return;
    const uint8_t flags = data[0];
    const struct endpoint sender = {
        .family = flags & FLAG_V6 ? FAMILY_V6 : FAMILY_V4,
        .wire = { 192, 0, 2, 1, 0x1a, 0xe1 },
    };
    const size_t len = size - 1;
    /* A buffer of the exact size, so that a sanitizer sees a read past its end. */
    uint8_t *packet = malloc(len + 1);
    assert(packet != NULL);
    memcpy(packet, data + 1, len);
    const bool valid = flags & FLAG_VALID_ID && len >= 8;
    if (valid)
        store_u64(packet, connection_id_make(&context()->keys.current, &sender, NOW_MS));

    uint8_t out[UDP_REPLY_MAX];
    enum udp_outcome outcome;
    const size_t replied =
        udp_tracker_reply(context(), (struct bytes){ .data = packet, .len = len }, &sender, &sender,
                          NOW_MS, out, &outcome);
    assert(outcome < UDP_OUTCOMES);
    assert((outcome == UDP_IGNORED) == (len < UDP_HEADER_LEN));
    assert(replied <= UDP_REPLY_MAX);
    assert(len >= UDP_HEADER_LEN || replied == 0);
    assert(valid || replied <= len);
    free(packet);
}
