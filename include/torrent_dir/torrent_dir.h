/* The directory of torrents (access.torrent_dir): each .torrent file in it and below is registered,
 * with its name and its file, as long as it is there. Names that begin with a dot are ignored,
 * links are followed.
 *
 * A thread scans the directory as soon as inotify reports a change, once the change is complete,
 * and every minute, because a network file system reports none. A file that has become invalid
 * counts with its earlier content for a second, in case it is being written; an invalid file is
 * logged once. If the directory cannot be read, everything stays registered. */
#ifndef SKEP_TORRENT_DIR_TORRENT_DIR_H
#define SKEP_TORRENT_DIR_TORRENT_DIR_H

#include "base/error.h"
#include "swarm/tracker.h"

enum { TORRENT_DIR_PATH_LEN = 4096 };

struct torrent_dir;

/* Registers the torrents of the directory at `path`, empty for none, and starts the thread. NULL,
 * with one line in `error`, if the directory cannot be read. `tracker` must outlive the result. */
struct torrent_dir *torrent_dir_start(struct tracker *tracker, const char *path,
                                      char error[static ERROR_LEN]);

/* Ends the thread. The torrents stay registered. NULL is ignored. */
void torrent_dir_stop(struct torrent_dir *dir);

/* Uses another directory, or scans the same one again; returns when that is done. If it cannot be
 * read, logs it and keeps the registered torrents until it can. One thread at a time, and not
 * during torrent_dir_stop(). */
void torrent_dir_apply(struct torrent_dir *dir, const char *path);

/* Copies the path of the file that registers a torrent. False if there is none. Any thread; `dir`
 * may be NULL. */
bool torrent_dir_find(struct torrent_dir *dir, const uint8_t info_hash[static INFO_HASH_LEN],
                      char path[static TORRENT_DIR_PATH_LEN]);

/* Reads the file that registers a torrent; the caller frees it. NULL if there is none, or if it can
 * no longer be read as the file of this torrent. Any thread; `dir` may be NULL. */
uint8_t *torrent_dir_read(struct torrent_dir *dir, const uint8_t info_hash[static INFO_HASH_LEN],
                          size_t *len);

#endif
