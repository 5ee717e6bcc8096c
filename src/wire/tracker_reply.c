#include "wire/tracker_reply.h"

#include <stdio.h>

#include "base/bencode.h"

enum { HOST_LEN = 64 };

static struct bytes find_string(const struct bencode_value *dict, const char *key) {
    struct bencode_value value;
    const bool found = bencode_find(dict, key, BENCODE_STRING, &value);
    return found ? value.inside : (struct bytes){ 0 };
}

static int64_t find_number(const struct bencode_value *dict, const char *key) {
    struct bencode_value value;
    const bool found = bencode_find(dict, key, BENCODE_NUMBER, &value) && value.number >= 0;
    return found ? value.number : REPLY_UNKNOWN;
}

static const char *take_dict(struct bytes body, struct bencode_value *dict) {
    if (!bencode_take(&body, dict) || dict->kind != BENCODE_DICT)
        return "not a bencoded dictionary";
    return NULL;
}

static bool is_refused(const struct bencode_value *dict, struct bytes *why) {
    struct bencode_value value;
    const bool refused = bencode_find(dict, "failure reason", BENCODE_STRING, &value);
    *why = refused ? value.inside : (struct bytes){ 0 };
    return refused;
}

static void read_peers(const struct bencode_value *dict, struct announce_reply *reply) {
    struct bencode_value value;
    reply->compact_v4 = find_string(dict, "peers");
    reply->compact_v6 = find_string(dict, "peers6");
    if (bencode_find(dict, "peers", BENCODE_LIST, &value))
        reply->listed = value.inside;
}

const char *reply_parse_http_announce(struct bytes body, struct announce_reply *reply) {
    struct bencode_value dict;
    struct bencode_value retry;
    const char *error = take_dict(body, &dict);
    if (error != NULL)
        return error;
    *reply = (struct announce_reply){
        .warning = find_string(&dict, "warning message"),
        .tracker_id = find_string(&dict, "tracker id"),
        .external_ip = find_string(&dict, "external ip"),
        .interval_s = find_number(&dict, "interval"),
        .min_interval_s = find_number(&dict, "min interval"),
        .seeders = find_number(&dict, "complete"),
        .leechers = find_number(&dict, "incomplete"),
        .downloaded = find_number(&dict, "downloaded"),
    };
    reply->refused = is_refused(&dict, &reply->failure);
    if (bencode_find(&dict, "retry in", BENCODE_NUMBER, &retry))
        reply->retry_in =
            (struct bytes){ .data = retry.whole.data + 1, .len = retry.whole.len - 2 };
    else
        reply->retry_in = find_string(&dict, "retry in");
    read_peers(&dict, reply);
    if (!reply->refused && reply->interval_s == REPLY_UNKNOWN)
        return "neither interval nor failure reason";
    return NULL;
}

static bool next_compact(struct bytes *rest, uint8_t family, struct reply_peer *peer) {
    const size_t len = endpoint_len(family);
    if (rest->len < len)
        return false;
    *peer = (struct reply_peer){ .endpoint = endpoint_from_wire(family, rest->data) };
    peer->port = endpoint_port(&peer->endpoint);
    *rest = (struct bytes){ .data = rest->data + len, .len = rest->len - len };
    return true;
}

/* A host may be a DNS name; resolving it is the caller's task. */
static void set_endpoint(struct reply_peer *peer) {
    char text[HOST_LEN];
    if (peer->host.len >= sizeof text)
        return;
    snprintf(text, sizeof text, "%.*s", (int)peer->host.len, (const char *)peer->host.data);
    if (endpoint_parse_address(text, &peer->endpoint))
        endpoint_set_port(&peer->endpoint, peer->port);
    else
        peer->endpoint.family = FAMILY_NONE;
}

static bool read_listed(const struct bencode_value *dict, struct reply_peer *peer) {
    const int64_t port = find_number(dict, "port");
    *peer = (struct reply_peer){
        .host = find_string(dict, "ip"),
        .peer_id = find_string(dict, "peer id"),
    };
    if (peer->host.len == 0 || port < 0 || port > UINT16_MAX)
        return false;
    if (peer->peer_id.len != PEER_ID_LEN)
        peer->peer_id = (struct bytes){ 0 };
    peer->port = (uint16_t)port;
    set_endpoint(peer);
    return true;
}

bool reply_next_peer(struct announce_reply *reply, struct reply_peer *peer) {
    struct bencode_value dict;
    if (next_compact(&reply->compact_v4, FAMILY_V4, peer) ||
        next_compact(&reply->compact_v6, FAMILY_V6, peer))
        return true;
    while (bencode_take(&reply->listed, &dict)) {
        if (dict.kind == BENCODE_DICT && read_listed(&dict, peer))
            return true;
    }
    return false;
}

const char *reply_parse_http_scrape(struct bytes body, struct scrape_reply *reply) {
    struct bencode_value dict;
    struct bencode_value files = { 0 };
    const char *error = take_dict(body, &dict);
    if (error != NULL)
        return error;
    *reply = (struct scrape_reply){ 0 };
    reply->refused = is_refused(&dict, &reply->failure);
    if (bencode_find(&dict, "files", BENCODE_DICT, &files))
        reply->files = files.inside;
    else if (!reply->refused)
        return "neither files nor failure reason";
    return NULL;
}

bool reply_next_counts(struct scrape_reply *reply, struct scrape_counts *counts) {
    struct bytes key;
    struct bencode_value entry;
    while (bencode_take_entry(&reply->files, &key, &entry)) {
        if (key.len != INFO_HASH_LEN || entry.kind != BENCODE_DICT)
            continue;
        *counts = (struct scrape_counts){
            .seeders = find_number(&entry, "complete"),
            .leechers = find_number(&entry, "incomplete"),
            .downloaded = find_number(&entry, "downloaded"),
        };
        memcpy(counts->info_hash, key.data, INFO_HASH_LEN);
        return true;
    }
    return false;
}
