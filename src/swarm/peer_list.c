#include "swarm/peer_list.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash_index.h"
#include "base/prefetch.h"

enum {
    SCAN_MAX = 32,                /* larger lists have indexes */
    MAPPED_LEN = 4 * 1024 * 1024, /* blocks from this length on are mapped, not allocated */
};

struct peer_indexes {
    struct stepped_index by_endpoint;
    struct stepped_index by_identity;
};

/* The block holds records, words if any, deadlines and endpoints, in this order, so that each array
 * is aligned at any capacity. */
static size_t words_len(const struct peer_list *list) {
    return sizeof(uint64_t) * ((size_t)list->has_word[WORD_TAG] + list->has_word[WORD_STAMP]);
}

static size_t block_size(const struct peer_list *list, uint32_t capacity) {
    return capacity * (sizeof(struct peer_record) + words_len(list) + sizeof(uint32_t) +
                       endpoint_len(list->family));
}

static struct peer_record *peer_records(const struct peer_list *list) {
    return (struct peer_record *)(void *)list->block;
}

static uint64_t *peer_words(const struct peer_list *list, enum peer_word word) {
    uint64_t *first =
        (uint64_t *)(void *)(list->block + list->capacity * sizeof(struct peer_record));
    return word == WORD_STAMP && list->has_word[WORD_TAG] ? first + list->capacity : first;
}

static uint32_t *peer_deadlines(const struct peer_list *list) {
    return (uint32_t *)(void *)(list->block +
                                list->capacity * (sizeof(struct peer_record) + words_len(list)));
}

static uint8_t *peer_wires(const struct peer_list *list) {
    return (uint8_t *)(peer_deadlines(list) + list->capacity);
}

static uint8_t *wire_at(const struct peer_list *list, uint32_t position) {
    return peer_wires(list) + position * endpoint_len(list->family);
}

void peer_list_init(struct peer_list *list, uint8_t family, const struct hash_key *key) {
    *list = (struct peer_list){ .family = family, .key = key };
}

static void delete_indexes(struct peer_indexes *indexes) {
    if (indexes == NULL)
        return;
    stepped_index_free(&indexes->by_endpoint);
    stepped_index_free(&indexes->by_identity);
    free(indexes);
}

/* NULL if out of memory. */
static uint8_t *allocate_block(size_t len) {
    if (len < MAPPED_LEN)
        return malloc(len);
    void *block = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return block == MAP_FAILED ? NULL : block;
}

static void free_block(uint8_t *block, size_t len) {
    if (len < MAPPED_LEN)
        free(block);
    else
        munmap(block, len);
}

void peer_list_clear(struct peer_list *list) {
    delete_indexes(list->indexes);
    free_block(list->block, block_size(list, list->capacity));
    peer_list_init(list, list->family, list->key);
}

static uint32_t hash_wire(const struct peer_list *list, const uint8_t *wire) {
    return (uint32_t)keyed_hash(list->key, wire, endpoint_len(list->family));
}

static uint32_t hash_identity(const struct peer_list *list, const uint8_t *peer_id, uint32_t key) {
    uint8_t identity[PEER_ID_LEN + sizeof key];
    memcpy(identity, peer_id, PEER_ID_LEN);
    memcpy(identity + PEER_ID_LEN, &key, sizeof key);
    return (uint32_t)keyed_hash(list->key, identity, sizeof identity);
}

static uint32_t endpoint_hash_at(const void *array, uint32_t position) {
    const struct peer_list *list = array;
    return hash_wire(list, wire_at(list, position));
}

static uint32_t identity_hash_at(const void *array, uint32_t position) {
    const struct peer_list *list = array;
    const struct peer_record *record = &peer_records(list)[position];
    return hash_identity(list, record->peer_id, record->key);
}

static bool has_indexes(const struct peer_list *list) {
    return list->indexes != NULL;
}

static bool has_identity(const struct peer_list *list, uint32_t position) {
    return peer_records(list)[position].key != 0;
}

/* Of a peer, in a list with indexes. */
struct peer_hashes {
    uint32_t endpoint;
    uint32_t identity; /* if it has one */
};

