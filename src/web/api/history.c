/* Time series of the tracker and of torrents, and the completions of a torrent. */
#include "store/history.h"
#include "web/api/api_request.h"

/* A query on the history, and its result. */
struct history_query {
    const struct api_request *request;
    uint8_t info_hash[INFO_HASH_LEN];
    enum history_range range;
    int64_t now_s;
    struct api_span span;
    json_t *items;
    size_t total;
};

typedef bool (*history_reader)(struct history *history, struct history_query *query);

static const char *const range_names[] = { "hour", "day", "month", NULL };

static bool read_range(const struct api_request *request, struct web_response *response,
                       struct history_query *query) {
    size_t choice;
    if (!api_query_choice(request, response, "range", range_names, &choice))
        return false;
    query->range = (enum history_range)choice;
    query->now_s = request->unix_ms / 1000;
    return true;
}

/* Fills `query->items` by `read`. Without a database the result is empty. After a failure, sends an
 * error and returns false. */
static bool with_history(const struct api_request *request, struct web_response *response,
                         history_reader read, struct history_query *query) {
    const char *database = request->api->database;
    char error[ERROR_LEN];
    query->items = json_array();
    if (database == NULL)
        return true;
    struct history *history = history_open(database, error);
    const bool good = history != NULL && read(history, query);
    if (!good) {
        api_send_error(response, 503, "store_failed", "Database error: %s",
                       history == NULL ? error : history_failure(history));
        json_decref(query->items);
    }
    history_close(history);
    return good;
}

static void add_sample(void *context, const struct sample *sample) {
    json_t **items = context;
    api_append(items,
               json_pack("{s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "at", (json_int_t)sample->at_s,
                         "torrents", sample->torrents, "peers", sample->peers, "seeders",
                         sample->seeders, "leechers", sample->leechers, "announces_per_s",
                         sample->announces_per_s, "upload_rate", sample->upload_rate,
                         "download_rate", sample->download_rate));
}

static void add_torrent_sample(void *context, const struct torrent_sample *sample) {
    json_t **items = context;
    api_append(items, json_pack("{s:I, s:f, s:f, s:o, s:f, s:f}", "at", (json_int_t)sample->at_s,
                                "seeders", sample->seeders, "leechers", sample->leechers,
                                "downloaded", api_count(sample->downloaded), "upload_rate",
                                sample->upload_rate, "download_rate", sample->download_rate));
}

static void add_completion(void *context, const struct completion *completion) {
    struct history_query *query = context;
    api_append(&query->items,
               json_pack("{s:I, s:o, s:o, s:o, s:o}", "at", (json_int_t)completion->at_s, "address",
                         api_recorded_address(&completion->peer), "machine",
                         api_machine(query->request, &completion->peer), "port",
                         api_count(endpoint_port(&completion->peer)), "client",
                         api_client(completion->peer_id)));
}

static bool read_samples(struct history *history, struct history_query *query) {
    return history_samples(history, query->range, query->now_s, add_sample, &query->items);
}

static bool read_torrent_samples(struct history *history, struct history_query *query) {
    return history_torrent_samples(history, query->info_hash, query->range, query->now_s,
                                   add_torrent_sample, &query->items);
}

static bool read_completions(struct history *history, struct history_query *query) {
    return history_completions(history, query->info_hash, query->span.offset, query->span.limit,
                               add_completion, query, &query->total);
}

static void send_samples(struct web_response *response, const struct history_query *query,
                         uint32_t period_s) {
    api_send(response, 200,
             json_pack("{s:s, s:o, s:o}", "range", range_names[query->range], "period_s",
                       api_count(period_s), "samples", query->items));
}

static void get_history(const struct api_request *request, struct web_response *response) {
    struct history_query query;
    if (read_range(request, response, &query) &&
        with_history(request, response, read_samples, &query))
        send_samples(response, &query, history_period_s(query.range));
}

static void get_torrent_history(const struct api_request *request, struct web_response *response) {
    struct history_query query;
    if (api_path_hash(request, response, query.info_hash) &&
        read_range(request, response, &query) &&
        with_history(request, response, read_torrent_samples, &query))
        send_samples(response, &query, history_torrent_period_s(query.range));
}

static void get_completions(const struct api_request *request, struct web_response *response) {
    struct history_query query = { .request = request, .total = 0 };
    if (api_path_hash(request, response, query.info_hash) &&
        api_query_span(request, response, &query.span) &&
        with_history(request, response, read_completions, &query))
        api_send_list(response, query.items, query.total, query.span);
}

const struct api_route history_routes[] = {
    { "GET", "history", ROLE_ADMIN, get_history },
    { "GET", "torrents/*/history", ROLE_ADMIN, get_torrent_history },
    { "GET", "torrents/*/completions", ROLE_ADMIN, get_completions },
    { .method = NULL },
};
