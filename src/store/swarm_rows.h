/* The swarms as rows of the database. A row has consecutive torrents with a `downloaded` count and
 * peers, in the order of swarm_key.h, as packed_change.h packs them, so that many changes share
 * the cost of a row. Its `first` is not above the first of them, and above all of the row before.
 * Changes that are not older than some minutes may be in the log only, see swarm_log.h. */
#ifndef SKEP_STORE_SWARM_ROWS_H
#define SKEP_STORE_SWARM_ROWS_H

#include "base/bytes.h"
#include "store/connection.h"
#include "store/latest_changes.h"

/* Writes changes of a range of the log, whose ages are at `at_s` (Unix time), in the order of
 * latest_changes_sort, in the open transaction. CONNECTION_REFUSED if SQLite fails,
 * CONNECTION_DAMAGED if a row is invalid. */
enum connection_result swarm_rows_write(struct connection *connection, unsigned range,
                                        const struct latest_changes *latest,
                                        const struct radix_item *order, int64_t at_s);

/* Reads the first entry of `*rest`, a part of a row of the range, as packed_change_read. False if
 * it is invalid. */
bool swarm_rows_read_entry(struct bytes *rest, unsigned range, int64_t now_s,
                           struct change *change);

/* Binds the lowest key of a range, and that of the next one, to two parameters of the statement.
 * Values that are no keys belong to the first range or to the last one: numbers and texts come
 * before all blobs. */
void swarm_rows_bind_range(sqlite3_stmt *statement, int place, unsigned range);

/* Deletes all rows, and the log, in the open transaction. False if SQLite fails. */
bool swarm_rows_clear(struct connection *connection);

#endif
