/* QR codes as SVG, by libqrencode. Pure; any thread. */
#ifndef SKEP_WEB_API_QR_H
#define SKEP_WEB_API_QR_H

#include "base/bytes.h"

enum {
    QR_TEXT_MAX = 512,       /* bytes */
    QR_SVG_MAX = 128 * 1024, /* bytes; enough for any text */
};

/* Writes the QR code of a text as SVG, black on white, with the margin that the standard requires.
 * False if out of memory, or if the text is empty or too long. */
bool qr_write(struct writer *w, struct bytes text);

#endif
