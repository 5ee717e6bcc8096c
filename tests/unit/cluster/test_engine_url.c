#include "cluster/engine/engine_url.h"

#include "support.h"

static const struct {
    const char *text;
    struct engine_url url;
    const char *shown; /* NULL: as given */
} valid[] = {
    { "redis://127.0.0.1:6380/2", { .place = "127.0.0.1", .port = 6380, .database = 2 }, NULL },
    { "redis://redis.lan", { .place = "redis.lan", .port = 6379 }, "redis://redis.lan:6379/0" },
    { "redis://[2001:db8::1]:7/0", { .place = "2001:db8::1", .port = 7 }, NULL },
    { "redis://node:pass%2Fw@ord:@h:1/",
      { .place = "h", .port = 1, .user = "node", .password = "pass/w@ord:" },
      "redis://node@h:1/0" },
    { "redis://:pw@h", { .place = "h", .port = 6379, .password = "pw" }, "redis://h:6379/0" },
    { "redis://node@h", { .place = "h", .port = 6379, .user = "node" }, "redis://node@h:6379/0" },
    { "unix:///run/redis/redis.sock",
      { .is_socket = true, .place = "/run/redis/redis.sock" },
      NULL },
    { "unix://node:pw@/r.sock",
      { .is_socket = true, .place = "/r.sock", .user = "node", .password = "pw" },
      "unix://node@/r.sock" },
};

START_TEST(valid_url_is_parsed) {
    struct engine_url url;
    char shown[ENGINE_URL_TEXT_LEN];
    ck_assert_ptr_null(engine_url_parse(bytes_of(valid[_i].text), &url));
    const struct engine_url *expected = &valid[_i].url;
    ck_assert_str_eq(url.place, expected->place);
    ck_assert_str_eq(url.user, expected->user);
    ck_assert_str_eq(url.password, expected->password);
    ck_assert(url.is_socket == expected->is_socket && url.port == expected->port &&
              url.database == expected->database);
    engine_url_text(&url, shown);
    ck_assert_str_eq(shown, valid[_i].shown != NULL ? valid[_i].shown : valid[_i].text);
}
END_TEST

static const struct {
    const char *text;
    const char *reason;
} invalid[] = {
    { "", "must begin with redis:// or unix://" },
    { "localhost:6379", "must begin with redis:// or unix://" },
    { "http://localhost", "must begin with redis:// or unix://" },
    { "rediss://localhost", "TLS is not supported" },
    { "redis://", "host missing" },
    { "redis://:6379", "host missing" },
    { "redis://user@:6379", "host missing" },
    { "redis://h:0", "port must be" },
    { "redis://h:65536", "port must be" },
    { "redis://h:x", "port must be" },
    { "redis://[::1:6379", "unbalanced brackets" },
    { "redis://[::1]6379", "unbalanced brackets" },
    { "redis://h/x", "database after the host must be a number" },
    { "redis://h/0/1", "database after the host must be a number" },
    { "redis://h/-1", "database after the host must be a number" },
    { "redis://a%zz@h", "user's name is malformed" },
    { "redis://a:%00@h", "password is malformed" },
    { "redis://h h", "spaces" },
    { "unix://", "absolute path" },
    { "unix://run/redis.sock", "absolute path" },
    { "unix:///", "absolute path" },
    { "unix:///0123456789012345678901234567890123456789012345678901234567890123456789"
      "01234567890123456789012345678901234567",
      "at most 107 bytes" },
};

START_TEST(invalid_url_is_refused_with_the_reason) {
    struct engine_url url;
    const char *reason = engine_url_parse(bytes_of(invalid[_i].text), &url);
    ck_assert_ptr_nonnull(reason);
    ck_assert_msg(strstr(reason, invalid[_i].reason) != NULL, "%s: %s", invalid[_i].text, reason);
}
END_TEST

UNIT_SUITE(engine_url) {
    Suite *suite = suite_create("engine_url");
    TCase *tcase = tcase_create("engine_url");
    tcase_add_loop_test(tcase, valid_url_is_parsed, 0, LOOPS_OF(valid));
    tcase_add_loop_test(tcase, invalid_url_is_refused_with_the_reason, 0, LOOPS_OF(invalid));
    suite_add_tcase(suite, tcase);
    return suite;
}
