#include "swarm/feed_reader.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/condition.h"
#include "base/ticker.h"

enum {
    SUBSCRIPTION_TICK_MS = 500,
    RECOVER_PERIOD_MS = 2000,
    BATCH_CHANGES = 4096,
    RING_BATCHES = 4096,
};

struct feed_batch {
    unsigned users; /* the ring and the cursors that read it */
    bool lost;      /* changes before this batch are missing */
    size_t count;
    struct change changes[];
};

struct feed_reader {
    struct tracker *tracker;
    struct ticker *ticker;
    pthread_mutex_t pump_lock; /* one thread drains the tracker at a time; guards the next five */
    struct change *pending;    /* drained, and not in a batch yet */
    size_t pending_count;
    size_t pending_capacity;
    bool out_of_memory;   /* a change could not be kept */
    bool grew;            /* the ring has changes that no reader was woken for */
    pthread_mutex_t lock; /* guards all below */
    struct feed_cursor *cursors;
    pthread_cond_t grown;
    uint64_t first; /* number of the oldest batch */
    uint64_t end;   /* number of the next batch */
    size_t changes; /* in all batches */
    size_t capacity;
    struct feed_batch *ring[RING_BATCHES]; /* by number, modulo the size */
    _Atomic uint64_t progress;
};

/* The lock is held. */
static void release_batch(struct feed_batch *batch) {
    if (--batch->users == 0)
        free(batch);
}

static void drop_oldest(struct feed_reader *reader) {
    struct feed_batch *batch = reader->ring[reader->first++ % RING_BATCHES];
    reader->changes -= batch->count;
    release_batch(batch);
}

/* Makes room for `count` changes in a batch of their own. */
static void make_room(struct feed_reader *reader, size_t count) {
    while (reader->first < reader->end && (reader->end - reader->first == RING_BATCHES ||
                                           reader->changes + count > reader->capacity))
        drop_oldest(reader);
}

static void add_batch(struct feed_reader *reader, const struct change *changes, size_t count,
                      bool lost) {
    struct feed_batch *batch = malloc(sizeof *batch + count * sizeof *changes);
    if (batch == NULL) {
        reader->out_of_memory = true;
        return;
    }
    reader->grew = true;
    *batch = (struct feed_batch){ .users = 1, .lost = lost, .count = count };
    if (count > 0)
        memcpy(batch->changes, changes, count * sizeof *changes);
    pthread_mutex_lock(&reader->lock);
    if (reader->cursors == NULL) {
        release_batch(batch);
    } else {
        make_room(reader, count);
        reader->ring[reader->end++ % RING_BATCHES] = batch;
        reader->changes += count;
    }
    pthread_mutex_unlock(&reader->lock);
}

static void flush_pending(struct feed_reader *reader) {
    if (reader->pending_count > 0)
        add_batch(reader, reader->pending, reader->pending_count, false);
    reader->pending_count = 0;
}

/* Shards have few changes each; a batch joins those of several. */
static void keep_changes(void *context, const struct change *changes, size_t count) {
    struct feed_reader *reader = context;
    atomic_fetch_add_explicit(&reader->progress, 1, memory_order_relaxed);
    struct change *pending = array_grow(reader->pending, &reader->pending_capacity,
                                        reader->pending_count + count, sizeof *pending);
    if (pending == NULL) {
        reader->out_of_memory = true;
        return;
    }
    reader->pending = pending;
    memcpy(pending + reader->pending_count, changes, count * sizeof *changes);
    reader->pending_count += count;
    if (reader->pending_count >= BATCH_CHANGES)
        flush_pending(reader);
}

/* The memory of a burst is not kept. */
static void shrink_pending(struct feed_reader *reader) {
    if (reader->pending_capacity <= BATCH_CHANGES)
        return;
    free(reader->pending);
    reader->pending = NULL;
    reader->pending_capacity = 0;
}

void feed_reader_pump(struct feed_reader *reader) {
    pthread_mutex_lock(&reader->pump_lock);
    const bool whole = tracker_drain(reader->tracker, keep_changes, reader);
    flush_pending(reader);
    shrink_pending(reader);
    if (!whole || reader->out_of_memory) {
        reader->out_of_memory = false;
        add_batch(reader, NULL, 0, true);
    }
    if (reader->grew)
        pthread_cond_broadcast(&reader->grown);
    reader->grew = false;
    pthread_mutex_unlock(&reader->pump_lock);
}

