#include "server/dht_server.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/udp_batch.h"
#include "server/dht_file.h"

enum {
    RECEIVE_BUFFER = 1 << 20,
    SAVE_PERIOD_MS = 10 * 60 * 1000,
    RESOLVE_PERIOD_MS = 60 * 1000, /* while no node is known */
    RESOLVE_POLL_MS = 100,
    WAIT_MAX_MS = 60 * 1000,
};

_Static_assert((int)UDP_BATCH_REPLY_MAX >= (int)DHT_DATAGRAM_MAX, "a datagram fits into a buffer");
_Static_assert((int)INFO_HASH_LEN == (int)NODE_ID_LEN, "both are in one space");

struct dht_socket {
    struct endpoint address; /* that it listens on */
    int fd;
    struct udp_batch *batch;
    unsigned waiting; /* datagrams in the batch that are not sent yet */
};

/* The present packet: what is sent to its sender leaves from the address that it came to. */
struct present {
    struct dht_socket *socket; /* NULL: there is no packet */
    unsigned packet;
    struct endpoint sender;
    struct endpoint reached;
};

struct dht_server {
    struct tracker *tracker;
    uint16_t port;
    struct dht_limits limits;
    char state_file[DHT_STATE_FILE_LEN];
    char failure[ERROR_LEN]; /* empty: it runs */
    _Atomic int answer_swarms;
    _Atomic bool stopping;
    bool running; /* the thread */
    pthread_t thread;
    int wake_fd;
    size_t socket_count;
    struct dht_socket sockets[LISTEN_MAX];

    /* The thread only: */
    struct present present;
    struct dht_resolution *resolution; /* NULL: none */
    uint64_t resolve_ms;               /* when the names are resolved next */
    uint64_t save_ms;

    pthread_mutex_t lock; /* of all that follows; taken before the tracker's */
    struct dht_node *node;
    uint64_t wake_ms;
    struct dht_bootstrap bootstrap;
    bool bootstrap_changed;
    uint32_t unresolved; /* names of it, a bit for each */
    size_t next_result;
    struct dht_result results[DHT_RESULTS_MAX]; /* number 0: unused; age_ms is not */
    uint64_t started_ms[DHT_RESULTS_MAX];
};

/* Callbacks of the node */

/* The first one of the family; one on loopback reaches nothing else. NULL: none. */
static const struct dht_socket *socket_to(const struct dht_server *server,
                                          const struct endpoint *to) {
    const struct dht_socket *found = NULL;
    for (size_t i = 0; i < server->socket_count; i++) {
        const struct dht_socket *socket = &server->sockets[i];
        if (socket->address.family != to->family)
            continue;
        if (endpoint_is_loopback(&socket->address) == endpoint_is_loopback(to))
            return socket;
        found = found == NULL ? socket : found;
    }
    return found;
}

static void send_at_once(const struct dht_server *server, const struct endpoint *to,
                         struct bytes data) {
    struct sockaddr_storage address;
    const struct dht_socket *socket = socket_to(server, to);
    const socklen_t len = endpoint_to_sockaddr(to, &address);
    if (socket != NULL)
        (void)sendto(socket->fd, data.data, data.len, MSG_DONTWAIT, (struct sockaddr *)&address,
                     len);
}

static void send_batch(struct dht_socket *socket) {
    (void)udp_batch_send(socket->batch);
    socket->waiting = 0;
}

static void send_datagram(void *context, const struct endpoint *to, struct bytes data) {
    const struct dht_server *server = context;
    const struct present *present = &server->present;
    struct dht_socket *socket = present->socket;
    if (socket == NULL || !endpoint_equal(to, &present->sender)) {
        send_at_once(server, to, data);
        return;
    }
    memcpy(udp_batch_reply_place(socket->batch), data.data, data.len);
    udp_batch_add_reply(socket->batch, present->packet, data.len);
    if (++socket->waiting == UDP_BATCH_MAX)
        send_batch(socket);
}

static enum dht_share shared_swarms(const struct dht_server *server) {
    return (enum dht_share)atomic_load_explicit(&server->answer_swarms, memory_order_relaxed);
}

static bool find_peers(void *context, const uint8_t info_hash[static NODE_ID_LEN],
                       const struct endpoint *from, struct writer *peers) {
    const struct dht_server *server = context;
    const struct dht_requester requester = { *from, server->present.reached };
    return tracker_dht_peers(server->tracker, shared_swarms(server), info_hash, &requester,
                             peers) != DHT_REFUSED;
}

