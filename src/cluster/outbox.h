/* Records that a node sends: those that wait, and the entries of the last two minutes, which are
 * sent again if the engine has lost them.
 * While the engine is away, records wait in bounded memory. Puts that do not fit are dropped;
 * afterwards a walk over all peers sends them again. Removals and other records have a queue of
 * their own, since nothing would repeat them; it also takes puts with a count that do not fit. One
 * thread at a time. */
#ifndef SKEP_CLUSTER_OUTBOX_H
#define SKEP_CLUSTER_OUTBOX_H

#include "cluster/blob_queue.h"
#include "cluster/record.h"

enum { SENT_KEPT_MS = 120000 };

struct outbox_options {
    size_t puts_max;  /* bytes of waiting puts */
    size_t other_max; /* of other waiting records */
    size_t sent_max;  /* of sent entries */
};

struct outbox {
    struct blob_queue puts;
    struct blob_queue other;
    struct blob_queue sent;
    uint64_t oldest_dropped; /* stamp of a put; 0: none was dropped */
    uint64_t lost;           /* other records that did not fit */
    bool lost_lasting;       /* a completion, count or registry entry is one of them */
};

/* False if out of memory. */
bool outbox_create(struct outbox *outbox, const struct outbox_options *options);
void outbox_free(struct outbox *outbox);

void outbox_add(struct outbox *outbox, const struct record *record);
bool outbox_is_empty(const struct outbox *outbox);

/* If the queue of other records is nearly full: drops heartbeats, requests, and removals from
 * before `before_ms` (of the cluster's clock), if every put that those could beat has expired. */
void outbox_drop_old(struct outbox *outbox, uint64_t before_ms);

/* Whether all that lasts must be sent again, once the queue is empty. Returns it once. */
bool outbox_take_lost(struct outbox *outbox);

/* Moves waiting records into an entry that begins with its header, as many as fit. */
void outbox_take(struct outbox *outbox, struct writer *entry);

/* Keeps a sent entry, and drops those that are older than SENT_KEPT_MS or do not fit. */
void outbox_keep(struct outbox *outbox, struct bytes entry, uint64_t now_ms);

/* A put with this stamp, and perhaps later ones, never came here. */
void outbox_note_dropped(struct outbox *outbox, uint64_t stamp);

/* Stamp from which a walk must send all peers again, once the queue is empty; 0: no walk is needed.
 * Returns it once. The walk must pause while the queues have no room, or it would never end. */
uint64_t outbox_take_dropped(struct outbox *outbox);

#endif
