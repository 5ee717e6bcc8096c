#include "server/udp_server.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/udp_batch.h"
#include "server/udp_tracker.h"
#include "wire/udp_wire.h"

enum { CLOCK_CHANGE_MS = 1000 }; /* of the cluster; a smaller one needs no new keys */

_Static_assert((int)UDP_BATCH_REPLY_MAX >= (int)UDP_REPLY_MAX, "a reply must fit into its buffer");

/* One thread with its socket and counters, aligned so that threads share no cache line. */
struct worker {
    _Alignas(64) pthread_t thread;
    bool running;
    bool shares_socket; /* the previous worker owns it */
    int fd;
    struct udp_batch *batch;
    const struct udp_context *context;
    const _Atomic bool *stopping;
    _Atomic uint64_t received;
    _Atomic uint64_t answered;
    _Atomic uint64_t received_bytes;
    _Atomic uint64_t sent_bytes;
    _Atomic uint64_t send_failures;
    _Atomic uint64_t outcomes[UDP_OUTCOMES];
    struct histogram latency;
};

/* A worker may use earlier keys for as long as it runs, so they are kept: one more each day. */
struct kept_keys {
    struct udp_shared_keys keys;
    struct kept_keys *before;
};

struct udp_server {
    struct udp_context context;
    struct kept_keys *kept; /* the newest; NULL: none */
    bool inherited;         /* the sockets are, and must not be shut down */
    uint32_t receive_buffer;
    _Atomic bool stopping;
    size_t count;
    struct worker workers[];
};

/* Only the worker writes its counters, so an atomic addition is not needed. */
static void add_to_counter(_Atomic uint64_t *counter, uint64_t more) {
    const uint64_t before = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, before + more, memory_order_relaxed);
}

/* Prefetches what up to ANNOUNCE_HINTS_MAX packets from `first` on will look up. */
static void prefetch_packets(const struct worker *worker, unsigned first, unsigned count) {
    struct announce_hint hints[ANNOUNCE_HINTS_MAX];
    size_t hinted = 0;
    for (unsigned i = first; i < count && i < first + ANNOUNCE_HINTS_MAX; i++) {
        const struct endpoint sender = udp_batch_sender(worker->batch, i);
        hinted += udp_tracker_hint(udp_batch_packet(worker->batch, i), &sender, &hints[hinted]);
    }
    tracker_prefetch(worker->context->tracker, hints, hinted);
}

static void serve_batch(struct worker *worker, unsigned count) {
    struct udp_batch *batch = worker->batch;
    const uint64_t began_ns = clock_now_ns();
    const uint64_t now_ms = clock_now_ms();
    unsigned answered = 0;
    uint64_t received_bytes = 0;
    uint64_t sent_bytes = 0;
    for (unsigned i = 0; i < count; i++) {
        if (i % ANNOUNCE_HINTS_MAX == 0)
            prefetch_packets(worker, i, count);
        const struct endpoint sender = udp_batch_sender(batch, i);
        const struct endpoint reached = udp_batch_target(batch, i);
        const struct bytes packet = udp_batch_packet(batch, i);
        enum udp_outcome outcome;
        const size_t len = udp_tracker_reply(worker->context, packet, &sender, &reached, now_ms,
                                             udp_batch_reply_place(batch), &outcome);
        received_bytes += packet.len;
        sent_bytes += len;
        add_to_counter(&worker->outcomes[outcome], 1);
        if (len == 0)
            continue;
        udp_batch_add_reply(batch, i, len);
        answered++;
    }
    const unsigned failed = udp_batch_send(batch);
    add_to_counter(&worker->received, count);
    add_to_counter(&worker->answered, answered - failed);
    add_to_counter(&worker->received_bytes, received_bytes);
    add_to_counter(&worker->sent_bytes, sent_bytes);
    add_to_counter(&worker->send_failures, failed);
    histogram_add(&worker->latency, clock_now_ns() - began_ns, count);
}

static void *run_worker(void *argument) {
    struct worker *worker = argument;
    while (!atomic_load(worker->stopping)) {
        const unsigned count = udp_batch_receive(worker->batch);
        if (count > 0 && !atomic_load(worker->stopping))
            serve_batch(worker, count);
    }
    return NULL;
}

/* The worker owns `fd`, even on failure, unless `shares_socket`. */
static bool start_worker(struct udp_server *server, int fd, bool shares_socket,
                         char error[static ERROR_LEN]) {
    struct worker *worker = &server->workers[server->count++];
    *worker = (struct worker){
        .fd = fd,
        .shares_socket = shares_socket,
        .context = &server->context,
        .stopping = &server->stopping,
    };
    worker->batch = udp_batch_create(worker->fd);
    worker->running =
        worker->batch != NULL && pthread_create(&worker->thread, NULL, run_worker, worker) == 0;
    if (!worker->running) {
        return error_set(error, "cannot start the UDP server: out of memory or threads");
    }
    pthread_setname_np(worker->thread, "udp");
    return true;
}

