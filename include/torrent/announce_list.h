/* Announce URLs of .torrent files (BEP 3, BEP 12). Pure. */
#ifndef SKEP_TORRENT_ANNOUNCE_LIST_H
#define SKEP_TORRENT_ANNOUNCE_LIST_H

#include "base/bytes.h"

/* Maximum length of the output of announce_list_write. */
size_t announce_list_len_max(struct bytes file, const char *const *announce_urls, size_t count);

/* Writes the entries `announce` (the first URL) and, for several URLs, `announce-list` (one tier
 * each, so that clients try them in this order). */
void announce_list_put(struct writer *w, const char *const *announce_urls, size_t count);

/* Copies a .torrent file, with these announce URLs instead of its own. Everything else keeps its
 * bytes, and so the info_hash; sorted keys stay sorted. False if `file` is not a bencoded
 * dictionary or the writer is full. */
bool announce_list_write(struct writer *w, struct bytes file, const char *const *announce_urls,
                         size_t count);

#endif
