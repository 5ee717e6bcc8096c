#include "ctl/list_view.h"

#include <inttypes.h>
#include <stdio.h>

#include "ctl/api_client.h"

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
