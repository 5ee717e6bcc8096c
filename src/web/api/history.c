/* What was: the tracker's figures, a torrent's, and who completed it. */
#include "store/history.h"
#include "web/api/api_call.h"

static bool read_range(const struct api_call *call, struct web_response *response,
                       enum history_range *range) {
    static const char *const ranges[] = { "hour", "day", "month" };
    size_t choice;
    if (!api_query_choice(call, response, "range", ranges, sizeof ranges / sizeof *ranges, &choice))
        return false;
    *range = (enum history_range)choice;
    return true;
}

/* NULL also where there is no database, and so no history; then nothing is answered. */
static struct history *open_history(const struct api_call *call, struct web_response *response) {
    char why[ERROR_LEN];
    if (call->api->parts.database == NULL)
        return NULL;
    struct history *history = history_open(call->api->parts.database, why);
    if (history == NULL)
        api_fail(response, 503, "store_failed", "The database cannot be read: %s", why);
    return history;
}

static bool is_answered(const struct web_response *response) {
    return response->status != 0;
}

static void add_sample(void *context, const struct sample *sample) {
    json_t **samples = context;
    json_t *item = json_object();
    api_put(&item, "at", json_integer(sample->at_s));
    api_put(&item, "torrents", json_real(sample->torrents));
    api_put(&item, "peers", json_real(sample->peers));
    api_put(&item, "seeders", json_real(sample->seeders));
    api_put(&item, "leechers", json_real(sample->leechers));
    api_put(&item, "announces_per_s", json_real(sample->announces_per_s));
    api_put(&item, "upload_rate", json_real(sample->upload_rate));
    api_put(&item, "download_rate", json_real(sample->download_rate));
    api_append(samples, item);
}

static void add_torrent_sample(void *context, const struct torrent_sample *sample) {
    json_t **samples = context;
    json_t *item = json_object();
    api_put(&item, "at", json_integer(sample->at_s));
    api_put(&item, "seeders", json_real(sample->seeders));
    api_put(&item, "leechers", json_real(sample->leechers));
    api_put(&item, "downloaded", api_count(sample->downloaded));
    api_put(&item, "upload_rate", json_real(sample->upload_rate));
    api_put(&item, "download_rate", json_real(sample->download_rate));
    api_append(samples, item);
}

static void send_samples(struct web_response *response, enum history_range range, uint32_t period_s,
                         json_t *samples) {
    static const char *const names[] = {
        [HISTORY_HOUR] = "hour", [HISTORY_DAY] = "day", [HISTORY_MONTH] = "month"
    };
    json_t *body = json_object();
    api_put(&body, "range", json_string(names[range]));
    api_put(&body, "period_s", api_count(period_s));
    api_put(&body, "samples", samples);
    api_send(response, 200, body);
}

/* Where it was read well or not at all, nothing is answered yet. */
static bool read_well(struct web_response *response, struct history *history, bool good) {
    if (!good)
        api_fail(response, 503, "store_failed", "The database cannot be read: %s",
                 history_failure(history));
    history_close(history);
    return good;
}

void api_get_history(const struct api_call *call, struct web_response *response) {
    enum history_range range;
    if (!read_range(call, response, &range))
        return;
    struct history *history = open_history(call, response);
    if (is_answered(response))
        return;
    json_t *samples = json_array();
    if (history == NULL ||
        read_well(response, history,
                  history_samples(history, range, call->unix_ms / 1000, add_sample, &samples)))
        send_samples(response, range, history_period_s(range), samples);
    else
        json_decref(samples);
}

void api_get_torrent_history(const struct api_call *call, struct web_response *response) {
    uint8_t info_hash[INFO_HASH_LEN];
    enum history_range range;
    if (!api_path_hash(call, response, info_hash) || !read_range(call, response, &range))
        return;
    struct history *history = open_history(call, response);
    if (is_answered(response))
        return;
    json_t *samples = json_array();
    if (history == NULL ||
        read_well(response, history,
                  history_torrent_samples(history, info_hash, range, call->unix_ms / 1000,
                                          add_torrent_sample, &samples)))
        send_samples(response, range, history_torrent_period_s(range), samples);
    else
        json_decref(samples);
}

static void add_completion(void *context, const struct completion *completion) {
    json_t **items = context;
    json_t *item = json_object();
    api_put(&item, "at", json_integer(completion->at_s));
    api_put(&item, "address", api_address(&completion->peer));
    api_put(&item, "port", api_count(endpoint_port(&completion->peer)));
    api_put(&item, "client", api_client(completion->peer_id));
    api_append(items, item);
}

void api_get_completions(const struct api_call *call, struct web_response *response) {
    uint8_t info_hash[INFO_HASH_LEN];
    struct api_span span;
    size_t total = 0;
    if (!api_path_hash(call, response, info_hash) || !api_query_span(call, response, &span))
        return;
    struct history *history = open_history(call, response);
    if (is_answered(response))
        return;
    json_t *items = json_array();
    if (history == NULL ||
        read_well(response, history,
                  history_completions(history, info_hash, span.offset, span.limit, add_completion,
                                      &items, &total)))
        api_send_list(response, items, total, span);
    else
        json_decref(items);
}
