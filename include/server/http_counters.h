/* What the HTTP server counts. Whoever starts the server owns the counters, which outlive it, and
 * may read them at any time; relaxed atomics all of them. */
#ifndef SKEP_SERVER_HTTP_COUNTERS_H
#define SKEP_SERVER_HTTP_COUNTERS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* What a request turned out to be. */
enum http_kind {
    HTTP_KIND_OTHER, /* there is no such thing, or not by that method */
    HTTP_KIND_ANNOUNCE,
    HTTP_KIND_SCRAPE,
    HTTP_KIND_PAGE, /* the page, and what belongs to it */
    HTTP_KIND_API,
    HTTP_KIND_METRICS,
    HTTP_KIND_HEALTH,
};

enum { HTTP_KINDS = HTTP_KIND_HEALTH + 1, HTTP_LATENCY_BOUNDS = 16 };

/* From 10 us to 1 s, in microseconds, ascending. */
extern const uint32_t http_latency_bounds_us[HTTP_LATENCY_BOUNDS];

/* How long requests of one kind took, from the arrival of their URL to the reply that was queued.
 * Their number is the sum of `counts`. */
struct http_latency {
    _Alignas(64) _Atomic uint64_t counts[HTTP_LATENCY_BOUNDS + 1]; /* up to a bound, above the one
                                                                      before; the last: above all */
    _Atomic uint64_t sum_ns;
};

/* Starts out as zeros. */
struct http_counters {
    _Atomic uint64_t connections_refused; /* of addresses that had their share */
    _Atomic uint64_t requests_cut;        /* that took too long */
    struct http_latency latency[HTTP_KINDS];
};

/* Counts a request that was answered after `took_ns`. Any thread. */
void http_counters_add(struct http_counters *counters, enum http_kind kind, uint64_t took_ns);

/* "announce", "scrape" and so on. */
const char *http_kind_name(enum http_kind kind);

#endif