/* Requests the slots of the peer as well, which are far apart. */
static struct peer_hashes hash_peer(const struct peer_list *list, const uint8_t *wire,
                                    const struct peer_record *record) {
    struct peer_hashes hashes = { .endpoint = hash_wire(list, wire) };
    stepped_index_prefetch(&list->indexes->by_endpoint, hashes.endpoint);
    if (record->key != 0) {
        hashes.identity = hash_identity(list, record->peer_id, record->key);
        stepped_index_prefetch(&list->indexes->by_identity, hashes.identity);
    }
    return hashes;
}

static struct peer_hashes hash_peer_at(const struct peer_list *list, uint32_t position) {
    return hash_peer(list, wire_at(list, position), &peer_records(list)[position]);
}

static void index_identity(struct peer_list *list, uint32_t position, uint32_t hash) {
    if (has_identity(list, position))
        stepped_index_put(&list->indexes->by_identity, hash, position);
}

static void unindex_identity(struct peer_list *list, uint32_t position, uint32_t hash) {
    if (has_identity(list, position))
        stepped_index_remove(&list->indexes->by_identity, hash, position, identity_hash_at, list);
}

static void index_peer(struct peer_list *list, uint32_t position,
                       const struct peer_hashes *hashes) {
    stepped_index_put(&list->indexes->by_endpoint, hashes->endpoint, position);
    index_identity(list, position, hashes->identity);
}

static void unindex_peer(struct peer_list *list, uint32_t position) {
    const struct peer_hashes hashes = hash_peer_at(list, position);
    stepped_index_remove(&list->indexes->by_endpoint, hashes.endpoint, position, endpoint_hash_at,
                         list);
    unindex_identity(list, position, hashes.identity);
}

static bool resize_indexes(const struct peer_list *list, struct peer_indexes *indexes,
                           uint32_t count) {
    return stepped_index_fit(&indexes->by_endpoint, count, endpoint_hash_at, list) &&
           stepped_index_fit(&indexes->by_identity, count, identity_hash_at, list);
}

static bool create_indexes(struct peer_list *list, uint32_t count) {
    struct peer_indexes *indexes = calloc(1, sizeof *indexes);
    if (indexes == NULL || !resize_indexes(list, indexes, count)) {
        delete_indexes(indexes);
        return false;
    }
    list->indexes = indexes;
    for (uint32_t i = 0; i < peer_list_count(list); i++) {
        const struct peer_hashes hashes = hash_peer_at(list, i);
        index_peer(list, i, &hashes);
    }
    return true;
}

/* Makes the indexes fit `count` peers, if that many need any. */
static bool fit_indexes(struct peer_list *list, uint32_t count) {
    if (count <= SCAN_MAX / 2 || (count <= SCAN_MAX && !has_indexes(list))) {
        delete_indexes(list->indexes);
        list->indexes = NULL;
        return true;
    }
    return has_indexes(list) ? resize_indexes(list, list->indexes, count)
                             : create_indexes(list, count);
}

/* Copies the arrays of `list` to where they are in `moved`. */
static void copy_arrays(const struct peer_list *moved, const struct peer_list *list) {
    const uint32_t count = peer_list_count(list);
    memcpy(peer_records(moved), peer_records(list), count * sizeof(struct peer_record));
    memcpy(peer_deadlines(moved), peer_deadlines(list), count * sizeof(uint32_t));
    memcpy(peer_wires(moved), peer_wires(list), count * endpoint_len(list->family));
    for (enum peer_word word = WORD_TAG; word <= WORD_STAMP; word++) {
        if (list->has_word[word])
            memcpy(peer_words(moved, word), peer_words(list, word), count * sizeof(uint64_t));
    }
}

