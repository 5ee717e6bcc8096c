/* The tracker core: handles announces and scrapes of all transports.
 * Owns the swarms, in memory. It decides which address a peer is known by, which peers a client is
 * given, the announce interval, and what is refused. Unless noted otherwise, every function may be
 * called from any thread at any time, and none holds the locks of two shards at once. `now_ms` is
 * clock_now_ms(). */
#ifndef SKEP_SWARM_TRACKER_H
#define SKEP_SWARM_TRACKER_H

#include "swarm/access.h"
#include "swarm/announce.h"
#include "swarm/change_feed.h"
#include "swarm/refused_clients.h"
#include "swarm/tracker_options.h"

struct tracker_stats {
    uint32_t torrents;
    uint32_t peers;
    uint64_t memory;                      /* bytes used by all swarms */
    uint64_t announces[ANNOUNCE_RESULTS]; /* by result */
    uint64_t announces_total;
    uint64_t scrapes[ANNOUNCE_RESULTS];
};

struct tracker;

/* `feed_capacity`: changes per shard; 0 if the feed is not read. Copies `options`. NULL if out of
 * memory or randomness. */
struct tracker *tracker_create(const struct tracker_options *options, size_t feed_capacity);
void tracker_delete(struct tracker *tracker);

/* Applies new options, shard by shard, except for `cluster`, which stays as it is. One thread at a
 * time. False if out of memory; the old options stay in force. */
bool tracker_apply(struct tracker *tracker, const struct tracker_options *options);

/* Applies new access rules, shard by shard, and takes ownership of `access`. Before the first call
 * everyone has access. One thread at a time. */
void tracker_set_access(struct tracker *tracker, struct access *access);

/* Handles one announce. Borrows `request`; fills `response`, which the caller owns. On a refusal
 * only the intervals and `detail` are valid. Allocates only when a swarm or a set of completions
 * grows. BEP 3, 7, 21, 23, 24. */
enum announce_result tracker_announce(struct tracker *tracker,
                                      const struct announce_request *request, uint64_t now_ms,
                                      struct announce_response *response);

/* An announce that will follow: its torrent, and its client as far as it is known. With
 * FAMILY_NONE, only the torrent is read. */
struct announce_hint {
    const uint8_t *info_hash; /* borrowed */
    struct endpoint client;
    bool limited; /* the request limit of its address is read, too */
};

enum { ANNOUNCE_HINTS_MAX = 16 };

/* Loads what up to ANNOUNCE_HINTS_MAX announces will read into the processor's cache. Among many
 * swarms an announce waits for memory several times; here the waits of all overlap. Has no other
 * effect, and waits for no lock. */
void tracker_prefetch(struct tracker *tracker, const struct announce_hint *hints, size_t count);

/* Whether the per-address limits apply to this address: loopback is exempt unless limits.loopback
 * is set. */
bool tracker_limits_address(const struct tracker *tracker, const struct endpoint *address);

/* Whether the address may send another request that is neither an announce nor a scrape: takes it
 * from the same request limit, or, if not `take`, only looks. */
bool tracker_allows_request(struct tracker *tracker, const struct endpoint *address, bool take,
                            uint64_t now_ms);

/* Checks access and the request limit for a scrape; `detail` as in announce_response. Call it once
 * per request. */
enum announce_result tracker_check_scrape(struct tracker *tracker, const struct endpoint *address,
                                          const struct passkey *passkey, uint64_t now_ms,
                                          char detail[static REFUSAL_DETAIL_LEN]);

/* Counts of one torrent; zeros if it is unknown. BEP 48. */
struct scrape_entry tracker_scrape(struct tracker *tracker,
                                   const uint8_t info_hash[static INFO_HASH_LEN]);

/* Whether the access rules and the registry allow this torrent; `detail` as in announce_response.
 */
enum announce_result tracker_check_torrent(struct tracker *tracker,
                                           const uint8_t info_hash[static INFO_HASH_LEN],
                                           char detail[static REFUSAL_DETAIL_LEN]);

/* The registry. Owned by the tracker. */
struct registry *tracker_registry(const struct tracker *tracker);

