/* What libFuzzer calls, in a program with one target. */
#include "fuzz.h"

struct fuzz_target *fuzz_targets;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_targets->run(data, size);
    return 0;
}
