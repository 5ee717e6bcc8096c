#include "web/views/address_totals.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

enum { SLOTS_MIN = 1024, CLIENT_CODE_LEN = 8 };

bool address_is_same(const struct endpoint *a, const struct endpoint *b) {
    return a->family == b->family && memcmp(a->wire, b->wire, address_len(a->family)) == 0;
}

static uint32_t *slot_of(const struct address_totals *totals, const struct endpoint *address) {
    const uint64_t hash = keyed_hash(&totals->key, address->wire, address_len(address->family));
    size_t at = hash & totals->slot_mask;
    while (totals->slots[at] != 0 &&
           !address_is_same(&totals->rows[totals->slots[at] - 1].address, address))
        at = (at + 1) & totals->slot_mask;
    return &totals->slots[at];
}

/* At least twice as many slots as rows. */
static bool grow_slots(struct address_totals *totals) {
    const size_t size = totals->slots == NULL ? SLOTS_MIN : 2 * (totals->slot_mask + 1);
    uint32_t *slots = calloc(size, sizeof *slots);
    if (slots == NULL)
        return false;
    free(totals->slots);
    totals->slots = slots;
    totals->slot_mask = size - 1;
    for (size_t i = 0; i < totals->count; i++)
        *slot_of(totals, &totals->rows[i].address) = (uint32_t)i + 1;
    return true;
}

static bool grow_rows(struct address_totals *totals) {
    const size_t capacity = 2 * totals->capacity + SLOTS_MIN / 4;
    struct address_row *rows = realloc(totals->rows, capacity * sizeof *rows);
    if (rows == NULL)
        return false;
    totals->rows = rows;
    totals->capacity = capacity;
    return true;
}

static bool make_room(struct address_totals *totals) {
    if (totals->count == totals->capacity && !grow_rows(totals))
        return false;
    const bool roomy = totals->slots != NULL && 2 * totals->count <= totals->slot_mask;
    return roomy || grow_slots(totals);
}

static struct address_row *add_row(struct address_totals *totals, const struct peer_stats *peer) {
    struct address_row *row = &totals->rows[totals->count++];
    *row = (struct address_row){ .address = peer->peer, .silent_s = UINT32_MAX, .lan = peer->lan };
    endpoint_set_port(&row->address, 0);
    return row;
}

/* The first letters of a peer_id name the program and its version. */
static void note_client(struct address_row *row, const uint8_t *peer_id) {
    for (size_t i = 0; i < row->client_count; i++) {
        if (memcmp(row->clients[i], peer_id, CLIENT_CODE_LEN) == 0)
            return;
    }
    if (row->client_count < ADDRESS_CLIENTS_MAX)
        memcpy(row->clients[row->client_count++], peer_id, PEER_ID_LEN);
}

static void note_port(struct address_row *row, uint16_t port) {
    for (size_t i = 0; i < row->port_count; i++) {
        if (row->ports[i] == port)
            return;
    }
    if (row->port_count < ADDRESS_PORTS_MAX)
        row->ports[row->port_count++] = port;
}

/* The peers of one torrent come one behind the other, so that several of one address in the same
 * torrent make one torrent. */
static void add_peer(struct address_row *row, const struct peer_stats *peer) {
    const uint64_t torrent = load_u64(peer->info_hash);
    if (row->torrents == 0 || torrent != row->last_torrent)
        row->torrents++;
    row->last_torrent = torrent;
    if (peer->seeder)
        row->seeding++;
    else
        row->leeching++;
    row->upload_rate += peer->upload_rate;
    row->download_rate += peer->download_rate;
    if (peer->silent_s < row->silent_s)
        row->silent_s = peer->silent_s;
    note_client(row, peer->peer_id);
    note_port(row, endpoint_port(&peer->peer));
}

bool address_totals_add(struct address_totals *totals, const struct peer_stats *peer) {
    if (!make_room(totals))
        return false;
    uint32_t *slot = slot_of(totals, &peer->peer);
    if (*slot == 0 && totals->count == ADDRESS_LIST_MAX)
        return true;
    if (*slot != 0) {
        add_peer(&totals->rows[*slot - 1], peer);
        return true;
    }
    add_peer(add_row(totals, peer), peer);
    *slot = (uint32_t)totals->count;
    return true;
}

void address_totals_clear(struct address_totals *totals) {
    free(totals->rows);
    free(totals->slots);
    *totals = (struct address_totals){ .key = totals->key };
}
