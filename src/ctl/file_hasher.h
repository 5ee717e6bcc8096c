/* Reads the files of a list and digests them for a torrent. */
#ifndef SKEP_CTL_FILE_HASHER_H
#define SKEP_CTL_FILE_HASHER_H

#include "ctl/file_list.h"
#include "ctl/progress.h"
#include "torrent/piece_hash.h"

struct hashed_files {
    struct torrent_entry *entries; /* one for each file; they borrow the list and `layers` */
    size_t count;
    uint8_t *layers;
    struct piece_hash pieces;
};

/* False if a file cannot be read or is not as it was when it was listed, which has been said.
 * Afterwards, hashed_files_free, whatever the result. */
bool hashed_files_read(struct hashed_files *hashed, const struct file_list *list,
                       enum torrent_version version, uint64_t piece_len, struct progress *progress);
void hashed_files_free(struct hashed_files *hashed);

#endif
