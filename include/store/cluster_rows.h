/* What a node of a cluster keeps of its download counts over a restart: the counts of all nodes by
 * torrent, and the completions that it knows.
 *
 * Changes are queued in memory, and appended to a log by store_commit, packed; a failed write loses
 * none. From time to time the log of the counts is folded into a row for each count. The queue is
 * bounded: if it is full, or the file has been replaced, changes are lost, and the cluster queues
 * everything again (cluster_rows_take_loss). Any thread, unless noted otherwise; a call waits for
 * no write. */
#ifndef SKEP_STORE_CLUSTER_ROWS_H
#define SKEP_STORE_CLUSTER_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id_lengths.h"

enum { CLUSTER_COMPLETIONS_MAX = 1 << 20 }; /* in the database, the latest */

/* Completions of a torrent that a node has counted, and those of them that it has taken back. */
struct counter_row {
    uint8_t info_hash[INFO_HASH_LEN];
    uint64_t node;
    uint32_t counted;
    uint32_t taken_back;
};

/* `identity`: hash of the client; `stamp`: see swarm/stamp.h. */
struct completion_row {
    uint8_t info_hash[INFO_HASH_LEN];
    uint64_t identity;
    uint64_t stamp;
};

struct cluster_rows;
struct connection;

/* `completions_max`: in the database. NULL if out of memory or randomness. */
struct cluster_rows *cluster_rows_create(uint32_t completions_max);
void cluster_rows_delete(struct cluster_rows *rows);

/* Both numbers of a count in the database only grow. */
void cluster_rows_put_counter(struct cluster_rows *rows, const struct counter_row *counter);
void cluster_rows_put_completion(struct cluster_rows *rows, const struct completion_row *row);

/* Deletes the counts of a torrent. */
void cluster_rows_forget_torrent(struct cluster_rows *rows,
                                 const uint8_t info_hash[static INFO_HASH_LEN]);

/* Deletes completions with a smaller stamp, when others are written. */
void cluster_rows_forget_before(struct cluster_rows *rows, uint64_t stamp);

/* All download counts of the database are now the sums of these counts, until changes are lost or
 * the file is used without a cluster. */
void cluster_rows_set_complete(struct cluster_rows *rows);

/* Whether there is room for what is not urgent: half of the queue is free. */
bool cluster_rows_has_room(struct cluster_rows *rows);

/* Whether changes were lost since the last call. */
bool cluster_rows_take_loss(struct cluster_rows *rows);

/* The functions below are the store's. */

struct cluster_rows_reader {
    void *context;
    void (*counter)(void *context, const struct counter_row *counter);
    /* In the order of writing; an identity may have several. */
    void (*completion)(void *context, const struct completion_row *row);
};

enum cluster_counts {
    COUNTS_PARTIAL,  /* new, or changes were lost */
    COUNTS_COMPLETE, /* see cluster_rows_set_complete */
    COUNTS_OUTDATED, /* they were complete before the file was used without a cluster */
};

/* Folds the log, then passes all rows; skips invalid ones. No transaction is open. False if SQLite
 * fails. */
bool cluster_rows_read(struct connection *connection, const struct cluster_rows_reader *reader,
                       enum cluster_counts *counts);

/* The file is used without a cluster: complete counts are now outdated. False if SQLite fails. */
bool cluster_rows_leave(struct connection *connection);

/* Some rows of the file may be lost, so its counts are partial. False if SQLite fails. */
bool cluster_rows_distrust(struct connection *connection);

/* The database has been replaced by another one. */
void cluster_rows_lose(struct cluster_rows *rows);

/* These are called by the thread that writes. */
bool cluster_rows_has_work(struct cluster_rows *rows);

/* Writes the queue in the open transaction. False if SQLite fails. */
bool cluster_rows_write(struct cluster_rows *rows, struct connection *connection);

/* The transaction is committed. Otherwise the next call of cluster_rows_write writes it again. */
void cluster_rows_settle(struct cluster_rows *rows);

#endif