/* Removes the peers of what has left the registry since the last call, in steps that hold a shard's
 * lock for less than a millisecond. One thread at a time. */
void tracker_purge(struct tracker *tracker, uint64_t now_ms);

/* Removes all peers that the access rules refuse: to be called after tracker_set_access. In private
 * mode this includes peers whose passkey is unknown, if `unknown_passkeys`. Steps and threads as
 * above. */
void tracker_purge_all(struct tracker *tracker, bool unknown_passkeys, uint64_t now_ms);

/* Announce interval for the current load, in seconds, without jitter. */
uint32_t tracker_interval_s(const struct tracker *tracker);

struct tracker_stats tracker_stats(const struct tracker *tracker);

/* Number of peers at an address, or for IPv6 in its /64; at most ADDRESS_COUNT_MAX. */
uint32_t tracker_address_peers(const struct tracker *tracker, const struct endpoint *address);

/* Counts `bytes` of the caller's memory with that of the swarms (limits.memory_max_mib). False if
 * they do not fit; then nothing is counted. */
bool tracker_reserve_memory(struct tracker *tracker, size_t bytes);
void tracker_release_memory(struct tracker *tracker, size_t bytes);

/* Returns the info_hashes of all torrents in bytewise order; the caller frees the array. NULL if
 * out of memory. */
uint8_t (*tracker_info_hashes(struct tracker *tracker, size_t *count))[INFO_HASH_LEN];

/* Expires peers and removes idle torrents in `shards` shards, starting at shard `first` (modulo
 * their number). Releases a shard's lock in between, so that no announce waits long. Returns the
 * number of expired peers. One thread at a time. */
uint32_t tracker_sweep(struct tracker *tracker, uint32_t first, uint32_t shards, uint64_t now_ms);

/* The same; calls `step(context)` whenever a lock was released before the end of its shard: if many
 * peers expire at once, the sweep takes seconds. */
typedef void (*sweep_step)(void *context);
uint32_t tracker_sweep_in_steps(struct tracker *tracker, uint32_t first, uint32_t shards,
                                uint64_t now_ms, sweep_step step, void *context);

/* Passes the clients whose announces were refused since the last call to `read`, without holding a
 * lock. Some are missing, or counted too low, if many were refused. Returns the number of announces
 * refused since the start, which is exact. One thread at a time. */
uint64_t tracker_take_refused(struct tracker *tracker, refused_clients_reader read, void *context);

typedef void (*change_reader)(void *context, const struct change *changes, size_t count);

/* Passes all pending changes to `read`, shard by shard, without holding a lock. False if a feed
 * overflowed: changes are missing. One thread at a time. */
bool tracker_drain(struct tracker *tracker, change_reader read, void *context);

/* Passes the state of `shards` shards, starting at shard `first` (modulo their number), to `read`
 * as changes: a CHANGE_TORRENT per torrent and a CHANGE_PEER_JOINED per peer. Copies one shard at
 * a time, in steps; `read` is called once for each, without a lock. What changes during the copy
 * may be missing, since it is in the feed. False if out of memory. */
bool tracker_dump(struct tracker *tracker, uint32_t first, uint32_t shards, uint64_t now_ms,
                  change_reader read, void *context);

/* The same of one torrent, in one call of `read`, after a CHANGE_TORRENT_LOST. If the torrent is
 * unknown, that is all. */
bool tracker_dump_torrent(struct tracker *tracker, const uint8_t info_hash[static INFO_HASH_LEN],
                          uint64_t now_ms, change_reader read, void *context);

/* Restores a torrent, or peers of it, from the store: changes with one info_hash, at least one.
 * They are not put into the feed. Beyond the limits they are skipped. False if out of memory. */
bool tracker_restore(struct tracker *tracker, const struct change *changes, size_t count,
                     uint64_t now_ms);

/* Extends every deadline to at least one interval from now: after a restore, the time of the last
 * announce is unknown; after a pause, no peer could announce. Not in a cluster, which has other
 * rules for both. */
void tracker_extend_deadlines(struct tracker *tracker, uint64_t now_ms);

#endif
