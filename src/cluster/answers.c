#include "cluster/answers.h"

#include <string.h>

bool answers_add(struct answers *answers, const struct record *answer, uint64_t read,
                 uint64_t next) {
    uint8_t data[RECORD_MAX + 2];
    struct record content = *answer;
    struct writer w = writer_on(data, sizeof data);
    /* Of a counter, the stamp is that of the outdated record. */
    if (answer->kind == RECORD_COUNTER)
        content.stamp = 0;
    record_write(&w, &content);
    const uint64_t hash = keyed_hash(&answers->key, w.data, w.len);
    struct answer *known = &answers->list[hash % ANSWERS];
    if (known->hash == hash && known->number > read)
        return false;
    *known = (struct answer){ hash, next };
    return true;
}

void answers_clear(struct answers *answers) {
    memset(answers->list, 0, sizeof answers->list);
}
