/* Commands to the server of an engine, and the replies to them. A failure is described in the
 * engine's error, and closes the connections if they are of no more use. Results are those of
 * engine_types.h. */
#ifndef SKEP_CLUSTER_ENGINE_COMMAND_H
#define SKEP_CLUSTER_ENGINE_COMMAND_H

#include <hiredis/hiredis.h>
#include <limits.h>
#include <poll.h>

#include "cluster/engine/engine_types.h"

enum {
    COMMAND_ARGUMENTS_MAX = 12,
    COMMAND_NUMBER_LEN = 24,
    ENGINE_KEY_LEN = ENGINE_PREFIX_LEN + 32,
};

struct engine {
    struct engine_options options;
    char password_file[PATH_MAX];
    char prefix[ENGINE_PREFIX_LEN];
    char stream[ENGINE_KEY_LEN];
    redisContext *connection;
    redisContext *reading; /* a second connection, for reads that wait */
    bool asked;            /* a read is waiting */
    uint64_t asked_ms;
    int wake; /* eventfd */
    _Atomic bool stopping;
    size_t next; /* in the list of URLs: where to look first */
    struct engine_info info;
    char error[ERROR_LEN];
};

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
bool command_reply_is_list(const redisReply *reply, size_t elements);

/* A connection has failed: closes both. Always ENGINE_LOST. */
enum engine_result command_lose(struct engine *engine);

/* There was no reply for so long: closes both. Always ENGINE_LOST. */
enum engine_result command_time_out(struct engine *engine, uint32_t waited_ms);

/* The reply is an error, or not what the command returns. Closes the connections if another server
 * may do better. */
enum engine_result command_refuse(struct engine *engine, const redisReply *reply);

/* Closes the connections, if there are any. */
void command_close(struct engine *engine);

/* Ends the wait of command_wait, or of the next one. Any thread. */
void command_wake(struct engine *engine);

/* Waits until `fd` is ready, or until command_wake; false: it is not ready. */
bool command_wait(struct engine *engine, int fd, short events, uint64_t wait_ms);

#endif
