/* The log of a cluster's download counts: a table with the latest ones, packed, which are not in
 * the rows of `cluster_counter` yet. Appending costs a tenth of writing the rows, since the key of
 * those is random, and a busy torrent counts often. */
#ifndef SKEP_STORE_COUNTER_LOG_H
#define SKEP_STORE_COUNTER_LOG_H

#include "base/bytes.h"
#include "base/id_lengths.h"
#include "store/connection.h"

/* An info_hash and two numbers of 8 bytes, big-endian. Of a count: the node, then what it has
 * counted and what it has taken back, 4 bytes each; node 0 deletes all counts of the torrent. Of a
 * completion, which is packed in the same way: the identity and the stamp. */
enum { PACKED_ROW_LEN = INFO_HASH_LEN + 16 };

struct packed_rows {
    uint8_t *data; /* malloc'd; the caller frees it */
    size_t len;
    size_t capacity;
};

/* False if out of memory; then nothing has changed. */
bool packed_rows_add(struct packed_rows *rows, struct bytes packed);

/* The packed rows in the first column of `row`; none if it is invalid. Valid until the next step.
 */
struct bytes packed_rows_of(sqlite3_stmt *row);

/* Appends packed counts in the open transaction. False if SQLite fails. */
bool counter_log_append(struct connection *connection, struct bytes packed);

/* Writes the greatest numbers of each torrent and node in the log to their rows, and empties the
 * log, in the open transaction. Invalid rows are skipped. False if SQLite fails or out of memory.
 */
bool counter_log_fold(struct connection *connection);

#endif
