/* The swarms as rows of the database: one for each torrent that has a count, one for each peer. */
#ifndef SKEP_STORE_SWARM_ROWS_H
#define SKEP_STORE_SWARM_ROWS_H

#include "store/connection.h"
#include "swarm/change_feed.h"

/* Writes one change, which happened at `at_s` (Unix time), in the open transaction. False if SQLite
 * refuses. */
bool swarm_rows_write(struct connection *connection, const struct change *change, int64_t at_s);

/* Deletes all rows in the open transaction. False if SQLite refuses. */
bool swarm_rows_clear(struct connection *connection);

/* Calls `restore` for each torrent and then for each peer, as changes, until it returns false. What
 * can be read is passed on even if the file is damaged: an outdated peer does no harm. Unless the
 * result is CONNECTION_GOOD, the reason is in `why`. */
enum connection_result swarm_rows_restore(struct connection *connection,
                                          bool (*restore)(void *context,
                                                          const struct change *change),
                                          void *context, char why[static ERROR_LEN]);

#endif
