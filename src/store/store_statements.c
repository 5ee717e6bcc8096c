/* What the store says to SQLite again and again. */
#include "store/store_state.h"

static const char *const statement_sql[STATEMENTS] = {
    [PUT_PEER] = ("INSERT OR REPLACE INTO peer"
                  " (info_hash, endpoint, peer_id, key, left, paused, counted, interval_s, since_s)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"),
    [DROP_PEER] = "DELETE FROM peer WHERE info_hash = ?1 AND endpoint = ?2",
    [PUT_TORRENT] = ("INSERT OR REPLACE INTO torrent (info_hash, downloaded, idle_since_s)"
                     " VALUES (?1, ?2, ?3)"),
    [DROP_TORRENT] = "DELETE FROM torrent WHERE info_hash = ?1",
    [PUT_SAMPLE] =
        ("INSERT INTO sample (period_s, at_s, samples, torrents, peers, seeders, leechers,"
         " announces_per_s, upload_rate, download_rate)"
         " VALUES (?1, ?2 - ?2 % ?1, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
         " ON CONFLICT (period_s, at_s) DO UPDATE SET samples = samples + 1,"
         " torrents = torrents + excluded.torrents, peers = peers + excluded.peers,"
         " seeders = seeders + excluded.seeders, leechers = leechers + excluded.leechers,"
         " announces_per_s = announces_per_s + excluded.announces_per_s,"
         " upload_rate = upload_rate + excluded.upload_rate,"
         " download_rate = download_rate + excluded.download_rate"),
    /* Those from before a clock was put back are kept, too, should it be put forward again. */
    [TRIM_SAMPLES] =
        ("DELETE FROM sample WHERE period_s = ?1 AND (at_s < (SELECT at_s FROM sample"
         " WHERE period_s = ?1 AND at_s <= ?2 ORDER BY at_s DESC LIMIT 1 OFFSET ?3 - 1)"
         " OR at_s > (SELECT at_s FROM sample"
         " WHERE period_s = ?1 AND at_s > ?2 ORDER BY at_s LIMIT 1 OFFSET ?3 - 1))"),
    [PUT_TORRENT_SAMPLE] =
        ("INSERT INTO torrent_sample (period_s, at_s, info_hash, samples, seeders, leechers,"
         " downloaded, upload_rate, download_rate)"
         " VALUES (?1, ?2 - ?2 % ?1, ?3, 1, ?4, ?5, ?6, ?7, ?8)"
         " ON CONFLICT (period_s, at_s, info_hash) DO UPDATE SET samples = samples + 1,"
         " seeders = seeders + excluded.seeders, leechers = leechers + excluded.leechers,"
         " downloaded = max(downloaded, excluded.downloaded),"
         " upload_rate = upload_rate + excluded.upload_rate,"
         " download_rate = download_rate + excluded.download_rate"),
    /* Torrents are remembered for as long as the tracker as a whole is. Two statements, so that
     * each finds its rows by the primary key. */
    [TRIM_TORRENT_SAMPLES_BEHIND] =
        ("DELETE FROM torrent_sample WHERE period_s = ?1"
         " AND at_s < (SELECT min(at_s) FROM sample WHERE period_s = ?1)"),
    [TRIM_TORRENT_SAMPLES_AHEAD] =
        ("DELETE FROM torrent_sample WHERE period_s = ?1"
         " AND at_s > (SELECT max(at_s) FROM sample WHERE period_s = ?1)"),
    [PUT_COMPLETION] = ("INSERT INTO completion (at_s, info_hash, peer_id, endpoint)"
                        " VALUES (?1, ?2, ?3, ?4)"),
    [TRIM_COMPLETIONS] =
        ("DELETE FROM completion WHERE id <= (SELECT max(id) FROM completion) - ?1"),
};

bool store_run(sqlite3_stmt *statement) {
    const bool good = sqlite3_step(statement) == SQLITE_DONE;
    sqlite3_reset(statement);
    return good;
}

bool store_prepare(struct connection *at) {
    for (int i = 0; i < STATEMENTS; i++) {
        if (sqlite3_prepare_v3(at->db, statement_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &at->statements[i], NULL) != SQLITE_OK)
            return false;
    }
    return true;
}
