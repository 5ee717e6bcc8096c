#include "store/history_writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/random.h"
#include "store/connection.h"
#include "swarm/heavy_torrents.h"
#include "swarm/rate_limit.h"

enum { COMPLETIONS_WAITING_MAX = 8192, DAY_S = 24 * 60 * 60, SHARE_MIN = 100 };

static const char PUT_SAMPLE[] =
    "INSERT INTO sample (period_s, at_s, samples, torrents, peers, seeders, leechers,"
    " announces_per_s, upload_rate, download_rate)"
    " VALUES (?1, ?2 - ?2 % ?1, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
    " ON CONFLICT (period_s, at_s) DO UPDATE SET samples = samples + 1,"
    " torrents = torrents + excluded.torrents, peers = peers + excluded.peers,"
    " seeders = seeders + excluded.seeders, leechers = leechers + excluded.leechers,"
    " announces_per_s = announces_per_s + excluded.announces_per_s,"
    " upload_rate = upload_rate + excluded.upload_rate,"
    " download_rate = download_rate + excluded.download_rate";
/* Keeps ?3 samples up to the current time and ?3 after it: a clock that was set back may be set
 * forward again. */
static const char TRIM_SAMPLES[] =
    "DELETE FROM sample WHERE period_s = ?1 AND (at_s < (SELECT at_s FROM sample"
    " WHERE period_s = ?1 AND at_s <= ?2 ORDER BY at_s DESC LIMIT 1 OFFSET ?3 - 1)"
    " OR at_s > (SELECT at_s FROM sample"
    " WHERE period_s = ?1 AND at_s > ?2 ORDER BY at_s LIMIT 1 OFFSET ?3 - 1))";
static const char PUT_TORRENT_SAMPLE[] =
    "INSERT INTO torrent_sample (period_s, at_s, info_hash, samples, seeders, leechers,"
    " downloaded, upload_rate, download_rate)"
    " VALUES (?1, ?2 - ?2 % ?1, ?3, 1, ?4, ?5, ?6, ?7, ?8)"
    " ON CONFLICT (period_s, at_s, info_hash) DO UPDATE SET samples = samples + 1,"
    " seeders = seeders + excluded.seeders, leechers = leechers + excluded.leechers,"
    " downloaded = max(downloaded, excluded.downloaded),"
    " upload_rate = upload_rate + excluded.upload_rate,"
    " download_rate = download_rate + excluded.download_rate";
/* Samples of torrents are kept as long as those of the tracker. Two statements, so that each can
 * use the primary key. */
static const char TRIM_TORRENT_SAMPLES_BEHIND[] =
    "DELETE FROM torrent_sample WHERE period_s = ?1"
    " AND at_s < (SELECT min(at_s) FROM sample WHERE period_s = ?1)";
static const char TRIM_TORRENT_SAMPLES_AHEAD[] =
    "DELETE FROM torrent_sample WHERE period_s = ?1"
    " AND at_s > (SELECT max(at_s) FROM sample WHERE period_s = ?1)";
static const char PUT_COMPLETION[] =
    "INSERT INTO completion (at_s, info_hash, peer_id, endpoint)"
    " VALUES (?1, ?2, ?3, ?4)";
/* Ids that no count reaches: after the largest one, SQLite chooses random ids. */
static const char DROP_LAST_IDS[] = "DELETE FROM completion WHERE id > 4611686018427387904";
static const char TRIM_COMPLETIONS[] =
    "DELETE FROM completion WHERE id <= (SELECT max(id) FROM completion) - ?1";

/* Deletes samples before ?2. */
static const char EXPIRE_SAMPLES[] = "DELETE FROM sample WHERE period_s = ?1 AND at_s < ?2";
/* Deletes the completions before the first one since ?1. One later than ?2 was recorded while the
 * clock was wrong, and does not keep those before it. */
static const char EXPIRE_COMPLETIONS[] =
    "DELETE FROM completion WHERE id < coalesce((SELECT id FROM completion"
    " WHERE at_s BETWEEN ?1 AND ?2 ORDER BY id LIMIT 1), 9223372036854775807)";