static bool serve_addresses(struct udp_server *server, const struct udp_server_options *options,
                            const struct listen_addresses *addresses, unsigned threads,
                            char error[static ERROR_LEN]) {
    if (!listen_udp_is_free(addresses, options->port, error))
        return false;
    for (size_t a = 0; a < addresses->count; a++) {
        const struct endpoint *address = &addresses->list[a];
        for (unsigned t = 0; t < threads; t++) {
            const int fd = listen_udp(address, options->port, options->receive_buffer, error);
            if (fd < 0 || !start_worker(server, fd, false, error))
                return false;
        }
    }
    return true;
}

static bool serve_inherited(struct udp_server *server, const struct listen_sockets *sockets,
                            unsigned threads, char error[static ERROR_LEN]) {
    for (size_t s = 0; s < sockets->count; s++) {
        for (unsigned t = 0; t < threads; t++) {
            if (!start_worker(server, sockets->list[s], t > 0, error))
                return false;
        }
    }
    return true;
}

struct udp_server *udp_server_start(const struct udp_server_options *options,
                                    const struct udp_keys *keys, struct tracker *tracker,
                                    char error[static ERROR_LEN]) {
    const struct listen_addresses addresses = listen_udp_addresses(&options->listen);
    const struct listen_sockets *inherited = &options->inherited;
    const unsigned threads = listen_threads(options->threads);
    const size_t workers = (inherited->count > 0 ? inherited->count : addresses.count) * threads;
    const size_t size = sizeof(struct udp_server) + workers * sizeof(struct worker);
    struct udp_server *server = aligned_alloc(64, (size + 63) / 64 * 64);
    if (server == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    server->context = (struct udp_context){
        .tracker = tracker,
        .keys = *keys,
        .connection_id_lifetime_s = options->connection_id_lifetime_s,
    };
    server->kept = NULL;
    server->count = 0;
    server->inherited = inherited->count > 0;
    server->receive_buffer = options->receive_buffer;
    atomic_init(&server->stopping, false);
    if (server->inherited ? serve_inherited(server, inherited, threads, error)
                          : serve_addresses(server, options, &addresses, threads, error))
        return server;
    udp_server_stop(server);
    return NULL;
}

static bool are_close(const struct udp_shared_keys *a, const struct udp_shared_keys *b) {
    const int64_t ms = (int64_t)(a->clock_offset_ms - b->clock_offset_ms);
    return memcmp(a->days, b->days, sizeof a->days) == 0 && ms > -CLOCK_CHANGE_MS &&
           ms < CLOCK_CHANGE_MS;
}

void udp_server_share_keys(struct udp_server *server, const struct hash_key *secret,
                           uint64_t clock_offset_ms) {
    const struct udp_shared_keys keys =
        udp_shared_keys_derive(secret, clock_now_ms() + clock_offset_ms, clock_offset_ms);
    if (server->kept != NULL && are_close(&server->kept->keys, &keys))
        return;
    struct kept_keys *kept = malloc(sizeof *kept);
    if (kept == NULL)
        return;
    *kept = (struct kept_keys){ .keys = keys, .before = server->kept };
    server->kept = kept;
    atomic_store_explicit(&server->context.shared, &kept->keys, memory_order_release);
}

struct udp_server_stats udp_server_stats(const struct udp_server *server) {
    struct udp_server_stats stats = { .receive_buffer_wanted = server->receive_buffer };
    for (size_t i = 0; i < server->count; i++) {
        const struct worker *worker = &server->workers[i];
        stats.received += atomic_load_explicit(&worker->received, memory_order_relaxed);
        stats.answered += atomic_load_explicit(&worker->answered, memory_order_relaxed);
        stats.received_bytes += atomic_load_explicit(&worker->received_bytes, memory_order_relaxed);
        stats.sent_bytes += atomic_load_explicit(&worker->sent_bytes, memory_order_relaxed);
        stats.send_failures += atomic_load_explicit(&worker->send_failures, memory_order_relaxed);
        for (int o = 0; o < UDP_OUTCOMES; o++)
            stats.outcomes[o] += atomic_load_explicit(&worker->outcomes[o], memory_order_relaxed);
        histogram_collect(&worker->latency, &stats.latency);
        if (worker->shares_socket)
            continue;
        const uint32_t buffer = listen_udp_buffer(worker->fd);
        stats.kernel_drops += listen_udp_drops(worker->fd);
        if (stats.receive_buffer == 0 || buffer < stats.receive_buffer)
            stats.receive_buffer = buffer;
    }
    return stats;
}

static void stop_worker(const struct udp_server *server, struct worker *worker) {
    /* On Linux this wakes a waiting receiver, although it fails with ENOTCONN on this socket. */
    if (!server->inherited)
        (void)shutdown(worker->fd, SHUT_RD);
    if (worker->running)
        pthread_join(worker->thread, NULL);
    udp_batch_delete(worker->batch);
}

void udp_server_stop(struct udp_server *server) {
    if (server == NULL)
        return;
    atomic_store(&server->stopping, true);
    for (size_t i = 0; i < server->count; i++)
        stop_worker(server, &server->workers[i]);
    for (size_t i = 0; i < server->count; i++) {
        if (!server->workers[i].shares_socket)
            close(server->workers[i].fd);
    }
    while (server->kept != NULL) {
        struct kept_keys *before = server->kept->before;
        free(server->kept);
        server->kept = before;
    }
    free(server);
}
