/* What the HTTP server counts. Whoever starts the server owns the counters, which outlive it, and
 * may read them at any time; relaxed atomics all of them. */
#ifndef SKEP_SERVER_HTTP_COUNTERS_H
#define SKEP_SERVER_HTTP_COUNTERS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/histogram.h"

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

/* What became of it. */
enum http_result {
    HTTP_RESULT_OK,
    HTTP_RESULT_REFUSED, /* by the tracker, which counts the reasons; or to who is no admin */
    HTTP_RESULT_MALFORMED,
    HTTP_RESULT_NOT_FOUND,
    HTTP_RESULT_FAILED, /* the fault is ours */
};

enum { HTTP_KINDS = HTTP_KIND_HEALTH + 1, HTTP_RESULTS = HTTP_RESULT_FAILED + 1 };

struct http_outcome {
    enum http_kind kind;
    enum http_result result;
};

/* Starts out as zeros. */
struct http_counters {
    _Atomic uint64_t connections_open[2];  /* [1]: by TLS */
    _Atomic uint64_t connections_refused;  /* of addresses that had their share */
    _Atomic uint64_t requests_cut;         /* that took too long */
    _Atomic int64_t certificate_expires_s; /* since 1970; 0: there is none */
    struct http_kind_counters {
        _Alignas(64) _Atomic uint64_t results[HTTP_RESULTS];
        struct histogram latency; /* from the arrival of the URL to the reply that was queued */
    } kinds[HTTP_KINDS];
};

/* Counts a request that was answered after `took_ns`. Any thread. */
void http_counters_add(struct http_counters *counters, struct http_outcome outcome,
                       uint64_t took_ns);

/* The result that a reply's status stands for. */
enum http_result http_result_of(unsigned status);

/* "announce", "scrape" and so on; "ok", "refused" and so on. */
const char *http_kind_name(enum http_kind kind);
const char *http_result_name(enum http_result result);

#endif
