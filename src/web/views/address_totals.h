/* Totals of all peers by IP address. Private to address_list. Not thread-safe. */
#ifndef SKEP_WEB_VIEWS_ADDRESS_TOTALS_H
#define SKEP_WEB_VIEWS_ADDRESS_TOTALS_H

#include "base/hash_index.h"
#include "base/keyed_hash.h"
#include "swarm/swarm_snapshot.h"

enum {
    ADDRESS_LIST_MAX = 100000,
    ADDRESS_CLIENTS_MAX = 4, /* different client programs kept for one address */
    ADDRESS_PORTS_MAX = 8,   /* different ports kept for one address */
};

struct address_row {
    struct endpoint address; /* port 0 */
    uint32_t torrents;
    uint32_t seeding;     /* peers */
    uint32_t leeching;    /* peers */
    uint64_t upload_rate; /* bytes per second */
    uint64_t download_rate;
    uint32_t silent_s; /* since the latest announce of any of its peers */
    bool lan;
    uint8_t client_count;
    uint8_t clients[ADDRESS_CLIENTS_MAX][PEER_ID_LEN]; /* a peer_id of each client program */
    uint8_t port_count;
    uint8_t open; /* of these ports, the reachable and the firewalled ones */
    uint8_t firewalled;
    uint16_t ports[ADDRESS_PORTS_MAX];
    uint64_t last_torrent; /* start of the info_hash added last; internal */
};

/* All zeros, except for the key, is valid and empty. */
struct address_totals {
    struct hash_key key;
    struct address_row *rows;
    size_t count;
    size_t capacity;
    struct hash_index index; /* by address */
};

/* Adds a peer. The peers of one torrent must be added one after the other. Peers at new addresses
 * are skipped once there are ADDRESS_LIST_MAX. False if out of memory. */
bool address_totals_add(struct address_totals *totals, const struct peer_stats *peer);

/* Removes all rows and frees their memory. */
void address_totals_clear(struct address_totals *totals);

#endif