/* Moves the pages of an array of a mapped block, which copies no memory. */
static void move_pages(void *to, size_t len, void *from, size_t past) {
    if (mremap(from, past, len, MREMAP_MAYMOVE | MREMAP_FIXED, to) != MAP_FAILED)
        return;
    /* The kernel has no memory for its tables, and may have unmapped the pages at `to`. */
    (void)mmap(to, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    memcpy(to, from, past < len ? past : len);
    munmap(from, past);
}

/* The same for all arrays of `list`, whose block is then gone. */
static void move_arrays(const struct peer_list *moved, const struct peer_list *list) {
    const size_t past = list->capacity;
    const size_t len = moved->capacity;
    move_pages(peer_records(moved), len * sizeof(struct peer_record), peer_records(list),
               past * sizeof(struct peer_record));
    for (enum peer_word word = WORD_TAG; word <= WORD_STAMP; word++) {
        if (list->has_word[word])
            move_pages(peer_words(moved, word), len * sizeof(uint64_t), peer_words(list, word),
                       past * sizeof(uint64_t));
    }
    move_pages(peer_deadlines(moved), len * sizeof(uint32_t), peer_deadlines(list),
               past * sizeof(uint32_t));
    move_pages(peer_wires(moved), len * endpoint_len(list->family), peer_wires(list),
               past * endpoint_len(list->family));
}

/* In a mapped block, each array must fill whole pages. */
static uint32_t fit_capacity(const struct peer_list *list, uint32_t capacity) {
    if (block_size(list, capacity) < MAPPED_LEN)
        return capacity;
    const uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);
    return (capacity + page - 1) / page * page;
}

/* Gives the block of `moved` its size, and the peers of `list`. `moved` has the words of `list`, or
 * more. */
static bool rebuild_block(struct peer_list *list, struct peer_list moved) {
    const uint32_t count = peer_list_count(list);
    assert(moved.capacity >= count);
    moved.capacity = fit_capacity(&moved, moved.capacity);
    const size_t past = block_size(list, list->capacity);
    const size_t len = block_size(&moved, moved.capacity);
    moved.block = allocate_block(len);
    if (moved.block == NULL)
        return false;
    const struct peer_list before = *list;
    const bool remapped = past >= MAPPED_LEN && len >= MAPPED_LEN;
    if (remapped)
        move_arrays(&moved, &before);
    else if (count > 0)
        copy_arrays(&moved, &before);
    for (enum peer_word word = WORD_TAG; word <= WORD_STAMP; word++) {
        if (moved.has_word[word] && !before.has_word[word])
            memset(peer_words(&moved, word), 0, count * sizeof(uint64_t));
    }
    *list = moved;
    if (!remapped)
        free_block(before.block, past);
    return true;
}

static bool resize_block(struct peer_list *list, uint32_t capacity) {
    struct peer_list moved = *list;
    moved.capacity = capacity;
    return rebuild_block(list, moved);
}

static bool fit_block(struct peer_list *list, uint32_t count) {
    if (count <= list->capacity)
        return true;
    /* Small lists double; others grow by a sixteenth, since most of a larger step would stay
     * unused. In a mapped block, unused pages take no memory. */
    const uint32_t part = block_size(list, list->capacity) < MAPPED_LEN ? 16 : 8;
    const uint32_t more = list->capacity < 4 ? list->capacity : list->capacity / part + 2;
    const uint32_t capacity = list->capacity + more;
    return resize_block(list, capacity > count ? capacity : count);
}

static void shrink_block(struct peer_list *list) {
    const uint32_t count = peer_list_count(list);
    if (count == 0) {
        peer_list_clear(list);
        return;
    }
    /* Both may fail if memory is short; then the list keeps its size. */
    if (list->capacity > 8 && count < list->capacity / 3)
        (void)resize_block(list, count + count / 4 + 1);
    (void)fit_indexes(list, count);
}

/* All of a peer but its endpoint. */
static void prefetch_rest(const struct peer_list *list, uint32_t position) {
    prefetch_range(&peer_records(list)[position], sizeof(struct peer_record));
    prefetch_line(&peer_deadlines(list)[position]);
    for (enum peer_word word = WORD_TAG; word <= WORD_STAMP; word++) {
        if (list->has_word[word])
            prefetch_line(&peer_words(list, word)[position]);
    }
}

/* The rest is mostly read next: its memory comes together with that of the endpoint. */
static bool wire_matches(const void *array, uint32_t position, const void *wanted) {
    const struct peer_list *list = array;
    prefetch_rest(list, position);
    return endpoint_wire_equal(list->family, wire_at(list, position), wanted);
}

