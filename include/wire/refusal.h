/* The words for a refusal, the same on every wire. */
#ifndef SKEP_WIRE_REFUSAL_H
#define SKEP_WIRE_REFUSAL_H

#include "swarm/announce.h"

/* A short English sentence; never NULL. */
const char *refusal_text(enum announce_result result);

#endif