static enum dht_announce take_peer(void *context, const uint8_t info_hash[static NODE_ID_LEN],
                                   const struct endpoint *peer) {
    static const enum dht_announce results[] = {
        [DHT_SHARED] = DHT_ANNOUNCE_TAKEN,
        [DHT_NOT_SHARED] = DHT_ANNOUNCE_STORE,
        [DHT_REFUSED] = DHT_ANNOUNCE_REFUSED,
    };
    const struct dht_server *server = context;
    return results[tracker_dht_announce(server->tracker, shared_swarms(server), info_hash, peer,
                                        clock_now_ms())];
}

/* The thread */

static void receive_batch(struct dht_server *server, struct dht_socket *socket) {
    const unsigned count = udp_batch_receive(socket->batch);
    const uint64_t now_ms = clock_now_ms();
    for (unsigned i = 0; i < count; i++) {
        server->present = (struct present){
            .socket = socket,
            .packet = i,
            .sender = udp_batch_sender(socket->batch, i),
            .reached = udp_batch_target(socket->batch, i),
        };
        dht_node_receive(server->node, udp_batch_packet(socket->batch, i), &server->present.sender,
                         now_ms);
    }
    server->present = (struct present){ .socket = NULL };
    send_batch(socket);
}

static bool knows_no_node(const struct dht_server *server, uint64_t now_ms) {
    struct dht_statistics statistics;
    dht_node_statistics(server->node, &statistics, now_ms);
    return statistics.ipv4.good + statistics.ipv6.good == 0;
}

static void drop_resolution(struct dht_server *server) {
    dht_resolution_release(server->resolution);
    server->resolution = NULL;
}

/* Reports each name once, until it is resolved. */
static void report_unresolved(struct dht_server *server, uint32_t failed) {
    for (size_t i = 0; i < server->bootstrap.count; i++) {
        if ((failed & ~server->unresolved) >> i & 1)
            log_warning(
                "dht: bootstrap: %s: no address found; skepd tries again while it knows no "
                "node",
                server->bootstrap.list[i]);
    }
    server->unresolved = failed;
}

static void take_bootstrap(struct dht_server *server) {
    struct endpoint found[DHT_BOOTSTRAP_FOUND_MAX];
    size_t count = 0;
    if (server->resolution == NULL)
        return;
    const bool ended = dht_resolution_take(server->resolution, found, &count);
    for (size_t i = 0; i < count; i++)
        dht_node_add_bootstrap(server->node, &found[i]);
    if (!ended)
        return;
    report_unresolved(server, dht_resolution_failed(server->resolution));
    drop_resolution(server);
}

/* Starts and ends the resolution of the names. */
static void resolve_bootstrap(struct dht_server *server, uint64_t now_ms) {
    if (server->bootstrap_changed)
        drop_resolution(server);
    else
        take_bootstrap(server);
    const bool due = server->bootstrap_changed ||
                     (now_ms >= server->resolve_ms && knows_no_node(server, now_ms));
    if (!due || server->bootstrap.count == 0 || server->resolution != NULL)
        return;
    server->bootstrap_changed = false;
    server->resolve_ms = now_ms + RESOLVE_PERIOD_MS;
    server->resolution = dht_resolution_start(&server->bootstrap);
}

static void collect_state(struct dht_server *server, struct dht_saved *state) {
    static const struct dht_saved empty;
    *state = empty;
    struct dht_known_node *nodes = calloc(DHT_SAVED_NODES_MAX, sizeof *nodes);
    pthread_mutex_lock(&server->lock);
    dht_node_id(server->node, FAMILY_V4, state->id);
    dht_node_id(server->node, FAMILY_V6, state->id6);
    const size_t count =
        nodes == NULL ? 0 : dht_node_list(server->node, nodes, DHT_SAVED_NODES_MAX, clock_now_ms());
    pthread_mutex_unlock(&server->lock);
    for (size_t i = 0; i < count; i++) {
        if (nodes[i].state == DHT_NODE_GOOD || nodes[i].state == DHT_NODE_QUESTIONABLE)
            state->nodes[state->count++] = nodes[i].contact;
    }
    free(nodes);
}

static void save_state(struct dht_server *server) {
    char error[ERROR_LEN];
    if (server->state_file[0] == '\0')
        return;
    struct dht_saved *state = calloc(1, sizeof *state);
    if (state == NULL)
        return;
    collect_state(server, state);
    if (!dht_file_save(server->state_file, state, error))
        log_warning("dht: %s", error);
    free(state);
}

