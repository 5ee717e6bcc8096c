/* Against a real redis-server. */
#include "cluster/engine/engine.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine_server.h"

enum { TIMEOUT_MS = 20000 };

static struct engine_server server;
static struct engine_options options;
static struct engine *engine;
static struct stream_id position;

/* What the reader was given, separated by spaces. */
static char texts[4096];
static size_t texts_len;

static void read_entry(void *context, struct bytes entry) {
    (void)context;
    texts_len += (size_t)snprintf(texts + texts_len, sizeof texts - texts_len, "%.*s ",
                                  (int)entry.len, (const char *)entry.data);
}

static void clear_texts(void) {
    texts[0] = '\0';
    texts_len = 0;
}

static void open_engine(void) {
    engine_delete(engine);
    engine = engine_create(&options);
    ck_assert_ptr_nonnull(engine);
}

static void open_url(const char *text) {
    ck_assert_ptr_null(engine_url_parse(bytes_of(text), &options.urls.list[0]));
    open_engine();
}

static void begin(void) {
    server = engine_server_start(NULL);
    options = (struct engine_options){ .prefix = "skep", .timeout_ms = TIMEOUT_MS };
    options.urls.count = 1;
    options.urls.list[0] = engine_server_url(&server);
    position = (struct stream_id){ 0 };
    clear_texts();
    open_engine();
}

static void end(void) {
    engine_delete(engine);
    engine = NULL;
    engine_server_stop(&server);
}

static void connect_engine(void) {
    ck_assert_msg(engine_connect(engine), "%s", engine_error(engine));
}

static void assert_refused(const char *reason) {
    ck_assert(!engine_connect(engine) && !engine_is_connected(engine));
    ck_assert_msg(strstr(engine_error(engine), reason) != NULL, "\"%s\", not \"%s\"",
                  engine_error(engine), reason);
}

static enum engine_result add(const char *text) {
    const struct bytes entry = bytes_of(text);
    size_t added;
    struct stream_id last;
    return engine_add(engine, &entry, 1, &added, &last);
}

static const char *read_all(void) {
    clear_texts();
    ck_assert_int_eq(engine_read(engine, &position, 100, 0, read_entry, NULL), ENGINE_DONE);
    return texts;
}

static void run(const char *command) {
    const char *reply = engine_server_run(&server, command);
    ck_assert_msg(reply[0] != '-', "%s: %s", command, reply);
}

START_TEST(entries_are_read_in_order) {
    const struct bytes entries[] = { bytes_of("a"), bytes_of("b"), bytes_of("c") };
    size_t added;
    struct stream_id last = { 0 };
    connect_engine();
    ck_assert_str_eq(read_all(), "");
    ck_assert_int_eq(engine_add(engine, entries, 3, &added, &last), ENGINE_DONE);
    ck_assert_uint_eq(added, 3);
    ck_assert_int_eq(engine_read(engine, &position, 2, 0, read_entry, NULL), ENGINE_DONE);
    ck_assert_str_eq(texts, "a b ");
    ck_assert(stream_id_before(position, last));
    ck_assert_str_eq(read_all(), "c ");
    ck_assert(!stream_id_before(position, last) && !stream_id_before(last, position));
    ck_assert_str_eq(read_all(), "");
}
END_TEST

START_TEST(blocked_read_ends_with_the_time_or_an_entry) {
    connect_engine();
    ck_assert_int_eq(engine_read(engine, &position, 9, 1, read_entry, NULL), ENGINE_DONE);
    ck_assert_str_eq(texts, "");
    ck_assert_int_eq(add("a"), ENGINE_DONE);
    ck_assert_int_eq(engine_read(engine, &position, 9, TIMEOUT_MS / 2, read_entry, NULL),
                     ENGINE_DONE);
    ck_assert_str_eq(texts, "a ");
}
END_TEST

