/* Change feed: the changes of the swarms, for readers such as the store, the log and the page. The
 * swarms push changes and do not know the readers.
 * A change is pushed if something changed that outlives a restart: a peer joined, left, moved or
 * changed its role; also if a peer's address was confirmed. A plain re-announce is not a change,
 * unless the nodes of a cluster must be informed of it. A
 * change carries the complete state of its peer, so that applying a sequence of changes in order,
 * even if the sequence starts in the past, ends in the current state.
 * Each shard has its own feed, guarded by the shard's lock. It is bounded: when it is full, the
 * changes of the torrents that have most of them are replaced by one CHANGE_TORRENT_LOST each, so
 * that a flood for one torrent costs no other torrent. If no torrent has many, the feed drops
 * everything and reports the overflow. The reader starts again from tracker_dump. */
#ifndef SKEP_SWARM_CHANGE_FEED_H
#define SKEP_SWARM_CHANGE_FEED_H

#include <stdbool.h>
#include <stddef.h>

#include "swarm/announce.h"

enum change_kind {
    CHANGE_PEER_JOINED,
    CHANGE_PEER_UPDATED,   /* role, peer_id or the counted flag changed */
    CHANGE_PEER_COMPLETED, /* and the torrent's download count has changed */
    CHANGE_PEER_LEFT,      /* event=stopped, or access was withdrawn */
    CHANGE_PEER_EXPIRED,
    CHANGE_PEER_MOVED,     /* left this endpoint; a JOINED at its new one follows */
    CHANGE_PEER_CONFIRMED, /* restored or claimed before, it has now announced from this address */
    CHANGE_PEER_REFRESHED, /* nothing has changed; only in a cluster, with ORIGIN_SENT */
    CHANGE_PEER_ABSENT,    /* event=stopped of a peer that is unknown here; likewise */
    CHANGE_TORRENT,        /* lost its last peer; or, in a restore or dump, exists */
    CHANGE_TORRENT_FORGOTTEN,
    CHANGE_TORRENT_LOST, /* changes of the torrent are missing; it may be unknown by now */
};

/* In a cluster, where a change was made, and whether the other nodes must be informed. */
enum change_origin {
    ORIGIN_NODE,   /* here; each node finds out for itself */
    ORIGIN_SENT,   /* here; the others are informed, by a record with the change's stamp */
    ORIGIN_MERGED, /* at another node: it is stored, but not logged, probed or sent */
};

struct change {
    enum change_kind kind;
    enum change_origin origin;
    uint8_t info_hash[INFO_HASH_LEN];
    uint8_t peer_id[PEER_ID_LEN];
    struct endpoint peer; /* FAMILY_NONE if the change is about the torrent only */
    uint32_t key;
    uint64_t left;
    bool paused;
    bool counted;     /* its completion is in the download count */
    bool own_address; /* it announced from this very address: not a claim, not a proxy's, not merely
                         restored */
    bool on_lan;
    uint32_t interval_s; /* interval of its last response */
    uint32_t age_s;      /* since the peer joined; for a torrent: time without peers */
    uint32_t downloaded; /* of the torrent, after the change */
    uint32_t seeders;
    uint32_t leechers;
    uint64_t passkey_tag; /* as registry_passkey_tag(); 0: unknown */
    uint64_t uploaded_kib;
    uint64_t downloaded_kib;
    uint64_t stamp; /* see swarm/stamp.h; 0: none */
};

/* Whether no peer is left at the change's endpoint. */
bool change_removes_peer(enum change_kind kind);

/* "joined", "updated", "completed", "left", "expired" or "moved"; NULL for the other kinds. */
const char *change_kind_name(enum change_kind kind);

/* Role of the change's peer: "seeder", "partial" or "leecher". */
const char *change_role_name(const struct change *change);

struct change_feed {
    struct change *changes;
    size_t count;
    size_t allocated;
    size_t capacity; /* 0: the feed has no reader, nothing is kept */
    bool overflowed; /* changes were dropped since the last take */
};

void change_feed_init(struct change_feed *feed, size_t capacity);
void change_feed_free(struct change_feed *feed);
void change_feed_push(struct change_feed *feed, const struct change *change);

/* Loads the place of the next change into the processor's cache. */
void change_feed_prefetch(const struct change_feed *feed);

/* Moves all changes to `taken` by swapping the buffers, so that both keep their memory. Earlier
 * contents of `taken` are dropped. */
void change_feed_take(struct change_feed *feed, struct change_feed *taken);

#endif
