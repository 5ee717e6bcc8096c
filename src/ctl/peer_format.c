#include "ctl/peer_format.h"

#include <inttypes.h>
#include <stdio.h>

#include "ctl/api_client.h"

void peer_format_address(const json_t *peer, char text[static PEER_FORMAT_LEN]) {
    char address[PEER_FORMAT_LEN - 32];
    format_clean(bytes_of(api_client_text(peer, "address", "?")), address, sizeof address);
    const bool v6 = strchr(address, ':') != NULL;
    snprintf(text, PEER_FORMAT_LEN, "%s%s%s:%" PRIu64, v6 ? "[" : "", address, v6 ? "]" : "",
             api_client_number(peer, "port"));
}

void peer_format_progress(const json_t *peer, char text[static FORMAT_NUMBER_LEN]) {
    const bool known = json_is_number(json_object_get(peer, "progress"));
    snprintf(text, FORMAT_NUMBER_LEN, known ? "%.0f %%" : "-",
             100 * api_client_real(peer, "progress"));
}

const char *peer_format_reach(const json_t *peer) {
    const char *reach = api_client_text(peer, "reach", "unknown");
    if (strcmp(reach, "open") == 0)
        return "reachable";
    const bool firewalled = strcmp(reach, "refused") == 0 || strcmp(reach, "silent") == 0;
    return firewalled ? "firewalled" : "not checked";
}
