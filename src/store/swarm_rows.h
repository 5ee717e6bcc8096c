/* The swarms as rows of the database: one for each peer, and one for each torrent with a
 * `downloaded` count. Changes that are not older than some minutes may be in the log only, see
 * swarm_log.h. */
#ifndef SKEP_STORE_SWARM_ROWS_H
#define SKEP_STORE_SWARM_ROWS_H

#include "store/connection.h"
#include "store/latest_changes.h"

/* Writes changes whose ages are at `at_s` (Unix time), in the order of latest_changes_sort, in the
 * open transaction. False if SQLite fails. */
bool swarm_rows_write(struct connection *connection, const struct latest_changes *latest,
                      const struct radix_item *order, int64_t at_s);

/* Deletes all rows, and the log, in the open transaction. False if SQLite fails. */
bool swarm_rows_clear(struct connection *connection);

struct swarm_restore {
    bool (*restore)(void *context, const struct change *changes, size_t count);
    void *context;
    unsigned threads;    /* that call it, at most; each takes ranges of its own */
    struct hash_key key; /* random */
};

/* Calls `restore` with the rows and the log: range by range, with each torrent and then with the
 * peers of each, as changes, until it returns false. Checks the whole file, too (connection_check).
 * If the file is damaged, all that is readable is passed on: an outdated peer does no harm, since
 * it expires. Unless the result is CONNECTION_GOOD, the reason is in `why`. */
enum connection_result swarm_rows_restore(struct connection *connection,
                                          const struct swarm_restore *wanted,
                                          char why[static ERROR_LEN]);

#endif
