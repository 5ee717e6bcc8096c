#include "server/http_counters.h"

void http_counters_add(struct http_counters *counters, struct http_outcome outcome,
                       uint64_t duration_ns) {
    struct http_kind_counters *kind = &counters->kinds[outcome.kind];
    atomic_fetch_add_explicit(&kind->results[outcome.result], 1, memory_order_relaxed);
    histogram_add(&kind->latency, duration_ns, 1);
}

enum http_result http_result_of(unsigned status) {
    if (status < 400)
        return HTTP_RESULT_OK;
    if (status >= 500)
        return HTTP_RESULT_FAILED;
    if (status == 401 || status == 403)
        return HTTP_RESULT_REFUSED;
    return status == 404 ? HTTP_RESULT_NOT_FOUND : HTTP_RESULT_MALFORMED;
}

const char *http_kind_name(enum http_kind kind) {
    static const char *const names[HTTP_KINDS] = {
        [HTTP_KIND_OTHER] = "other",   [HTTP_KIND_ANNOUNCE] = "announce",
        [HTTP_KIND_SCRAPE] = "scrape", [HTTP_KIND_PAGE] = "page",
        [HTTP_KIND_API] = "api",       [HTTP_KIND_METRICS] = "metrics",
        [HTTP_KIND_HEALTH] = "health",
    };
    return names[kind];
}

const char *http_result_name(enum http_result result) {
    static const char *const names[HTTP_RESULTS] = {
        [HTTP_RESULT_OK] = "ok",
        [HTTP_RESULT_REFUSED] = "refused",
        [HTTP_RESULT_MALFORMED] = "malformed",
        [HTTP_RESULT_NOT_FOUND] = "not_found",
        [HTTP_RESULT_FAILED] = "failed",
    };
    return names[result];
}

const char *http_eviction_name(enum http_eviction eviction) {
    static const char *const names[HTTP_EVICTIONS] = {
        [HTTP_EVICTION_STUCK] = "response_not_read",
        [HTTP_EVICTION_IDLE] = "idle",
        [HTTP_EVICTION_NO_REQUEST] = "no_request",
        [HTTP_EVICTION_REJECTED] = "rejected",
    };
    return names[eviction];
}
