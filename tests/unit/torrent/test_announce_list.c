#include "torrent/announce_list.h"

#include "support.h"

#define INFO "4:infod6:lengthi5e4:name1:ae"
#define ONE "8:announce5:u://1"
#define TWO ONE "13:announce-listll5:u://1el5:u://2ee"

static const char *const urls[] = { "u://1", "u://2" };

static const struct {
    const char *file;
    size_t count;
    const char *expected;
} files[] = {
    { "d8:announce3:old" INFO "e", 1, "d" ONE INFO "e" },
    { "d8:announce3:old13:announce-listll3:oldel5:olderee" INFO "e", 1, "d" ONE INFO "e" },
    { "d8:announce3:old" INFO "e", 2, "d" TWO INFO "e" },
    { "d8:announce3:old" INFO "e", 0, "d" INFO "e" },
    { "d" INFO "e", 1, "d" ONE INFO "e" },
    /* Unknown keys are kept, and keys that sort before ours stay before them. */
    { "d0:i1e1:a2:\xff\xfe" INFO "12:piece layersd32:rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr3:xyzee", 2,
      "d0:i1e1:a2:\xff\xfe" TWO INFO "12:piece layersd32:rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr3:xyzee" },
    { "d9:announcesi1e" INFO "e", 1, "d" ONE "9:announcesi1e" INFO "e" },
    { "d1:a0:e", 1, "d1:a0:" ONE "e" },
    { "de", 1, "d" ONE "e" },
    { "d" INFO "e\n", 1, "d" ONE INFO "e" },
    { "le", 1, NULL },
    { "", 1, NULL },
    { "d1:ae", 1, NULL },
    { "di1e1:ae", 1, NULL },
};

START_TEST(announce_urls_are_replaced_and_all_else_is_kept) {
    uint8_t out[512];
    const struct bytes file = bytes_of(files[_i].file);
    const size_t len_max = announce_list_len_max(file, urls, files[_i].count);
    ck_assert_uint_le(len_max, sizeof out);
    struct writer w = writer_on(out, len_max);
    const bool good = announce_list_write(&w, file, urls, files[_i].count);
    ck_assert(good == (files[_i].expected != NULL));
    if (good)
        assert_written(&w, files[_i].expected);
}
END_TEST

START_TEST(full_writer_is_reported) {
    uint8_t out[30];
    struct writer w = writer_on(out, sizeof out);
    ck_assert(!announce_list_write(&w, bytes_of("d" INFO "e"), urls, 1));
}
END_TEST

UNIT_SUITE(torrent_file) {
    Suite *suite = suite_create("torrent_file");
    TCase *write = tcase_create("write");
    tcase_add_loop_test(write, announce_urls_are_replaced_and_all_else_is_kept, 0, LOOPS_OF(files));
    tcase_add_test(write, full_writer_is_reported);
    suite_add_tcase(suite, write);
    return suite;
}