static void run_pump(void *context) {
    struct feed_reader *reader = context;
    atomic_fetch_add_explicit(&reader->progress, 1, memory_order_relaxed);
    feed_reader_pump(reader);
}

struct feed_reader *feed_reader_start(struct tracker *tracker, size_t capacity,
                                      uint32_t period_ms) {
    struct feed_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return NULL;
    reader->tracker = tracker;
    reader->capacity = capacity;
    pthread_mutex_init(&reader->pump_lock, NULL);
    pthread_mutex_init(&reader->lock, NULL);
    condition_init(&reader->grown);
    reader->ticker = ticker_start("feed reader", period_ms, run_pump, reader);
    if (reader->ticker != NULL)
        return reader;
    feed_reader_stop(reader);
    return NULL;
}

void feed_reader_stop(struct feed_reader *reader) {
    if (reader == NULL)
        return;
    ticker_stop(reader->ticker);
    while (reader->first < reader->end)
        drop_oldest(reader);
    free(reader->pending);
    pthread_cond_destroy(&reader->grown);
    pthread_mutex_destroy(&reader->lock);
    pthread_mutex_destroy(&reader->pump_lock);
    free(reader);
}

uint64_t feed_reader_progress(const struct feed_reader *reader) {
    return atomic_load_explicit(&reader->progress, memory_order_relaxed);
}

void feed_cursor_open(struct feed_cursor *cursor, struct feed_reader *reader) {
    pthread_mutex_lock(&reader->lock);
    *cursor =
        (struct feed_cursor){ .reader = reader, .other = reader->cursors, .next = reader->end };
    reader->cursors = cursor;
    pthread_mutex_unlock(&reader->lock);
}

/* Drops the batches that all cursors have read. The lock is held. */
static void drop_read_batches(struct feed_reader *reader) {
    uint64_t needed = reader->end;
    for (const struct feed_cursor *cursor = reader->cursors; cursor != NULL; cursor = cursor->other)
        needed = cursor->next < needed ? cursor->next : needed;
    while (reader->first < needed)
        drop_oldest(reader);
}

void feed_cursor_close(struct feed_cursor *cursor) {
    struct feed_reader *reader = cursor->reader;
    struct feed_cursor **place = &reader->cursors;
    pthread_mutex_lock(&reader->lock);
    while (*place != cursor)
        place = &(*place)->other;
    *place = cursor->other;
    drop_read_batches(reader);
    pthread_mutex_unlock(&reader->lock);
}

static void lose_everything(struct feed_loss *loss) {
    loss->everything = true;
    loss->torrents = 0;
}

static void lose_torrent(struct feed_loss *loss, const uint8_t *info_hash) {
    if (loss->everything)
        return;
    for (size_t i = 0; i < loss->torrents; i++) {
        if (memcmp(loss->info_hashes[i], info_hash, INFO_HASH_LEN) == 0)
            return;
    }
    if (loss->torrents == FEED_LOST_TORRENTS_MAX)
        lose_everything(loss);
    else
        memcpy(loss->info_hashes[loss->torrents++], info_hash, INFO_HASH_LEN);
}

/* The batch at the cursor, in use until it is released; NULL at the end of the ring. The lock is
 * held. */
static struct feed_batch *acquire_next(struct feed_cursor *cursor) {
    struct feed_reader *reader = cursor->reader;
    if (cursor->next < reader->first) {
        lose_everything(&cursor->loss);
        cursor->next = reader->first;
    }
    if (cursor->next == reader->end)
        return NULL;
    struct feed_batch *batch = reader->ring[cursor->next++ % RING_BATCHES];
    batch->users++;
    return batch;
}

/* Passes the changes between the lost torrents. */
static void pass_batch(struct feed_cursor *cursor, const struct feed_batch *batch,
                       change_reader read, void *context) {
    size_t first = 0;
    if (batch->lost)
        lose_everything(&cursor->loss);
    for (size_t i = 0; i <= batch->count; i++) {
        if (i < batch->count && batch->changes[i].kind != CHANGE_TORRENT_LOST)
            continue;
        if (i > first)
            read(context, batch->changes + first, i - first);
        if (i < batch->count)
            lose_torrent(&cursor->loss, batch->changes[i].info_hash);
        first = i + 1;
    }
}

