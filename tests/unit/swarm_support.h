/* What the swarm's suites share: one swarm with its feed, and the announces of made-up clients. */
#ifndef SKEP_UNIT_SWARM_SUPPORT_H
#define SKEP_UNIT_SWARM_SUPPORT_H

#include "support.h"
#include "swarm/swarm.h"

enum { NOW = 1000, TTL = 240, PEERS_MAX = 1000 };

extern struct swarm *swarm;
extern struct change_feed feed;
extern const struct swarm_outputs watchers;

void create_swarm(void);
void delete_swarm(void);

/* The announce of client `number`, which is a leecher and has a key. */
struct announce_request client(uint32_t number);

enum announce_result put_at(const struct announce_request *request, uint32_t now_s,
                            uint32_t peers_max);

/* Puts and expects no refusal. */
void put(const struct announce_request *request);
void drop(const struct announce_request *request);

void assert_counts(uint32_t seeders, uint32_t leechers, uint32_t downloaded);

/* That these kinds of changes, and no others, were made since the last call. */
void assert_told(const enum change_kind *kinds, size_t count);

#define ASSERT_TOLD(...)                                                                           \
    assert_told((const enum change_kind[]){ __VA_ARGS__ },                                         \
                COUNT_OF(((const enum change_kind[]){ __VA_ARGS__ })))

#endif
