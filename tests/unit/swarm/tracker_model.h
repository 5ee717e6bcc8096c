/* A naive model of the tracker, and random runs that compare the two.
 *
 * The model keeps peers in one array and knows nothing of shards, zones or indexes. Two more models
 * are fed from the change feed and from a dump. After each step all of them must agree with the
 * tracker: that is the property on which the store stands. Aborts at a difference. */
#ifndef SKEP_UNIT_TRACKER_MODEL_H
#define SKEP_UNIT_TRACKER_MODEL_H

#include <stddef.h>
#include <stdint.h>

/* Runs one operation for every few bytes of `data`. */
void tracker_model_run(const uint8_t *data, size_t size);

#endif
