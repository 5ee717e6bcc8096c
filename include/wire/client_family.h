/* Name and major version of the client behind a peer_id, for statistics. Pure. */
#ifndef SKEP_WIRE_CLIENT_FAMILY_H
#define SKEP_WIRE_CLIENT_FAMILY_H

#include <stdbool.h>

#include "wire/client_name.h"

/* "qBittorrent" and "4"; the version may be empty. Compared as a whole, so unused bytes are zeros.
 */
struct client_family {
    char name[CLIENT_NAME_LEN];
    char version[16];
};

/* False if the client is unknown; then `*family` is unchanged. */
bool client_family_read(const uint8_t peer_id[static PEER_ID_LEN], struct client_family *family);

#endif
