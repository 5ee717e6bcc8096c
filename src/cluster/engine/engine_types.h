/* The options of an engine, its facts, and the results of its calls. */
#ifndef SKEP_CLUSTER_ENGINE_ENGINE_TYPES_H
#define SKEP_CLUSTER_ENGINE_ENGINE_TYPES_H

#include "base/bytes.h"
#include "base/error.h"
#include "cluster/engine/engine_url.h"

enum {
    ENGINE_PREFIX_LEN = 64,
    ENGINE_RUN_LEN = 48,
    ENGINE_VERSION_LEN = 48,
    ENGINE_KEYS_EXPIRE_MS = 30000, /* of a snapshot without progress */
};

struct engine_options {
    struct engine_urls urls;
    const char *password_file; /* read at each connect; NULL or empty: the URLs have it */
    const char *prefix;        /* of all keys */
    uint32_t timeout_ms;
};

/* Id of an entry in the stream; later ones are greater. */
struct stream_id {
    uint64_t ms;
    uint64_t number;
};

static inline bool stream_id_before(struct stream_id a, struct stream_id b) {
    return a.ms != b.ms ? a.ms < b.ms : a.number < b.number;
}

static inline bool stream_id_equal(struct stream_id a, struct stream_id b) {
    return a.ms == b.ms && a.number == b.number;
}

struct engine_stream {
    uint64_t length;
    uint64_t ever_added;   /* decreases only if the stream has been replaced */
    struct stream_id last; /* greatest id ever given */
};

enum engine_result {
    ENGINE_DONE,
    ENGINE_FULL,    /* out of memory: trim the stream */
    ENGINE_REFUSED, /* another error; the connection stays */
    ENGINE_INVALID, /* what is stored there is not what is expected; the same */
    ENGINE_LOST,    /* there is no connection any more */
};

/* Facts about the connected server. */
struct engine_info {
    char url[ENGINE_URL_TEXT_LEN];
    bool is_valkey;
    char version[ENGINE_VERSION_LEN];
    char run[ENGINE_RUN_LEN]; /* another one after each restart, and on another server */
    uint64_t used_memory;
    uint32_t replicas;
    char warnings[ERROR_LEN]; /* settings that may lose entries; empty: none */
};

#endif