uint32_t peer_list_find(const struct peer_list *list, const uint8_t *wire) {
    if (has_indexes(list))
        return stepped_index_find(&list->indexes->by_endpoint, hash_wire(list, wire), wire_matches,
                                  list, wire);
    for (uint32_t i = 0; i < peer_list_count(list); i++) {
        if (endpoint_wire_equal(list->family, wire_at(list, i), wire))
            return i;
    }
    return PEER_NOWHERE;
}

static void prefetch_peer(const struct peer_list *list, uint32_t position) {
    if (position == PEER_NOWHERE)
        return;
    prefetch_line(wire_at(list, position));
    prefetch_rest(list, position);
}

static void prefetch_scan(const struct peer_list *list, const uint8_t *wire, int step) {
    if (step == 0 && list->block != NULL)
        prefetch_range(peer_wires(list), peer_list_count(list) * endpoint_len(list->family));
    if (step == 1)
        prefetch_peer(list, peer_list_find(list, wire));
}

void peer_list_prefetch(const struct peer_list *list, const uint8_t *wire, int step) {
    if (!has_indexes(list)) {
        prefetch_scan(list, wire, step);
        return;
    }
    if (step == 0) {
        prefetch_range(list->indexes, sizeof *list->indexes);
        return;
    }
    const struct hash_index *index = &list->indexes->by_endpoint.present;
    const uint32_t hash = hash_wire(list, wire);
    if (step == 1)
        hash_index_prefetch(index, hash);
    else
        prefetch_peer(list, hash_index_guess(index, hash));
}

void peer_list_prefetch_swap(const struct peer_list *list, uint32_t position) {
    const uint32_t seeders = peer_list_seeders(list);
    const uint32_t other = position < seeders ? seeders - 1 : seeders;
    if (other < peer_list_count(list))
        prefetch_peer(list, other);
}

struct identity {
    const uint8_t *peer_id;
    uint32_t key;
    uint8_t mask;
    uint8_t flags; /* which of those in `mask` it has */
};

static bool identity_matches(const void *array, uint32_t position, const void *wanted) {
    const struct peer_list *list = array;
    const struct identity *identity = wanted;
    const struct peer_record *record = &peer_records(list)[position];
    return record->key == identity->key && (record->flags & identity->mask) == identity->flags &&
           memcmp(record->peer_id, identity->peer_id, PEER_ID_LEN) == 0;
}

static uint32_t find_identity(const struct peer_list *list, const struct identity *wanted) {
    if (wanted->key == 0)
        return PEER_NOWHERE;
    if (has_indexes(list))
        return stepped_index_find(&list->indexes->by_identity,
                                  hash_identity(list, wanted->peer_id, wanted->key),
                                  identity_matches, list, wanted);
    for (uint32_t i = 0; i < peer_list_count(list); i++) {
        if (identity_matches(list, i, wanted))
            return i;
    }
    return PEER_NOWHERE;
}

uint32_t peer_list_find_identity(const struct peer_list *list,
                                 const uint8_t peer_id[static PEER_ID_LEN], uint32_t identity_key) {
    return find_identity(list, &(struct identity){ .peer_id = peer_id, .key = identity_key });
}

uint32_t peer_list_find_twin(const struct peer_list *list, const struct peer_record *record,
                             bool paired) {
    return find_identity(list, &(struct identity){ .peer_id = record->peer_id,
                                                   .key = record->key,
                                                   .mask = PEER_TWIN,
                                                   .flags = paired ? PEER_TWIN : 0 });
}

/* Moves a peer into the hole at `to`; `from` is then the hole. */
static void move_peer(struct peer_list *list, uint32_t from, uint32_t to) {
    if (from == to)
        return;
    if (has_indexes(list)) {
        const struct peer_hashes hashes = hash_peer_at(list, from);
        stepped_index_renumber(&list->indexes->by_endpoint, hashes.endpoint, from, to);
        if (has_identity(list, from))
            stepped_index_renumber(&list->indexes->by_identity, hashes.identity, from, to);
    }
    peer_records(list)[to] = peer_records(list)[from];
    for (enum peer_word word = WORD_TAG; word <= WORD_STAMP; word++) {
        if (list->has_word[word])
            peer_words(list, word)[to] = peer_words(list, word)[from];
    }
    peer_deadlines(list)[to] = peer_deadlines(list)[from];
    endpoint_wire_copy(list->family, wire_at(list, to), wire_at(list, from));
}

