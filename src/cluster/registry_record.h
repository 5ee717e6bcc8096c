/* Changes of the registry as records: rows and marks to bytes and back. Pure. */
#ifndef SKEP_CLUSTER_REGISTRY_RECORD_H
#define SKEP_CLUSTER_REGISTRY_RECORD_H

#include "cluster/record.h"
#include "swarm/registry.h"

struct registry_record_bytes {
    uint8_t key[REGISTRY_KEY_MAX];
    uint8_t value[REGISTRY_VALUE_MAX];
};

/* The record of a row and its mark; it borrows `bytes`. `node`: the id of this node, which has the
 * .torrent file unless the row names another one. */
struct record registry_record_make(const struct registry_row *row, const struct registry_mark *mark,
                                   uint64_t node, struct registry_record_bytes *bytes);

/* The reverse. False if the record is invalid; then the outputs are undefined. */
bool registry_record_read(const struct record *record, uint64_t node, struct registry_row *row,
                          struct registry_mark *mark);

#endif
