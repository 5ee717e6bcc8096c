/* The durable copy of the swarms: one SQLite file, written with a delay.
 *
 * Changes are collected in memory and appended to a log, a table of the file, in one transaction at
 * each store_commit. Committed changes survive a restart, a crash and a power failure. The log is
 * merged into the rows of peers and torrents part by part (store_merge_log). After a failed write
 * the store is stale: changes are missing, and its owner must rewrite everything (store_clear). A
 * call waits at most 250 ms for another process that has locked the file. One thread at a time. */
#ifndef SKEP_STORE_STORE_H
#define SKEP_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "store/cluster_rows.h"
#include "swarm/change_feed.h"

enum { STORE_RANGES = 16 }; /* parts of the log */

struct store;
struct history_writer;
struct registry;

/* Opens or creates the file, locks it and migrates its schema. Returns NULL and one line in `error`
 * if that fails; the file is then unchanged. Until store_close, a second store_open of the file
 * fails in any process. If the file is a damaged skep database, it is renamed to a dated name and a
 * new file is created with the readable part of the registry, the secrets and the history; this is
 * logged as an error. */
struct store *store_open(const char *path, char error[static ERROR_LEN]);

/* Like store_open, and creates the file's directory if it is missing, now and later: one level,
 * such as ./var. */
struct store *store_open_default(const char *path, char error[static ERROR_LEN]);

/* Until store_close, the file is that of a node of a cluster: skepctl does not write to it
 * (registry_rows_is_of_cluster), and it keeps the download counts of the cluster. False if out of
 * memory. */
bool store_join_cluster(struct store *store);

/* The file is used without a cluster. False if the database cannot be written; see store_failure.
 */
bool store_leave_cluster(struct store *store);

/* Download counts of the cluster, which store_commit writes, too. Owned by the store. NULL unless
 * store_join_cluster was called. */
struct cluster_rows *store_cluster(struct store *store);

/* As cluster_rows_read. Before other threads use the store. */
bool store_read_cluster(struct store *store, const struct cluster_rows_reader *reader,
                        enum cluster_counts *counts);

/* Discards uncommitted changes. NULL is ignored. */
void store_close(struct store *store);

/* Calls `restore` with all torrents and peers, as changes, until it returns false; from up to
 * `threads` threads at the same time. The changes of a call have one info_hash. A torrent comes
 * before its peers, on the same thread.
 * If the file is damaged, passes on the readable part and continues with a new file as store_open
 * does. False if the file could not be read for another reason, or no new one could be created; see
 * store_failure. */
bool store_restore(struct store *store, unsigned threads,
                   bool (*restore)(void *context, const struct change *changes, size_t count),
                   void *context);

/* Call before a commit. Checks that the open file is still the file at its path. If it was deleted
 * or replaced, or if the last failure may be cured by it, opens the path again; the store is then
 * stale. False if the file cannot be used for now; see store_failure. */
bool store_refresh(struct store *store);

/* True if changes are missing, so that everything must be rewritten. */
bool store_is_stale(const struct store *store);
void store_mark_stale(struct store *store);

/* Adds changes, in order; CHANGE_TORRENT_LOST removes all peers of the torrent. They are queued in
 * memory until store_commit, so that other processes can write to the database in between. When the
 * queue has 2 MiB it is written to a transaction that stays open, and the owner should commit soon.
 * False if SQLite fails or out of memory: then all uncommitted changes are lost, the store is
 * stale, and the reason is in store_failure. */
bool store_apply(struct store *store, const struct change *changes, size_t count);

/* Starts a full rewrite: deletes all torrents and peers in the open transaction, and clears the
 * stale flag. The owner then applies the whole state of the swarms. False as store_apply. */
bool store_clear(struct store *store);

/* Writes the changes of the next `ranges` parts of the log to the rows of peers and torrents, in
 * the open transaction. Each takes 0.2 s at most, or remains the next one if it is larger. False as
 * store_apply. */
bool store_merge_log(struct store *store, unsigned ranges);

/* Whether the last call has merged a part of a range only; the next one begins with the rest. */
bool store_is_merging(const struct store *store);

/* Size of the log in bytes, without that of an earlier process. */
size_t store_log_size(const struct store *store);

/* Writes the queued changes and the queued history, and commits. True also if both are empty. False
 * as store_apply. */
bool store_commit(struct store *store);

/* Number of changes that are not committed. */
size_t store_pending(const struct store *store);

/* True if a transaction is open: it blocks all other writers until it is committed. */
bool store_is_writing(const struct store *store);

/* Stores the secret `name` (up to 31 characters) of `len` (up to 64) bytes and copies the earlier
 * value to `previous`. `*existed`: there was one of that length. Commits at once. False as
 * store_apply. */
bool store_exchange_secret(struct store *store, const char *name, const void *secret,
                           void *previous, size_t len, bool *existed);

/* Loads the registry from the database, and keeps it for store_sync_registry. Borrows it. False if
 * it cannot be read; see store_failure. */
bool store_load_registry(struct store *store, struct registry *registry);

/* Writes the registry's queued edits and settles them, or loads what another process has changed.
 * An edit that cannot be written is rolled back; if another process has locked the file, after 5 s.
 * Call it often, between commits. `now_ms` is clock_now_ms(). */
void store_sync_registry(struct store *store, uint64_t now_ms);

/* Path of the file, the same until store_close; any thread. Owned by the store. NULL if `store` is
 * NULL. */
const char *store_path(const struct store *store);

/* The queue of the history, which store_commit writes, too. Owned by the store. */
struct history_writer *store_history(struct store *store);

/* Reason of the last failure. */
const char *store_failure(const struct store *store);

/* Version of the SQLite library in use, such as "3.40.1". */
const char *store_library_version(void);

#endif