/* Makes a hole at the end of `zone`: each later zone moves its first peer behind its last one. */
static uint32_t open_hole(struct peer_list *list, enum peer_zone zone) {
    uint32_t hole = peer_list_count(list);
    for (int z = PEER_ZONES - 1; z > (int)zone; z--) {
        const uint32_t first = list->zone_end[z - 1];
        move_peer(list, first, hole);
        list->zone_end[z]++;
        hole = first;
    }
    list->zone_end[zone]++;
    return hole;
}

/* The reverse: fills a hole in `zone` with the zone's last peer, the hole that this leaves with the
 * next zone's last peer, and so on. */
static void close_hole(struct peer_list *list, enum peer_zone zone, uint32_t hole) {
    for (int z = (int)zone; z < PEER_ZONES; z++) {
        const uint32_t last = list->zone_end[z] - 1;
        move_peer(list, last, hole);
        list->zone_end[z]--;
        hole = last;
    }
}

/* The peers that close_hole will move. */
static void prefetch_moved(const struct peer_list *list, enum peer_zone zone) {
    for (int z = (int)zone; z < PEER_ZONES; z++) {
        if (list->zone_end[z] > 0)
            prefetch_peer(list, list->zone_end[z] - 1);
    }
}

static bool is_twin(const struct peer_record *record) {
    return record->flags & PEER_TWIN;
}

static void put_record(struct peer_list *list, uint32_t position, const struct peer_record *record,
                       uint8_t walk_mark) {
    struct peer_record *place = &peer_records(list)[position];
    *place = *record;
    place->flags = (uint8_t)((record->flags & ~PEER_WALKED) | walk_mark);
}

void peer_list_expect(struct peer_list *list, uint32_t more) {
    list->expected = more == 0 ? 0 : peer_list_count(list) + more;
}

uint32_t peer_list_add(struct peer_list *list, enum peer_zone zone, const uint8_t *wire,
                       const struct peer_record *record, uint32_t deadline_s) {
    const uint32_t next = peer_list_count(list) + 1;
    const uint32_t count = next > list->expected ? next : list->expected;
    if (!fit_block(list, count) || !fit_indexes(list, count))
        return PEER_NOWHERE;
    list->loopback += endpoint_wire_is_loopback(list->family, wire);
    list->unreachable += peer_is_unreachable(list->family, wire);
    list->twins += is_twin(record);
    struct peer_hashes hashes = { 0 };
    if (has_indexes(list))
        hashes = hash_peer(list, wire, record);
    const uint32_t position = open_hole(list, zone);
    put_record(list, position, record, list->walk_mark);
    for (enum peer_word word = WORD_TAG; word <= WORD_STAMP; word++) {
        if (list->has_word[word])
            peer_words(list, word)[position] = 0;
    }
    peer_deadlines(list)[position] = deadline_s;
    endpoint_wire_copy(list->family, wire_at(list, position), wire);
    if (has_indexes(list))
        index_peer(list, position, &hashes);
    return position;
}

static void swap_bytes(void *one, void *other, size_t len) {
    uint8_t kept[sizeof(struct peer_record)];
    assert(len <= sizeof kept);
    memcpy(kept, one, len);
    memcpy(one, other, len);
    memcpy(other, kept, len);
}

static void swap_identities(struct peer_list *list, uint32_t one, uint32_t one_hash, uint32_t other,
                            uint32_t other_hash) {
    struct stepped_index *index = &list->indexes->by_identity;
    if (has_identity(list, one) && has_identity(list, other))
        stepped_index_swap(index, one_hash, one, other_hash, other);
    else if (has_identity(list, one))
        stepped_index_renumber(index, one_hash, one, other);
    else if (has_identity(list, other))
        stepped_index_renumber(index, other_hash, other, one);
}

