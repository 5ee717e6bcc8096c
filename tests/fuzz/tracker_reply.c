/* Fuzzes replies of trackers over HTTP and UDP, and announce URLs. The first byte selects the
 * address family. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "wire/tracker_url.h"
#include "wire/udp_client.h"

enum { URL_MAX = 4200 };

static bool within(struct bytes part, struct bytes all) {
    return part.len == 0 || (part.data >= all.data && part.data + part.len <= all.data + all.len);
}

static void walk_peers(struct announce_reply *reply, struct bytes all) {
    struct reply_peer peer;
    size_t count = 0;
    while (reply_next_peer(reply, &peer)) {
        assert(within(peer.host, all) && within(peer.peer_id, all));
        assert(peer.peer_id.len == 0 || peer.peer_id.len == PEER_ID_LEN);
        assert(peer.endpoint.family != FAMILY_NONE || peer.host.len > 0);
        count++;
    }
    assert(count <= all.len);
}

static void read_http(struct bytes body) {
    struct announce_reply reply;
    struct scrape_reply scrape;
    struct scrape_counts counts;
    if (reply_parse_http_announce(body, &reply) == NULL) {
        assert(reply.refused || reply.interval_s >= 0);
        assert(within(reply.failure, body) && within(reply.retry_in, body));
        assert(within(reply.warning, body) && within(reply.external_ip, body));
        walk_peers(&reply, body);
    }
    if (reply_parse_http_scrape(body, &scrape) == NULL) {
        while (reply_next_counts(&scrape, &counts))
            assert(counts.seeders >= REPLY_UNKNOWN && counts.leechers >= REPLY_UNKNOWN);
    }
}

static void read_udp(struct bytes packet, uint8_t family) {
    const struct udp_header header = { .action = UDP_ANNOUNCE, .transaction_id = 0x61626364 };
    struct announce_reply reply;
    struct scrape_counts counts;
    struct bytes body;
    uint64_t id;
    if (udp_client_judge(packet, &header, &body) == UDP_ANSWER_FOREIGN)
        return;
    assert(within(body, packet));
    (void)udp_client_read_connect(body, &id);
    for (size_t i = 0; udp_client_read_counts(body, i, &counts); i++)
        assert(i < UDP_ANSWER_MAX);
    if (udp_client_read_announce(body, family, &reply))
        walk_peers(&reply, body);
}

static void read_url(struct bytes text) {
    uint8_t out[URL_MAX];
    struct tracker_url url;
    struct tracker_url again;
    if (text.len + 8 > sizeof out || tracker_url_parse(text, &url) != NULL)
        return;
    assert(strlen(url.host) > 0 && url.port > 0 && within(url.target, text));
    struct writer w = writer_on(out, sizeof out);
    if (tracker_url_write_scrape(&w, &url))
        assert(tracker_url_parse((struct bytes){ .data = out, .len = w.len }, &again) == NULL &&
               strcmp(again.host, url.host) == 0);
}

FUZZ_TARGET(tracker_reply, 1) {
    if (size < 1)
        return;
    uint8_t *copy = malloc(size);
    assert(copy != NULL);
    memcpy(copy, data + 1, size - 1);
    const struct bytes input = { .data = copy, .len = size - 1 };
    read_http(input);
    read_udp(input, data[0] % 2 == 0 ? FAMILY_V4 : FAMILY_V6);
    read_url(input);
    free(copy);
}
