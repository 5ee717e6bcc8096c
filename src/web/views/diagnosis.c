#include "web/views/diagnosis.h"

#include <stdarg.h>
#include <stdio.h>

#include "web/views/torrent_query.h"

/* This many firewalled clients at one address look like NAT. Counting them compares every peer
 * with every other, so only the first peers are looked at. */
enum { SHARED_ADDRESS_CLIENTS_MIN = 3, SHARED_ADDRESS_PEERS_MAX = 64 };

struct diagnosis_list {
    struct diagnosis *list;
    size_t count;
};

__attribute__((format(printf, 3, 4))) static void
add_diagnosis(struct diagnosis_list *found, const char *code, const char *format, ...) {
    if (found->count == DIAGNOSES_MAX)
        return;
    struct diagnosis *diagnosis = &found->list[found->count++];
    diagnosis->code = code;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(diagnosis->text, sizeof diagnosis->text, format, arguments);
    va_end(arguments);
}

static void check_registration(const struct diagnosis_input *input, struct diagnosis_list *found) {
    if (!input->allowed)
        add_diagnosis(found, "not_registered",
                      "Not registered: this tracker accepts registered torrents only and rejects "
                      "the announces of this one. Register the torrent.");
}

static void check_peers(const struct diagnosis_input *input, struct diagnosis_list *found) {
    if (torrent_seeders(&input->stats) == 0 && torrent_leechers(&input->stats) == 0)
        add_diagnosis(found, "no_peers",
                      "No peers. Start a client that has the files, with this tracker among the "
                      "torrent's trackers.");
}

static size_t count_found_by_dht(const struct diagnosis_input *input) {
    size_t count = 0;
    for (size_t i = 0; i < input->peer_count; i++)
        count += dht_peer_id_is(input->peers[i].stats->peer_id);
    return count;
}

static void check_seeders(const struct diagnosis_input *input, struct diagnosis_list *found) {
    if (torrent_seeders(&input->stats) > 0 || torrent_leechers(&input->stats) == 0)
        return;
    const size_t by_dht = count_found_by_dht(input);
    if (by_dht > 0)
        add_diagnosis(found, "no_seeder",
                      "No seeder has announced to the tracker. %zu of the peers %s found by the "
                      "DHT, which does not tell whether they have all files.",
                      by_dht, by_dht == 1 ? "was" : "were");
    else if (input->stats.paused > 0)
        add_diagnosis(found, "no_seeder",
                      "No seeder. %u of the peers are partial seeds, which share only the files "
                      "they selected; data that no peer has stays unavailable until a seeder "
                      "joins.",
                      input->stats.paused);
    else
        add_diagnosis(found, "no_seeder",
                      "No seeder: all peers are still downloading. Start a client that has all "
                      "files, and let it seed this torrent.");
}

static size_t count_reach(const struct diagnosis_input *input, bool seeders, enum reach reach) {
    size_t count = 0;
    for (size_t i = 0; i < input->peer_count; i++)
        count += input->peers[i].stats->seeder == seeders && input->peers[i].reach == reach;
    return count;
}

static const struct endpoint *first_seeder(const struct diagnosis_input *input, enum reach reach) {
    size_t i = 0;
    while (!input->peers[i].stats->seeder || input->peers[i].reach != reach)
        i++;
    return &input->peers[i].stats->peer;
}

static void check_reachability(const struct diagnosis_input *input, struct diagnosis_list *found) {
    const uint32_t seeders = torrent_seeders(&input->stats);
    const size_t silent = count_reach(input, true, REACH_SILENT);
    const size_t refused = count_reach(input, true, REACH_REFUSED);
    if (silent + refused == 0 || silent + refused < torrent_listed_seeders(&input->stats))
        return;
    const struct endpoint *seeder = first_seeder(input, silent > 0 ? REACH_SILENT : REACH_REFUSED);
    const char *summary =
        seeders == 1 ? "The only seeder is firewalled" : "All seeders are firewalled";
    const char *cause = silent > 0 ? "time out, so a firewall probably drops them"
                                   : "are refused, so the client listens on another port, or a "
                                     "firewall rejects them";
    const char *others = seeders == 1 ? "" : ", and check the ports of the other seeders";
    /* A seeder behind a firewall can still connect to a reachable leecher. */
    const char *hope = count_reach(input, false, REACH_OPEN) > 0
                           ? " Reachable leechers may still be served once the seeder connects to "
                             "them."
                           : "";
    char address[ENDPOINT_TEXT_LEN];
    endpoint_address_text(seeder, address);
    const unsigned port = endpoint_port(seeder);
    add_diagnosis(found, "seeders_unreachable",
                  "%s: connections to %s, port %u, %s. Set the client's listening port to %u, and "
                  "open that port (TCP and UDP) in the machine's firewall%s.%s",
                  summary, address, port, cause, port, others, hope);
}

/* Peers outside are not given LAN peers whose public address is unknown. */
static bool is_hidden(const struct diagnosis_input *input, const struct peer_stats *peer) {
    const struct endpoint *external =
        peer->peer.family == FAMILY_V4 ? &input->external_v4 : &input->external_v6;
    return peer->lan && external->family == FAMILY_NONE;
}

/* Whether its client is listed over IPv4, too, where it may be on the LAN. */
static bool is_second(const struct peer_stats *peer) {
    return peer->in_both && peer->peer.family == FAMILY_V6;
}

