/* A swarm: all peers of one torrent, of both families, and its download count.
 * Applies the rules of identity: a peer is its address and port; a peer that appears at another
 * address with the same peer_id and key replaces its old one. Peers of different families with the
 * same peer_id and key are twins: one client (BEP 7). It is listed in both families and counted
 * once. Twins have the same role, that of the client's latest announce. Not locked: the caller
 * holds the shard's lock. */
#ifndef SKEP_SWARM_SWARM_H
#define SKEP_SWARM_SWARM_H

#include "swarm/address_counts.h"
#include "swarm/change_feed.h"
#include "swarm/completion_set.h"
#include "swarm/peer_list.h"

/* Whether a swarm without peers counts for the address that first completed it: see
 * idle_torrents.h. */
enum idle_share { IDLE_UNCOUNTED, IDLE_COUNTED, IDLE_OVER_SHARE };

struct swarm {
    uint8_t info_hash[INFO_HASH_LEN];
    uint32_t downloaded;
    uint32_t paused;              /* clients that are partial seeds, among the leechers */
    uint32_t idle_since_s;        /* monotonic; when the last peer left */
    struct endpoint completed_by; /* the first to complete; FAMILY_NONE: unknown since a restart */
    uint8_t idle_share;           /* enum idle_share */
    uint32_t twin_seeders;        /* clients that seed in both families */
    uint64_t upload_rate;         /* KiB per second, all clients; of twins, the IPv6 one's */
    uint64_t download_rate;
    struct peer_list v4;
    struct peer_list v6;
};

/* In a cluster, where the present change comes from: put and merged peers get its stamp. */
struct swarm_stamping {
    enum change_origin origin;
    uint64_t stamp;  /* 0: none */
    uint32_t made_s; /* monotonic time of the stamp */
};

/* Where joins, departures and completions are reported. */
struct swarm_outputs {
    struct change_feed *feed;
    struct address_counts *addresses; /* NULL: not counted */
    struct completion_set *completions;
    struct swarm_stamping stamping;
};

/* Loads the swarm, and what an announce of the client at `client` reads of it, into the processor's
 * cache, in SWARM_FETCHES steps: see peer_list_prefetch. */
enum { SWARM_FETCHES = PEER_LIST_FETCHES + 1 };
void swarm_prefetch(const struct swarm *swarm, const struct endpoint *client, int step);

/* What a swarm knows of the client of a request. Positions in `list`; PEER_NOWHERE: no such peer.
 */
struct peer_place {
    struct peer_list *list; /* of the client's family */
    uint32_t here;          /* any peer at the client's endpoint */
    uint32_t own; /* the peer with the client's peer_id and key, here or elsewhere; without
                     a key, here only */
};

/* A peer to be put: the announce and the tracker's decisions about it. */
struct peer_put {
    const struct announce_request *request;
    struct endpoint peer; /* the endpoint that the client is known by */
    bool on_lan;
    uint16_t ttl_s; /* with a stamp: the recorded interval */
    uint32_t now_s;
    uint64_t passkey_tag; /* in private mode; else 0 */
};

/* Creates a swarm without peers. Borrows `key` as long as it lives. NULL if out of memory. */
struct swarm *swarm_create(const uint8_t info_hash[static INFO_HASH_LEN],
                           const struct hash_key *key, uint32_t now_s);
void swarm_delete(struct swarm *swarm);

struct peer_list *swarm_list(struct swarm *swarm, uint8_t family);

/* Clients by role. */
uint32_t swarm_seeders(const struct swarm *swarm);
uint32_t swarm_leechers(const struct swarm *swarm);

/* Peers of both families: twins are two. */
static inline uint32_t swarm_peers(const struct swarm *swarm) {
    return peer_list_count(&swarm->v4) + peer_list_count(&swarm->v6);
}

/* Looks up the client of `request`, which is known by the endpoint `client`. The result is valid
 * until the swarm changes. */
struct peer_place swarm_find(struct swarm *swarm, const struct announce_request *request,
                             const struct endpoint *client);

/* Whether the client is in the swarm, so that its announce adds no peer. */
static inline bool peer_place_is_known(const struct peer_place *place) {
    return place->here != PEER_NOWHERE || place->own != PEER_NOWHERE;
}

/* Whether the client's peer is in the swarm and its completion has not been counted. Clients that
 * draw a new key for each announce are recognised by endpoint and peer_id. */
bool swarm_is_uncounted(const struct peer_place *place, const uint8_t peer_id[static PEER_ID_LEN]);

/* Adds the peer, or updates or moves the one at `place`, and counts a completion once. Returns its
 * position, or PEER_NOWHERE if out of memory. */
