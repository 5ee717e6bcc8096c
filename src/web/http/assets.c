#include "web/http/assets.h"

static const struct {
    const char *suffix;
    const char *content_type;
} TYPES[] = {
    { ".html", "text/html; charset=utf-8" },
    { ".css", "text/css; charset=utf-8" },
    { ".js", "text/javascript; charset=utf-8" },
    { ".json", "application/json" },
    { ".svg", "image/svg+xml" },
    { ".png", "image/png" },
    { ".ico", "image/vnd.microsoft.icon" },
    { ".woff2", "font/woff2" },
    { ".webmanifest", "application/manifest+json" },
};

const struct asset *assets_find(struct bytes name) {
    for (size_t i = 0; i < assets_count; i++) {
        if (bytes_equal(name, bytes_of(assets_list[i].name)))
            return &assets_list[i];
    }
    return NULL;
}

static bool ends_with(const char *name, const char *suffix) {
    const size_t len = strlen(name);
    const size_t end = strlen(suffix);
    return len >= end && strcmp(name + len - end, suffix) == 0;
}

const char *assets_content_type(const char *name) {
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++) {
        if (ends_with(name, TYPES[i].suffix))
            return TYPES[i].content_type;
    }
    return "application/octet-stream";
}
