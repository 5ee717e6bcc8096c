/* The same torrent with other announce URLs. Pure. */
#ifndef SKEP_TORRENT_ANNOUNCE_LIST_H
#define SKEP_TORRENT_ANNOUNCE_LIST_H

#include "base/bytes.h"

/* Room that announce_list_write needs at most. */
size_t announce_list_len_max(struct bytes file, const char *const *announce_urls, size_t count);

/* Writes the .torrent file `file` with these announce URLs in place of those it had: the first as
 * `announce`, and where there are several, all in `announce-list`, to be tried in this order (BEP
 * 12). All else stays as it is, to the byte, and keys that were sorted still are. False if `file`
 * is no bencoded dictionary or the writer is full. */
bool announce_list_write(struct writer *w, struct bytes file, const char *const *announce_urls,
                         size_t count);

#endif
