/* One run of the load generator: its parameters, results and end. */
#ifndef SKEP_BENCH_RUN_H
#define SKEP_BENCH_RUN_H

#include <netinet/in.h>

#include "latency_histogram.h"
#include "process_use.h"
#include "requests.h"

enum { CONCURRENCY_MAX = 4096, ADDRESS_LIST_MAX = 8000000 };

enum mode { MODE_HTTP_KEEPALIVE, MODE_HTTP_CLOSE, MODE_UDP };

struct load_options {
    enum mode mode;
    bool fill; /* every peer announces `started` once, instead of a mix of requests */
    const char *address;
    uint16_t port;
    int server_pid; /* 0: no process is measured */
    double seconds;
    double warmup_s;
    uint64_t responses; /* 0: limited by `seconds` only */
    uint32_t concurrency;
    double rate;        /* requests per second; 0: a new request for each reply */
    uint32_t peers_max; /* more peers in a reply are an error; 0: more than numwant */
    struct workload_options work;
};

union socket_address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

struct use {
    uint64_t at_ns;
    uint64_t cpu_ns;
};

struct run {
    const struct load_options *options;
    struct workload *work;
    union socket_address target;
    size_t stride; /* bytes of a peer in a reply */
    bool measuring;
    bool ended;
    uint64_t end_ns;
    uint64_t last_reply_ns;
    uint64_t due_ns; /* with a rate: when the next request is due */
    struct use before;
    struct use after;
    uint64_t responses;
    uint64_t errors;
    uint64_t lost;       /* UDP requests that had to be sent again */
    uint64_t reconnects; /* connections that the server closed between requests */
    uint64_t reply_bytes;
    uint64_t reply_peers;
    const char *first_error;
    struct latency_histogram latencies;
};

uint64_t run_clock_ns(void);

void run_start(struct run *run);

/* Ends the warm-up or the run if its time is over. Returns false at the end. */
bool run_goes_on(struct run *run, uint64_t now_ns);

/* Whether the next request is due. Latencies count from `*sent_ns`: the time when it was due if
 * there is a rate, else now. */
bool run_takes_due(struct run *run, uint64_t now_ns, uint64_t *sent_ns);

/* Counts one reply to a request of `sent_ns`, with a body of `len` bytes. */
void run_count(struct run *run, uint64_t sent_ns, uint64_t now_ns, size_t len, uint32_t peers,
               reply_error error);

/* Counts an error other than a wrong reply. */
void run_count_error(struct run *run, reply_error error);

/* Source address number `number`: in 127.0.0.0/8, or ::1. */
union socket_address run_source(const struct run *run, uint32_t number);
socklen_t socket_address_len(const union socket_address *address);

/* The engines. False, with the reason on standard error, if the run cannot start. */
bool run_http(struct run *run);
bool run_udp(struct run *run);

#endif