START_TEST(wait_for_entries_is_ended_and_goes_on) {
    options.timeout_ms = 60000;
    open_engine();
    connect_engine();
    engine_wake(engine);
    ck_assert_int_eq(engine_read(engine, &position, 9, 60000, read_entry, NULL), ENGINE_DONE);
    ck_assert(engine_is_reading(engine));
    ck_assert_int_eq(add("a"), ENGINE_DONE);
    ck_assert_int_eq(engine_read(engine, &position, 9, 60000, read_entry, NULL), ENGINE_DONE);
    ck_assert(!engine_is_reading(engine));
    ck_assert_str_eq(texts, "a ");
    ck_assert_str_eq(read_all(), "");
}
END_TEST

/* A listener whose queue is full answers nothing. */
START_TEST(stop_ends_the_wait_for_a_connection) {
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t len = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(bind(listener, (struct sockaddr *)&address, len) == 0 && listen(listener, 0) == 0);
    REQUIRE(getsockname(listener, (struct sockaddr *)&address, &len) == 0);
    const int first = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(connect(first, (struct sockaddr *)&address, len) == 0);
    options.urls.list[0] = (struct engine_url){ .port = ntohs(address.sin_port) };
    snprintf(options.urls.list[0].place, ENGINE_PLACE_LEN, "127.0.0.1");
    options.timeout_ms = 60000;
    open_engine();
    engine_stop(engine);
    assert_refused("Operation canceled");
    close(first);
    close(listener);
}
END_TEST

START_TEST(prefixes_keep_clusters_apart) {
    connect_engine();
    ck_assert_int_eq(add("a"), ENGINE_DONE);
    options.prefix = "other";
    open_engine();
    connect_engine();
    ck_assert_str_eq(read_all(), "");
    run("XADD other:stream * d b");
    ck_assert_str_eq(read_all(), "b ");
}
END_TEST

START_TEST(binary_data_stays_as_it_is) {
    static const uint8_t data[] = { 0, '\r', '\n', 255, 0 };
    const struct bytes entry = { .data = data, .len = sizeof data };
    size_t added;
    struct stream_id last;
    connect_engine();
    ck_assert_int_eq(engine_add(engine, &entry, 1, &added, &last), ENGINE_DONE);
    ck_assert_int_eq(engine_push_chunk(engine, 1, entry), ENGINE_DONE);
    run("EVAL \"assert(redis.call('lindex','skep:chunks:0000000000000001',0)=="
        "redis.call('xrange','skep:stream','-','+')[1][2][2]); return 1\" 0");
}
END_TEST

START_TEST(time_is_of_the_engine) {
    uint64_t unix_ms = 0;
    connect_engine();
    ck_assert_int_eq(engine_time(engine, &unix_ms), ENGINE_DONE);
    ck_assert_uint_ge(unix_ms + 60000, (uint64_t)clock_unix_ms());
    ck_assert_uint_le(unix_ms, (uint64_t)clock_unix_ms() + 60000);
}
END_TEST

START_TEST(facts_of_the_stream_show_that_it_was_replaced) {
    struct engine_stream stream = { .length = 1 };
    connect_engine();
    ck_assert_int_eq(engine_stream(engine, &stream), ENGINE_DONE);
    ck_assert_uint_eq(stream.length, 0);
    run("XADD skep:stream 5-7 d a");
    run("XADD skep:stream 5-8 d b");
    run("XTRIM skep:stream MAXLEN 1");
    ck_assert_int_eq(engine_stream(engine, &stream), ENGINE_DONE);
    ck_assert(stream.length == 1 && stream.ever_added == 2 && stream.last.ms == 5 &&
              stream.last.number == 8);
    run("FLUSHALL");
    run("XADD skep:stream * d c");
    ck_assert_int_eq(engine_stream(engine, &stream), ENGINE_DONE);
    ck_assert_uint_eq(stream.ever_added, 1);
}
END_TEST

static void add_many(int count) {
    static char text[10000];
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(add(text), ENGINE_DONE);
}

START_TEST(stream_is_trimmed_to_bytes) {
    enum { MAX = 200000, MANY = 60 };
    struct engine_stream stream;
    uint64_t bytes;
    connect_engine();
    ck_assert_int_eq(engine_trim(engine, MAX, 0, &bytes), ENGINE_DONE);
    ck_assert_uint_eq(bytes, 0);
    add_many(MANY);
    ck_assert_int_eq(engine_trim(engine, MAX, 0, &bytes), ENGINE_DONE);
    ck_assert_uint_gt(bytes, UINT64_C(10000) * MANY);
    ck_assert_int_eq(engine_trim(engine, MAX, 0, &bytes), ENGINE_DONE);
    ck_assert_uint_le(bytes, MAX + MAX / 5);
    ck_assert_int_eq(engine_stream(engine, &stream), ENGINE_DONE);
    ck_assert(stream.length >= 10 && stream.length <= 20);
}
END_TEST

