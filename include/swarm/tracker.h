/* The tracker's core: one announce or scrape in, one answer out, whatever wire it came by.
 *
 * Owns the swarms, in memory. Decides which address a peer is known by and which peers the asker
 * may see, how soon it should come again, and what is refused. Every function may be called from
 * any thread at any time, where it does not say otherwise; none holds two shards' locks at once.
 * `now_ms` is clock_now_ms(). */
#ifndef SKEP_SWARM_TRACKER_H
#define SKEP_SWARM_TRACKER_H

#include "swarm/access.h"
#include "swarm/announce.h"
#include "swarm/change_feed.h"
#include "swarm/tracker_options.h"

struct tracker_stats {
    uint32_t torrents;
    uint32_t peers;
    uint64_t memory;                      /* bytes of all swarms */
    uint64_t announces[ANNOUNCE_RESULTS]; /* by result */
    uint64_t announces_total;
    uint64_t scrapes[ANNOUNCE_RESULTS];
};

struct tracker;

/* `feed_capacity` is in changes for each shard; 0 where nobody will drain the feed. Copies
 * `options`. NULL without memory or randomness. */
struct tracker *tracker_create(const struct tracker_options *options, size_t feed_capacity);
void tracker_delete(struct tracker *tracker);

/* Takes new options over, shard by shard. One thread at a time. False without memory; then the old
 * ones go on. */
bool tracker_apply(struct tracker *tracker, const struct tracker_options *options);

/* Takes over `access`, which becomes the tracker's own, shard by shard; until the first call anyone
 * may come. One thread at a time. */
void tracker_set_access(struct tracker *tracker, struct access *access);

/* One announce. Borrows `request` and fills `response`, both the caller's; on a refusal only the
 * intervals in it. Does not allocate but where a swarm outgrows its memory. BEP 3, 7, 21, 23, 24.
 */
enum announce_result tracker_announce(struct tracker *tracker,
                                      const struct announce_request *request, uint64_t now_ms,
                                      struct announce_response *response);

/* Whether the limits of one address hold for this one. */
bool tracker_limits_address(const struct tracker *tracker, const struct endpoint *address);

/* Whether a scrape of that address is answered; `detail` as in an announce's response. To be asked
 * once a request. */
enum announce_result tracker_check_scrape(struct tracker *tracker, const struct endpoint *address,
                                          const struct passkey *passkey, uint64_t now_ms,
                                          char detail[static REFUSAL_DETAIL_LEN]);

/* The counts of one torrent; zeros where it is unknown. BEP 48. */
struct scrape_entry tracker_scrape(struct tracker *tracker,
                                   const uint8_t info_hash[static INFO_HASH_LEN]);

/* Whether the mode of access lets this torrent be tracked. */
bool tracker_is_registered(struct tracker *tracker, const uint8_t info_hash[static INFO_HASH_LEN]);

/* The interval that fits the present load, without jitter. */
uint32_t tracker_interval_s(const struct tracker *tracker);

struct tracker_stats tracker_stats(const struct tracker *tracker);

/* The info_hash of every torrent, sorted bytewise; the caller frees it. NULL without memory. */
uint8_t (*tracker_info_hashes(struct tracker *tracker, size_t *count))[INFO_HASH_LEN];

/* Expires peers and forgets idle torrents in `shards` shards from `first` on (modulo their number).
 * Gives a shard's lock up in between, so that no announce waits long. Returns how many expired. */
uint32_t tracker_sweep(struct tracker *tracker, uint32_t first, uint32_t shards, uint64_t now_ms);

typedef void (*change_reader)(void *context, const struct change *changes, size_t count);

/* Hands all pending changes to `read`, shard by shard, holding no lock meanwhile. Returns false if
 * a feed overflowed, so that changes are missing. One thread at a time. */
bool tracker_drain(struct tracker *tracker, change_reader read, void *context);

/* Hands the state of `shards` shards from `first` on (modulo their number) to `read`, as changes: a
 * CHANGE_PEER_JOINED for each peer and a CHANGE_TORRENT for each torrent. Works on a copy of one
 * shard at a time, and holds no lock while `read` runs. False without memory. */
bool tracker_dump(struct tracker *tracker, uint32_t first, uint32_t shards, uint64_t now_ms,
                  change_reader read, void *context);

/* Puts one peer or torrent back, as a store remembers it, without telling the feed. What does not
 * fit the limits is left out. False without memory. */
bool tracker_restore(struct tracker *tracker, const struct change *change, uint64_t now_ms);

/* Gives every peer one interval from now before the sweep judges it: after a restore nobody knows
 * when the peers were last heard of. */
void tracker_extend_deadlines(struct tracker *tracker, uint64_t now_ms);

#endif
