/* Writes the registry behind its copy in memory: one transaction for all queued edits. Loads it if
 * another process has changed the database. Used by store.c, with its connection, on its thread. */
#ifndef SKEP_STORE_REGISTRY_WRITER_H
#define SKEP_STORE_REGISTRY_WRITER_H

#include "store/connection.h"
#include "store/registry_query.h"
#include "swarm/registry.h"

struct registry_writer {
    struct registry *registry; /* NULL: none */
    struct registry_rows rows; /* borrows the store's connection */
    int64_t data_version;      /* of SQLite, when the database was last seen to be unchanged */
    int64_t registry_version;  /* of the rows that memory has */
    uint64_t waiting_since_ms; /* the first attempt to write the queued edits; 0: none */
    uint64_t failed_ms;        /* the last load or write that failed; 0: none */
};

/* Loads the whole registry. False if it cannot be read; see rows.failure. */
bool registry_writer_load(struct registry_writer *writer, struct connection *connection);

/* Writes what is queued, or looks for changes of other processes. `connection` is NULL if there is
 * none now; the reason is in rows.failure. `now_ms` is clock_now_ms(). An
 * edit that cannot be written at once, or for 5 s because another process has locked the database,
 * is rolled back with all later ones; changes of other nodes are tried again each second. */
void registry_writer_sync(struct registry_writer *writer, struct connection *connection,
                          uint64_t now_ms);

#endif
