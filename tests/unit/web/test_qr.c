#include "web/api/qr.h"

#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

enum { SIDE_MAX = 177 + 8, MARGIN = 4, FINDER = 7 };

/* A picture as modules, true for a dark one, with the margin. */
struct picture {
    int side;
    bool dark[SIDE_MAX][SIDE_MAX];
};

static uint8_t buffer[QR_SVG_MAX + 1];
static struct picture picture;

/* Reads the commands "M0 Y.5", "mDX 0" and "hLEN" of one row. */
static const char *read_row(const char *at) {
    int y;
    int taken;
    ck_assert_int_eq(sscanf(at, "M0 %d.5%n", &y, &taken), 1);
    at += taken;
    int x = 0;
    int gap;
    int run;
    while (sscanf(at, "m%d 0h%d%n", &gap, &run, &taken) == 2) {
        ck_assert_int_gt(run, 0);
        at += taken;
        x += gap;
        ck_assert_int_le(x + run, picture.side - MARGIN);
        for (int i = 0; i < run; i++)
            picture.dark[y][x++] = true;
    }
    return at;
}

static void read_picture(struct bytes text) {
    struct writer w = writer_on(buffer, QR_SVG_MAX);
    ck_assert(qr_write(&w, text));
    buffer[w.len] = '\0';
    memset(&picture, 0, sizeof picture);
    int height;
    const char *svg = (const char *)buffer;
    ck_assert_int_eq(sscanf(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\"",
                            &picture.side, &height),
                     2);
    ck_assert_int_eq(height, picture.side);
    const char *path = strstr(svg, "stroke=\"#000\" d=\"");
    ck_assert_ptr_nonnull(path);
    const char *at = strstr(path, "d=\"") + 3;
    while (*at == 'M')
        at = read_row(at);
    ck_assert_str_eq(at, "\"/></svg>\n");
}

/* Checks a finder pattern: a dark ring, a light ring and a dark centre. */
static void assert_finder(int top, int left) {
    for (int y = 0; y < FINDER; y++) {
        for (int x = 0; x < FINDER; x++) {
            const bool ring = x == 0 || y == 0 || x == FINDER - 1 || y == FINDER - 1;
            const bool middle = x >= 2 && x <= 4 && y >= 2 && y <= 4;
            REQUIRE(picture.dark[MARGIN + top + y][MARGIN + left + x] == (ring || middle));
        }
    }
}

static const char *const texts[] = {
    "a",
    "http://192.168.1.10:6969/announce",
    "magnet:?xt=urn:btih:ff1dd52e38b4ad9bd4854b3117e6c8fe4d9dee1a&dn=film&tr=udp://x:6969",
};

START_TEST(picture_has_the_shape_of_a_code) {
    read_picture(bytes_of(texts[_i]));
    const int code = picture.side - 2 * MARGIN;
    ck_assert_int_eq((code - 17) % 4, 0);
    assert_finder(0, 0);
    assert_finder(0, code - FINDER);
    assert_finder(code - FINDER, 0);
}
END_TEST

START_TEST(picture_is_what_the_library_drew) {
    read_picture(bytes_of(texts[_i]));
    QRcode *code =
        QRcode_encodeData((int)strlen(texts[_i]), (const uint8_t *)texts[_i], 0, QR_ECLEVEL_M);
    ck_assert_ptr_nonnull(code);
    ck_assert_int_eq(picture.side, code->width + 2 * MARGIN);
    for (int y = 0; y < picture.side; y++) {
        for (int x = 0; x < picture.side; x++) {
            const int row = y - MARGIN;
            const int column = x - MARGIN;
            const bool inside =
                row >= 0 && column >= 0 && row < code->width && column < code->width;
            REQUIRE(picture.dark[y][x] ==
                    (inside && (code->data[row * code->width + column] & 1) != 0));
        }
    }
    QRcode_free(code);
}
END_TEST

START_TEST(longest_text_fits_and_may_hold_any_byte) {
    uint8_t text[QR_TEXT_MAX];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)i;
    read_picture((struct bytes){ text, sizeof text });
}
END_TEST

START_TEST(no_text_and_too_much_of_it_are_refused) {
    static const uint8_t text[QR_TEXT_MAX + 1] = { 1 };
    struct writer w = writer_on(buffer, QR_SVG_MAX);
    ck_assert(!qr_write(&w, (struct bytes){ text, 0 }));
    ck_assert(!qr_write(&w, (struct bytes){ text, sizeof text }));
    ck_assert_uint_eq(w.len, 0);
}
END_TEST

START_TEST(lack_of_room_is_reported) {
    struct writer w = writer_on(buffer, 100);
    ck_assert(!qr_write(&w, bytes_of("a")));
}
END_TEST

UNIT_SUITE(qr) {
    Suite *suite = suite_create("qr");
    TCase *tests = tcase_create("qr");
    tcase_add_loop_test(tests, picture_has_the_shape_of_a_code, 0, LOOPS_OF(texts));
    tcase_add_loop_test(tests, picture_is_what_the_library_drew, 0, LOOPS_OF(texts));
    tcase_add_test(tests, longest_text_fits_and_may_hold_any_byte);
    tcase_add_test(tests, no_text_and_too_much_of_it_are_refused);
    tcase_add_test(tests, lack_of_room_is_reported);
    suite_add_tcase(suite, tests);
    return suite;
}
