/* When a node requests a snapshot, when it has joined, and when it is whole.
 * A node has joined once it has ended its first snapshot, or has given up waiting for one. It is
 * whole, so that it may be the source of a snapshot, once it has ended a snapshot of a whole node
 * and has no hole and room for all peers; or, if there is no whole node, one interval later, when
 * every client has announced again. Then it may still lack counters and registry entries, so it
 * still requests a snapshot. Until it is whole, an empty node accepts a snapshot of another node
 * that is not: that only adds peers. It has joined then, since there is no better one.
 * A node sends what lasts, its completions, counters and registry, when it has joined; and again
 * when it has read what it missed while it was disconnected for so long that the others may have
 * become whole without it. Pure. */
#ifndef SKEP_CLUSTER_JOINING_H
#define SKEP_CLUSTER_JOINING_H

#include "cluster/record.h"

enum {
    SNAPSHOT_PATIENCE_MS = 30000, /* by default */
    SNAPSHOT_PAUSE_MS = 1000,     /* after a snapshot that has not made the node whole */
};

/* Why a snapshot is requested. */
enum snapshot_reason {
    SNAPSHOT_NONE,    /* none was requested */
    SNAPSHOT_STARTED, /* the node has started */
    SNAPSHOT_MISSING, /* entries are missing */
    SNAPSHOT_NO_ROOM, /* the table had no room for all peers */
    SNAPSHOT_BY_TIME, /* the node is whole only since every client has announced again */
};

struct joining {
    bool joined;
    bool confirmed; /* by a snapshot of a whole node, since the start */
    bool whole;
    bool empty; /* nothing was restored, and no snapshot has arrived; to be set at the start */
    bool has_room;
    bool served;       /* it was empty, and has received a snapshot of a node that is not whole */
    bool lost;         /* entries or room were missing since the last request */
    bool by_time;      /* whole without a snapshot */
    bool sent_lasting; /* since the start, or since it returned */
    enum snapshot_reason needed_for;    /* the next request */
    enum snapshot_reason requested_for; /* the last request */
    uint64_t request;                   /* id of the running snapshot; 0: none */
    uint64_t waiting_ms;                /* start, or last progress */
    uint64_t paused_until_ms;           /* no request before */
    uint64_t whole_ms;                  /* when it is whole without a snapshot; 0: not at all */
    uint64_t contact_ms;                /* when it was last connected */
    uint64_t returned_ms;               /* when it was connected again after a long absence */
    uint64_t read_ms;                   /* the caller sets it: all entries of before are read */
    uint32_t next_chunk;
    uint32_t patience_ms; /* without progress; may be changed */
};

/* A node that starts. */
struct joining joining_begin(uint64_t now_ms);

enum joining_step {
    JOINING_WAIT,
    JOINING_REQUEST, /* add a request with the id `request` to the stream */
    /* Joined without a snapshot of a whole node: restored peers expire as if announced 1.5
     * intervals ago. */
    JOINING_GAVE_UP,
    JOINING_WHOLE,        /* without a snapshot, since there is no whole node */
    JOINING_SEND_LASTING, /* send completions, counters and the registry: the others may lack them
                           */
};

/* To be called regularly. `id`: a random number, not 0. `connected`: the engine is reachable;
 * `interval_s`: the longest interval in the cluster. */
enum joining_step joining_tick(struct joining *joining, bool connected, uint64_t id,
                               uint32_t interval_s, uint64_t now_ms);

/* "started", "missing", "no_room" or "by_time"; NULL: none was requested. */
const char *snapshot_reason_name(enum snapshot_reason reason);

/* Entries are lost. */
void joining_lost(struct joining *joining);

/* Whether the table has room for all peers. */
void joining_set_room(struct joining *joining, bool has_room);

enum joining_chunk {
    CHUNK_IGNORED, /* of another request, or out of order */
    CHUNK_MERGED,  /* merge its records */
    CHUNK_PARTIAL, /* the same; it was the last one of a source that is not whole */
    CHUNK_LAST,    /* merge its records; the snapshot has ended */
    /* The same, and the first one since the start: restored peers not confirmed by it must go. */
    CHUNK_FIRST_SNAPSHOT,
};

/* A chunk has arrived. */
enum joining_chunk joining_note_chunk(struct joining *joining, const struct chunk_header *chunk,
                                      uint64_t now_ms);

#endif
