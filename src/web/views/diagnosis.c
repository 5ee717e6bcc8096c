#include "web/views/diagnosis.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { CROWD = 3, CROWD_LOOK_MAX = 64 };

struct findings {
    struct diagnosis *list;
    size_t count;
};

__attribute__((format(printf, 3, 4))) static void find(struct findings *findings, const char *code,
                                                       const char *format, ...) {
    if (findings->count == DIAGNOSES_MAX)
        return;
    struct diagnosis *diagnosis = &findings->list[findings->count++];
    diagnosis->code = code;
    va_list words;
    va_start(words, format);
    vsnprintf(diagnosis->text, sizeof diagnosis->text, format, words);
    va_end(words);
}

static uint32_t seeders_of(const struct diagnosis_case *of) {
    return of->figures.seeders_v4 + of->figures.seeders_v6;
}

static uint32_t leechers_of(const struct diagnosis_case *of) {
    return of->figures.leechers_v4 + of->figures.leechers_v6;
}

static void look_for_registration(const struct diagnosis_case *of, struct findings *findings) {
    if (!of->allowed)
        find(findings, "not_registered",
             "This tracker serves registered torrents only, and this one is not registered: its "
             "announces are refused. Register it to let it be shared.");
}

static void look_for_peers(const struct diagnosis_case *of, struct findings *findings) {
    if (seeders_of(of) == 0 && leechers_of(of) == 0)
        find(findings, "no_peers",
             "Nobody is sharing this torrent now. It needs a client that has the files and this "
             "tracker among its trackers.");
}

static void look_for_seeder(const struct diagnosis_case *of, struct findings *findings) {
    if (seeders_of(of) > 0 || leechers_of(of) == 0)
        return;
    if (of->figures.paused > 0)
        find(findings, "no_seeder",
             "Nobody has the whole of it. %u of the peers have all that they want and share that; "
             "what none of them has cannot be had until a seeder comes.",
             of->figures.paused);
    else
        find(findings, "no_seeder",
             "Nobody has the whole of it: there are only peers that are still downloading. Start a "
             "client that has all the files, and let it seed this torrent.");
}

/* How many of the seeders, or of the others, turned out to be of that reach. */
static size_t count_reach(const struct diagnosis_case *of, bool seeders, enum reach reach) {
    size_t count = 0;
    for (size_t i = 0; i < of->peer_count; i++)
        count += of->peers[i].figures->seeder == seeders && of->peers[i].reach == reach;
    return count;
}

static const struct endpoint *first_seeder(const struct diagnosis_case *of, enum reach reach) {
    size_t i = 0;
    while (!of->peers[i].figures->seeder || of->peers[i].reach != reach)
        i++;
    return &of->peers[i].figures->peer;
}

/* A seeder behind a firewall can still connect to a leecher that has none. */
static void look_for_firewalls(const struct diagnosis_case *of, struct findings *findings) {
    const size_t silent = count_reach(of, true, REACH_SILENT);
    const size_t refused = count_reach(of, true, REACH_REFUSED);
    if (silent + refused == 0 || silent + refused < seeders_of(of))
        return;
    const struct endpoint *seeder = first_seeder(of, silent > 0 ? REACH_SILENT : REACH_REFUSED);
    const char *who = seeders_of(of) == 1 ? "The only seeder cannot" : "None of the seeders can";
    const char *why =
        silent > 0 ? "nothing comes back, so a firewall there most likely drops the connections"
                   : "connections are turned away, so the client listens on another port, or a "
                     "firewall there refuses them";
    const char *others =
        seeders_of(of) == 1 ? "" : ", and look at the other seeders' ports in the same way";
    const char *still = count_reach(of, false, REACH_OPEN) > 0
                            ? " Who can be reached may be served nevertheless, as soon as the "
                              "seeder's client connects to them."
                            : "";
    char address[ENDPOINT_TEXT_LEN];
    endpoint_address_text(seeder, address);
    const unsigned port = endpoint_port(seeder);
    find(findings, "seeders_firewalled",
         "%s be reached: at %s, port %u, %s. Let the client there listen on port %u, and open that "
         "port (TCP and UDP) in the machine's firewall%s.%s",
         who, address, port, why, port, others, still);
}

