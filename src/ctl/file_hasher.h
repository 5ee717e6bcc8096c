/* Hashes the files of a list for a torrent. */
#ifndef SKEP_CTL_FILE_HASHER_H
#define SKEP_CTL_FILE_HASHER_H

#include "ctl/file_list.h"
#include "ctl/progress.h"
#include "torrent/piece_hash.h"

struct hashed_files {
    struct torrent_entry *entries; /* one per file; they borrow the list and `layers` */
    size_t count;
    uint8_t *layers;
    struct piece_hash pieces;
};

/* False if a file cannot be read or has changed since it was listed, which is printed. Call
 * hashed_files_free afterwards, whatever the result. */
bool hashed_files_read(struct hashed_files *hashed, const struct file_list *list,
                       enum torrent_version version, uint64_t piece_len, struct progress *progress);
void hashed_files_free(struct hashed_files *hashed);

#endif
