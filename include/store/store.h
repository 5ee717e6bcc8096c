/* The durable copy of the swarms: one SQLite file, written behind.
 *
 * It is a reader of the change feed. Changes are collected in one transaction, which its owner
 * commits from time to time; what is committed is there again after a restart, clean or not. After
 * a failure the store is stale: changes are missing in it, and its owner writes everything anew.
 * No call waits longer than a quarter of a second for whoever else has locked the file. One thread
 * at a time. */
#ifndef SKEP_STORE_STORE_H
#define SKEP_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "swarm/change_feed.h"

enum { STORE_CHANGES_WAITING_MAX = 8192 };

struct store;
struct history_writer;

/* Opens or creates the file, and takes it forward to our schema. NULL and one line in `error` if
 * that cannot be done; then nothing in it was changed. The file stays ours until store_close: a
 * second store_open, from any process, is refused. Where the file is ours but damaged, it is kept
 * aside under a dated name and a new one is begun, with what can be read of the registry, the
 * secrets and the history; the log says so as an error. */
struct store *store_open(const char *path, char error[static ERROR_LEN]);

/* Drops what was not committed. NULL is fine. */
void store_close(struct store *store);

/* Hands every torrent and peer to `restore`, as changes; stops early where that returns false.
 * Where the file turns out to be damaged, hands out what can be read, and goes on with a new file
 * as store_open does. False if the file could not be read for another reason, or no new one begun.
 */
bool store_restore(struct store *store, bool (*restore)(void *context, const struct change *change),
                   void *context);

/* Makes sure that the file is still the one at its path, and usable as far as one can tell: opens
 * it again where it was deleted, replaced, or failed in a way that this may mend; then the store is
 * stale. To be called before a commit. False if there is no such file to be had for now. */
bool store_refresh(struct store *store);

/* Whether changes are missing in the store, so that everything must be written anew. */
bool store_is_stale(const struct store *store);
void store_mark_stale(struct store *store);

/* Takes changes, in order. They wait in memory for store_commit, so that others can write to the
 * database meanwhile; where more than STORE_CHANGES_WAITING_MAX wait, they are written into a
 * transaction that stays open, and a commit is due. False if SQLite refuses; then what was not
 * committed is lost, the store is stale, and the reason is in store_failure. */
bool store_apply(struct store *store, const struct change *changes, size_t count);

/* Begins to write everything anew: forgets, in the open transaction, all that is stored of the
 * swarms. The store is no longer stale. False as store_apply. */
bool store_clear(struct store *store);

/* Writes what waits, changes and history, and makes it durable with the rest of the open
 * transaction. True also where there is nothing. False as store_apply. */
bool store_commit(struct store *store);

/* Changes that are in no commit yet. */
size_t store_pending(const struct store *store);

/* Whether a transaction is open, which keeps everybody else from writing until it is committed. */
bool store_is_writing(const struct store *store);

/* Puts the secret of that name (up to 31 characters, up to 64 bytes) in the place of the one
 * before, which it hands out: `*existed` says whether there was one of that length. Commits at
 * once. False if SQLite refuses. One secret, the last, is put into a new file as well. */
bool store_exchange_secret(struct store *store, const char *name, const void *secret,
                           void *previous, size_t len, bool *existed);

/* The queue of the history, which store_commit writes as well. Owned by the store. */
struct history_writer *store_history(struct store *store);

/* Why the last call failed. */
const char *store_failure(const struct store *store);

/* Of SQLite, as it runs; "3.40.1". */
const char *store_library_version(void);

#endif
