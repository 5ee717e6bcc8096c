/* What a server must be and allow to carry a cluster. */
#ifndef SKEP_CLUSTER_ENGINE_SERVER_CHECKS_H
#define SKEP_CLUSTER_ENGINE_SERVER_CHECKS_H

#include "cluster/engine/engine_types.h"

struct engine;

/* Fills the facts about the connected server. False if it is not a master of a supported version,
 * or if the connection has failed; engine_error says why. */
bool server_checks_facts(struct engine *engine);

/* Whether the user may run all commands that a node needs. */
bool server_checks_rights(struct engine *engine);

#endif
