/* The swarms of older databases, which had a row for each torrent and for each peer. */
#ifndef SKEP_STORE_SWARM_PACKING_H
#define SKEP_STORE_SWARM_PACKING_H

#include <sqlite3.h>

/* Defines an SQL function without arguments, pack_swarms, which writes the rows of the tables
 * `torrent` and `peer` to the table `swarm`, see swarm_rows.h. It leaves out rows that no tracker
 * has written. Returns SQLite's result. */
int swarm_packing_define(sqlite3 *db);

#endif
