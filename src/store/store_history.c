/* What the store adds to the history: samples, completions; and what it forgets of it. */
#include <stdlib.h>
#include <string.h>

#include "store/store_state.h"

void store_keep_history(struct store *store, const struct history_options *options) {
    store->history.options = *options;
}

void store_add_sample(struct store *store, const struct sample *sample) {
    struct history_queue *queue = &store->history;
    if (!queue->options.enabled)
        return;
    if (queue->sample_count == SAMPLES_WAITING_MAX) {
        queue->sample_count--;
        memmove(queue->samples, queue->samples + 1, queue->sample_count * sizeof *queue->samples);
    }
    queue->samples[queue->sample_count++] = *sample;
}

void store_add_torrent_samples(struct store *store, int64_t at_s,
                               const struct torrent_stats *torrents, size_t count) {
    struct history_queue *queue = &store->history;
    if (!queue->options.enabled)
        return;
    if (count > queue->options.torrents_max)
        count = queue->options.torrents_max;
    struct torrent_stats *copy = malloc(count * sizeof *copy + 1);
    if (copy == NULL)
        return;
    if (count > 0)
        memcpy(copy, torrents, count * sizeof *copy);
    free(queue->torrents);
    queue->torrents = copy;
    queue->torrent_count = count;
    queue->torrents_at_s = at_s;
}

/* Where there can be no more, the older half goes. False without memory. */
static bool make_room(struct history_queue *queue) {
    if (queue->completion_count < queue->completion_room)
        return true;
    if (queue->completion_room == COMPLETIONS_WAITING_MAX) {
        queue->completion_count /= 2;
        memmove(queue->completions, queue->completions + queue->completion_count,
                queue->completion_count * sizeof *queue->completions);
        return true;
    }
    const size_t room = queue->completion_room == 0 ? 64 : 2 * queue->completion_room;
    struct completion *grown = realloc(queue->completions, room * sizeof *grown);
    if (grown == NULL)
        return false;
    queue->completions = grown;
    queue->completion_room = room;
    return true;
}

static void add_completion(struct history_queue *queue, const struct change *change, int64_t at_s) {
    if (!make_room(queue))
        return;
    struct completion *completion = &queue->completions[queue->completion_count++];
    *completion = (struct completion){ .at_s = at_s, .peer = change->peer };
    memcpy(completion->info_hash, change->info_hash, INFO_HASH_LEN);
    memcpy(completion->peer_id, change->peer_id, PEER_ID_LEN);
}

void store_add_completions(struct store *store, const struct change *changes, size_t count,
                           int64_t at_s) {
    struct history_queue *queue = &store->history;
    if (!queue->options.enabled || queue->options.completions_max == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        if (changes[i].kind == CHANGE_PEER_COMPLETED)
            add_completion(queue, &changes[i], at_s);
    }
}

static bool put_sample(struct store *store, const struct sample *sample, int64_t period_s) {
    sqlite3_stmt *statement = store->at.statements[PUT_SAMPLE];
    const double values[] = { sample->torrents,     sample->peers,           sample->seeders,
                              sample->leechers,     sample->announces_per_s, sample->upload_rate,
                              sample->download_rate };
    sqlite3_bind_int64(statement, 1, period_s);
    sqlite3_bind_int64(statement, 2, sample->at_s);
    for (int i = 0; i < (int)(sizeof values / sizeof *values); i++)
        sqlite3_bind_double(statement, 3 + i, values[i]);
    return store_run(statement);
}

static bool trim_samples(struct store *store, enum history_range range, int64_t now_s) {
    sqlite3_stmt *statement = store->at.statements[TRIM_SAMPLES];
    sqlite3_bind_int64(statement, 1, history_period_s(range));
    sqlite3_bind_int64(statement, 2, now_s);
    sqlite3_bind_int64(statement, 3, history_length_s(range) / history_period_s(range));
    return store_run(statement);
}