static int wait_ms(const struct dht_server *server, uint64_t wake_ms, uint64_t now_ms) {
    uint64_t wait = wake_ms > now_ms ? wake_ms - now_ms : 0;
    if (server->resolution != NULL && wait > RESOLVE_POLL_MS)
        wait = RESOLVE_POLL_MS;
    return (int)(wait < WAIT_MAX_MS ? wait : WAIT_MAX_MS);
}

static void wait_for_work(struct dht_server *server, struct pollfd *polls) {
    pthread_mutex_lock(&server->lock);
    const uint64_t wake_ms = server->wake_ms;
    pthread_mutex_unlock(&server->lock);
    for (size_t i = 0; i < server->socket_count; i++)
        polls[i] = (struct pollfd){ .fd = server->sockets[i].fd, .events = POLLIN };
    polls[server->socket_count] = (struct pollfd){ .fd = server->wake_fd, .events = POLLIN };
    (void)poll(polls, server->socket_count + 1, wait_ms(server, wake_ms, clock_now_ms()));
    eventfd_t woken;
    if (polls[server->socket_count].revents != 0)
        (void)eventfd_read(server->wake_fd, &woken);
}

static void *run(void *argument) {
    struct dht_server *server = argument;
    struct pollfd polls[LISTEN_MAX + 1] = { 0 };
    while (!atomic_load(&server->stopping)) {
        wait_for_work(server, polls);
        pthread_mutex_lock(&server->lock);
        for (size_t i = 0; i < server->socket_count; i++) {
            if (polls[i].revents != 0)
                receive_batch(server, &server->sockets[i]);
        }
        const uint64_t now_ms = clock_now_ms();
        resolve_bootstrap(server, now_ms);
        server->wake_ms = dht_node_wake(server->node, now_ms);
        pthread_mutex_unlock(&server->lock);
        if (now_ms >= server->save_ms) {
            server->save_ms = now_ms + SAVE_PERIOD_MS;
            save_state(server);
        }
    }
    return NULL;
}

static void wake_thread(const struct dht_server *server) {
    if (server->running)
        (void)eventfd_write(server->wake_fd, 1);
}

/* Start and stop */

static bool open_socket(struct dht_server *server, const struct endpoint *address) {
    struct dht_socket *socket = &server->sockets[server->socket_count];
    const int fd = listen_udp(address, server->port, RECEIVE_BUFFER, server->failure);
    if (fd < 0)
        return false;
    *socket = (struct dht_socket){ *address, fd, udp_batch_create(fd), 0 };
    server->socket_count++;
    return (socket->batch != NULL && fcntl(fd, F_SETFL, O_NONBLOCK) == 0) ||
           error_set(server->failure, "out of memory");
}

static bool open_sockets(struct dht_server *server, const struct listen_addresses *listen) {
    const struct listen_addresses addresses = listen_udp_addresses(listen);
    if (!listen_udp_is_free(&addresses, server->port, server->failure))
        return false;
    for (size_t i = 0; i < addresses.count; i++) {
        if (!open_socket(server, &addresses.list[i]))
            return false;
    }
    return true;
}

static bool create_node(struct dht_server *server, const struct dht_server_options *options) {
    char error[ERROR_LEN];
    struct dht_options node = {
        .limits = server->limits,
        .external_ipv4 = options->external_v4,
        .external_ipv6 = options->external_v6,
        .callbacks = { server, send_datagram, find_peers, take_peer },
    };
    for (size_t i = 0; i < server->socket_count; i++)
        *(server->sockets[i].address.family == FAMILY_V6 ? &node.ipv6 : &node.ipv4) = true;
    struct dht_saved *state = calloc(1, sizeof *state);
    if (state == NULL || !random_secret(&node.secret, sizeof node.secret)) {
        free(state);
        return error_set(server->failure, "out of memory or randomness");
    }
    if (server->state_file[0] != '\0' && !dht_file_load(server->state_file, state, error))
        log_warning("dht: %s", error);
    memcpy(node.saved_id_ipv4, state->id, NODE_ID_LEN);
    memcpy(node.saved_id_ipv6, state->id6, NODE_ID_LEN);
    const uint64_t now_ms = clock_now_ms();
    server->node = dht_node_create(&node, now_ms);
    for (size_t i = 0; i < state->count && server->node != NULL; i++)
        dht_node_add_saved(server->node, &state->nodes[i]);
    free(state);
    server->save_ms = now_ms + SAVE_PERIOD_MS;
    return server->node != NULL || error_set(server->failure, "out of memory");
}

