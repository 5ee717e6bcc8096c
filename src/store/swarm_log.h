/* The log of the swarms: a table with the latest changes, packed, which are not in the rows of
 * swarm_rows.h yet. Appending to it costs much less than writing the rows, whose keys are random.
 * From time to time the changes of one range are merged into the rows, each peer once, and are
 * deleted here.
 *
 * A range is a part of the info_hashes, so that its rows are neighbours. The id of a row has the
 * range in its upper bits and counts up in the lower 34; a row has at least one change. */
#ifndef SKEP_STORE_SWARM_LOG_H
#define SKEP_STORE_SWARM_LOG_H

#include "base/bytes.h"
#include "store/connection.h"
#include "store/latest_changes.h"

enum { SWARM_LOG_RANGE_BITS = 4, SWARM_LOG_RANGES = 1 << SWARM_LOG_RANGE_BITS };

/* The first bits of the info_hash. */
static inline unsigned swarm_log_range(const uint8_t info_hash[static INFO_HASH_LEN]) {
    return info_hash[0] >> (8 - SWARM_LOG_RANGE_BITS);
}

/* Appends packed changes of one range in the open transaction. False if SQLite fails. */
bool swarm_log_append(struct connection *connection, unsigned range, struct bytes changes);

/* The first rows of a range. */
struct swarm_log_part {
    int64_t last_id;
    size_t bytes;  /* 0: the range has no rows */
    bool complete; /* no row follows */
};

/* Adds the changes of a range to `latest`, with ages at `now_s`; stops after the row that reaches
 * `limit` bytes. If a row is invalid, the changes before the error are added, and the rows that
 * follow are read all the same. Unless the result is CONNECTION_GOOD, the reason is in `why`. */
enum connection_result swarm_log_read(struct connection *connection, unsigned range, size_t limit,
                                      int64_t now_s, struct latest_changes *latest,
                                      struct swarm_log_part *part, char why[static ERROR_LEN]);

/* Deletes the rows of a range up to `last_id` in the open transaction. False if SQLite fails. */
bool swarm_log_delete(struct connection *connection, unsigned range, int64_t last_id);

#endif
