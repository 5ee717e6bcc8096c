/* Changes of the swarms as bytes: what a restart needs of them, for the rows and the log in the
 * database. All numbers are big-endian. A change begins with a byte of kind and flags, and the
 * info_hash:
 *
 *   peer       endpoint (6 or 18 bytes), peer_id, key (4), interval_s (2), since_s (4), left (8,
 *              not of a seeder), passkey tag (8, if known)
 *   peer left  endpoint
 *   torrent    downloaded (4), idle_since_s (4)
 *   torrent forgotten, torrent lost: no more
 *
 * Times are Unix times; 0 is unknown. Pure; any thread. */
#ifndef SKEP_STORE_PACKED_CHANGE_H
#define SKEP_STORE_PACKED_CHANGE_H

#include "base/bytes.h"
#include "swarm/change_feed.h"

enum {
    PACKED_CHANGE_MAX = 128,                /* more than the longest */
    PACKED_INTERVAL_MAX_S = UINT16_MAX / 2, /* twice the interval is a peer's ttl_s, of 16 bits */
};

/* Writes a change of the time `at_s`. Nothing if a restart does not need it; a completion as a peer
 * and a torrent. Returns the number of bytes. */
size_t packed_change_write(uint8_t to[static PACKED_CHANGE_MAX], const struct change *change,
                           int64_t at_s);

/* Reads the first change of `*rest`, with ages at `now_s`, and moves `*rest` behind it. Its kind is
 * JOINED, LEFT, TORRENT, TORRENT_FORGOTTEN or TORRENT_LOST; the role and the counts of the swarm
 * are not set. False if the bytes are invalid. */
bool packed_change_read(struct bytes *rest, int64_t now_s, struct change *change);

/* Seconds since a Unix time; 0 if it is unknown, or in the future because the clock was set back.
 */
uint32_t packed_change_age(int64_t since_s, int64_t now_s);

#endif