static bool start_thread(struct dht_server *server) {
    server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (server->wake_fd < 0 || pthread_create(&server->thread, NULL, run, server) != 0)
        return error_set(server->failure, "cannot create a thread");
    server->running = true;
    pthread_setname_np(server->thread, "dht");
    return true;
}

static void close_parts(struct dht_server *server) {
    drop_resolution(server);
    dht_node_delete(server->node);
    server->node = NULL;
    for (size_t i = 0; i < server->socket_count; i++) {
        udp_batch_delete(server->sockets[i].batch);
        close(server->sockets[i].fd);
    }
    server->socket_count = 0;
    if (server->wake_fd >= 0)
        close(server->wake_fd);
    server->wake_fd = -1;
}

struct dht_server *dht_server_start(const struct dht_server_options *options,
                                    struct tracker *tracker) {
    struct dht_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return NULL;
    server->tracker = tracker;
    server->port = options->port;
    server->limits = options->limits;
    server->limits.peer_ttl_s = DHT_PEER_TTL_S;
    server->wake_fd = -1;
    server->bootstrap = options->bootstrap;
    server->bootstrap_changed = true;
    atomic_init(&server->answer_swarms, (int)options->answer_swarms);
    memcpy(server->state_file, options->state_file, sizeof server->state_file);
    pthread_mutex_init(&server->lock, NULL);
    if (!open_sockets(server, &options->listen) || !create_node(server, options) ||
        !start_thread(server))
        close_parts(server);
    return server;
}

