/* The workload: a population of peers, each identified by its number. Torrent, address, port,
 * peer_id and key follow from the number, so that every run has the same peers and none is stored.
 * Only whether a peer has stopped or completed is kept, in two bits. */
#ifndef SKEP_BENCH_WORKLOAD_H
#define SKEP_BENCH_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>

enum shape {
    SHAPE_EVEN, /* all torrents have about the same number of peers */
    SHAPE_ONE,  /* one torrent has all peers */
    SHAPE_EACH, /* each peer has a torrent of its own */
    SHAPE_ZIPF, /* the torrent of rank r has 1/r of the first one's peers */
};

enum ask_kind {
    ASK_UPDATE,
    ASK_STARTED,
    ASK_COMPLETED,
    ASK_STOPPED,
    ASK_CHANGE, /* only in a mix: a leecher completes, a seeder starts again as a leecher */
    ASK_SCRAPE,
    ASK_CONNECT, /* UDP only */
};

enum { ASK_KINDS = 7, ID_LEN = 20 };

struct workload_options {
    uint32_t peers;
    uint32_t first_peer;
    uint32_t torrents;
    uint32_t addresses; /* number of source addresses */
    enum shape shape;
    uint32_t seeders_percent;
    uint32_t mix[ASK_KINDS];    /* percent of the requests; updates are the rest */
    uint32_t wrong_ids_percent; /* of the UDP requests that need a connection id */
    int32_t numwant;
    uint64_t seed; /* seed of the request order, not of the population */
};

struct ask {
    enum ask_kind kind;
    bool seeder;
    bool wrong_id; /* sent with an invalid connection id */
    uint16_t port;
    uint32_t peer;
    uint32_t torrent;
    uint32_t address;
    uint32_t key;
    int32_t numwant;
};

struct workload;

/* NULL if out of memory. */
struct workload *workload_create(const struct workload_options *options);
void workload_delete(struct workload *workload);

/* The states of all peers: a run that continues another one on the same server reads what that has
 * written. Otherwise it would begin with changes of its own. True without a `path`, or if no file
 * is there yet. */
bool workload_read_states(struct workload *workload, const char *path);
bool workload_write_states(const struct workload *workload, const char *path);

/* The first announce of a peer; `number` counts from 0 whatever `first_peer` is. */
struct ask workload_first(const struct workload *workload, uint32_t number);

/* The next request: of any peer, or of one at `address`. */
struct ask workload_next(struct workload *workload);
struct ask workload_next_at(struct workload *workload, uint32_t address);

void workload_info_hash(uint32_t torrent, uint8_t info_hash[static ID_LEN]);

/* A client's prefix and pseudo-random text. Not terminated by a zero. */
void workload_peer_id(uint32_t peer, uint8_t peer_id[static ID_LEN]);

#endif
