#include "ctl/list_view.h"

#include <inttypes.h>
#include <stdio.h>

#include "ctl/api_client.h"

enum { LIMIT_MAX = 500, LIMIT_DEFAULT = 50 };

const char *const list_view_sorts[LIST_VIEW_SORTS + 1] = {
    "name", "size", "seeders", "leechers", "completed", "rate", "health", NULL,
};

/* clang-format off */
const struct option_spec option_sort = { "sort", "KEY", "name, size, seeders, leechers, completed, rate or health", 0, list_view_sorts };
/* clang-format on */

const char *list_view_api_sort(size_t sort) {
    const char *key = list_view_sorts[sort];
    return strcmp(key, "completed") == 0 ? "downloaded" : key;
}

bool list_view_is_ascending(size_t sort, bool reverse) {
    const char *key = list_view_sorts[sort];
    return (strcmp(key, "name") == 0 || strcmp(key, "health") == 0) != reverse;
}

bool list_view_put_page(struct writer *w, const struct command_line *line) {
    uint64_t offset = 0;
    uint64_t limit = LIMIT_DEFAULT;
    if (!command_line_number(line, &option_offset, 0, INT32_MAX, &offset) ||
        !command_line_number(line, &option_limit, 1, LIMIT_MAX, &limit))
        return false;
    writer_put_text(w, "?offset=");
    writer_put_number(w, offset);
    writer_put_text(w, "&limit=");
    writer_put_number(w, limit);
    return true;
}

void list_view_print_total(const json_t *response, const char *what) {
    const size_t shown = json_array_size(json_object_get(response, "items"));
    const uint64_t total = api_client_number(response, "total");
    if (total == 0)
        printf("No %s.\n", what);
    else if (total > shown)
        printf("%zu of %" PRIu64 " %s; see --offset and --limit\n", shown, total, what);
}

void list_view_peer_address(const json_t *peer, char text[static LIST_VIEW_ADDRESS_LEN]) {
    char address[LIST_VIEW_ADDRESS_LEN - 32];
    format_clean(bytes_of(api_client_text(peer, "address", "?")), address, sizeof address);
    const bool v6 = strchr(address, ':') != NULL;
    snprintf(text, LIST_VIEW_ADDRESS_LEN, "%s%s%s:%" PRIu64, v6 ? "[" : "", address, v6 ? "]" : "",
             api_client_number(peer, "port"));
}

void list_view_peer_progress(const json_t *peer, char text[static FORMAT_NUMBER_LEN]) {
    const bool known = json_is_number(json_object_get(peer, "progress"));
    snprintf(text, FORMAT_NUMBER_LEN, known ? "%.0f %%" : "-",
             100 * api_client_real(peer, "progress"));
}

const char *list_view_peer_reach(const json_t *peer) {
    const char *reach = api_client_text(peer, "reach", "unknown");
    if (strcmp(reach, "open") == 0)
        return "reachable";
    const bool firewalled = strcmp(reach, "refused") == 0 || strcmp(reach, "silent") == 0;
    return firewalled ? "firewalled" : "not probed";
}
