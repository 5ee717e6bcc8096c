/* Reads the swarms from the database at the start: the rows, and the log after them. */
#ifndef SKEP_STORE_SWARM_RESTORE_H
#define SKEP_STORE_SWARM_RESTORE_H

#include "base/keyed_hash.h"
#include "store/connection.h"
#include "swarm/change_feed.h"

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
enum connection_result swarm_restore_run(struct connection *connection,
                                         const struct swarm_restore *wanted,
                                         char why[static ERROR_LEN]);

#endif
