#include "web/http/header_match.h"

#include "support.h"

static const struct {
    const char *header, *wanted;
    bool accepted;
} accepts[] = {
    { "gzip", "gzip", true },
    { "gzip, deflate, br", "gzip", true },
    { "deflate ,\tGZIP ;q=0.5", "gzip", true },
    { "gzip;q=0.001", "gzip", true },
    { "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html", true },

    { NULL, "gzip", false },
    { "", "gzip", false },
    { "*/*", "text/html", false },
    { "deflate", "gzip", false },
    { "xgzip, gzipx", "gzip", false },
    { "gzip;q=0", "gzip", false },
    { "gzip; q=0.000, br", "gzip", false },
    { "deflate;gzip", "gzip", false },
};

START_TEST(names_are_found_in_full) {
    ck_assert_msg(header_match_accept(accepts[_i].header, accepts[_i].wanted) ==
                      accepts[_i].accepted,
                  "%s", accepts[_i].header);
}
END_TEST

static const struct {
    const char *header;
    bool matches;
} etags[] = {
    { "\"abc\"", true }, { "W/\"abc\"", true }, { "\"x\", \"abc\"", true }, { "*", true },
    { NULL, false },     { "", false },         { "abc", false },           { "\"abcd\"", false },
    { "\"x\",", false }, { "W/", false },
};

START_TEST(etag_is_matched_weakly) {
    ck_assert_int_eq(header_match_etag(etags[_i].header, "\"abc\""), etags[_i].matches);
}
END_TEST

UNIT_SUITE(header_match) {
    Suite *suite = suite_create("header_match");
    TCase *tests = tcase_create("header_match");
    tcase_add_loop_test(tests, names_are_found_in_full, 0, LOOPS_OF(accepts));
    tcase_add_loop_test(tests, etag_is_matched_weakly, 0, LOOPS_OF(etags));
    suite_add_tcase(suite, tests);
    return suite;
}
