/* All peers grouped by IP address: search, sort and pages for the API.
 *
 * The totals are at most two seconds old and computed on demand, for at most ADDRESS_LIST_MAX
 * addresses. Any thread; calls are serialised by a lock. `now_ms` is clock_now_ms(). */
#ifndef SKEP_WEB_VIEWS_ADDRESS_LIST_H
#define SKEP_WEB_VIEWS_ADDRESS_LIST_H

#include "probe/prober.h"
#include "web/views/address_detail.h"
#include "web/views/address_totals.h"

enum { ADDRESS_SEARCH_LEN = 64 }; /* with the terminating zero */

enum address_sort {
    ADDRESS_BY_ADDRESS,
    ADDRESS_BY_TORRENTS,
    ADDRESS_BY_SEEDING,
    ADDRESS_BY_LEECHING,
    ADDRESS_BY_RATE,
    ADDRESS_BY_SEEN,  /* ascending: the longest silent first, as with other times */
    ADDRESS_BY_REACH, /* ascending: firewalled, partly reachable, not probed, reachable */
};

enum address_show {
    ADDRESSES_ALL,
    ADDRESSES_UNREACHABLE, /* at least one port, by the latest probe */
    ADDRESSES_OUTSIDE,     /* not in our networks (network.lan) */
};

struct address_query {
    char search[ADDRESS_SEARCH_LEN]; /* part of the address, of the machine's or of a client's name
                                      */
    enum address_show show;
    enum address_sort sort; /* ties are sorted by address */
    bool descending;
};

/* Part of a query's result, and the size of all of it. */
struct address_page {
    size_t count; /* rows copied */
    size_t total; /* addresses */
    size_t peers;
};

/* Of all addresses. */
struct address_summary {
    size_t addresses;
    size_t firewalled; /* with at least one port that the last probe did not reach */
};

struct address_list;

/* Borrows `tracker` and `prober`, which may be NULL. NULL if out of memory or without randomness.
 */
struct address_list *address_list_create(struct tracker *tracker, struct prober *prober);
void address_list_delete(struct address_list *list); /* NULL is fine */

/* Copies up to `max` rows of the query's result from `offset` on. False if out of memory. */
bool address_list_page(struct address_list *list, const struct address_query *query, size_t offset,
                       uint64_t now_ms, struct address_row *rows, size_t max,
                       struct address_page *page);

/* Takes up to 5 % of a core: with many peers the summary may be some seconds old. False if out of
 * memory. */
bool address_list_summary(struct address_list *list, uint64_t now_ms,
                          struct address_summary *summary);

/* Counts the peers and addresses in a network. False if out of memory. */
bool address_list_count(struct address_list *list, const struct network *network, uint64_t now_ms,
                        size_t *peers, size_t *addresses);

/* Copies the peers of one address, on all its ports. `*total` includes those past
 * ADDRESS_PEERS_MAX. False if out of memory. */
bool address_list_peers(struct address_list *list, const struct endpoint *address, uint64_t now_ms,
                        struct peer_stats peers[static ADDRESS_PEERS_MAX], size_t *count,
                        size_t *total);

/* Frees totals and caches if they were not used for a minute. To be called about once a second. */
void address_list_release_idle(struct address_list *list, uint64_t now_ms);

#endif
