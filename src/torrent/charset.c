#include "torrent/charset.h"

#include <iconv.h>
#include <strings.h>

/* Only these: the name comes from an untrusted file, and iconv knows far more. */
static const char *const known[] = {
    "GBK",          "GB2312",       "GB18030",      "CP936",        "BIG5",         "BIG5-HKSCS",
    "CP950",        "Shift_JIS",    "SJIS",         "CP932",        "EUC-JP",       "EUC-KR",
    "CP949",        "KOI8-R",       "KOI8-U",       "CP866",        "CP1250",       "CP1251",
    "CP1252",       "CP1253",       "CP1254",       "CP1255",       "CP1256",       "CP1257",
    "CP1258",       "windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254",
    "windows-1255", "windows-1256", "windows-1257", "windows-1258", "ISO-8859-1",   "ISO-8859-2",
    "ISO-8859-5",   "ISO-8859-7",   "ISO-8859-9",   "ISO-8859-15",  "TIS-620",
};

static const char *find_charset(struct bytes name) {
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strlen(known[i]) == name.len &&
            strncasecmp(known[i], (const char *)name.data, name.len) == 0)
            return known[i];
    }
    return NULL;
}

bool charset_decode(struct writer *w, struct bytes text, struct bytes charset) {
    const char *name = find_charset(charset);
    const iconv_t converter = name == NULL ? (iconv_t)-1 : iconv_open("UTF-8", name);
    if (converter == (iconv_t)-1) /* NOLINT(performance-no-int-to-ptr): as POSIX defines it */
        return false;
    char *in = (char *)(uintptr_t)text.data; /* not written to */
    size_t in_left = text.len;
    char *out = (char *)w->data + w->len;
    size_t out_left = w->capacity - w->len;
    const bool good = iconv(converter, &in, &in_left, &out, &out_left) != (size_t)-1;
    if (good)
        w->len = w->capacity - out_left;
    iconv_close(converter);
    return good;
}
