#include "wire/client_family.h"

#include <ctype.h>
#include <string.h>

bool client_family_read(const uint8_t peer_id[static PEER_ID_LEN], struct client_family *family) {
    struct client_family found = { 0 };
    client_name(peer_id, found.name);
    if (strncmp(found.name, "unknown", strlen("unknown")) == 0)
        return false;
    const size_t name_len = strlen(found.name);
    char *space = strrchr(found.name, ' ');
    if (space != NULL && isdigit((unsigned char)space[1])) {
        const size_t len = strspn(space + 1, "0123456789");
        if (len < sizeof found.version)
            memcpy(found.version, space + 1, len);
        memset(space, 0, (size_t)(found.name + name_len - space));
    }
    *family = found;
    return true;
}
