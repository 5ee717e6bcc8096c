/* The tracker against a naive model: bytes choose the operations. */
#include "swarm/tracker_model.h"

#include "fuzz.h"

FUZZ_TARGET(tracker_model, 1) {
    tracker_model_run(data, size);
}