static void swap_in_indexes(struct peer_list *list, uint32_t one, uint32_t other) {
    prefetch_peer(list, other);
    const struct peer_hashes one_hashes = hash_peer_at(list, one);
    const struct peer_hashes other_hashes = hash_peer_at(list, other);
    stepped_index_swap(&list->indexes->by_endpoint, one_hashes.endpoint, one, other_hashes.endpoint,
                       other);
    swap_identities(list, one, one_hashes.identity, other, other_hashes.identity);
}

static void swap_peers(struct peer_list *list, uint32_t one, uint32_t other) {
    if (one == other)
        return;
    if (has_indexes(list))
        swap_in_indexes(list, one, other);
    swap_bytes(&peer_records(list)[one], &peer_records(list)[other], sizeof(struct peer_record));
    for (enum peer_word word = WORD_TAG; word <= WORD_STAMP; word++) {
        if (list->has_word[word])
            swap_bytes(&peer_words(list, word)[one], &peer_words(list, word)[other],
                       sizeof(uint64_t));
    }
    swap_bytes(&peer_deadlines(list)[one], &peer_deadlines(list)[other], sizeof(uint32_t));
    swap_bytes(wire_at(list, one), wire_at(list, other), endpoint_len(list->family));
}

/* Moves the peer into `zone`, across the bounds between: it changes places with the peer at each
 * bound. Returns its new position. */
static uint32_t change_zone(struct peer_list *list, uint32_t position, enum peer_zone zone) {
    enum peer_zone at = peer_list_zone(list, position);
    for (; at > zone; at--) {
        const uint32_t first = list->zone_end[at - 1]++;
        swap_peers(list, position, first);
        position = first;
    }
    for (; at < zone; at++) {
        const uint32_t last = --list->zone_end[at];
        swap_peers(list, position, last);
        position = last;
    }
    return position;
}

uint32_t peer_list_update(struct peer_list *list, uint32_t position, enum peer_zone zone,
                          const struct peer_record *record, uint32_t deadline_s) {
    position = change_zone(list, position, zone);
    const struct peer_record *present = &peer_records(list)[position];
    const uint8_t walk_mark = present->flags & PEER_WALKED;
    const bool reindexes = has_indexes(list) && !peer_record_same_identity(present, record);
    list->twins += is_twin(record);
    list->twins -= is_twin(present);
    if (reindexes)
        unindex_identity(list, position, identity_hash_at(list, position));
    put_record(list, position, record, walk_mark);
    if (reindexes)
        index_identity(list, position, identity_hash_at(list, position));
    peer_deadlines(list)[position] = deadline_s;
    return position;
}

void peer_list_remove(struct peer_list *list, uint32_t position) {
    list->loopback -= endpoint_wire_is_loopback(list->family, wire_at(list, position));
    list->unreachable -= peer_is_unreachable(list->family, wire_at(list, position));
    list->twins -= is_twin(&peer_records(list)[position]);
    const enum peer_zone zone = peer_list_zone(list, position);
    if (has_indexes(list)) {
        prefetch_moved(list, zone);
        unindex_peer(list, position);
    }
    close_hole(list, zone, position);
    shrink_block(list);
}

bool peer_list_make_words(struct peer_list *list, enum peer_word word) {
    if (list->has_word[word])
        return true;
    struct peer_list moved = *list;
    moved.has_word[word] = true;
    if (moved.capacity == 0)
        moved.capacity = 1;
    return rebuild_block(list, moved);
}

uint64_t peer_list_word(const struct peer_list *list, enum peer_word word, uint32_t position) {
    return list->has_word[word] ? peer_words(list, word)[position] : 0;
}

void peer_list_set_word(struct peer_list *list, enum peer_word word, uint32_t position,
                        uint64_t value) {
    assert(list->has_word[word]);
    peer_words(list, word)[position] = value;
}

enum peer_zone peer_list_zone(const struct peer_list *list, uint32_t position) {
    int zone = 0;
    while (position >= list->zone_end[zone])
        zone++;
    return (enum peer_zone)zone;
}

const uint8_t *peer_list_wire(const struct peer_list *list, uint32_t position) {
    return wire_at(list, position);
}

