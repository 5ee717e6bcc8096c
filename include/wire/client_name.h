/* Readable name of the client behind a peer_id (BEP 20). Pure. */
#ifndef SKEP_WIRE_CLIENT_NAME_H
#define SKEP_WIRE_CLIENT_NAME_H

#include <stdint.h>

#include "swarm/announce.h"

enum { CLIENT_NAME_LEN = 48 };

/* For example "qBittorrent 4.5.2" or "Transmission 3.00"; for an unknown client its two-letter
 * code, "found by DHT" (see dht_peer_id), or "unknown client". Printable ASCII only, whatever the
 * peer_id contains. */
void client_name(const uint8_t peer_id[static PEER_ID_LEN], char name[static CLIENT_NAME_LEN]);

#endif
