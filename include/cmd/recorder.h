/* The thread between the tracker's change feed and its readers: the event log, at once, and the
 * store, one commit a flush interval. Where the store fails, announces go on; it is tried again,
 * and what it missed is written anew. */
#ifndef SKEP_CMD_RECORDER_H
#define SKEP_CMD_RECORDER_H

#include "cmd/event_log.h"
#include "store/store.h"
#include "swarm/tracker.h"

struct recorder;

/* `tracker` and `store` must outlive the recorder; `store` may be NULL. NULL without memory or a
 * thread. */
struct recorder *recorder_start(struct tracker *tracker, struct store *store,
                                uint32_t flush_interval_ms, uint32_t events_per_s);

/* Records what is still pending, commits it and ends the thread. False if the last commit failed.
 * NULL is fine. */
bool recorder_stop(struct recorder *recorder);

#endif
