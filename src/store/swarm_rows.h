/* The swarms as rows of the database: one for each peer, and one for each torrent with a
 * `downloaded` count. */
#ifndef SKEP_STORE_SWARM_ROWS_H
#define SKEP_STORE_SWARM_ROWS_H

#include "store/connection.h"
#include "swarm/change_feed.h"

/* Writes one change of the time `at_s` (Unix time) in the open transaction. False if SQLite fails.
 */
bool swarm_rows_write(struct connection *connection, const struct change *change, int64_t at_s);

/* Makes the rows of one torrent equal to `changes`, a call of tracker_dump_torrent. Writes those
 * that differ only: reading is much faster. False if SQLite fails, or if out of memory. */
bool swarm_rows_replace(struct connection *connection, const struct change *changes, size_t count,
                        int64_t at_s);

/* Deletes all rows in the open transaction. False if SQLite fails. */
bool swarm_rows_clear(struct connection *connection);

/* Calls `restore` for each torrent and then for each peer, as changes, until it returns false. If
 * the file is damaged, the readable rows are passed on: an outdated peer does no harm, since it
 * expires. Unless the result is CONNECTION_GOOD, the reason is in `why`. */
enum connection_result swarm_rows_restore(struct connection *connection,
                                          bool (*restore)(void *context,
                                                          const struct change *change),
                                          void *context, char why[static ERROR_LEN]);

#endif
