/* UDP engine. One socket sends from all source addresses: each packet carries its own, so that
 * batches are as large as the number of open requests allows. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run.h"

enum {
    BATCH = 64,
    PACKET_MAX = 4096,
    CONTROL_MAX = CMSG_SPACE(sizeof(struct in_pktinfo)),
    SLOT_BITS = 12, /* of the transaction id; the rest counts how often the slot was used */
    TRANSACTION_IGNORED = 0, /* no slot's: each counts from 1 */
    WAIT_US = 50000,
    CONNECT_TRIES = 200,
    SOCKET_BUFFER = 4 << 20,
};

static const uint64_t LOST_NS = 1000000000U;

struct queue_slot {
    bool waiting;
    uint32_t transaction_id;
    uint64_t sent_ns;
    struct ask ask;
};

struct control {
    _Alignas(struct cmsghdr) uint8_t bytes[CONTROL_MAX];
};

struct udp_load {
    struct run *run;
    int fd;
    int receive_flags;
    uint64_t *connection_ids; /* of each source address */
    uint32_t filled;
    uint32_t free_count;
    uint32_t free_slots[CONCURRENCY_MAX];
    struct queue_slot slots[CONCURRENCY_MAX];
    unsigned batched;
    struct mmsghdr out[BATCH];
    struct iovec out_parts[BATCH];
    struct control control[BATCH];
    uint8_t requests[BATCH][UDP_REQUEST_MAX];
    struct mmsghdr in[BATCH];
    struct iovec in_parts[BATCH];
    uint8_t replies[BATCH][PACKET_MAX];
};

static void set_source(struct udp_load *load, unsigned n, uint32_t address) {
    const union socket_address source = run_source(load->run, address);
    struct msghdr *header = &load->out[n].msg_hdr;
    if (source.any.sa_family != AF_INET)
        return;
    struct cmsghdr *told = (struct cmsghdr *)(void *)load->control[n].bytes;
    const struct in_pktinfo info = { .ipi_spec_dst = source.in.sin_addr };
    told->cmsg_level = IPPROTO_IP;
    told->cmsg_type = IP_PKTINFO;
    told->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(told), &info, sizeof info);
    header->msg_control = told;
    header->msg_controllen = CMSG_SPACE(sizeof info);
}

/* Buffer for the next request of the batch. */
static uint8_t *request_place(struct udp_load *load) {
    return load->requests[load->batched];
}

static void flush(struct udp_load *load) {
    unsigned sent = 0;
    while (sent < load->batched) {
        const int count = sendmmsg(load->fd, load->out + sent, load->batched - sent, 0);
        if (count <= 0 && errno != EINTR) {
            /* ICMP error of an earlier packet, or no buffers: unsent requests count as lost. */
            sent++;
            continue;
        }
        sent += count > 0 ? (unsigned)count : 0;
    }
    load->batched = 0;
}

static void add_request(struct udp_load *load, uint32_t address, size_t len) {
    const unsigned n = load->batched++;
    load->out_parts[n] = (struct iovec){ load->requests[n], len };
    load->out[n].msg_hdr = (struct msghdr){
        .msg_name = &load->run->target,
        .msg_namelen = socket_address_len(&load->run->target),
        .msg_iov = &load->out_parts[n],
        .msg_iovlen = 1,
    };
    set_source(load, n, address);
    if (load->batched == BATCH)
        flush(load);
}

static unsigned receive(struct udp_load *load) {
    const int count = recvmmsg(load->fd, load->in, BATCH, load->receive_flags, NULL);
    return count < 0 ? 0 : (unsigned)count;
}

static struct bytes reply_at(const struct udp_load *load, unsigned n) {
    return (struct bytes){ load->replies[n], load->in[n].msg_len };
}

