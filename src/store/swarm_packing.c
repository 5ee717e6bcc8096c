#include "store/swarm_packing.h"

#include "base/clock.h"
#include "store/packed_change.h"
#include "store/row_value.h"
#include "store/swarm_key.h"

static const char READ_TORRENTS[] =
    "SELECT info_hash, downloaded, idle_since_s FROM torrent ORDER BY info_hash";
static const char READ_PEERS[] =
    "SELECT info_hash, endpoint, peer_id, key, left, paused, counted, interval_s, since_s, passkey"
    " FROM peer ORDER BY info_hash, endpoint";
static const char ADD[] = "INSERT INTO swarm (first, entries) VALUES (?1, ?2)";

/* The next valid row of a table. */
struct old_rows {
    sqlite3_stmt *rows;
    bool (*read)(sqlite3_stmt *row, int64_t now_s, struct change *change);
    struct change change;
    struct swarm_key key;
    int result; /* of SQLite; SQLITE_ROW: the change is set */
};

/* The row that is being filled. */
struct new_row {
    sqlite3_stmt *add;
    struct swarm_key first;
    struct swarm_key last;
    uint8_t packed[SWARM_ROW_MAX];
    size_t len;
};

static uint32_t read_age(sqlite3_stmt *row, int column, int64_t now_s) {
    return packed_change_age(sqlite3_column_int64(row, column), now_s);
}

static bool read_torrent(sqlite3_stmt *row, int64_t now_s, struct change *change) {
    *change = (struct change){ .kind = CHANGE_TORRENT, .age_s = read_age(row, 2, now_s) };
    return row_value_blob(row, 0, change->info_hash, INFO_HASH_LEN) &&
           row_value_u32(row, 1, UINT32_MAX, &change->downloaded) && change->downloaded > 0;
}

static bool read_endpoint(sqlite3_stmt *row, int column, struct endpoint *peer) {
    peer->family = sqlite3_column_bytes(row, column) == ENDPOINT_V6_LEN ? FAMILY_V6 : FAMILY_V4;
    return row_value_blob(row, column, peer->wire, endpoint_len(peer->family)) &&
           endpoint_port(peer) != 0;
}

static bool read_peer(sqlite3_stmt *row, int64_t now_s, struct change *change) {
    uint32_t paused;
    uint32_t counted;
    *change = (struct change){
        .kind = CHANGE_PEER_JOINED,
        .left = (uint64_t)sqlite3_column_int64(row, 4),
        .age_s = read_age(row, 8, now_s),
        .passkey_tag = (uint64_t)sqlite3_column_int64(row, 9),
    };
    if (!row_value_blob(row, 0, change->info_hash, INFO_HASH_LEN) ||
        !read_endpoint(row, 1, &change->peer) ||
        !row_value_blob(row, 2, change->peer_id, PEER_ID_LEN) ||
        !row_value_u32(row, 3, UINT32_MAX, &change->key) || !row_value_u32(row, 5, 1, &paused) ||
        !row_value_u32(row, 6, 1, &counted) ||
        !row_value_u32(row, 7, PACKED_INTERVAL_MAX_S, &change->interval_s))
        return false;
    change->paused = paused == 1;
    change->counted = counted == 1;
    return true;
}

static void step_rows(struct old_rows *old, int64_t now_s) {
    do
        old->result = sqlite3_step(old->rows);
    while (old->result == SQLITE_ROW && !old->read(old->rows, now_s, &old->change));
    if (old->result == SQLITE_ROW)
        old->key = swarm_key_of(&old->change);
}

static int add_row(struct new_row *row) {
    sqlite3_bind_blob(row->add, 1, row->first.bytes, row->first.len, SQLITE_STATIC);
    sqlite3_bind_blob(row->add, 2, row->packed, (int)row->len, SQLITE_STATIC);
    row->len = 0;
    (void)sqlite3_step(row->add);
    return sqlite3_reset(row->add);
}

/* The part of a row that is free leaves room for new peers. A row is of one range of the log, so
 * also if all of its info_hashes have one first byte. */
static bool has_room(const struct new_row *row, const struct swarm_key *key) {
    return row->len + PACKED_CHANGE_MAX <= SWARM_ROW_FILL && row->first.bytes[0] == key->bytes[0];
}

/* A damaged table may have a key twice. */
static int pack_change(struct new_row *row, const struct old_rows *old, int64_t now_s) {
    int result = SQLITE_OK;
    if (swarm_key_compare(&old->key, &row->last) <= 0)
        return result;
    if (row->len > 0 && !has_room(row, &old->key))
        result = add_row(row);
    if (row->len == 0)
        row->first = old->key;
    row->last = old->key;
    row->len += packed_change_write(row->packed + row->len, &old->change, now_s);
    return result;
}

/* A torrent comes before its peers. */
static int pack_rows(struct old_rows *torrents, struct old_rows *peers, struct new_row *row) {
    const int64_t now_s = clock_unix_s();
    int result = SQLITE_OK;
    step_rows(torrents, now_s);
    step_rows(peers, now_s);
    while (result == SQLITE_OK && (torrents->result == SQLITE_ROW || peers->result == SQLITE_ROW)) {
        const bool torrent_first =
            peers->result != SQLITE_ROW ||
            (torrents->result == SQLITE_ROW && swarm_key_compare(&torrents->key, &peers->key) < 0);
        struct old_rows *first = torrent_first ? torrents : peers;
        result = pack_change(row, first, now_s);
        step_rows(first, now_s);
    }
    if (result == SQLITE_OK && row->len > 0)
        result = add_row(row);
    if (result != SQLITE_OK)
        return result;
    return torrents->result != SQLITE_DONE ? torrents->result : peers->result;
}

static int pack_swarms(sqlite3 *db) {
    struct old_rows torrents = { .read = read_torrent };
    struct old_rows peers = { .read = read_peer };
    struct new_row row = { .len = 0 };
    int result = sqlite3_prepare_v2(db, READ_TORRENTS, -1, &torrents.rows, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_prepare_v2(db, READ_PEERS, -1, &peers.rows, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_prepare_v2(db, ADD, -1, &row.add, NULL);
    if (result == SQLITE_OK)
        result = pack_rows(&torrents, &peers, &row);
    sqlite3_finalize(torrents.rows);
    sqlite3_finalize(peers.rows);
    sqlite3_finalize(row.add);
    return result;
}

static void call_pack_swarms(sqlite3_context *context, int count, sqlite3_value **values) {
    (void)count;
    (void)values;
    const int result = pack_swarms(sqlite3_context_db_handle(context));
    if (result != SQLITE_DONE)
        sqlite3_result_error_code(context, result);
}

int swarm_packing_define(sqlite3 *db) {
    return sqlite3_create_function(db, "pack_swarms", 0, SQLITE_UTF8 | SQLITE_DIRECTONLY, NULL,
                                   call_pack_swarms, NULL, NULL);
}
