/* Copies of the swarms for the page, the API and the history. Any thread. Readers run without a
 * lock; a lock is held only while a bounded piece is copied. `now_ms` is clock_now_ms(). */
#ifndef SKEP_SWARM_SWARM_SNAPSHOT_H
#define SKEP_SWARM_SWARM_SNAPSHOT_H

#include <stddef.h>

#include "swarm/tracker.h"

/* Peers copied under one hold of a lock, and passed to a reader at once. */
enum { SWARM_SNAPSHOT_PEERS_MAX = 512 };

/* A client that announces over both families is one peer in each of them. */
struct torrent_stats {
    uint8_t info_hash[INFO_HASH_LEN];
    uint32_t seeders_v4;
    uint32_t seeders_v6;
    uint32_t seeders_both; /* clients that the two above contain both */
    uint32_t leechers_v4;  /* including partial seeds */
    uint32_t leechers_v6;
    uint32_t leechers_both;
    uint32_t paused;        /* clients that are partial seeds */
    uint32_t downloaded;    /* completions */
    uint32_t idle_s;        /* time without peers; 0 if it has some */
    uint64_t upload_rate;   /* bytes per second, all clients */
    uint64_t download_rate; /* the same */
};

/* Clients by role. */
static inline uint32_t torrent_seeders(const struct torrent_stats *stats) {
    return stats->seeders_v4 + stats->seeders_v6 - stats->seeders_both;
}

static inline uint32_t torrent_leechers(const struct torrent_stats *stats) {
    return stats->leechers_v4 + stats->leechers_v6 - stats->leechers_both;
}

/* Peers that are seeders: more than clients if some are in both families. */
static inline uint32_t torrent_listed_seeders(const struct torrent_stats *stats) {
    return stats->seeders_v4 + stats->seeders_v6;
}

struct peer_stats {
    uint8_t info_hash[INFO_HASH_LEN];
    uint8_t peer_id[PEER_ID_LEN];
    struct endpoint peer;
    uint64_t left; /* bytes; LEFT_UNKNOWN possible */
    uint64_t
        uploaded; /* bytes, as reported, rounded to KiB; 0 for a restored peer until it announces */
    uint64_t downloaded;  /* the same */
    uint64_t upload_rate; /* bytes per second between its last two announces; 0 before the second */
    uint64_t download_rate; /* the same */
    uint32_t age_s;         /* since it joined */
    /* Since its last announce; for a restored peer, since the restart; in a cluster, since its last
     * announce that was sent to the other nodes. */
    uint32_t silent_s;
    bool seeder;
    bool paused;      /* a partial seed */
    bool lan;         /* in one of our networks (network.lan) */
    bool in_both;     /* the client has a peer in the other family, too */
    bool own_address; /* as in struct change */
};

typedef void (*torrents_reader)(void *context, const struct torrent_stats *torrents, size_t count);
typedef void (*peers_reader)(void *context, const struct peer_stats *peers, size_t count);

/* Passes every torrent to `read`, shard by shard, in no order. False if out of memory; then some
 * are missing. */
bool swarm_snapshot_torrents(struct tracker *tracker, uint64_t now_ms, torrents_reader read,
                             void *context);

/* Stats of one torrent. False if it is unknown; then `*stats` is unchanged. */
bool swarm_snapshot_torrent(struct tracker *tracker, const uint8_t info_hash[static INFO_HASH_LEN],
                            uint64_t now_ms, struct torrent_stats *stats);

/* Copies up to `max` peers of one torrent, starting at `offset`, seeders first, at most
 * SWARM_SNAPSHOT_PEERS_MAX. Returns their number, and the number of all peers in `*total`; both 0
 * if the torrent is unknown. Peers that join or leave between two calls shift the others. */
size_t swarm_snapshot_peers(struct tracker *tracker, const uint8_t info_hash[static INFO_HASH_LEN],
                            uint64_t now_ms, size_t offset, struct peer_stats *peers, size_t max,
                            size_t *total);

/* Passes every peer to `read`, in no order, up to SWARM_SNAPSHOT_PEERS_MAX at a time. A peer whose
 * position changes during the walk may be missed or passed twice. False if out of memory. */
bool swarm_snapshot_all_peers(struct tracker *tracker, uint64_t now_ms, peers_reader read,
                              void *context);

#endif