static uint32_t smaller(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

/* Reads the replies to connect requests of the addresses from `first` on, of which `missing` have
 * no id. Returns how many have none when no more replies arrive. */
static uint32_t take_connection_ids(struct udp_load *load, uint32_t first, uint32_t missing,
                                    bool connected[static BATCH]) {
    unsigned count;
    while (missing > 0 && (count = receive(load)) > 0) {
        for (unsigned n = 0; n < count; n++) {
            const struct bytes reply = reply_at(load, n);
            const uint32_t at = reply.len < 16 ? BATCH : load_u32(reply.data + 4) - first;
            if (at >= BATCH || load_u32(reply.data) != 0 || connected[at])
                continue;
            connected[at] = true;
            load->connection_ids[first + at] = load_u64(reply.data + 8);
            missing--;
        }
    }
    return missing;
}

/* Gets the connection ids of a batch of source addresses; an id is valid for one address. */
static bool connect_batch(struct udp_load *load, uint32_t first, uint32_t count) {
    bool connected[BATCH] = { false };
    uint32_t missing = count;
    for (int i = 0; i < CONNECT_TRIES && missing > 0; i++) {
        for (uint32_t at = 0; at < count; at++) {
            if (!connected[at])
                add_request(load, first + at, udp_connect_request(first + at, request_place(load)));
        }
        flush(load);
        missing = take_connection_ids(load, first, missing, connected);
    }
    return missing == 0;
}

static bool connect_all(struct udp_load *load) {
    const uint32_t addresses = load->run->options->work.addresses;
    bool good = true;
    for (uint32_t first = 0; good && first < addresses; first += BATCH)
        good = connect_batch(load, first, smaller(BATCH, addresses - first));
    return good;
}

static void add_ask(struct udp_load *load, const struct ask *ask, uint64_t connection_id,
                    uint32_t transaction_id) {
    add_request(load, ask->address,
                udp_request(ask, connection_id, transaction_id, request_place(load)));
}

static void ask(struct udp_load *load, uint32_t number, uint64_t now_ns) {
    struct queue_slot *slot = &load->slots[number];
    slot->waiting = true;
    slot->sent_ns = now_ns;
    slot->transaction_id += 1U << SLOT_BITS;
    add_ask(load, &slot->ask, load->connection_ids[slot->ask.address], slot->transaction_id);
}

/* The next request that needs a reply. Those with a wrong id are sent on the way: some trackers
 * reject them without a reply, so none is waited for, and one is ignored. */
static struct ask next_ask(struct udp_load *load) {
    struct ask next = workload_next(load->run->work);
    for (; next.wrong_id; next = workload_next(load->run->work))
        add_ask(load, &next, ~load->connection_ids[next.address], TRANSACTION_IGNORED);
    return next;
}

/* Sends new requests in all free slots. */
static void ask_more(struct udp_load *load, uint64_t now_ns) {
    struct run *run = load->run;
    const struct load_options *options = run->options;
    uint64_t sent_ns;
    while (load->free_count > 0 && !(options->fill && load->filled == options->work.peers) &&
           run_takes_due(run, now_ns, &sent_ns)) {
        const uint32_t number = load->free_slots[--load->free_count];
        load->slots[number].ask =
            options->fill ? workload_first(run->work, load->filled++) : next_ask(load);
        ask(load, number, sent_ns);
    }
    flush(load);
}

static void take_reply(struct udp_load *load, struct bytes reply, uint64_t now_ns) {
    struct run *run = load->run;
    if (reply.len < 8) {
        run_count_error(run, "a reply is too short");
        return;
    }
    const uint32_t id = load_u32(reply.data + 4);
    const uint32_t number = id & ((1U << SLOT_BITS) - 1);
    if (number >= run->options->concurrency)
        return;
    struct queue_slot *slot = &load->slots[number];
    if (!slot->waiting || slot->transaction_id != id)
        return; /* reply to a request that was counted as lost */
    uint32_t peers;
    const reply_error error = udp_check(&slot->ask, reply, run->stride, &peers);
    run_count(run, slot->sent_ns, now_ns, reply.len, peers, error);
    if (error == NULL && slot->ask.kind == ASK_CONNECT)
        load->connection_ids[slot->ask.address] = load_u64(reply.data + 8);
    slot->waiting = false;
    load->free_slots[load->free_count++] = number;
}

static void ask_again(struct udp_load *load, uint64_t now_ns) {
    for (uint32_t i = 0; i < load->run->options->concurrency; i++) {
        if (!load->slots[i].waiting || now_ns - load->slots[i].sent_ns < LOST_NS)
            continue;
        load->run->lost++;
        ask(load, i, now_ns);
    }
    flush(load);
}

/* With a rate, until the next request is due, or a reply arrives. The core is left to other
 * programs, such as the engine of a cluster. */
static void wait_for_work(const struct udp_load *load, uint64_t now_ns) {
    const struct run *run = load->run;
    if (run->options->rate <= 0 || run->due_ns <= now_ns)
        return;
    struct pollfd poll = { .fd = load->fd, .events = POLLIN };
    const uint64_t wait_ns = run->due_ns - now_ns;
    const struct timespec wait = { .tv_nsec = wait_ns < WAIT_US * 1000L ? (long)wait_ns
                                                                        : WAIT_US * 1000L };
    (void)ppoll(&poll, 1, &wait, NULL);
}

static void go_round(struct udp_load *load) {
    struct run *run = load->run;
    uint64_t looked_ns = run_clock_ns();
    for (uint64_t now_ns = looked_ns; run_goes_on(run, now_ns);) {
        ask_more(load, now_ns);
        const unsigned count = receive(load);
        now_ns = run_clock_ns();
        for (unsigned n = 0; n < count; n++)
            take_reply(load, reply_at(load, n), now_ns);
        if (count == 0)
            wait_for_work(load, now_ns);
        if (now_ns - looked_ns > LOST_NS / 4) {
            ask_again(load, now_ns);
            looked_ns = now_ns;
        }
    }
}

static int open_socket(const struct run *run) {
    const int family = run->target.any.sa_family;
    const int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    const struct timeval wait = { .tv_usec = WAIT_US };
    const int buffer = SOCKET_BUFFER;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    return fd;
}

bool run_udp(struct run *run) {
    struct udp_load *load = calloc(1, sizeof *load);
    if (load == NULL)
        return false;
    load->run = run;
    load->fd = open_socket(run);
    load->receive_flags = MSG_WAITFORONE;
    load->connection_ids = calloc(run->options->work.addresses, sizeof *load->connection_ids);
    for (int n = 0; n < BATCH; n++) {
        load->in_parts[n] = (struct iovec){ load->replies[n], PACKET_MAX };
        load->in[n].msg_hdr = (struct msghdr){ .msg_iov = &load->in_parts[n], .msg_iovlen = 1 };
    }
    for (uint32_t i = 0; i < run->options->concurrency; i++) {
        load->slots[i].transaction_id = i;
        load->free_slots[load->free_count++] = i;
    }
    bool good = load->fd >= 0 && load->connection_ids != NULL;
    if (good && !connect_all(load)) {
        fprintf(stderr, "load: no connection id from the server\n");
        good = false;
    }
    /* With a rate, the next request is due before a wait would end. */
    if (run->options->rate > 0)
        load->receive_flags = MSG_DONTWAIT;
    if (good) {
        run_start(run);
        go_round(load);
    }
    if (load->fd >= 0)
        close(load->fd);
    free(load->connection_ids);
    free(load);
    return good;
}