void feed_cursor_read(struct feed_cursor *cursor, change_reader read, void *context) {
    struct feed_reader *reader = cursor->reader;
    pthread_mutex_lock(&reader->lock);
    for (struct feed_batch *batch = acquire_next(cursor); batch != NULL;
         batch = acquire_next(cursor)) {
        pthread_mutex_unlock(&reader->lock);
        pass_batch(cursor, batch, read, context);
        pthread_mutex_lock(&reader->lock);
        release_batch(batch);
    }
    drop_read_batches(reader);
    pthread_mutex_unlock(&reader->lock);
}

bool feed_cursor_recover(struct feed_cursor *cursor, uint64_t now_ms, change_reader read,
                         void *context) {
    struct feed_loss *loss = &cursor->loss;
    for (; loss->torrents > 0; loss->torrents--) {
        if (!tracker_dump_torrent(cursor->reader->tracker, loss->info_hashes[loss->torrents - 1],
                                  now_ms, read, context))
            return false;
    }
    return true;
}

struct feed_subscription {
    struct feed_subscriber subscriber;
    struct feed_cursor cursor;
    pthread_t thread;
    uint64_t recover_ms; /* not earlier than this: a flood would cause it with each read */
    bool stop;           /* guarded by the reader's lock */
};

/* Later if out of memory. */
static void recover_subscription(struct feed_subscription *subscription, uint64_t now_ms) {
    const struct feed_subscriber *subscriber = &subscription->subscriber;
    struct feed_cursor *cursor = &subscription->cursor;
    if (cursor->loss.everything) {
        subscriber->lost(subscriber->context);
        cursor->loss.everything = !tracker_dump(cursor->reader->tracker, 0, TRACKER_SHARDS, now_ms,
                                                subscriber->read, subscriber->context);
    } else {
        (void)feed_cursor_recover(cursor, now_ms, subscriber->read, subscriber->context);
    }
}

static void read_subscription(struct feed_subscription *subscription) {
    const struct feed_subscriber *subscriber = &subscription->subscriber;
    struct feed_loss *loss = &subscription->cursor.loss;
    const uint64_t now_ms = clock_now_ms();
    if (subscriber->tick != NULL)
        subscriber->tick(subscriber->context, now_ms);
    feed_cursor_read(&subscription->cursor, subscriber->read, subscriber->context);
    if (subscriber->lost == NULL)
        *loss = (struct feed_loss){ .everything = false };
    if ((!loss->everything && loss->torrents == 0) || now_ms < subscription->recover_ms)
        return;
    recover_subscription(subscription, now_ms);
    subscription->recover_ms = now_ms + RECOVER_PERIOD_MS;
}

/* Waits for changes or the next tick. False if the subscription is being ended. */
static bool wait_for_changes(struct feed_subscription *subscription) {
    const struct feed_cursor *cursor = &subscription->cursor;
    struct feed_reader *reader = cursor->reader;
    const struct timespec until = condition_deadline(SUBSCRIPTION_TICK_MS);
    int result = 0;
    pthread_mutex_lock(&reader->lock);
    while (!subscription->stop && result == 0 && cursor->next == reader->end)
        result = pthread_cond_timedwait(&reader->grown, &reader->lock, &until);
    const bool stop = subscription->stop;
    pthread_mutex_unlock(&reader->lock);
    return !stop;
}

static void *run_subscription(void *argument) {
    struct feed_subscription *subscription = argument;
    while (wait_for_changes(subscription))
        read_subscription(subscription);
    return NULL;
}

struct feed_subscription *feed_subscribe(struct feed_reader *reader,
                                         const struct feed_subscriber *subscriber) {
    struct feed_subscription *subscription = calloc(1, sizeof *subscription);
    if (subscription == NULL)
        return NULL;
    subscription->subscriber = *subscriber;
    feed_cursor_open(&subscription->cursor, reader);
    if (pthread_create(&subscription->thread, NULL, run_subscription, subscription) != 0) {
        feed_cursor_close(&subscription->cursor);
        free(subscription);
        return NULL;
    }
    pthread_setname_np(subscription->thread, subscriber->name);
    return subscription;
}

void feed_unsubscribe(struct feed_subscription *subscription) {
    if (subscription == NULL)
        return;
    struct feed_reader *reader = subscription->cursor.reader;
    pthread_mutex_lock(&reader->lock);
    subscription->stop = true;
    pthread_cond_broadcast(&reader->grown);
    pthread_mutex_unlock(&reader->lock);
    pthread_join(subscription->thread, NULL);
    feed_reader_pump(reader);
    read_subscription(subscription);
    feed_cursor_close(&subscription->cursor);
    free(subscription);
}