static bool write_samples(struct store *store) {
    const struct history_queue *queue = &store->history;
    bool good = true;
    if (queue->sample_count == 0)
        return true;
    for (enum history_range range = HISTORY_HOUR; range <= HISTORY_MONTH && good; range++) {
        for (size_t i = 0; i < queue->sample_count && good; i++)
            good = put_sample(store, &queue->samples[i], history_period_s(range));
        good = good && trim_samples(store, range, queue->samples[queue->sample_count - 1].at_s);
    }
    return good;
}

static bool put_torrent_sample(struct store *store, const struct torrent_stats *torrent,
                               int64_t period_s) {
    sqlite3_stmt *statement = store->at.statements[PUT_TORRENT_SAMPLE];
    sqlite3_bind_int64(statement, 1, period_s);
    sqlite3_bind_int64(statement, 2, store->history.torrents_at_s);
    sqlite3_bind_blob(statement, 3, torrent->info_hash, INFO_HASH_LEN, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 4, (int64_t)torrent->seeders_v4 + torrent->seeders_v6);
    sqlite3_bind_int64(statement, 5, (int64_t)torrent->leechers_v4 + torrent->leechers_v6);
    sqlite3_bind_int64(statement, 6, torrent->downloaded);
    sqlite3_bind_int64(statement, 7, (sqlite3_int64)torrent->upload_rate);
    sqlite3_bind_int64(statement, 8, (sqlite3_int64)torrent->download_rate);
    return store_run(statement);
}

static bool trim_torrent_samples(struct store *store, enum statement which, int64_t period_s) {
    sqlite3_stmt *statement = store->at.statements[which];
    sqlite3_bind_int64(statement, 1, period_s);
    return store_run(statement);
}

static bool write_torrent_samples(struct store *store) {
    const struct history_queue *queue = &store->history;
    bool good = true;
    for (enum history_range range = HISTORY_DAY; range <= HISTORY_MONTH && good; range++) {
        const int64_t period_s = history_torrent_period_s(range);
        for (size_t i = 0; i < queue->torrent_count && good; i++)
            good = put_torrent_sample(store, &queue->torrents[i], period_s);
        good = good && trim_torrent_samples(store, TRIM_TORRENT_SAMPLES_BEHIND, period_s) &&
               trim_torrent_samples(store, TRIM_TORRENT_SAMPLES_AHEAD, period_s);
    }
    return good;
}

static bool put_completion(struct store *store, const struct completion *completion) {
    sqlite3_stmt *statement = store->at.statements[PUT_COMPLETION];
    sqlite3_bind_int64(statement, 1, completion->at_s);
    sqlite3_bind_blob(statement, 2, completion->info_hash, INFO_HASH_LEN, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 3, completion->peer_id, PEER_ID_LEN, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 4, completion->peer.wire,
                      (int)endpoint_len(completion->peer.family), SQLITE_STATIC);
    return store_run(statement);
}

static bool write_completions(struct store *store) {
    const struct history_queue *queue = &store->history;
    sqlite3_stmt *trim = store->at.statements[TRIM_COMPLETIONS];
    bool good = true;
    for (size_t i = 0; i < queue->completion_count && good; i++)
        good = put_completion(store, &queue->completions[i]);
    sqlite3_bind_int64(trim, 1, queue->options.completions_max);
    return good && store_run(trim);
}

bool store_history_waits(const struct store *store) {
    const struct history_queue *queue = &store->history;
    return queue->sample_count > 0 || queue->torrent_count > 0 || queue->completion_count > 0;
}

/* Samples first: torrents' go by them. */
bool store_write_history(struct store *store) {
    if (!store_begin(store))
        return false;
    if (write_samples(store) && write_torrent_samples(store) && write_completions(store))
        return true;
    return store_rollback_with_error(store);
}

void history_clear_queue(struct store *store) {
    struct history_queue *queue = &store->history;
    queue->sample_count = queue->torrent_count = queue->completion_count = 0;
}

void store_drop_history(struct store *store) {
    free(store->history.torrents);
    free(store->history.completions);
}
