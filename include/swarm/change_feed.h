/* The change feed: what happened to the swarms, for whoever wants to know (the store, the log, one
 * day another machine). The swarms push changes and know nothing of who reads them.
 *
 * A change is pushed where something that outlives a restart changed: a peer came, went, moved or
 * changed its role; besides, where a peer's address turned out to be its own. A peer that merely
 * says again that it is there is no change. A change carries the whole state of its peer, so that
 * applying a run of changes in order, even one that starts in the past, ends in the present state.
 *
 * Each shard has a feed of its own, guarded by the shard's lock. It is bounded: where a reader
 * falls behind, the feed drops what it has and says so, and the reader asks for everything anew
 * (tracker_dump). */
#ifndef SKEP_SWARM_CHANGE_FEED_H
#define SKEP_SWARM_CHANGE_FEED_H

#include <stdbool.h>
#include <stddef.h>

#include "swarm/announce.h"

enum change_kind {
    CHANGE_PEER_JOINED,
    CHANGE_PEER_UPDATED,   /* its role or its peer_id changed */
    CHANGE_PEER_COMPLETED, /* and the torrent's count went up */
    CHANGE_PEER_LEFT,      /* said `stopped` */
    CHANGE_PEER_EXPIRED,
    CHANGE_PEER_MOVED,     /* away from this endpoint; a JOINED at the new one follows */
    CHANGE_PEER_CONFIRMED, /* restored or claimed until now, it announced from this very address */
    CHANGE_TORRENT,        /* has lost its last peer; or, at restore and replay, is there */
    CHANGE_TORRENT_FORGOTTEN,
};

struct change {
    enum change_kind kind;
    uint8_t info_hash[INFO_HASH_LEN];
    uint8_t peer_id[PEER_ID_LEN];
    struct endpoint peer; /* FAMILY_NONE where the change is a torrent's */
    uint32_t key;
    uint64_t left;
    bool paused;
    bool counted;        /* its `completed` is in the count */
    bool own_address;    /* its announce came from this address; not where it claimed it, where a
                          * proxy may have lent it or, being restored, it has not announced yet */
    uint32_t interval_s; /* what the peer was told last */
    uint32_t age_s;      /* since the peer joined; of a torrent, how long it has had no peers */
    uint32_t downloaded; /* the torrent's, after the change */
    uint32_t seeders;
    uint32_t leechers;
};

/* Whether the change leaves no peer at its endpoint. */
bool change_removes_peer(enum change_kind kind);

/* "joined", "updated", "completed", "left", "expired" or "moved"; NULL for the other kinds. */
const char *change_kind_name(enum change_kind kind);

/* Role of the change's peer: "seeder", "partial" or "leecher". */
const char *change_role_name(const struct change *change);

struct change_feed {
    struct change *changes;
    size_t count;
    size_t allocated;
    size_t capacity; /* 0: nobody reads, nothing is kept */
    bool overflowed; /* changes were lost since the last take */
};

void change_feed_init(struct change_feed *feed, size_t capacity);
void change_feed_free(struct change_feed *feed);
void change_feed_push(struct change_feed *feed, const struct change *change);

/* Hands over all changes: swaps the buffers of `feed` and `taken`, so that both keep their memory.
 * What `taken` held before is gone. */
void change_feed_take(struct change_feed *feed, struct change_feed *taken);

#endif
