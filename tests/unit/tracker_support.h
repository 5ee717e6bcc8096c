/* What the tracker's suites share: options, the announces of made-up clients, replies with room. */
#ifndef SKEP_UNIT_TRACKER_SUPPORT_H
#define SKEP_UNIT_TRACKER_SUPPORT_H

#include "support.h"
#include "swarm/tracker.h"
#include "swarm/tracker_cluster.h"

enum { START_MS = 5000000, TORRENT = 1, FEED_CAPACITY = 10000 };

struct reply {
    enum announce_result result;
    struct announce_response response;
    uint8_t peers[NUMWANT_LIMIT * ENDPOINT_MAX_LEN];
    uint8_t peer_ids[NUMWANT_LIMIT * PEER_ID_LEN];
};

/* The defaults, but for an interval that is always 120 s, and no network that is our own. */
struct tracker_options test_options(void);

/* The announce of client `number`, a leecher, for TORRENT. */
struct announce_request test_leecher(uint32_t number);
struct announce_request test_seeder(uint32_t number);

/* As `number`, but from another address; its port stays. */
struct announce_request test_leecher_at(uint32_t number, const char *address);

void test_announce(struct tracker *tracker, const struct announce_request *request, uint64_t now_ms,
                   struct reply *reply);

/* Announces and expects no refusal. */
void test_put(struct tracker *tracker, const struct announce_request *request, uint64_t now_ms);

/* Announces the peers 0 to `count` - 1, of which each in `torrents` torrents is a leecher of one.
 */
void test_fill(struct tracker *tracker, uint32_t count, uint32_t torrents);

/* The same of 1 to `leechers`, all of TORRENT. */
void test_fill_swarm(struct tracker *tracker, uint32_t leechers);

/* The time `s` seconds after START_MS. */
uint64_t test_seconds_after(uint32_t s);

/* Copies the peer that the tracker has at a key. */
bool test_find_peer(struct tracker *tracker, const struct peer_key *key, struct held_peer *held);

/* Merges a peer, or a removal, by the rules of a cluster. */
enum announce_result test_merge_peer(struct tracker *tracker, const struct peer_key *key,
                                     const struct held_peer *peer, const struct merged_count *count,
                                     uint64_t now_ms);
void test_merge_removal(struct tracker *tracker, const struct peer_key *key, uint64_t stamp,
                        uint64_t now_ms);

struct scrape_entry test_scrape(struct tracker *tracker, uint32_t torrent);

/* Whether the reply offers `peer`. */
bool reply_has(const struct reply *reply, const struct endpoint *peer);

#endif