/* Without port, as endpoint_reduced does. */
static const char REDUCE_TO_NETWORKS[] =
    "UPDATE completion SET endpoint = CAST("
    " substr(endpoint, 1, iif(length(endpoint) = 6, 3, 6)) ||"
    " zeroblob(iif(length(endpoint) = 6, 3, 12)) AS BLOB) WHERE substr(endpoint, -2) <> x'0000'";
static const char REDUCE_TO_NOTHING[] =
    "UPDATE completion SET endpoint = zeroblob(length(endpoint))"
    " WHERE endpoint <> zeroblob(length(endpoint))";

void history_writer_free(struct history_writer *writer) {
    free(writer->torrents);
    free(writer->completions);
    rate_limit_delete(writer->shares);
}

void history_writer_add_sample(struct history_writer *writer, const struct sample *sample) {
    if (!writer->options.enabled)
        return;
    if (writer->sample_count == HISTORY_SAMPLES_WAITING_MAX) {
        writer->sample_count--;
        memmove(writer->samples, writer->samples + 1,
                writer->sample_count * sizeof *writer->samples);
    }
    writer->samples[writer->sample_count++] = *sample;
}

void history_writer_add_torrents(struct history_writer *writer, int64_t at_s,
                                 const struct torrent_stats *torrents, size_t count) {
    if (!writer->options.enabled)
        return;
    if (count > writer->options.torrents_max)
        count = writer->options.torrents_max;
    struct torrent_stats *copy = malloc(count * sizeof *copy + 1);
    if (copy == NULL)
        return;
    if (count > 0)
        memcpy(copy, torrents, count * sizeof *copy);
    free(writer->torrents);
    writer->torrents = copy;
    writer->torrent_count = count;
    writer->torrents_at_s = at_s;
}

static void drop_older_half(struct history_writer *writer) {
    writer->completion_count /= 2;
    memmove(writer->completions, writer->completions + writer->completion_count,
            writer->completion_count * sizeof *writer->completions);
}

/* Of the torrents that have most of a full queue, so that a flood for one torrent costs no other
 * torrent; of all, if no torrent has many. Half of them, so that this is rare. */
static void drop_completions(struct history_writer *writer) {
    struct heavy_torrents heavy;
    heavy_torrents_find(&heavy, writer->completions, writer->completion_count,
                        sizeof *writer->completions, offsetof(struct completion, info_hash));
    if (heavy.count == 0) {
        drop_older_half(writer);
        return;
    }
    for (size_t i = 0; i < heavy.count; i++)
        heavy.list[i].entries /= 2;
    size_t kept = 0;
    for (size_t i = 0; i < writer->completion_count; i++) {
        struct heavy_torrent *torrent =
            heavy_torrents_lookup(&heavy, writer->completions[i].info_hash);
        if (torrent != NULL && torrent->entries > 0)
            torrent->entries--;
        else
            writer->completions[kept++] = writer->completions[i];
    }
    writer->completion_count = kept;
}

/* False if out of memory. */
static bool reserve_completion(struct history_writer *writer) {
    if (writer->completion_count == COMPLETIONS_WAITING_MAX)
        drop_completions(writer);
    struct completion *grown = array_grow(writer->completions, &writer->completion_capacity,
                                          writer->completion_count + 1, sizeof *grown);
    if (grown != NULL)
        writer->completions = grown;
    return grown != NULL;
}

/* Whether the address has used up its share. The bucket gets seconds in place of milliseconds, so
 * that its rate of one per second is one per 1000 seconds. */
static bool exceeds_share(struct history_writer *writer, const struct endpoint *peer,
                          int64_t at_s) {
    const uint32_t share = writer->options.completions_max / 100;
    struct hash_key key;
    if (endpoint_is_loopback(peer))
        return false;
    if (writer->shares == NULL && random_secret(&key, sizeof key))
        writer->shares = rate_limit_create(&key);
    return writer->shares != NULL &&
           !rate_limit_take(writer->shares, peer, 1, share > SHARE_MIN ? share : SHARE_MIN,
                            (uint64_t)at_s);
}

