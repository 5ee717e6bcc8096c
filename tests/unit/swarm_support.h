/* What the swarm's suites share: one swarm with its feed, and the announces of made-up clients. */
#ifndef SKEP_UNIT_SWARM_SUPPORT_H
#define SKEP_UNIT_SWARM_SUPPORT_H

#include "support.h"
#include "swarm/swarm.h"

enum { NOW = 1000, TTL = 240 };

extern struct swarm *swarm;
extern struct change_feed feed;
extern const struct swarm_outputs outputs;

void create_swarm(void);
void delete_swarm(void);

/* The announce of client `number`, which is a leecher and has a key. */
struct announce_request client(uint32_t number);

/* Puts the client as known by the endpoint `client`, or by its own, at `now_s`, or at NOW. */
void put_as(const struct announce_request *request, const struct endpoint *client, uint32_t now_s);
void put_at(const struct announce_request *request, uint32_t now_s);
void put(const struct announce_request *request);

/* Removes the client's peer as for event=stopped, and as that of a client that is refused. */
void stop_at(const struct announce_request *request, uint32_t now_s);
void drop(const struct announce_request *request);
void reject(const struct announce_request *request);

/* Expires up to `limit` peers, from the start. */
uint32_t expire(uint32_t now_s, uint32_t limit);

void assert_counts(uint32_t seeders, uint32_t leechers, uint32_t downloaded);

/* One of the changes that were made since the last assert_told; 0 is the first. It must exist. */
const struct change *told(size_t place);

/* That these kinds of changes, and no others, were made since the last call. */
void assert_told(const enum change_kind *kinds, size_t count);

#define ASSERT_TOLD(...)                                                                           \
    assert_told((const enum change_kind[]){ __VA_ARGS__ },                                         \
                COUNT_OF(((const enum change_kind[]){ __VA_ARGS__ })))

#endif
