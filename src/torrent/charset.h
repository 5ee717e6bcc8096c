/* Legacy character sets of old .torrent files. */
#ifndef SKEP_TORRENT_CHARSET_H
#define SKEP_TORRENT_CHARSET_H

#include "base/bytes.h"

/* Writes `text` as UTF-8. False, with nothing of use written, if the character set is not one of
 * those that torrents use, if `text` is invalid in it, or if the writer is full. */
bool charset_decode(struct writer *w, struct bytes text, struct bytes charset);

#endif