static void add_completion(struct history_writer *writer, const struct change *change,
                           int64_t at_s) {
    if (!reserve_completion(writer))
        return;
    struct completion *completion = &writer->completions[writer->completion_count++];
    *completion = (struct completion){ .at_s = at_s };
    completion->peer = endpoint_reduced(&change->peer, writer->options.addresses);
    memcpy(completion->info_hash, change->info_hash, INFO_HASH_LEN);
    memcpy(completion->peer_id, change->peer_id, PEER_ID_LEN);
}

void history_writer_add_completions(struct history_writer *writer, const struct change *changes,
                                    size_t count, int64_t at_s) {
    if (!writer->options.enabled || writer->options.completions_max == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        if (changes[i].kind == CHANGE_PEER_COMPLETED && changes[i].origin != ORIGIN_MERGED &&
            !exceeds_share(writer, &changes[i].peer, at_s))
            add_completion(writer, &changes[i], at_s);
    }
}

static bool put_sample(struct connection *connection, const struct sample *sample,
                       int64_t period_s) {
    sqlite3_stmt *statement = connection_statement(connection, PUT_SAMPLE);
    const double values[] = { sample->torrents,     sample->peers,           sample->seeders,
                              sample->leechers,     sample->announces_per_s, sample->upload_rate,
                              sample->download_rate };
    sqlite3_bind_int64(statement, 1, period_s);
    sqlite3_bind_int64(statement, 2, sample->at_s);
    for (int i = 0; i < (int)(sizeof values / sizeof *values); i++)
        sqlite3_bind_double(statement, 3 + i, values[i]);
    return connection_run(statement);
}

static bool trim_samples(struct connection *connection, enum history_range range, int64_t now_s) {
    sqlite3_stmt *statement = connection_statement(connection, TRIM_SAMPLES);
    sqlite3_bind_int64(statement, 1, history_period_s(range));
    sqlite3_bind_int64(statement, 2, now_s);
    sqlite3_bind_int64(statement, 3, history_length_s(range) / history_period_s(range));
    return connection_run(statement);
}

static bool write_samples(const struct history_writer *writer, struct connection *connection) {
    bool good = true;
    if (writer->sample_count == 0)
        return true;
    for (enum history_range range = HISTORY_HOUR; range <= HISTORY_MONTH && good; range++) {
        for (size_t i = 0; i < writer->sample_count && good; i++)
            good = put_sample(connection, &writer->samples[i], history_period_s(range));
        good =
            good && trim_samples(connection, range, writer->samples[writer->sample_count - 1].at_s);
    }
    return good;
}

static bool put_torrent_sample(struct connection *connection, const struct torrent_stats *torrent,
                               int64_t at_s, int64_t period_s) {
    sqlite3_stmt *statement = connection_statement(connection, PUT_TORRENT_SAMPLE);
    sqlite3_bind_int64(statement, 1, period_s);
    sqlite3_bind_int64(statement, 2, at_s);
    sqlite3_bind_blob(statement, 3, torrent->info_hash, INFO_HASH_LEN, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 4, torrent_seeders(torrent));
    sqlite3_bind_int64(statement, 5, torrent_leechers(torrent));
    sqlite3_bind_int64(statement, 6, torrent->downloaded);
    sqlite3_bind_int64(statement, 7, (sqlite3_int64)torrent->upload_rate);
    sqlite3_bind_int64(statement, 8, (sqlite3_int64)torrent->download_rate);
    return connection_run(statement);
}

static bool trim_torrent_samples(struct connection *connection, const char *sql, int64_t period_s) {
    sqlite3_stmt *statement = connection_statement(connection, sql);
    sqlite3_bind_int64(statement, 1, period_s);
    return connection_run(statement);
}

