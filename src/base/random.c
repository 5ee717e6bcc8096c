#include "base/random.h"

#include <errno.h>
#include <sys/random.h>

bool random_secret(void *data, size_t len) {
    uint8_t *p = data;
    while (len > 0) {
        const ssize_t got = getrandom(p, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        p += got;
        len -= (size_t)got;
    }
    return true;
}

uint64_t random_next(struct random *random) {
    random->state += 0x9e3779b97f4a7c15;
    uint64_t z = random->state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

uint32_t random_below(struct random *random, uint32_t bound) {
    /* The upper half of a 32 x 32 bit product scales without a division. For real swarm sizes the
     * bias is below a thousandth of a peer's share. */
    return (uint32_t)((random_next(random) >> 32) * bound >> 32);
}
