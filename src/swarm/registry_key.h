/* Keys of the registry's entries. Pure. */
#ifndef SKEP_SWARM_REGISTRY_KEY_H
#define SKEP_SWARM_REGISTRY_KEY_H

#include "swarm/registry.h"

/* The length of a key, and the key of a row. */
size_t registry_key_len(enum registry_kind kind);
const uint8_t *registry_row_key(const struct registry_row *row);

#endif
