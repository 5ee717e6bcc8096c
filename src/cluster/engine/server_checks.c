#include "cluster/engine/server_checks.h"

#include <stdio.h>

#include "base/utf8.h"
#include "cluster/engine/command.h"

/* Value of a line "NAME:VALUE" of INFO; empty if there is none. */
static struct bytes find_info(struct bytes info, const char *name) {
    while (info.len > 0) {
        struct bytes value = bytes_split(&info, '\n');
        const struct bytes found = bytes_split(&value, ':');
        if (bytes_equal(found, bytes_of(name)))
            return utf8_trim(value);
    }
    return bytes_of("");
}

static uint64_t find_number(struct bytes info, const char *name) {
    uint64_t number = 0;
    (void)bytes_to_u64(find_info(info, name), &number);
    return number;
}

static bool info_is(struct bytes info, const char *name, const char *value) {
    return bytes_equal(find_info(info, name), bytes_of(value));
}

static void copy_info(struct bytes info, const char *name, char *text, size_t size) {
    const struct bytes value = find_info(info, name);
    snprintf(text, size, "%.*s", (int)value.len, (const char *)value.data);
}

/* The first two numbers of a version. */
static uint64_t version_number(const char *version) {
    struct bytes rest = bytes_of(version);
    uint64_t major = 0, minor = 0;
    (void)bytes_to_u64(bytes_split(&rest, '.'), &major);
    (void)bytes_to_u64(bytes_split(&rest, '.'), &minor);
    return major * 1000 + minor;
}

static void warn(struct engine_info *info, const char *text) {
    const size_t len = strlen(info->warnings);
    snprintf(info->warnings + len, sizeof info->warnings - len, "%s%s", len > 0 ? "; " : "", text);
}

static void check_settings(struct engine_info *found, struct bytes info) {
    found->warnings[0] = '\0';
    if (!info_is(info, "maxmemory_policy", "noeviction"))
        warn(found, "maxmemory-policy must be noeviction, or keys of the cluster are evicted");
    if (!info_is(info, "aof_enabled", "1"))
        warn(found, "appendonly is not enabled, so entries are lost when the engine restarts");
    if (found->replicas > 0 && find_info(info, "min_slaves_good_slaves").len == 0)
        warn(found, "min-replicas-to-write is not set, so a failover may lose entries");
}

/* Fills the facts; false if the server cannot be used. */
static bool read_info(struct engine *engine, struct bytes info) {
    struct engine_info *found = &engine->info;
    found->is_valkey = info_is(info, "server_name", "valkey");
    copy_info(info, found->is_valkey ? "valkey_version" : "redis_version", found->version,
              sizeof found->version);
    copy_info(info, "run_id", found->run, sizeof found->run);
    found->used_memory = find_number(info, "used_memory");
    found->replicas = (uint32_t)find_number(info, "connected_slaves");
    check_settings(found, info);
    if (info_is(info, "loading", "1"))
        return error_set(engine->error, "%s is loading its data", found->url);
    if (!info_is(info, "role", "master"))
        return error_set(engine->error,
                         "%s is a replica: add the URL of its master to cluster.engine",
                         found->url);
    if (info_is(info, "redis_mode", "cluster"))
        return error_set(engine->error, "%s: Redis Cluster is not supported", found->url);
    if (version_number(found->version) < (found->is_valkey ? 7002 : 7000))
        return error_set(engine->error, "%s: %s %s is too old: Redis 7 or Valkey 7.2 is required",
                         found->url, found->is_valkey ? "Valkey" : "Redis", found->version);
    return true;
}

bool server_checks_facts(struct engine *engine) {
    redisReply *reply;
    const struct command command = COMMAND("INFO");
    if (command_run(engine, &command, &reply) != ENGINE_DONE)
        return false;
    const bool good = read_info(engine, command_reply_text(reply));
    freeReplyObject(reply);
    return good;
}

static enum engine_result run_and_look(struct engine *engine, const struct command *command,
                                       struct writer *denied) {
    redisReply *reply;
    const enum engine_result result = command_run(engine, command, &reply);
    freeReplyObject(reply);
    if (result != ENGINE_REFUSED || strstr(engine->error, ": NOPERM") == NULL)
        return result;
    if (denied->len > 0)
        writer_put_text(denied, ", ");
    writer_put_text(denied, command->arguments[0]);
    return ENGINE_DONE;
}

/* Runs each command on a key with a string, which expires soon: commands for streams and lists fail
 * without effect. The server checks the user's rights before the type of the key. */
bool server_checks_rights(struct engine *engine) {
    char key[ENGINE_KEY_LEN];
    char text[ERROR_LEN];
    struct writer denied = writer_on((uint8_t *)text, sizeof text - 1);
    snprintf(key, sizeof key, "%s:rights", engine->prefix);
    const struct command commands[] = {
        COMMAND("SET", key, "1", "NX", "PX", "10000", "GET"),
        COMMAND("TIME"),
        COMMAND("PEXPIRE", key, "10000"),
        COMMAND("XADD", key, "NOMKSTREAM", "*", "d", ""),
        COMMAND("XREAD", "COUNT", "1", "STREAMS", key, "0"),
        COMMAND("XINFO", "STREAM", key),
        COMMAND("XTRIM", key, "MAXLEN", "1000000"),
        COMMAND("MEMORY", "USAGE", key),
        COMMAND("RPUSH", key, ""),
        COMMAND("LLEN", key),
        COMMAND("LPOP", key),
    };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (run_and_look(engine, &commands[i], &denied) == ENGINE_LOST)
            return false;
    }
    text[denied.len] = '\0';
    return denied.len == 0 ||
           error_set(
               engine->error,
               "%s: the user has no right to run %s with keys %s:*; grant it with ACL SETUSER",
               engine->info.url, text, engine->prefix);
}