START_TEST(stream_is_trimmed_by_age) {
    uint64_t bytes;
    connect_engine();
    run("XADD skep:stream 5-7 d a");
    run("XADD skep:stream 6-0 d b");
    ck_assert_int_eq(engine_trim(engine, 1 << 20, 6, &bytes), ENGINE_DONE);
    ck_assert_str_eq(read_all(), "b ");
}
END_TEST

START_TEST(full_engine_takes_entries_after_a_trim) {
    enum engine_result result = ENGINE_DONE;
    uint64_t bytes;
    run("CONFIG SET maxmemory 3mb");
    connect_engine();
    static char text[60000];
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < 100 && result == ENGINE_DONE; i++)
        result = add(text);
    ck_assert_int_eq(result, ENGINE_FULL);
    ck_assert(engine_is_connected(engine));
    ck_assert_int_eq(engine_trim(engine, 100000, 0, &bytes), ENGINE_DONE);
    ck_assert_int_eq(add(text), ENGINE_DONE);
}
END_TEST

START_TEST(snapshot_has_one_source_and_its_chunks_in_order) {
    bool first, second, other;
    uint32_t waiting;
    connect_engine();
    ck_assert_int_eq(engine_claim_snapshot(engine, 7, &first), ENGINE_DONE);
    ck_assert_int_eq(engine_claim_snapshot(engine, 7, &second), ENGINE_DONE);
    ck_assert_int_eq(engine_claim_snapshot(engine, 8, &other), ENGINE_DONE);
    ck_assert(first && !second && other);
    ck_assert_int_eq(engine_push_chunk(engine, 7, bytes_of("a")), ENGINE_DONE);
    ck_assert_int_eq(engine_push_chunk(engine, 7, bytes_of("b")), ENGINE_DONE);
    ck_assert_int_eq(engine_count_chunks(engine, 7, &waiting), ENGINE_DONE);
    ck_assert_uint_eq(waiting, 2);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(engine_take_chunk(engine, 7, read_entry, NULL), ENGINE_DONE);
    ck_assert_str_eq(texts, "a b ");
    ck_assert_int_eq(engine_count_chunks(engine, 7, &waiting), ENGINE_DONE);
    ck_assert_uint_eq(waiting, 0);
}
END_TEST

START_TEST(keys_of_a_snapshot_expire) {
    bool claimed;
    connect_engine();
    ck_assert_int_eq(engine_claim_snapshot(engine, 7, &claimed), ENGINE_DONE);
    ck_assert_int_eq(engine_push_chunk(engine, 7, bytes_of("a")), ENGINE_DONE);
    static const char *const commands[] = {
        "PTTL skep:source:0000000000000007",
        "PTTL skep:chunks:0000000000000007",
    };
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        const long left_ms = strtol(engine_server_run(&server, commands[i]) + 1, NULL, 10);
        ck_assert(left_ms > 0 && left_ms <= ENGINE_KEYS_EXPIRE_MS);
    }
}
END_TEST

enum { SECRET_LEN = 16 };

/* `made`: whether it is expected to be the first one. */
static void share_secret(uint8_t secret[static SECRET_LEN], bool made) {
    bool found;
    ck_assert_int_eq(engine_share_secret(engine, secret, SECRET_LEN, &found), ENGINE_DONE);
    ck_assert(found == made);
}

START_TEST(first_secret_is_shared_until_it_is_replaced) {
    uint8_t first[SECRET_LEN] = "0123456789abcde";
    uint8_t second[SECRET_LEN] = "aaaaaaaaaaaaaaa";
    const uint8_t third[SECRET_LEN] = "fedcba987654321";
    connect_engine();
    share_secret(first, true);
    share_secret(second, false);
    ck_assert_str_eq((const char *)second, "0123456789abcde");
    ck_assert_int_eq(engine_replace_secret(engine, third, SECRET_LEN), ENGINE_DONE);
    share_secret(first, false);
    ck_assert_str_eq((const char *)first, "fedcba987654321");
}
END_TEST