/* Outsiders are not told of the LAN's peers unless it is known how these look from outside. */
static void look_for_networks(const struct diagnosis_case *of, struct findings *findings) {
    size_t lan_seeders = 0;
    size_t seeders = 0;
    size_t outsiders = 0;
    for (size_t i = 0; i < of->peer_count; i++) {
        const struct peer_stats *peer = of->peers[i].figures;
        const bool hidden =
            peer->lan &&
            (peer->peer.family == FAMILY_V4 ? of->external_v4 : of->external_v6).family ==
                FAMILY_NONE;
        seeders += peer->seeder;
        lan_seeders += peer->seeder && hidden;
        outsiders += !peer->seeder && !peer->lan;
    }
    if (seeders == 0 || lan_seeders < seeders || seeders < seeders_of(of) || outsiders == 0)
        return;
    find(findings, "different_networks",
         "All seeders are on the local network, and %zu other%s outside of it. Addresses of the "
         "local network are of no use there, so outsiders are not told of the seeders. Set "
         "network.external_address to the address that the outside sees, and forward the seeders' "
         "ports.",
         outsiders, outsiders == 1 ? " is" : "s are");
}

/* Peers are told of peers of their own family only. */
static void look_for_families(const struct diagnosis_case *of, struct findings *findings) {
    const struct torrent_stats *stats = &of->figures;
    const bool v4_only = stats->seeders_v4 > 0 && stats->seeders_v6 == 0;
    const bool v6_only = stats->seeders_v6 > 0 && stats->seeders_v4 == 0;
    const uint32_t left_out = v4_only ? stats->leechers_v6 : v6_only ? stats->leechers_v4 : 0;
    if (left_out == 0 || left_out < leechers_of(of))
        return;
    find(findings, "different_families",
         "All seeders came by IPv%d and all others by IPv%d, and the two cannot reach each other. "
         "Use an announce URL that both can reach by the same kind of address.",
         v4_only ? 4 : 6, v4_only ? 6 : 4);
}

static bool same_address(const struct endpoint *a, const struct endpoint *b) {
    return a->family != FAMILY_NONE && a->family == b->family &&
           memcmp(a->wire, b->wire, address_len(a->family)) == 0;
}

/* How many different clients there are at one address, and whether one of them can be reached. */
static size_t count_clients(const struct diagnosis_case *of, const struct endpoint *address,
                            bool *reachable) {
    size_t count = 0;
    *reachable = false;
    for (size_t i = 0; i < of->peer_count; i++) {
        if (!same_address(&of->peers[i].figures->peer, address))
            continue;
        count++;
        *reachable |= of->peers[i].reach == REACH_OPEN;
    }
    return count;
}

/* A peer at the address of our own router or of our own outside is a peer whose address the router
 * put its own in the place of. */
static const struct endpoint *rewritten_address(const struct diagnosis_case *of) {
    for (size_t i = 0; i < of->peer_count; i++) {
        const struct endpoint *peer = &of->peers[i].figures->peer;
        if (same_address(&of->gateway, peer) || same_address(&of->external_v4, peer) ||
            same_address(&of->external_v6, peer))
            return peer;
    }
    return NULL;
}

/* An address at which there are suspiciously many clients none of which can be reached. */
static const struct endpoint *crowded_address(const struct diagnosis_case *of, size_t *clients) {
    const size_t looks = of->peer_count < CROWD_LOOK_MAX ? of->peer_count : CROWD_LOOK_MAX;
    for (size_t i = 0; i < looks; i++) {
        const struct peer_stats *peer = of->peers[i].figures;
        bool reachable;
        *clients = count_clients(of, &peer->peer, &reachable);
        if (*clients >= CROWD && !reachable && peer->lan && !endpoint_is_loopback(&peer->peer))
            return &peer->peer;
    }
    return NULL;
}

static void look_for_nat(const struct diagnosis_case *of, struct findings *findings) {
    char text[ENDPOINT_TEXT_LEN];
    size_t clients = 0;
    const struct endpoint *address = rewritten_address(of);
    if (address != NULL) {
        endpoint_address_text(address, text);
        find(findings, "tracker_behind_nat",
             "Peers seem to come from %s, which is the router between them and this tracker (or "
             "the bridge of its container). Their own addresses are lost on the way, so that "
             "nobody can reach them. Use an announce URL with this machine's address on the local "
             "network, or let the container use the host's network.",
             text);
        return;
    }
    address = crowded_address(of, &clients);
    if (address == NULL)
        return;
    endpoint_address_text(address, text);
    find(findings, "tracker_behind_nat",
         "%zu peers share the address %s, and none of them is known to be reachable there. If that "
         "is not one machine, a router between them and this tracker puts its own address in the "
         "place of theirs: use an announce URL that leads to the tracker without it.",
         clients, text);
}

size_t diagnose(const struct diagnosis_case *of, struct diagnosis list[static DIAGNOSES_MAX]) {
    struct findings findings = { .list = list };
    look_for_registration(of, &findings);
    look_for_peers(of, &findings);
    look_for_seeder(of, &findings);
    look_for_nat(of, &findings);
    look_for_networks(of, &findings);
    look_for_families(of, &findings);
    look_for_firewalls(of, &findings);
    return findings.count;
}