void dht_server_stop(struct dht_server *server) {
    if (server == NULL)
        return;
    atomic_store(&server->stopping, true);
    if (server->running) {
        wake_thread(server);
        pthread_join(server->thread, NULL);
        save_state(server);
    }
    close_parts(server);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

void dht_server_apply(struct dht_server *server, const struct dht_server_options *options) {
    atomic_store_explicit(&server->answer_swarms, (int)options->answer_swarms,
                          memory_order_relaxed);
    pthread_mutex_lock(&server->lock);
    if (memcmp(&server->bootstrap, &options->bootstrap, sizeof server->bootstrap) != 0) {
        server->bootstrap = options->bootstrap;
        server->bootstrap_changed = true;
        server->unresolved = 0;
        if (server->node != NULL)
            dht_node_clear_bootstrap(server->node);
    }
    pthread_mutex_unlock(&server->lock);
    wake_thread(server);
}

/* Status */

const char *dht_server_failure(const struct dht_server *server) {
    return server->failure[0] == '\0' ? NULL : server->failure;
}

bool dht_server_is_alone(struct dht_server *server) {
    const struct dht_statistics statistics = dht_server_statistics(server);
    const uint32_t known = statistics.ipv4.good + statistics.ipv4.questionable +
                           statistics.ipv6.good + statistics.ipv6.questionable;
    pthread_mutex_lock(&server->lock);
    const bool tried = server->unresolved != 0 || statistics.timeouts > 0;
    const bool alone = server->bootstrap.count > 0 && tried && known == 0;
    pthread_mutex_unlock(&server->lock);
    return alone;
}

uint16_t dht_server_port(const struct dht_server *server) {
    return server->port;
}

struct dht_statistics dht_server_statistics(struct dht_server *server) {
    struct dht_statistics statistics = { .peers = 0 };
    pthread_mutex_lock(&server->lock);
    if (server->node != NULL)
        dht_node_statistics(server->node, &statistics, clock_now_ms());
    pthread_mutex_unlock(&server->lock);
    return statistics;
}

size_t dht_server_nodes(struct dht_server *server, struct dht_known_node *nodes, size_t max) {
    pthread_mutex_lock(&server->lock);
    const size_t count =
        server->node == NULL ? 0 : dht_node_list(server->node, nodes, max, clock_now_ms());
    pthread_mutex_unlock(&server->lock);
    return count;
}

static int compare_torrents(const void *a, const void *b) {
    const struct stored_torrent *one = a;
    const struct stored_torrent *other = b;
    if (one->peers != other->peers)
        return one->peers < other->peers ? 1 : -1;
    return memcmp(one->info_hash, other->info_hash, NODE_ID_LEN);
}

struct stored_torrent *dht_server_torrents(struct dht_server *server, size_t *count) {
    const size_t max = server->limits.torrents;
    struct stored_torrent *torrents = calloc(max, sizeof *torrents);
    if (torrents == NULL)
        return NULL;
    pthread_mutex_lock(&server->lock);
    *count = server->node == NULL
                 ? 0
                 : dht_node_list_torrents(server->node, torrents, max, clock_now_ms());
    pthread_mutex_unlock(&server->lock);
    qsort(torrents, *count, sizeof *torrents, compare_torrents);
    return torrents;
}

static int compare_ages(const void *a, const void *b) {
    const struct stored_peer *one = a;
    const struct stored_peer *other = b;
    return (one->age_s > other->age_s) - (one->age_s < other->age_s);
}

struct stored_peer *dht_server_peers(struct dht_server *server,
                                     const uint8_t info_hash[static INFO_HASH_LEN], size_t *count) {
    const size_t max = server->limits.peers_per_torrent;
    struct stored_peer *peers = calloc(max, sizeof *peers);
    if (peers == NULL)
        return NULL;
    pthread_mutex_lock(&server->lock);
    *count = server->node == NULL
                 ? 0
                 : dht_node_list_peers(server->node, info_hash, peers, max, clock_now_ms());
    pthread_mutex_unlock(&server->lock);
    qsort(peers, *count, sizeof *peers, compare_ages);
    return peers;
}

/* Lookups */

static void add_found(struct dht_result *result, const struct endpoint *peer) {
    for (size_t i = 0; i < result->count; i++) {
        if (endpoint_equal(&result->peers[i], peer))
            return;
    }
    if (result->count < DHT_FOUND_MAX)
        result->peers[result->count++] = *peer;
}

static void take_found(void *context, const struct endpoint *peers, size_t count) {
    struct dht_result *result = context;
    for (size_t i = 0; i < count; i++)
        add_found(result, &peers[i]);
    result->ended = result->ended || count == 0;
}

/* The oldest result that has ended or was never used. */
static struct dht_result *free_result(struct dht_server *server) {
    for (size_t i = 0; i < DHT_RESULTS_MAX; i++) {
        struct dht_result *result = &server->results[(server->next_result + i) % DHT_RESULTS_MAX];
        if (result->number != 0 && !result->ended)
            continue;
        server->next_result = (size_t)(result - server->results + 1) % DHT_RESULTS_MAX;
        return result;
    }
    return NULL;
}

uint32_t dht_server_look_up(struct dht_server *server,
                            const uint8_t info_hash[static INFO_HASH_LEN]) {
    const uint64_t now_ms = clock_now_ms();
    uint32_t number = 0;
    pthread_mutex_lock(&server->lock);
    struct dht_result *result = server->node == NULL ? NULL : free_result(server);
    if (result != NULL) {
        *result = (struct dht_result){ .ended = true };
        number = dht_node_look_up(server->node, info_hash, take_found, result, now_ms);
    }
    if (number != 0) {
        result->number = number;
        result->ended = false;
        memcpy(result->info_hash, info_hash, INFO_HASH_LEN);
        server->started_ms[result - server->results] = now_ms;
        server->wake_ms = now_ms;
    }
    pthread_mutex_unlock(&server->lock);
    wake_thread(server);
    return number;
}

static struct dht_result copy_result(const struct dht_server *server, size_t position,
                                     uint64_t now_ms) {
    struct dht_result result = server->results[position];
    result.age_ms = (uint32_t)(now_ms - server->started_ms[position]);
    return result;
}

bool dht_server_result(struct dht_server *server, uint32_t number, struct dht_result *result) {
    const uint64_t now_ms = clock_now_ms();
    bool found = false;
    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < DHT_RESULTS_MAX && number != 0 && !found; i++) {
        found = server->results[i].number == number;
        if (found)
            *result = copy_result(server, i, now_ms);
    }
    pthread_mutex_unlock(&server->lock);
    return found;
}

static int compare_results(const void *a, const void *b) {
    const struct dht_result *one = a;
    const struct dht_result *other = b;
    return (one->age_ms > other->age_ms) - (one->age_ms < other->age_ms);
}

size_t dht_server_results(struct dht_server *server, struct dht_result results[DHT_RESULTS_MAX]) {
    const uint64_t now_ms = clock_now_ms();
    size_t count = 0;
    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < DHT_RESULTS_MAX; i++) {
        if (server->results[i].number != 0)
            results[count++] = copy_result(server, i, now_ms);
    }
    pthread_mutex_unlock(&server->lock);
    qsort(results, count, sizeof *results, compare_results);
    return count;
}
