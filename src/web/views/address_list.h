/* Who shares what, by address: all peers summed up, to be searched, sorted and paged over.
 *
 * The sums are taken at most every two seconds and only when somebody asks. At most
 * ADDRESS_LIST_MAX addresses are kept; of more, those that came up first. Any thread; calls wait
 * for each other. `now_ms` is clock_now_ms(). */
#ifndef SKEP_WEB_VIEWS_ADDRESS_LIST_H
#define SKEP_WEB_VIEWS_ADDRESS_LIST_H

#include "swarm/swarm_snapshot.h"

enum {
    ADDRESS_LIST_MAX = 100000,
    ADDRESS_CLIENTS_MAX = 4,
    ADDRESS_PORTS_MAX = 8, /* of one address, that are remembered */
    ADDRESS_SEARCH_LEN = 64,
    ADDRESS_PEERS_MAX = 500, /* of one address, that are told of */
};

enum address_sort {
    ADDRESS_BY_ADDRESS,
    ADDRESS_BY_TORRENTS,
    ADDRESS_BY_SEEDING,
    ADDRESS_BY_LEECHING,
    ADDRESS_BY_RATE,
};

struct address_query {
    char search[ADDRESS_SEARCH_LEN]; /* a part of the address or of a client's name */
    enum address_sort sort;          /* equal ones by address */
    bool descending;
};

struct address_row {
    struct endpoint address; /* with the port 0 */
    uint32_t torrents;
    uint32_t seeding; /* peers */
    uint32_t leeching;
    uint64_t upload_rate; /* bytes a second */
    uint64_t download_rate;
    uint32_t silent_s; /* since the last announce of any of its peers */
    bool lan;
    uint8_t client_count;
    uint8_t clients[ADDRESS_CLIENTS_MAX][PEER_ID_LEN]; /* peer_ids of different programs */
    uint8_t port_count;
    uint16_t ports[ADDRESS_PORTS_MAX]; /* different ones at which its peers listen */
    uint64_t last_torrent;             /* whose peers came last: for the one who sums up */
};

struct address_list;

/* `tracker` must outlive it. NULL without memory or randomness. */
struct address_list *address_list_create(struct tracker *tracker);
void address_list_delete(struct address_list *list);

/* Copies up to `max` of the addresses that are asked for, from the one at `offset` on; `*count`
 * says how many, `*total` how many there are in all. False without memory. */
bool address_list_page(struct address_list *list, const struct address_query *query, size_t offset,
                       uint64_t now_ms, struct address_row *rows, size_t max, size_t *count,
                       size_t *total);

/* How many peers, at how many addresses, there are in the network. False without memory. */
bool address_list_count(struct address_list *list, const struct network *network, uint64_t now_ms,
                        size_t *peers, size_t *count);

/* Copies the peers of one address, whatever its port; `*total` says how many there are, with those
 * past ADDRESS_PEERS_MAX. Looks at every peer there is, but answers the same again for two seconds.
 * False without memory. */
bool address_list_peers(struct address_list *list, const struct endpoint *address, uint64_t now_ms,
                        struct peer_stats peers[static ADDRESS_PEERS_MAX], size_t *count,
                        size_t *total);

/* Frees what was looked up if nobody has asked for a minute. To be called now and then. */
void address_list_release_idle(struct address_list *list, uint64_t now_ms);

#endif
