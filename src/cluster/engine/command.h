/* Commands to the server of an engine, and the replies to them. A failure is described in the
 * engine's error, and closes the connections if they are of no more use. Results are those of
 * engine_types.h. */
#ifndef SKEP_CLUSTER_ENGINE_COMMAND_H
#define SKEP_CLUSTER_ENGINE_COMMAND_H

#include "cluster/engine/engine_io.h"

enum { COMMAND_ARGUMENTS_MAX = 12, COMMAND_NUMBER_LEN = 24 };

/* Text or bytes, which it borrows. */
struct command {
    int count;
    const char *arguments[COMMAND_ARGUMENTS_MAX];
    size_t lens[COMMAND_ARGUMENTS_MAX];
};

void command_add_bytes(struct command *command, struct bytes bytes);
void command_add_text(struct command *command, const char *text);

/* A command of texts; the last one is NULL. */
struct command command_of(const char *const *texts);

#define COMMAND(...) command_of((const char *const[]){ __VA_ARGS__, NULL })

/* Decimal text of a number, for a command. */
void command_number(char text[static COMMAND_NUMBER_LEN], uint64_t number);

/* Adds the command to those that are sent with the next call of command_reply. */
bool command_append(struct engine *engine, const struct command *command);

/* The reply of the next command that was appended; the caller frees it. `*reply` is NULL unless
 * the result is ENGINE_DONE. */
enum engine_result command_reply(struct engine *engine, redisReply **reply);

/* Both: sends one command and waits for its reply. */
enum engine_result command_run(struct engine *engine, const struct command *command,
                               redisReply **reply);

/* For a command whose reply does not matter: whether the server has run it. */
bool command_is_done(struct engine *engine, const struct command *command);

/* For a command whose reply is a number, or nothing (0). */
enum engine_result command_run_number(struct engine *engine, const struct command *command,
                                      uint64_t *number);

/* Text of a reply, valid as long as the reply; empty if it is NULL or has none. */
struct bytes command_reply_text(const redisReply *reply);

/* Whether the reply, which may be NULL, is a list of at least `elements` elements. */
static inline bool command_reply_is_list(const redisReply *reply, size_t elements) {
    return reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements >= elements;
}

/* The reply is an error, or not what the command returns. Closes the connections if another server
 * may do better. */
enum engine_result command_refuse(struct engine *engine, const redisReply *reply);

#endif
