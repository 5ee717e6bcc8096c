/* Counters of the HTTP server, as relaxed atomics. The owner of the server owns them; they must
 * outlive it. */
#ifndef SKEP_SERVER_HTTP_COUNTERS_H
#define SKEP_SERVER_HTTP_COUNTERS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/histogram.h"

/* What a request asks for. */
enum http_kind {
    HTTP_KIND_OTHER, /* unknown path, or not readable */
    HTTP_KIND_ANNOUNCE,
    HTTP_KIND_SCRAPE,
    HTTP_KIND_PAGE, /* the web page and its files */
    HTTP_KIND_API,
    HTTP_KIND_METRICS,
    HTTP_KIND_HEALTH,
};

/* How it was answered. */
enum http_result {
    HTTP_RESULT_OK,
    HTTP_RESULT_REFUSED, /* by the tracker, which counts the reasons; or permission denied */
    HTTP_RESULT_MALFORMED,
    HTTP_RESULT_NOT_FOUND,
    HTTP_RESULT_FAILED, /* server error */
};

enum { HTTP_KINDS = HTTP_KIND_HEALTH + 1, HTTP_RESULTS = HTTP_RESULT_FAILED + 1 };

/* Why a connection was closed to make room for a new one (http.connections_max), in the order in
 * which they go; or why the new one was rejected. */
enum http_eviction {
    HTTP_EVICTION_STUCK,      /* the client does not read the response */
    HTTP_EVICTION_IDLE,       /* kept for a further request */
    HTTP_EVICTION_NO_REQUEST, /* without a whole request */
    HTTP_EVICTION_REJECTED,   /* nothing could be closed in time */
};

enum { HTTP_EVICTIONS = HTTP_EVICTION_REJECTED + 1 };

struct http_outcome {
    enum http_kind kind;
    enum http_result result;
};

/* Initialized with zeros. */
struct http_counters {
    _Atomic uint64_t connections_open[2]; /* [0]: HTTP, [1]: HTTPS */
    _Atomic uint64_t received_bytes[2]; /* the same, of closed connections, with headers and TLS */
    _Atomic uint64_t sent_bytes[2];
    _Atomic uint64_t connections_refused; /* by connections_per_address_max */
    _Atomic uint64_t evictions[HTTP_EVICTIONS];
    _Atomic uint64_t wrong_tokens;         /* requests with a wrong admin token */
    _Atomic uint64_t requests_aborted;     /* by the request timeout */
    _Atomic uint64_t responses_aborted;    /* not read in time */
    _Atomic int64_t certificate_expires_s; /* since 1970; 0: no HTTPS */
    struct http_kind_counters {
        _Alignas(64) _Atomic uint64_t results[HTTP_RESULTS];
        struct histogram latency; /* from the request line to the queued response */
    } kinds[HTTP_KINDS];
};

/* Counts a request that was answered after `duration_ns`. Any thread. */
void http_counters_add(struct http_counters *counters, struct http_outcome outcome,
                       uint64_t duration_ns);

/* The result for an HTTP status. */
enum http_result http_result_of(unsigned status);

/* Label values of metrics, such as "announce" and "ok". */
const char *http_kind_name(enum http_kind kind);
const char *http_result_name(enum http_result result);
const char *http_eviction_name(enum http_eviction eviction);

#endif
