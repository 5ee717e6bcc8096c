/* What is in the swarms, copied out for people and figures to look at. Any thread; no lock is held
 * while a reader runs, and none for longer than the copy of a bounded piece takes. `now_ms` is
 * clock_now_ms(). */
#ifndef SKEP_SWARM_SWARM_SNAPSHOT_H
#define SKEP_SWARM_SWARM_SNAPSHOT_H

#include <stddef.h>

#include "swarm/tracker.h"

/* As many peers are copied under one hold of a lock, and so for one call of a reader. */
enum { SWARM_SNAPSHOT_PEERS_MAX = 512 };

/* Who announces over both families is two peers, and its rates count twice. */
struct torrent_stats {
    uint8_t info_hash[INFO_HASH_LEN];
    uint32_t seeders_v4;
    uint32_t seeders_v6;
    uint32_t leechers_v4; /* partial seeds are leechers */
    uint32_t leechers_v6;
    uint32_t paused;        /* partial seeds */
    uint32_t downloaded;    /* how often it was completed */
    uint32_t idle_s;        /* how long it has had no peers; 0 where it has some */
    uint64_t upload_rate;   /* bytes a second, of all its peers */
    uint64_t download_rate; /* the same */
};

struct peer_stats {
    uint8_t info_hash[INFO_HASH_LEN];
    uint8_t peer_id[PEER_ID_LEN];
    struct endpoint peer;
    uint64_t left;        /* bytes; LEFT_UNKNOWN possible */
    uint64_t uploaded;    /* bytes, as the peer says, to the KiB; 0 until a restored one says it */
    uint64_t downloaded;  /* the same */
    uint64_t upload_rate; /* bytes a second, between its last two announces; 0 before the second */
    uint64_t download_rate; /* the same */
    uint32_t age_s;         /* since it joined */
    uint32_t
        silent_s; /* since its last announce; until a restored one announces, since the restart */
    bool seeder;
    bool paused;      /* a partial seed */
    bool lan;         /* in one of our own networks */
    bool own_address; /* as in struct change */
};

typedef void (*torrents_reader)(void *context, const struct torrent_stats *torrents, size_t count);
typedef void (*peers_reader)(void *context, const struct peer_stats *peers, size_t count);

/* Hands every torrent to `read`, shard by shard, in no order. False without memory; then some are
 * missing. */
bool swarm_snapshot_torrents(struct tracker *tracker, uint64_t now_ms, torrents_reader read,
                             void *context);

/* The figures of one torrent. False where it is unknown; then `*figures` is untouched. */
bool swarm_snapshot_torrent(struct tracker *tracker, const uint8_t info_hash[static INFO_HASH_LEN],
                            uint64_t now_ms, struct torrent_stats *stats);

/* Copies up to `max` peers of one torrent from the `offset`th on, seeders first, and never more
 * than SWARM_SNAPSHOT_PEERS_MAX. Returns how many, and in `*total` how many there are; both 0 where
 * the torrent is unknown. Peers that come and go shift the others. */
size_t swarm_snapshot_peers(struct tracker *tracker, const uint8_t info_hash[static INFO_HASH_LEN],
                            uint64_t now_ms, size_t offset, struct peer_stats *peers, size_t max,
                            size_t *total);

/* Hands every peer to `read`, in no order, up to SWARM_SNAPSHOT_PEERS_MAX at a time. One that moves
 * meanwhile, be it for another's sake, may be missed or told twice. False without memory. */
bool swarm_snapshot_all_peers(struct tracker *tracker, uint64_t now_ms, peers_reader read,
                              void *context);

#endif
