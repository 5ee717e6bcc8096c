#include "web/views/peer_search.h"

#include <string.h>

#include "wire/client_name.h"

bool peer_search_address(struct registry *registry, const struct endpoint *address,
                         const char *search) {
    char text[ENDPOINT_TEXT_LEN];
    char name[REGISTRY_TEXT_LEN];
    endpoint_address_text(address, text);
    if (strcasestr(text, search) != NULL)
        return true;
    if (registry == NULL)
        return false;
    registry_find_machine(registry, address, name);
    return strcasestr(name, search) != NULL;
}

bool peer_search_client(const uint8_t peer_id[static PEER_ID_LEN], const char *search) {
    char client[CLIENT_NAME_LEN];
    client_name(peer_id, client);
    return strcasestr(client, search) != NULL;
}