START_TEST(value_that_is_no_secret_is_refused) {
    uint8_t secret[SECRET_LEN] = "0123456789abcde";
    bool made;
    connect_engine();
    (void)engine_server_run(&server, "SET skep:secret short");
    ck_assert_int_eq(engine_share_secret(engine, secret, SECRET_LEN, &made), ENGINE_INVALID);
    ck_assert_ptr_nonnull(strstr(engine_error(engine), "skep:secret is not a secret"));
    ck_assert_str_eq((const char *)secret, "0123456789abcde");
}
END_TEST

/* Servers that cannot be used. */

START_TEST(absent_server_is_reported_with_its_url) {
    static const char text[] = "unix:///nowhere/redis.sock";
    open_url(text);
    assert_refused("unix:///nowhere/redis.sock: No such file or directory");
    ck_assert_int_eq(add("a"), ENGINE_LOST);
}
END_TEST

START_TEST(server_is_reached_by_its_port) {
    char text[64];
    snprintf(text, sizeof text, "redis://127.0.0.1:%u/3", server.port);
    open_url(text);
    connect_engine();
    ck_assert_str_eq(engine_info(engine)->url, text);
    ck_assert_int_eq(add("a"), ENGINE_DONE);
    ck_assert_ptr_nonnull(strstr(engine_server_run(&server, "INFO keyspace"), "db3:keys="));
}
END_TEST

static void open_name_of_two_addresses(void) {
    char text[64];
    snprintf(text, sizeof text, "redis://two.test:%u", server.port);
    open_url(text);
}

START_TEST(all_addresses_of_a_name_are_tried) {
    open_name_of_two_addresses();
    connect_engine();
    ck_assert_int_eq(add("a"), ENGINE_DONE);
    ck_assert_ptr_nonnull(strstr(engine_server_run(&server, "INFO keyspace"), "db0:keys="));
}
END_TEST

START_TEST(equal_failures_of_a_name_are_reported_once) {
    open_name_of_two_addresses();
    run("CONFIG SET bind 127.0.0.2");
    assert_refused("two.test");
    const char *first = strstr(engine_error(engine), "two.test");
    ck_assert_ptr_null(strstr(first + 1, "two.test"));
}
END_TEST

START_TEST(wrong_password_is_reported) {
    run("CONFIG SET requirepass right");
    assert_refused("NOAUTH");
    strcpy(options.urls.list[0].password, "wrong");
    open_engine();
    assert_refused("WRONGPASS");
    strcpy(options.urls.list[0].password, "right");
    open_engine();
    connect_engine();
}
END_TEST

/* Otherwise skepd would be the default user, with other rights. */
START_TEST(user_without_a_password_logs_in) {
    run("ACL SETUSER node on nopass ~* +@all");
    run("ACL SETUSER other on >secret ~* +@all");
    strcpy(options.urls.list[0].user, "node");
    open_engine();
    connect_engine();
    ck_assert_ptr_nonnull(strstr(engine_server_run(&server, "CLIENT LIST"), "user=node"));
    strcpy(options.urls.list[0].user, "other");
    open_engine();
    assert_refused("WRONGPASS");
}
END_TEST

START_TEST(password_is_read_from_a_file_at_each_connect) {
    char path[64];
    snprintf(path, sizeof path, "%s/password", server.directory.path);
    options.password_file = path;
    run("ACL SETUSER node on >first ~* +@all");
    strcpy(options.urls.list[0].user, "node");
    open_engine();
    assert_refused("No such file");
    static const char *const passwords[] = { "\n", "wrong\n", "first\n" };
    static const char *const reasons[] = { "the first line is empty", "WRONGPASS" };
    for (size_t i = 0; i < COUNT_OF(passwords); i++) {
        FILE *file = fopen(path, "w");
        ck_assert_ptr_nonnull(file);
        fputs(passwords[i], file);
        ck_assert_int_eq(fclose(file), 0);
        if (i < COUNT_OF(reasons))
            assert_refused(reasons[i]);
    }
    connect_engine();
}
END_TEST

