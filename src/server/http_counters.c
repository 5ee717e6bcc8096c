#include "server/http_counters.h"

enum { NS_PER_US = 1000 };

const uint32_t http_latency_bounds_us[HTTP_LATENCY_BOUNDS] = {
    10,   25,    50,    100,   250,    500,    1000,   2500,
    5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000,
};

void http_counters_add(struct http_counters *counters, enum http_kind kind, uint64_t took_ns) {
    struct http_latency *latency = &counters->latency[kind];
    size_t i = 0;
    while (i < HTTP_LATENCY_BOUNDS && took_ns > (uint64_t)http_latency_bounds_us[i] * NS_PER_US)
        i++;
    atomic_fetch_add_explicit(&latency->counts[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&latency->sum_ns, took_ns, memory_order_relaxed);
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
