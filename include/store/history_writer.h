/* Writes the history: samples of the tracker and of its largest torrents, and completions.
 *
 * What is added waits in memory until a commit has made it durable, so that a failing store, or one
 * that is rewritten, loses none of it. The queue is bounded: an hour of samples and a few thousand
 * completions; beyond that the oldest are dropped. One thread at a time. */
#ifndef SKEP_STORE_HISTORY_WRITER_H
#define SKEP_STORE_HISTORY_WRITER_H

#include "store/history.h"
#include "swarm/change_feed.h"
#include "swarm/swarm_snapshot.h"

struct connection;

enum {
    HISTORY_SAMPLE_S = 10,          /* interval of history_writer_add_sample */
    HISTORY_TORRENT_SAMPLE_S = 120, /* interval of history_writer_add_torrents */
    HISTORY_SAMPLES_WAITING_MAX = 360,
};

struct history_options {
    bool enabled;
    uint32_t torrents_max;    /* torrents per sample; 0: none */
    uint32_t completions_max; /* completions kept in the database, the newest; 0: none */
};

/* Starts out as zeros, which means disabled. */
struct history_writer {
    struct history_options options;
    struct sample samples[HISTORY_SAMPLES_WAITING_MAX];
    size_t sample_count;
    struct torrent_stats *torrents; /* the latest sample of torrents */
    size_t torrent_count;
    int64_t torrents_at_s;
    struct completion *completions;
    size_t completion_count;
    size_t completion_capacity;
};

/* Frees what waits. */
void history_writer_free(struct history_writer *writer);

/* `sample->at_s` is the start of a period of HISTORY_SAMPLE_S that has passed. */
void history_writer_add_sample(struct history_writer *writer, const struct sample *sample);

/* State of the torrents at `at_s`; the first torrents_max are kept. */
void history_writer_add_torrents(struct history_writer *writer, int64_t at_s,
                                 const struct torrent_stats *torrents, size_t count);

/* Adds a completion for each CHANGE_PEER_COMPLETED. */
void history_writer_add_completions(struct history_writer *writer, const struct change *changes,
                                    size_t count, int64_t at_s);

bool history_writer_has_work(const struct history_writer *writer);

/* Writes what waits in the open transaction, and removes what is too old. False if SQLite refuses.
 */
bool history_writer_write(const struct history_writer *writer, struct connection *connection);

/* What was written has been committed. */
void history_writer_clear(struct history_writer *writer);

#endif
