#include "ctl/progress.h"

#include "support.h"

static const struct {
    uint64_t total;
    uint64_t done;
    uint64_t elapsed_ms;
    const char *line;
} lines[] = {
    { 2048 << 10, 1024 << 10, 1000,
      "[############------------]  50 %  1.0 MiB of 2.0 MiB, 1.0 MiB/s, 2 s left" },
    { 100, 0, 0, "[------------------------]   0 %  0 B of 100 B, 0 B/s, 1 s left" },
    { 100, 100, 1000, "[########################] 100 %  100 B of 100 B, 100 B/s, 1 s left" },
    { 0, 0, 1000, "[########################] 100 %  0 B of 0 B, 0 B/s, 1 s left" },
    { UINT64_MAX, 1, UINT64_MAX,
      "[------------------------]   0 %  1 B of 16.0 EiB, 0 B/s, 11574074 d 1 h left" },
};

START_TEST(line_shows_the_progress) {
    const struct progress progress = { .total = lines[_i].total, .done = lines[_i].done };
    char line[PROGRESS_LINE_LEN];
    progress_line(&progress, lines[_i].elapsed_ms, line);
    ck_assert_str_eq(line, lines[_i].line);
}
END_TEST

UNIT_SUITE(progress) {
    Suite *suite = suite_create("progress");
    TCase *line = tcase_create("line");
    tcase_add_loop_test(line, line_shows_the_progress, 0, LOOPS_OF(lines));
    suite_add_tcase(suite, line);
    return suite;
}