/* The rights that README.md lists. */
#define RIGHTS                                                                                     \
    "+auth +select +info +time +set +pexpire +xadd +xread +xinfo|stream +xtrim +memory|usage "     \
    "+rpush +llen +lpop"

START_TEST(user_needs_only_the_rights_that_are_listed) {
    bool claimed;
    uint64_t bytes;
    run("ACL SETUSER node on nopass ~skep:* " RIGHTS);
    strcpy(options.urls.list[0].user, "node");
    strcpy(options.urls.list[0].password, "any");
    options.urls.list[0].database = 1;
    open_engine();
    connect_engine();
    ck_assert_int_eq(add("a"), ENGINE_DONE);
    ck_assert_str_eq(read_all(), "a ");
    ck_assert_int_eq(engine_claim_snapshot(engine, 7, &claimed), ENGINE_DONE);
    ck_assert_int_eq(engine_push_chunk(engine, 7, bytes_of("b")), ENGINE_DONE);
    ck_assert_int_eq(engine_take_chunk(engine, 7, read_entry, NULL), ENGINE_DONE);
    ck_assert_int_eq(engine_trim(engine, 1, 0, &bytes), ENGINE_DONE);
}
END_TEST

START_TEST(missing_rights_are_named) {
    run("ACL SETUSER node on nopass ~skep:* " RIGHTS " -xtrim -lpop");
    strcpy(options.urls.list[0].user, "node");
    strcpy(options.urls.list[0].password, "any");
    open_engine();
    assert_refused("the user has no right to run XTRIM, LPOP with keys skep:*");
}
END_TEST

START_TEST(check_of_rights_leaves_nothing_behind) {
    connect_engine();
    ck_assert_str_eq(engine_server_run(&server, "EXISTS skep:stream"), ":0\r\n");
    ck_assert_str_eq(engine_server_run(&server, "TYPE skep:rights"), "+string\r\n");
    ck_assert_ptr_null(strstr(engine_server_run(&server, "PTTL skep:rights"), "-1"));
}
END_TEST

START_TEST(settings_that_lose_entries_are_reported) {
    connect_engine();
    ck_assert_str_eq(engine_info(engine)->warnings,
                     "appendonly is not enabled, so entries are lost when the engine restarts");
    run("CONFIG SET maxmemory-policy allkeys-lru");
    open_engine();
    connect_engine();
    ck_assert_ptr_nonnull(strstr(engine_info(engine)->warnings, "maxmemory-policy"));
}
END_TEST

START_TEST(facts_of_the_server_are_known) {
    connect_engine();
    const struct engine_info *info = engine_info(engine);
    ck_assert(info->version[0] >= '7' && strlen(info->run) == 40 && info->replicas == 0 &&
              info->used_memory > 100000);
}
END_TEST

/* Failures and failover. */

START_TEST(end_of_the_server_is_noticed_and_the_next_run_is_another_one) {
    char run_id[ENGINE_RUN_LEN];
    connect_engine();
    memcpy(run_id, engine_info(engine)->run, sizeof run_id);
    engine_server_restart(&server);
    ck_assert_int_eq(add("a"), ENGINE_LOST);
    ck_assert(!engine_is_connected(engine));
    connect_engine();
    ck_assert_str_ne(engine_info(engine)->run, run_id);
    ck_assert_int_eq(add("a"), ENGINE_DONE);
}
END_TEST

START_TEST(stopped_server_costs_a_timeout) {
    options.timeout_ms = 50;
    open_engine();
    connect_engine();
    kill(server.pid, SIGSTOP);
    const enum engine_result result = add("a");
    kill(server.pid, SIGCONT);
    ck_assert_int_eq(result, ENGINE_LOST);
    ck_assert_ptr_nonnull(strstr(engine_error(engine), "no reply within 50 ms"));
}
END_TEST

