#include "web/views/address_totals.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"

enum { CLIENT_CODE_LEN = 8 }; /* the part of a peer_id that names client and version */

static uint32_t hash_address(const struct address_totals *totals, const struct endpoint *address) {
    return (uint32_t)keyed_hash(&totals->key, address->wire, address_len(address->family));
}

static bool matches_address(const void *array, uint32_t position, const void *wanted) {
    const struct address_row *rows = array;
    return endpoint_same_address(&rows[position].address, wanted);
}

static bool grow_index(struct address_totals *totals) {
    const uint32_t count = (uint32_t)totals->count + 1;
    struct hash_index index;
    if (hash_index_fits(&totals->index, count))
        return true;
    if (!hash_index_create(&index, 2 * count))
        return false;
    for (size_t i = 0; i < totals->count; i++)
        hash_index_put(&index, hash_address(totals, &totals->rows[i].address), (uint32_t)i);
    hash_index_free(&totals->index);
    totals->index = index;
    return true;
}

static struct address_row *add_row(struct address_totals *totals, const struct peer_stats *peer,
                                   uint32_t hash) {
    struct address_row *rows =
        array_grow(totals->rows, &totals->capacity, totals->count + 1, sizeof *rows);
    if (rows == NULL)
        return NULL;
    totals->rows = rows;
    if (!grow_index(totals))
        return NULL;
    hash_index_put(&totals->index, hash, (uint32_t)totals->count);
    struct address_row *row = &rows[totals->count++];
    *row = (struct address_row){ .address = peer->peer, .silent_s = UINT32_MAX, .lan = peer->lan };
    endpoint_set_port(&row->address, 0);
    return row;
}

static void add_client(struct address_row *row, const uint8_t *peer_id) {
    for (size_t i = 0; i < row->client_count; i++) {
        if (memcmp(row->clients[i], peer_id, CLIENT_CODE_LEN) == 0)
            return;
    }
    if (row->client_count < ADDRESS_CLIENTS_MAX)
        memcpy(row->clients[row->client_count++], peer_id, PEER_ID_LEN);
}

static void add_port(struct address_row *row, uint16_t port) {
    for (size_t i = 0; i < row->port_count; i++) {
        if (row->ports[i] == port)
            return;
    }
    if (row->port_count < ADDRESS_PORTS_MAX)
        row->ports[row->port_count++] = port;
}

static void add_peer(struct address_row *row, const struct peer_stats *peer) {
    /* The peers of one torrent arrive together, so a changed info_hash is a new torrent. */
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
    add_client(row, peer->peer_id);
    add_port(row, endpoint_port(&peer->peer));
}

bool address_totals_add(struct address_totals *totals, const struct peer_stats *peer) {
    const uint32_t hash = hash_address(totals, &peer->peer);
    const uint32_t position =
        totals->count == 0
            ? HASH_INDEX_NONE
            : hash_index_find(&totals->index, hash, matches_address, totals->rows, &peer->peer);
    if (position == HASH_INDEX_NONE && totals->count == ADDRESS_LIST_MAX)
        return true;
    struct address_row *row =
        position == HASH_INDEX_NONE ? add_row(totals, peer, hash) : &totals->rows[position];
    if (row != NULL)
        add_peer(row, peer);
    return row != NULL;
}

void address_totals_clear(struct address_totals *totals) {
    free(totals->rows);
    hash_index_free(&totals->index);
    *totals = (struct address_totals){ .key = totals->key };
}