static bool write_torrent_samples(const struct history_writer *writer,
                                  struct connection *connection) {
    bool good = true;
    for (enum history_range range = HISTORY_DAY; range <= HISTORY_MONTH && good; range++) {
        const int64_t period_s = history_torrent_period_s(range);
        for (size_t i = 0; i < writer->torrent_count && good; i++)
            good = put_torrent_sample(connection, &writer->torrents[i], writer->torrents_at_s,
                                      period_s);
        good = good && trim_torrent_samples(connection, TRIM_TORRENT_SAMPLES_BEHIND, period_s) &&
               trim_torrent_samples(connection, TRIM_TORRENT_SAMPLES_AHEAD, period_s);
    }
    return good;
}

static bool put_completion(struct connection *connection, const struct completion *completion) {
    sqlite3_stmt *statement = connection_statement(connection, PUT_COMPLETION);
    sqlite3_bind_int64(statement, 1, completion->at_s);
    sqlite3_bind_blob(statement, 2, completion->info_hash, INFO_HASH_LEN, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 3, completion->peer_id, PEER_ID_LEN, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 4, completion->peer.wire,
                      (int)endpoint_len(completion->peer.family), SQLITE_STATIC);
    return connection_run(statement);
}

static bool write_completions(const struct history_writer *writer, struct connection *connection) {
    sqlite3_stmt *trim = connection_statement(connection, TRIM_COMPLETIONS);
    bool good = connection_run(connection_statement(connection, DROP_LAST_IDS));
    for (size_t i = 0; i < writer->completion_count && good; i++)
        good = put_completion(connection, &writer->completions[i]);
    sqlite3_bind_int64(trim, 1, writer->options.completions_max);
    return good && connection_run(trim);
}

static bool expire_samples(const struct history_writer *writer, struct connection *connection,
                           int64_t now_s) {
    bool good = true;
    for (enum history_range range = HISTORY_HOUR; range <= HISTORY_MONTH && good; range++) {
        sqlite3_stmt *statement = connection_statement(connection, EXPIRE_SAMPLES);
        sqlite3_bind_int64(statement, 1, history_period_s(range));
        sqlite3_bind_int64(statement, 2, now_s - writer->options.keep_days * (int64_t)DAY_S);
        good = connection_run(statement);
    }
    return good;
}

/* With each sample of the tracker, every ten seconds. */
static bool expire(const struct history_writer *writer, struct connection *connection) {
    if (writer->options.keep_days == 0 || writer->sample_count == 0)
        return true;
    const int64_t now_s = writer->samples[writer->sample_count - 1].at_s;
    sqlite3_stmt *statement = connection_statement(connection, EXPIRE_COMPLETIONS);
    sqlite3_bind_int64(statement, 1, now_s - writer->options.keep_days * (int64_t)DAY_S);
    sqlite3_bind_int64(statement, 2, now_s + DAY_S);
    return connection_run(statement) && expire_samples(writer, connection, now_s);
}

/* Completions that were recorded with more precision. */
static bool reduce_addresses(const struct history_writer *writer, struct connection *connection) {
    const enum address_precision precision = writer->options.addresses;
    if (writer->reduced || precision == ADDRESS_FULL)
        return true;
    return connection_run(connection_statement(
        connection, precision == ADDRESS_NONE ? REDUCE_TO_NOTHING : REDUCE_TO_NETWORKS));
}

bool history_writer_has_work(const struct history_writer *writer) {
    return writer->sample_count > 0 || writer->torrent_count > 0 || writer->completion_count > 0;
}

/* Samples first: the samples of torrents are trimmed to their range. */
bool history_writer_write(const struct history_writer *writer, struct connection *connection) {
    return write_samples(writer, connection) && expire(writer, connection) &&
           write_torrent_samples(writer, connection) && reduce_addresses(writer, connection) &&
           write_completions(writer, connection);
}

void history_writer_clear(struct history_writer *writer) {
    writer->sample_count = writer->torrent_count = writer->completion_count = 0;
    writer->reduced = true;
}
