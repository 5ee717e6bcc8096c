/* Secrets that are kept over a restart, such as the key of UDP's connection ids. */
#ifndef SKEP_STORE_SECRET_H
#define SKEP_STORE_SECRET_H

#include <stddef.h>

#include "store/connection.h"

/* Replaces the secret `name` (up to 31 characters) by `secret` of `len` (up to 64) bytes, in the
 * open transaction, and copies the earlier one to `previous`. `*existed`: there was one of that
 * length. False if SQLite fails. */
bool secret_exchange(struct connection *connection, const char *name, const void *secret,
                     void *previous, size_t len, bool *existed);

#endif
