/* The answers of a node to outdated records of others. A node that sends its entries again sends
 * many records that are outdated by now; all other nodes answer, and send the answers again in
 * turn. So an answer is not repeated while the first one is still to come in the stream: a node
 * that gets the outdated record gets the answer, too. Of constant size; when it forgets one, an
 * answer is repeated. Not locked. */
#ifndef SKEP_CLUSTER_ANSWERS_H
#define SKEP_CLUSTER_ANSWERS_H

#include "base/keyed_hash.h"
#include "cluster/record.h"

enum { ANSWERS = 1 << 14 };

struct answer {
    uint64_t hash;
    uint64_t number;
};

struct answers {
    struct hash_key key;
    struct answer list[ANSWERS];
};

/* Whether to send the answer: not if it is on its way. `read`: number of the last own entry that
 * was read back; `next`: number of the next one, at the earliest, which will have the answer. */
bool answers_add(struct answers *answers, const struct record *answer, uint64_t read,
                 uint64_t next);

/* The numbers begin again. */
void answers_clear(struct answers *answers);

#endif
