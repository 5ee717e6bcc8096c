#include "run.h"

#include <string.h>
#include <time.h>

#define SECOND_NS 1000000000.0

static const uint64_t SILENCE_MAX_NS = 5000000000U;

uint64_t run_clock_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static struct use use_now(const struct run *run) {
    struct use use = { .at_ns = run_clock_ns() };
    if (run->options->server_pid > 0)
        (void)process_cpu_ns(run->options->server_pid, &use.cpu_ns);
    return use;
}

static void start_measuring(struct run *run) {
    run->measuring = true;
    run->before = use_now(run);
    run->end_ns = run->before.at_ns + (uint64_t)(run->options->seconds * SECOND_NS);
}

void run_start(struct run *run) {
    const uint64_t now_ns = run_clock_ns();
    run->last_reply_ns = now_ns;
    run->due_ns = now_ns;
    if (run->options->fill || run->options->warmup_s <= 0)
        start_measuring(run);
    else
        run->end_ns = now_ns + (uint64_t)(run->options->warmup_s * SECOND_NS);
}

static void end(struct run *run) {
    run->ended = true;
    run->after = use_now(run);
}

static uint64_t responses_wanted(const struct load_options *options) {
    return options->fill ? options->work.peers : options->responses;
}

bool run_goes_on(struct run *run, uint64_t now_ns) {
    const uint64_t wanted = responses_wanted(run->options);
    if (run->ended)
        return false;
    if (now_ns - run->last_reply_ns > SILENCE_MAX_NS && now_ns > run->last_reply_ns) {
        run_count_error(run, "the server stopped answering");
        if (!run->measuring)
            start_measuring(run);
        end(run);
    } else if (run->measuring &&
               (now_ns >= run->end_ns || (wanted > 0 && run->responses + run->errors >= wanted))) {
        end(run);
    } else if (!run->measuring && now_ns >= run->end_ns) {
        start_measuring(run);
    }
    return !run->ended;
}

bool run_takes_due(struct run *run, uint64_t now_ns, uint64_t *sent_ns) {
    *sent_ns = now_ns;
    if (run->options->rate <= 0)
        return true;
    if (now_ns < run->due_ns)
        return false;
    *sent_ns = run->due_ns;
    run->due_ns += (uint64_t)(SECOND_NS / run->options->rate);
    return true;
}

void run_count_error(struct run *run, reply_error error) {
    run->errors++;
    if (run->first_error == NULL)
        run->first_error = error;
}

void run_count(struct run *run, uint64_t sent_ns, uint64_t now_ns, size_t len, uint32_t peers,
               reply_error error) {
    const struct load_options *options = run->options;
    const uint32_t numwant = (uint32_t)options->work.numwant;
    run->last_reply_ns = now_ns;
    if (error == NULL && peers > (options->peers_max > 0 ? options->peers_max : numwant))
        error = "too many peers";
    if (error != NULL)
        run_count_error(run, error);
    if (error != NULL || !run->measuring)
        return;
    run->responses++;
    run->reply_bytes += len;
    run->reply_peers += peers;
    latency_histogram_add(&run->latencies, now_ns - sent_ns);
}

union socket_address run_source(const struct run *run, uint32_t number) {
    union socket_address source;
    memset(&source, 0, sizeof source);
    source.any.sa_family = run->target.any.sa_family;
    if (source.any.sa_family == AF_INET6)
        source.in6.sin6_addr = in6addr_loopback;
    else
        source.in.sin_addr.s_addr = htonl(0x7f010001U + number);
    return source;
}

socklen_t socket_address_len(const union socket_address *address) {
    return address->any.sa_family == AF_INET6 ? sizeof address->in6 : sizeof address->in;
}
