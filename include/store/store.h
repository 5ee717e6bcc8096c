/* The durable copy of the swarms: one SQLite file, written behind.
 *
 * It is a reader of the change feed. Changes are collected in one transaction, which its owner
 * commits from time to time; what is committed is there again after a restart, clean or not. One
 * thread at a time. */
#ifndef SKEP_STORE_STORE_H
#define SKEP_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "swarm/feed.h"

enum { STORE_ERROR_LEN = 512 };

struct store;

/* Opens or creates the file, and takes it forward to our schema. NULL and one line in `error` if
 * that cannot be done; then nothing in it was changed. The file stays ours until store_close: a
 * second store_open, from any process, is refused. */
struct store *store_open(const char *path, char error[static STORE_ERROR_LEN]);

/* Drops what was not committed. NULL is fine. */
void store_close(struct store *store);

/* Hands every torrent and peer to `restore`, as changes; stops early where that returns false.
 * False if the file could not be read to its end; the reason is logged. */
bool store_restore(struct store *store, bool (*restore)(void *context, const struct change *change),
                   void *context);

/* Applies changes, in order, to the open transaction, which it begins if there is none. False if
 * SQLite refuses; then the whole transaction is rolled back and the reason is in store_failure. */
bool store_apply(struct store *store, const struct change *changes, size_t count);

/* Begins to write everything anew: forgets, in the open transaction, all that is stored. */
bool store_clear(struct store *store);

/* Makes the open transaction durable. True also where there is none. */
bool store_commit(struct store *store);

/* Changes in the open transaction. */
size_t store_pending(const struct store *store);

/* Puts the secret of that name in the place of the one before, which it hands out: `*was_there`
 * says whether there was one of that length. Commits at once. False if SQLite refuses. */
bool store_exchange_secret(struct store *store, const char *name, const void *secret,
                           void *previous, size_t len, bool *was_there);

/* Why the last call failed. */
const char *store_failure(const struct store *store);

#endif