static void check_networks(const struct diagnosis_input *input, struct diagnosis_list *found) {
    size_t hidden_seeders = 0;
    size_t seeders = 0;
    size_t outside_leechers = 0;
    for (size_t i = 0; i < input->peer_count; i++) {
        const struct peer_stats *peer = input->peers[i].stats;
        seeders += peer->seeder;
        hidden_seeders += peer->seeder && is_hidden(input, peer);
        outside_leechers += !peer->seeder && !peer->lan && !is_second(peer);
    }
    if (seeders == 0 || hidden_seeders < seeders ||
        seeders < torrent_listed_seeders(&input->stats) || outside_leechers == 0)
        return;
    add_diagnosis(found, "different_networks",
                  "All seeders are on the local network, and %zu leecher%s outside of it. Local "
                  "addresses are useless there, so these leechers are not given the seeders. Set "
                  "network.external_address to the public address, and forward the seeders' ports.",
                  outside_leechers, outside_leechers == 1 ? " is" : "s are");
}

/* Peers are given peers of their own address family only. */
static void check_families(const struct diagnosis_input *input, struct diagnosis_list *found) {
    const struct torrent_stats *stats = &input->stats;
    const bool v4_only = stats->seeders_v4 > 0 && stats->seeders_v6 == 0;
    const bool v6_only = stats->seeders_v6 > 0 && stats->seeders_v4 == 0;
    const uint32_t excluded = v4_only ? stats->leechers_v6 : v6_only ? stats->leechers_v4 : 0;
    if (excluded == 0 || stats->leechers_both > 0 || excluded < torrent_leechers(stats))
        return;
    add_diagnosis(found, "different_families",
                  "All seeders use IPv%d and all leechers use IPv%d, so they cannot connect to "
                  "each other. Use an announce URL that both can reach over the same IP version.",
                  v4_only ? 4 : 6, v4_only ? 6 : 4);
}

/* Counts the clients at one address; `*reachable` says whether any of them is reachable. */
static size_t count_clients(const struct diagnosis_input *input, const struct endpoint *address,
                            bool *reachable) {
    size_t count = 0;
    *reachable = false;
    for (size_t i = 0; i < input->peer_count; i++) {
        if (!endpoint_same_address(&input->peers[i].stats->peer, address))
            continue;
        count++;
        *reachable |= input->peers[i].reach == REACH_OPEN;
    }
    return count;
}

/* Finds a peer with the address of our router, or our own public one: it is behind NAT on the way
 * to us. */
static bool find_router_address(const struct diagnosis_input *input,
                                char address[static ENDPOINT_TEXT_LEN]) {
    for (size_t i = 0; i < input->peer_count; i++) {
        const struct endpoint *peer = &input->peers[i].stats->peer;
        if (endpoint_same_address(&input->gateway, peer) ||
            endpoint_same_address(&input->external_v4, peer) ||
            endpoint_same_address(&input->external_v6, peer)) {
            endpoint_address_text(peer, address);
            return true;
        }
    }
    return false;
}

/* Finds an address on the LAN that several clients share, none of them reachable. Returns their
 * number, or 0. */
static size_t find_shared_address(const struct diagnosis_input *input,
                                  char address[static ENDPOINT_TEXT_LEN]) {
    for (size_t i = 0; i < input->peer_count && i < SHARED_ADDRESS_PEERS_MAX; i++) {
        const struct peer_stats *peer = input->peers[i].stats;
        bool reachable;
        const size_t clients = count_clients(input, &peer->peer, &reachable);
        if (clients >= SHARED_ADDRESS_CLIENTS_MIN && !reachable && peer->lan &&
            !endpoint_is_loopback(&peer->peer)) {
            endpoint_address_text(&peer->peer, address);
            return clients;
        }
    }
    return 0;
}

static void check_nat(const struct diagnosis_input *input, struct diagnosis_list *found) {
    char address[ENDPOINT_TEXT_LEN];
    if (find_router_address(input, address)) {
        add_diagnosis(found, "tracker_behind_nat",
                      "Peers appear as %s, the address of the router between them and this tracker "
                      "(or of its container's bridge). Their own addresses are lost, so they "
                      "cannot be reached. Use an announce URL with this machine's address on the "
                      "local network, or run the container on the host's network.",
                      address);
        return;
    }
    const size_t clients = find_shared_address(input, address);
    if (clients > 0)
        add_diagnosis(found, "tracker_behind_nat",
                      "%zu peers share the address %s, and none of them is known to be reachable. "
                      "Unless they run on one machine, a router between them and this tracker "
                      "replaces their addresses by its own: use an announce URL that bypasses it.",
                      clients, address);
}

/* Clients elsewhere are given peers on this machine by the address at which they reach it. */
static void check_loopback(const struct diagnosis_input *input, struct diagnosis_list *found) {
    size_t seeders = 0;
    size_t loopback_seeders = 0;
    size_t others = 0;
    for (size_t i = 0; i < input->peer_count; i++) {
        const struct peer_stats *peer = input->peers[i].stats;
        const bool loopback = endpoint_is_loopback(&peer->peer);
        seeders += peer->seeder;
        loopback_seeders += peer->seeder && loopback;
        others += !peer->seeder && !loopback;
    }
    if (seeders == 0 || loopback_seeders < seeders ||
        seeders < torrent_listed_seeders(&input->stats) || others == 0)
        return;
    add_diagnosis(found, "loopback_seeders",
                  "All seeders run on the tracker's machine and announce to its loopback address. "
                  "Other machines are given them by the address at which they reach the tracker; "
                  "behind a reverse proxy that address is unknown, and they are not given them. "
                  "Use an announce URL with this machine's address.");
}

size_t diagnose(const struct diagnosis_input *input, struct diagnosis list[static DIAGNOSES_MAX]) {
    struct diagnosis_list found = { .list = list };
    check_registration(input, &found);
    check_peers(input, &found);
    check_seeders(input, &found);
    check_nat(input, &found);
    check_networks(input, &found);
    check_families(input, &found);
    check_reachability(input, &found);
    check_loopback(input, &found);
    return found.count;
}
