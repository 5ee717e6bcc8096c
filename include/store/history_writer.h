/* Writes the history: samples of the tracker and of its largest torrents, and completions.
 *
 * Entries stay in memory until they are committed, so that a failed write or a full rewrite of the
 * database loses none. The queue is bounded: an hour of samples, the latest sample of torrents and
 * 8192 completions. If it is full, the oldest are dropped; of completions, those of the torrents
 * that have most of them. One thread at a time. */
#ifndef SKEP_STORE_HISTORY_WRITER_H
#define SKEP_STORE_HISTORY_WRITER_H

#include "store/history.h"
#include "swarm/change_feed.h"
#include "swarm/swarm_snapshot.h"

struct connection;
struct rate_limit;

enum {
    HISTORY_SAMPLE_S = 10,          /* interval of history_writer_add_sample */
    HISTORY_TORRENT_SAMPLE_S = 120, /* interval of history_writer_add_torrents */
    HISTORY_SAMPLES_WAITING_MAX = 360,
};

struct history_options {
    bool enabled;
    uint32_t torrents_max;            /* torrents per sample; 0: none */
    uint32_t completions_max;         /* completions kept in the database, the newest; 0: none */
    uint32_t keep_days;               /* older entries are deleted; 0: none because of their age */
    enum address_precision addresses; /* of completions, also of earlier ones */
};

/* All zeros: disabled. */
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
    struct rate_limit *shares; /* completions per address; NULL: not created yet */
    bool reduced;              /* the addresses of earlier completions */
};

/* Frees the queue. */
void history_writer_free(struct history_writer *writer);

/* `sample->at_s` is the start of a completed period of HISTORY_SAMPLE_S. */
void history_writer_add_sample(struct history_writer *writer, const struct sample *sample);

/* The torrents at `at_s`; the first torrents_max are kept. Replaces an earlier sample that is still
 * queued. */
void history_writer_add_torrents(struct history_writer *writer, int64_t at_s,
                                 const struct torrent_stats *torrents, size_t count);

/* Adds a completion for each CHANGE_PEER_COMPLETED. An address may add a hundredth of
 * completions_max, but at least 100, and then one every 1000 seconds, so that it cannot displace
 * the completions of others; larger IPv6 networks have their share (see address_scope). Loopback
 * addresses are not limited. */
void history_writer_add_completions(struct history_writer *writer, const struct change *changes,
                                    size_t count, int64_t at_s);

bool history_writer_has_work(const struct history_writer *writer);

/* Writes the queue and deletes old rows, in the open transaction. False if SQLite fails. */
bool history_writer_write(const struct history_writer *writer, struct connection *connection);

/* Empties the queue. Call after the commit. */
void history_writer_clear(struct history_writer *writer);

#endif
