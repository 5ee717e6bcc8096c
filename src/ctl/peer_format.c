#include "ctl/peer_format.h"

#include <inttypes.h>
#include <stdio.h>

#include "ctl/api_client.h"

void peer_text_address(const json_t *peer, char text[static PEER_TEXT_LEN]) {
    char address[PEER_TEXT_LEN - 32];
    text_clean(bytes_of(remote_text(peer, "address", "?")), address, sizeof address);
    const bool v6 = strchr(address, ':') != NULL;
    snprintf(text, PEER_TEXT_LEN, "%s%s%s:%" PRIu64, v6 ? "[" : "", address, v6 ? "]" : "",
             remote_number(peer, "port"));
}

void peer_text_progress(const json_t *peer, char text[static TEXT_FIGURE_LEN]) {
    const bool known = json_is_number(json_object_get(peer, "progress"));
    snprintf(text, TEXT_FIGURE_LEN, known ? "%.0f %%" : "-", 100 * remote_real(peer, "progress"));
}

const char *peer_text_reach(const json_t *peer) {
    const char *reach = remote_text(peer, "reach", "unknown");
    if (strcmp(reach, "open") == 0)
        return "reachable";
    const bool firewalled = strcmp(reach, "refused") == 0 || strcmp(reach, "silent") == 0;
    return firewalled ? "firewalled" : "not checked";
}
