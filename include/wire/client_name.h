/* Which BitTorrent client a peer_id belongs to, for people to read. BEP 20. Pure. */
#ifndef SKEP_WIRE_CLIENT_NAME_H
#define SKEP_WIRE_CLIENT_NAME_H

#include <stdint.h>

#include "swarm/announce.h"

enum { CLIENT_NAME_LEN = 48 };

/* "qBittorrent 4.5.2", "Transmission 3.00"; for an unknown one, its own two letters or "unknown
 * client". Printable ASCII only, whatever the peer_id holds. */
void client_name(const uint8_t peer_id[static PEER_ID_LEN], char name[static CLIENT_NAME_LEN]);

#endif
