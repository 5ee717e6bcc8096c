/* A redis-server of a test, or a valkey-server if there is none, on a Unix socket and a free port.
 */
#ifndef SKEP_UNIT_CLUSTER_ENGINE_SERVER_H
#define SKEP_UNIT_CLUSTER_ENGINE_SERVER_H

#include <sys/types.h>

#include "cluster/engine/engine.h"
#include "support.h"

struct engine_server {
    struct directory directory;
    char socket[64];
    uint16_t port;
    pid_t pid;
};

/* `options`: more arguments of the server, NULL-terminated, or NULL. Ends with the test. */
struct engine_server engine_server_start(const char *const *options);
void engine_server_stop(struct engine_server *server);

/* Stops it without a goodbye and starts it again, empty. */
void engine_server_restart(struct engine_server *server);

/* Runs a command; returns the reply, as the protocol has it, in a buffer that the next call
 * overwrites. */
const char *engine_server_run(const struct engine_server *server, const char *command);

/* Until the reply to a command contains `text`. */
void engine_server_await(const struct engine_server *server, const char *command, const char *text);

/* Makes it a replica of the other one, and waits until it has its data. */
void engine_server_follow(const struct engine_server *server, const struct engine_server *master);

struct engine_url engine_server_url(const struct engine_server *server);

#endif
