/* Reads the tracker's change feed for several readers.
 *
 * Batches of changes are kept in one shared ring, and each reader has a cursor of its own: a slow
 * or failing reader does not delay the others. The ring is bounded; a reader that falls behind by
 * more loses changes, is informed of that, and has to read everything again (tracker_dump). If the
 * feed of a shard was full, readers have to read again the torrents that flooded it.
 *
 * One thread moves the changes from the tracker into the ring. Any thread may do so as well
 * (feed_reader_pump), to read up to the present moment. */
#ifndef SKEP_SWARM_FEED_READER_H
#define SKEP_SWARM_FEED_READER_H

#include "swarm/tracker.h"

struct feed_reader;

/* Starts the thread, which reads the feed every `period_ms`. `capacity` bounds the changes in the
 * ring. `tracker` must outlive it. NULL if out of memory or threads. */
struct feed_reader *feed_reader_start(struct tracker *tracker, size_t capacity, uint32_t period_ms);

/* Call it after all cursors and subscriptions have ended. NULL is ignored. */
void feed_reader_stop(struct feed_reader *reader);

/* Moves all pending changes of the tracker into the ring. Any thread. */
void feed_reader_pump(struct feed_reader *reader);

/* A counter that increases as long as the thread makes progress. Any thread. */
uint64_t feed_reader_progress(const struct feed_reader *reader);

enum { FEED_LOST_TORRENTS_MAX = 64 };

/* What a reader has missed and must read again. */
struct feed_loss {
    bool everything;
    size_t torrents; /* otherwise, only these: */
    uint8_t info_hashes[FEED_LOST_TORRENTS_MAX][INFO_HASH_LEN];
};

/* A reader's position in the ring. One thread at a time. */
struct feed_cursor {
    struct feed_reader *reader;
    struct feed_cursor *other; /* list of all cursors */
    uint64_t next;             /* number of the next batch */
    struct feed_loss loss;     /* grows with each read; the reader clears it */
};

/* Starts at the present end of the ring. What follows is kept until the cursor has read it, as far
 * as the capacity allows. */
void feed_cursor_open(struct feed_cursor *cursor, struct feed_reader *reader);
void feed_cursor_close(struct feed_cursor *cursor);

/* Passes all changes up to the end of the ring to `read`, without a lock, and adds those that are
 * missing to `cursor->loss`. CHANGE_TORRENT_LOST is not passed. */
void feed_cursor_read(struct feed_cursor *cursor, change_reader read, void *context);

/* Reads the lost torrents again, by tracker_dump_torrent, and removes them from the loss. Returns
 * false if out of memory; the rest then remains. */
bool feed_cursor_recover(struct feed_cursor *cursor, uint64_t now_ms, change_reader read,
                         void *context);

/* A reader with a thread of its own. */
struct feed_subscriber {
    const char *name; /* of the thread, at most 15 characters */
    change_reader read;
    /* Changes were lost; everything is then read again. NULL: the reader does not need them. With
     * it, `read` also gets each CHANGE_TORRENT_LOST, followed by the state of that torrent. */
    void (*lost)(void *context);
    void (*tick)(void *context, uint64_t now_ms); /* before each read, also if there are no changes
                                                     for half a second; may be NULL. `now_ms` is
                                                     clock_now_ms() */
    void *context;
};

struct feed_subscription;

/* Starts the thread, which reads new changes as soon as they are in the ring. Copies `subscriber`.
 * NULL if out of memory or threads. */
struct feed_subscription *feed_subscribe(struct feed_reader *reader,
                                         const struct feed_subscriber *subscriber);

/* Reads the rest, up to the present moment, and ends the thread. NULL is ignored. */
void feed_unsubscribe(struct feed_subscription *subscription);

#endif
