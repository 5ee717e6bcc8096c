#include "workload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT_MIN = 1024, PORTS = 65536 - PORT_MIN };

struct workload {
    struct workload_options options;
    uint64_t random;
    uint32_t *torrents; /* of each peer, if the shape has no formula; else NULL */
    uint8_t *state;     /* of each peer: enum peer_state */
};

enum peer_state { PEER_GONE = 1, PEER_COMPLETE = 2 };

/* The last step of splitmix64: mixes the bits of a number. */
static uint64_t mix(uint64_t z) {
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static uint64_t hash(uint64_t what, uint64_t number) {
    return mix(mix(what * 0x9e3779b97f4a7c15) + number * 0x9e3779b97f4a7c15 + 1);
}

enum { HASH_TORRENT = 1, HASH_PEER, HASH_KEY, HASH_ROLE, HASH_CHOICE };

static uint32_t random_below(struct workload *workload, uint32_t bound) {
    workload->random += 0x9e3779b97f4a7c15;
    return (uint32_t)((mix(workload->random) >> 32) * bound >> 32);
}

/* The rank whose part of the cumulative popularity contains `u`, by bisection. */
static uint32_t rank_at(const double *sums, uint32_t count, double u) {
    uint32_t low = 0;
    uint32_t high = count - 1;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (sums[middle] < u)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool draw_zipf(struct workload *workload) {
    const struct workload_options *options = &workload->options;
    double *sums = calloc(options->torrents, sizeof *sums);
    workload->torrents = calloc(options->peers, sizeof *workload->torrents);
    if (sums != NULL && workload->torrents != NULL) {
        double sum = 0;
        for (uint32_t i = 0; i < options->torrents; i++)
            sums[i] = sum += 1.0 / (i + 1);
        for (uint32_t i = 0; i < options->peers; i++) {
            const uint64_t chance = hash(HASH_CHOICE, options->first_peer + i) >> 11;
            workload->torrents[i] =
                rank_at(sums, options->torrents, (double)chance / (1ULL << 53) * sum);
        }
    }
    const bool good = sums != NULL && workload->torrents != NULL;
    free(sums);
    return good;
}

struct workload *workload_create(const struct workload_options *options) {
    struct workload *workload = calloc(1, sizeof *workload);
    if (workload == NULL)
        return NULL;
    workload->options = *options;
    workload->random = hash(HASH_CHOICE, options->seed);
    workload->state = calloc(options->peers, 1);
    bool good = workload->state != NULL;
    for (uint32_t i = 0; good && i < options->peers; i++) {
        const uint32_t chance = (uint32_t)(hash(HASH_ROLE, options->first_peer + i) % 100);
        workload->state[i] = chance < options->seeders_percent ? PEER_COMPLETE : 0;
    }
    if (good && options->shape == SHAPE_ZIPF)
        good = draw_zipf(workload);
    if (good)
        return workload;
    workload_delete(workload);
    return NULL;
}

void workload_delete(struct workload *workload) {
    if (workload == NULL)
        return;
    free(workload->torrents);
    free(workload->state);
    free(workload);
}

bool workload_read_states(struct workload *workload, const char *path) {
    FILE *file = path == NULL ? NULL : fopen(path, "rb");
    if (file == NULL)
        return path == NULL || errno == ENOENT;
    const size_t peers = workload->options.peers;
    const bool good = fread(workload->state, 1, peers, file) == peers;
    fclose(file);
    return good;
}

bool workload_write_states(const struct workload *workload, const char *path) {
    FILE *file = path == NULL ? NULL : fopen(path, "wb");
    if (file == NULL)
        return path == NULL;
    const size_t peers = workload->options.peers;
    const bool good = fwrite(workload->state, 1, peers, file) == peers;
    return fclose(file) == 0 && good;
}

static uint32_t torrent_of(const struct workload *workload, uint32_t number) {
    const uint32_t peer = workload->options.first_peer + number;
    switch (workload->options.shape) {
    case SHAPE_ONE:
        return 0;
    case SHAPE_EACH:
        return peer;
    case SHAPE_ZIPF:
        return workload->torrents[number];
    case SHAPE_EVEN:
    default:
        return (uint32_t)(hash(HASH_CHOICE, peer) % workload->options.torrents);
    }
}

static struct ask ask_of(const struct workload *workload, uint32_t number, enum ask_kind kind) {
    const struct workload_options *options = &workload->options;
    const uint32_t peer = options->first_peer + number;
    return (struct ask){
        .kind = kind,
        .seeder = workload->state[number] & PEER_COMPLETE,
        .port = (uint16_t)(PORT_MIN + peer / options->addresses % PORTS),
        .peer = peer,
        .torrent = torrent_of(workload, number),
        .address = peer % options->addresses,
        .key = (uint32_t)hash(HASH_KEY, peer) | 1,
        .numwant = options->numwant,
    };
}

struct ask workload_first(const struct workload *workload, uint32_t number) {
    return ask_of(workload, number, ASK_STARTED);
}

static enum ask_kind draw_kind(struct workload *workload) {
    uint32_t chance = random_below(workload, 100);
    for (int kind = ASK_STARTED; kind < ASK_KINDS; kind++) {
        if (chance < workload->options.mix[kind])
            return (enum ask_kind)kind;
        chance -= workload->options.mix[kind];
    }
    return ASK_UPDATE;
}

/* A stopped peer can only start again, as a leecher; no peer completes twice in a row. */
static struct ask next_of(struct workload *workload, uint32_t number) {
    const uint32_t wrong_ids_percent = workload->options.wrong_ids_percent;
    enum ask_kind kind = draw_kind(workload);
    uint8_t *state = &workload->state[number];
    const bool starts =
        *state & PEER_GONE ? kind < ASK_SCRAPE : *state & PEER_COMPLETE && kind == ASK_CHANGE;
    if (starts) {
        *state = 0;
        kind = ASK_STARTED;
    } else if (kind == ASK_STOPPED) {
        *state |= PEER_GONE;
    } else if (kind == ASK_COMPLETED || kind == ASK_CHANGE) {
        kind = *state & PEER_COMPLETE ? ASK_UPDATE : ASK_COMPLETED;
        *state |= PEER_COMPLETE;
    }
    struct ask ask = ask_of(workload, number, kind);
    ask.wrong_id = wrong_ids_percent > 0 && kind != ASK_CONNECT &&
                   random_below(workload, 100) < wrong_ids_percent;
    return ask;
}

struct ask workload_next(struct workload *workload) {
    return next_of(workload, random_below(workload, workload->options.peers));
}

struct ask workload_next_at(struct workload *workload, uint32_t address) {
    const struct workload_options *options = &workload->options;
    const uint32_t first =
        (address + options->addresses - options->first_peer % options->addresses) %
        options->addresses;
    const uint32_t here = (options->peers - first + options->addresses - 1) / options->addresses;
    return next_of(workload, first + random_below(workload, here) * options->addresses);
}

void workload_info_hash(uint32_t torrent, uint8_t info_hash[static ID_LEN]) {
    for (uint32_t at = 0; at < ID_LEN; at += 4) {
        const uint32_t word = (uint32_t)hash(HASH_TORRENT, (uint64_t)torrent << 8 | at);
        memcpy(info_hash + at, &word, 4);
    }
}

void workload_peer_id(uint32_t peer, uint8_t peer_id[static ID_LEN]) {
    static const char letters[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
    uint64_t bits = hash(HASH_PEER, peer);
    memcpy(peer_id, "-SB0001-", 8);
    for (int i = 8; i < ID_LEN; i++, bits >>= 5)
        peer_id[i] = (uint8_t)letters[bits & 31];
}
