/* Reads the files of a list and hashes them for a torrent. */
#ifndef SKEP_CTL_FILE_HASHER_H
#define SKEP_CTL_FILE_HASHER_H

#include "ctl/file_list.h"
#include "ctl/progress.h"
#include "torrent/piece_hash.h"

struct hashed_files {
    struct torrent_entry *entries; /* one per file; borrow the file list and `layers` */
    size_t count;
    uint8_t *layers;
    struct piece_hash pieces;
};

/* Returns false and prints the error if a file cannot be read or has changed since it was listed.
 * The caller frees `hashed` even on failure. */
bool file_hasher_read(struct hashed_files *hashed, const struct file_list *list,
                      enum torrent_version version, uint64_t piece_len, struct progress *progress);
void file_hasher_free(struct hashed_files *hashed);

#endif
