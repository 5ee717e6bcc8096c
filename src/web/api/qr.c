#include "web/api/qr.h"

#include <qrencode.h>

enum { MARGIN = 4 };

static bool is_dark(const QRcode *code, int x, int y) {
    return code->data[y * code->width + x] & 1;
}

static void put_move(struct writer *w, const char *command, int number) {
    writer_put_text(w, command);
    writer_put_number(w, (uint64_t)number);
}

/* Draws a row of modules as one line through their centres, as wide as a module. */
static void put_row(struct writer *w, const QRcode *code, int y) {
    int pen = -MARGIN; /* x position; starts at the edge of the picture */
    put_move(w, "M0 ", y + MARGIN);
    writer_put_text(w, ".5");
    for (int x = 0; x < code->width; x++) {
        if (!is_dark(code, x, y))
            continue;
        int end = x;
        while (end < code->width && is_dark(code, end, y))
            end++;
        put_move(w, "m", x - pen);
        put_move(w, " 0h", end - x);
        pen = end;
        x = end;
    }
}

static void put_picture(struct writer *w, const QRcode *code) {
    const int side = code->width + 2 * MARGIN;
    put_move(w, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", side);
    put_move(w, " ", side);
    writer_put_text(w, "\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h");
    put_move(w, "", side);
    put_move(w, "v", side);
    writer_put_text(w, "H0z\"/><path stroke=\"#000\" d=\"");
    for (int y = 0; y < code->width; y++)
        put_row(w, code, y);
    writer_put_text(w, "\"/></svg>\n");
}

bool qr_write(struct writer *w, struct bytes text) {
    if (text.len == 0 || text.len > QR_TEXT_MAX)
        return false;
    QRcode *code = QRcode_encodeData((int)text.len, text.data, 0, QR_ECLEVEL_M);
    if (code == NULL)
        return false;
    put_picture(w, code);
    QRcode_free(code);
    return !w->failed;
}
