/* The engine of a cluster: the Redis or Valkey server that carries the stream of entries and the
 * chunks of snapshots. Only this directory uses hiredis.
 *
 * Of a list of servers, the master is used. When the connection breaks, or the server refuses
 * writes, because it has become a replica or has too few replicas, the connection is closed, and
 * engine_connect looks again. Calls block, at most `timeout_ms` for each reply, and one second
 * longer for a read that waits. One thread at a time, unless a function says otherwise. The process
 * ignores SIGPIPE. */
#ifndef SKEP_CLUSTER_ENGINE_ENGINE_H
#define SKEP_CLUSTER_ENGINE_ENGINE_H

#include "cluster/engine/engine_types.h"

struct engine;

/* Copies `options`. NULL if out of memory. Does not connect. */
struct engine *engine_create(const struct engine_options *options);
void engine_delete(struct engine *engine);

/* Connects to the master, unless connected, and checks its version, its settings and the user's
 * rights. False if there is none that can be used; engine_error says why. */
bool engine_connect(struct engine *engine);

/* engine_error stays. */
void engine_disconnect(struct engine *engine);

bool engine_is_connected(const struct engine *engine);

/* Valid while connected. */
const struct engine_info *engine_info(const struct engine *engine);

/* One line about the last failure. */
const char *engine_error(const struct engine *engine);

/* Unix time of the server in milliseconds. */
enum engine_result engine_time(struct engine *engine, uint64_t *unix_ms);

/* Adds entries to the stream, in order. `*added` is how many were added for certain; if the result
 * is ENGINE_LOST, later ones may have been added, too. `*last` is the id of the last one added. */
enum engine_result engine_add(struct engine *engine, const struct bytes *entries, size_t count,
                              size_t *added, struct stream_id *last);

typedef void (*engine_entry_reader)(void *context, struct bytes entry);

/* Passes the entries after `*position` to `reader`, at most `count`, and moves it. If there are
 * none, waits up to `wait_ms` for them, or until engine_wake. After a wait without a reply the
 * read stays open, at the same position, and the next call takes the reply: engine_is_reading. */
enum engine_result engine_read(struct engine *engine, struct stream_id *position, uint32_t count,
                               uint32_t wait_ms, engine_entry_reader reader, void *context);

/* Whether the reply to a read is still to come. */
bool engine_is_reading(const struct engine *engine);

/* Ends the wait of engine_read, or of the next one. Any thread. */
void engine_wake(struct engine *engine);

/* From now on, engine_connect does not wait for a connection, and no call longer than half a second
 * for a reply. Any thread. */
void engine_stop(struct engine *engine);

/* Zeros if there is no stream. */
enum engine_result engine_stream(struct engine *engine, struct engine_stream *stream);

/* Removes the oldest entries: those before the id `oldest_ms`, and as many as exceed `bytes_max` of
 * memory. `*bytes` is what the stream used before. */
enum engine_result engine_trim(struct engine *engine, uint64_t bytes_max, uint64_t oldest_ms,
                               uint64_t *bytes);

/* Stores a secret of the cluster, unless one is stored; `secret` is then the stored one. `*made`:
 * none was stored. ENGINE_INVALID: another value is stored. */
enum engine_result engine_share_secret(struct engine *engine, uint8_t *secret, size_t len,
                                       bool *made);

/* Replaces the stored secret. */
enum engine_result engine_replace_secret(struct engine *engine, const uint8_t *secret, size_t len);

/* Snapshots, by the id of their request. The first node that claims one is its source. A claim and
 * the chunks expire ENGINE_KEYS_EXPIRE_MS after the last engine_push_chunk. */
enum engine_result engine_claim_snapshot(struct engine *engine, uint64_t request, bool *claimed);
enum engine_result engine_count_chunks(struct engine *engine, uint64_t request, uint32_t *waiting);
enum engine_result engine_push_chunk(struct engine *engine, uint64_t request, struct bytes chunk);

/* Removes the oldest chunk and passes it to `reader`; does not call it if none waits. */
enum engine_result engine_take_chunk(struct engine *engine, uint64_t request,
                                     engine_entry_reader reader, void *context);

#endif