const struct peer_record *peer_list_record(const struct peer_list *list, uint32_t position) {
    return &peer_records(list)[position];
}

uint32_t peer_list_deadline(const struct peer_list *list, uint32_t position) {
    return peer_deadlines(list)[position];
}

/* An interval with jitter. */
static uint32_t extended_deadline(const struct peer_record *record) {
    const uint32_t interval_s = peer_record_interval_s(record);
    return interval_s + interval_s / 10 + 1;
}

uint32_t peer_list_silent_s(const struct peer_list *list, uint32_t position, uint32_t now_s) {
    const struct peer_record *record = &peer_records(list)[position];
    if (peer_deadlines(list)[position] == PEER_DEADLINE_NEVER)
        return 0;
    const uint32_t ahead_s =
        record->flags & PEER_GRACED ? extended_deadline(record) : peer_record_lifetime_s(record);
    return clock_elapsed_s(peer_deadlines(list)[position] - ahead_s, now_s);
}

void peer_list_extend_deadline(struct peer_list *list, uint32_t position, uint32_t now_s,
                               uint32_t interval_s) {
    struct peer_record *record = &peer_records(list)[position];
    if (record->ttl_s / 2 < interval_s)
        record->ttl_s = (uint16_t)(2 * interval_s);
    record->flags |= PEER_GRACED;
    peer_deadlines(list)[position] = now_s + extended_deadline(record);
}

void peer_list_take_stamp(struct peer_list *list, uint32_t position) {
    struct peer_record *record = &peer_records(list)[position];
    record->flags &= (uint8_t)~PEER_STAMPED;
    record->ttl_s = record->ttl_s > UINT16_MAX / 2 ? UINT16_MAX : (uint16_t)(2 * record->ttl_s);
    peer_list_set_word(list, WORD_STAMP, position, 0);
}

void peer_list_end_lasting(struct peer_list *list, uint32_t now_s, bool now) {
    for (uint32_t i = 0; i < peer_list_count(list); i++) {
        const struct peer_record *record = &peer_records(list)[i];
        const uint32_t interval_s = peer_record_interval_s(record);
        const uint32_t left_s = now ? 0 : peer_lifetime_s(interval_s) - 3 * interval_s / 2;
        if ((record->flags & PEER_STAMPED) == 0)
            peer_deadlines(list)[i] = now_s + left_s;
    }
}

uint32_t peer_list_next_expired(const struct peer_list *list, uint32_t from, uint32_t now_s) {
    const uint32_t count = peer_list_count(list);
    for (uint32_t i = from; i < count; i++) {
        if (peer_deadlines(list)[i] <= now_s)
            return i;
    }
    return PEER_NOWHERE;
}

/* The first 8 bytes of the address, or all 4. */
static uint64_t address_start(uint8_t family, const uint8_t *wire) {
    return family == FAMILY_V6 ? load_u64(wire) : (uint64_t)load_u32(wire) << 32;
}

uint32_t peer_list_count_address(const struct peer_list *list, const uint8_t *wire, size_t len,
                                 uint32_t enough) {
    const uint64_t mask = UINT64_MAX << (64 - 8 * len);
    const uint64_t wanted = address_start(list->family, wire) & mask;
    uint32_t count = 0;
    for (uint32_t i = 0; i < peer_list_count(list) && count < enough; i++)
        count += (address_start(list->family, wire_at(list, i)) & mask) == wanted;
    return count;
}

void peer_list_begin_walk(struct peer_list *list) {
    list->walk_mark ^= PEER_WALKED;
}

bool peer_list_walk(struct peer_list *list, uint32_t position) {
    uint8_t *flags = &peer_records(list)[position].flags;
    if ((*flags & PEER_WALKED) == list->walk_mark)
        return false;
    *flags ^= PEER_WALKED;
    return true;
}

size_t peer_list_memory(const struct peer_list *list) {
    size_t sum = block_size(list, list->capacity);
    if (has_indexes(list))
        sum += sizeof *list->indexes + stepped_index_memory(&list->indexes->by_endpoint) +
               stepped_index_memory(&list->indexes->by_identity);
    return sum;
}