uint32_t swarm_put(struct swarm *swarm, const struct swarm_outputs *outputs,
                   const struct peer_put *put, const struct peer_place *place);

/* Whether the put changes more of the peer at `position` than its totals. */
bool swarm_put_changes(const struct peer_put *put, const struct peer_list *list, uint32_t position);

/* Handles event=stopped: removes the peer at the client's endpoint, or else the one with its
 * peer_id and key. Counts its completion if it was not counted and `left` is 0. */
void swarm_stop(struct swarm *swarm, const struct swarm_outputs *outputs,
                const struct peer_place *place, uint64_t left, uint32_t now_s);

/* Removes the peer of a refused client: only one with its peer_id and key, since the peer at its
 * endpoint may be another client's. */
void swarm_reject(struct swarm *swarm, const struct swarm_outputs *outputs,
                  const struct peer_place *place, uint32_t now_s);

/* Removes up to `limit` peers whose deadline has passed; returns their number. `*at` is where to
 * begin: 0, or where an earlier call ended; UINT32_MAX: all were visited. */
uint32_t swarm_expire(struct swarm *swarm, const struct swarm_outputs *outputs, uint32_t now_s,
                      uint32_t limit, uint32_t *at);

/* Removes peers for which `stays` is false. `*at` as above. Visits at most `visits` peers. Returns
 * the number of removed peers. */
struct swarm_filter {
    bool (*stays)(void *context, const struct endpoint *peer, const struct peer_record *record,
                  uint64_t passkey_tag);
    void *context;
};
uint32_t swarm_filter(struct swarm *swarm, const struct swarm_outputs *outputs,
                      const struct swarm_filter *filter, uint32_t now_s, uint32_t *at,
                      uint32_t visits);

/* A walk over all peers, in steps between which the swarm may change. It passes each peer that is
 * there all the time once, and none that joins during the walk. One walk of a swarm at a time; it
 * must be finished, since it marks the peers. */
struct swarm_walk {
    uint8_t family; /* of the present list; FAMILY_NONE: the walk is finished */
    uint32_t at;
    bool found; /* a peer, in the present pass over the list */
};

struct swarm_walk swarm_begin_walk(struct swarm *swarm);

/* Describes up to `max` further peers as joined, and visits up to `*visits`, which it decreases.
 * Returns the number of described ones. */
size_t swarm_walk(struct swarm *swarm, struct swarm_walk *walk, uint32_t now_s,
                  struct change *changes, size_t max, uint32_t *visits);

/* Extends the deadlines of further peers, see peer_list_extend_deadline. Visits as above. */
void swarm_extend_deadlines(struct swarm *swarm, struct swarm_walk *walk, uint32_t now_s,
                            uint32_t interval_s, uint32_t *visits);

/* Makes room for the peers among `changes`, which are then restored in one go, if none of them is
 * in the swarm. It lasts until it is called with no changes. */
void swarm_expect(struct swarm *swarm, const struct change *changes, size_t count);

/* Restores a peer from a change, without reporting it; an existing peer is left alone, except that
 * a twin takes its role. `lasting`: it does not expire (PEER_DEADLINE_NEVER). False if out of
 * memory. */
bool swarm_restore(struct swarm *swarm, const struct swarm_outputs *outputs,
                   const struct change *change, bool on_lan, bool lasting, uint32_t now_s,
                   uint16_t ttl_s);

/* Puts a peer that another node of the cluster knows, in the place of the one at its endpoint,
 * which is at `position` of its list (PEER_NOWHERE: there is none), and reports it. Of a twin, the
 * one with the greater stamp gives both their role. `completed`: it is reported as completed, with
 * the download count, which the caller has set. False if out of memory. */
bool swarm_merge(struct swarm *swarm, const struct swarm_outputs *outputs,
                 const struct endpoint *peer, uint32_t position, const struct peer_state *state,
                 bool on_lan, bool completed, uint32_t now_s);

/* Removes the peer at `position`, which has left at another node. */
void swarm_merge_removal(struct swarm *swarm, const struct swarm_outputs *outputs,
                         struct peer_list *list, uint32_t position, uint32_t now_s);

/* Bytes of memory, in total. */
size_t swarm_memory(const struct swarm *swarm);

/* The peer at `position` as a change of `kind`. */
struct change swarm_describe(const struct swarm *swarm, const struct peer_list *list,
                             uint32_t position, enum change_kind kind, uint32_t now_s);

/* The torrent as a CHANGE_TORRENT. */
struct change swarm_describe_torrent(const struct swarm *swarm, uint32_t now_s);

/* Time without peers; 0 if it has some. */
uint32_t swarm_idle_s(const struct swarm *swarm, uint32_t now_s);

#endif
