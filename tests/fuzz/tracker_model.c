/* The tracker against a naive model: bytes choose the operations. */
#include "swarm/tracker_model.h"

#include "fuzz.h"

int fuzz_tracker_model(const uint8_t *data, size_t size) {
    tracker_model_run(data, size);
    return 0;
}