START_TEST(promoted_replica_is_found) {
    struct engine_server replica = engine_server_start(NULL);
    options.urls.count = 2;
    options.urls.list[0] = engine_server_url(&replica);
    options.urls.list[1] = engine_server_url(&server);
    open_engine();
    engine_server_follow(&replica, &server);
    connect_engine();
    ck_assert_str_eq(engine_info(engine)->url + strlen("unix://"), server.socket);
    ck_assert_ptr_nonnull(strstr(engine_info(engine)->warnings, "min-replicas-to-write"));
    ck_assert_int_eq(add("a"), ENGINE_DONE);
    engine_server_await(&replica, "XLEN skep:stream", ":1");
    ck_assert_str_eq(engine_server_run(&replica, "REPLICAOF NO ONE"), "+OK\r\n");
    run("REPLICAOF 127.0.0.1 1");
    ck_assert_int_eq(add("b"), ENGINE_LOST);
    ck_assert_ptr_nonnull(strstr(engine_error(engine), "READONLY"));
    connect_engine();
    ck_assert_str_eq(engine_info(engine)->url + strlen("unix://"), replica.socket);
    ck_assert_int_eq(add("b"), ENGINE_DONE);
    ck_assert_str_eq(read_all(), "a b ");
    engine_server_stop(&replica);
}
END_TEST

START_TEST(replica_alone_is_refused) {
    run("REPLICAOF 127.0.0.1 1");
    assert_refused("is a replica");
}
END_TEST

START_TEST(master_without_enough_replicas_is_left) {
    connect_engine();
    run("CONFIG SET min-replicas-to-write 1");
    ck_assert_int_eq(add("a"), ENGINE_LOST);
    ck_assert_ptr_nonnull(strstr(engine_error(engine), "NOREPLICAS"));
}
END_TEST

UNIT_SUITE(engine) {
    Suite *suite = suite_create("engine");
    TCase *tcase = tcase_create("engine");
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, entries_are_read_in_order);
    tcase_add_test(tcase, blocked_read_ends_with_the_time_or_an_entry);
    tcase_add_test(tcase, wait_for_entries_is_ended_and_goes_on);
    tcase_add_test(tcase, stop_ends_the_wait_for_a_connection);
    tcase_add_test(tcase, prefixes_keep_clusters_apart);
    tcase_add_test(tcase, binary_data_stays_as_it_is);
    tcase_add_test(tcase, time_is_of_the_engine);
    tcase_add_test(tcase, facts_of_the_stream_show_that_it_was_replaced);
    tcase_add_test(tcase, stream_is_trimmed_to_bytes);
    tcase_add_test(tcase, stream_is_trimmed_by_age);
    tcase_add_test(tcase, full_engine_takes_entries_after_a_trim);
    tcase_add_test(tcase, snapshot_has_one_source_and_its_chunks_in_order);
    tcase_add_test(tcase, keys_of_a_snapshot_expire);
    tcase_add_test(tcase, first_secret_is_shared_until_it_is_replaced);
    tcase_add_test(tcase, value_that_is_no_secret_is_refused);
    tcase_add_test(tcase, absent_server_is_reported_with_its_url);
    tcase_add_test(tcase, server_is_reached_by_its_port);
    tcase_add_test(tcase, all_addresses_of_a_name_are_tried);
    tcase_add_test(tcase, equal_failures_of_a_name_are_reported_once);
    tcase_add_test(tcase, wrong_password_is_reported);
    tcase_add_test(tcase, password_is_read_from_a_file_at_each_connect);
    tcase_add_test(tcase, user_without_a_password_logs_in);
    tcase_add_test(tcase, user_needs_only_the_rights_that_are_listed);
    tcase_add_test(tcase, missing_rights_are_named);
    tcase_add_test(tcase, check_of_rights_leaves_nothing_behind);
    tcase_add_test(tcase, settings_that_lose_entries_are_reported);
    tcase_add_test(tcase, facts_of_the_server_are_known);
    tcase_add_test(tcase, end_of_the_server_is_noticed_and_the_next_run_is_another_one);
    tcase_add_test(tcase, stopped_server_costs_a_timeout);
    tcase_add_test(tcase, promoted_replica_is_found);
    tcase_add_test(tcase, replica_alone_is_refused);
    tcase_add_test(tcase, master_without_enough_replicas_is_left);
    suite_add_tcase(suite, tcase);
    return suite;
}
