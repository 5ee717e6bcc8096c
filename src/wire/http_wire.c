#include "wire/http_wire.h"

#include <string.h>

#include "base/bencode.h"

/* A request target in absolute form, as sent to proxies, has scheme and host before the path. */
static struct bytes without_host(struct bytes path) {
    if (path.len == 0 || path.data[0] == '/')
        return path;
    struct bytes rest = path;
    (void)bytes_split(&rest, ':');
    if (!bytes_start_with(rest, bytes_of("//")))
        return path;
    size_t at = 2;
    while (at < rest.len && rest.data[at] != '/')
        at++;
    return (struct bytes){ .data = rest.data + at, .len = rest.len - at };
}

/* Takes the last part off the path, without the slash before it. */
static struct bytes take_last_part(struct bytes *path) {
    size_t at = path->len;
    while (at > 0 && path->data[at - 1] != '/')
        at--;
    const struct bytes part = { .data = path->data + at, .len = path->len - at };
    path->len = at > 0 ? at - 1 : 0;
    return part;
}

static enum http_route_kind kind_of_part(struct bytes part) {
    const struct bytes name = bytes_split(&part, '.');
    if (bytes_equal(name, bytes_of("announce")))
        return HTTP_ROUTE_ANNOUNCE;
    return bytes_equal(name, bytes_of("scrape")) ? HTTP_ROUTE_SCRAPE : HTTP_ROUTE_OTHER;
}

struct http_target http_parse_target(struct bytes url) {
    struct bytes rest = url;
    struct http_target target = { .path = without_host(bytes_split(&rest, '?')), .query = rest };
    struct bytes before = target.path;
    if (before.len == 0 || before.data[0] != '/')
        return target;
    while (before.len > 0 && before.data[before.len - 1] == '/')
        before.len--;
    const struct bytes last = take_last_part(&before);
    target.kind = kind_of_part(last);
    if (target.kind != HTTP_ROUTE_OTHER) {
        if (before.len > 1)
            target.key = (struct bytes){ .data = before.data + 1, .len = before.len - 1 };
    } else if (before.len > 0) {
        target.kind = kind_of_part(take_last_part(&before));
        if (target.kind != HTTP_ROUTE_OTHER)
            target.key = last;
    }
    return target;
}

/* The peers of one family in a response. */
struct peers {
    uint8_t family;
    uint32_t count;
    const uint8_t *wire;
    const uint8_t *ids; /* NULL: omitted */
};

static struct peers own_peers(const struct announce_response *response) {
    return (struct peers){ response->family, response->peer_count, response->peers,
                           response->peer_ids };
}

static struct peers other_peers(const struct announce_response *response) {
    const size_t count = response->peer_count;
    return (struct peers){
        .family = response->other_family,
        .count = response->other_count,
        .wire = response->other_count == 0
                    ? NULL
                    : response->peers + count * endpoint_len(response->family),
        .ids = response->peer_ids == NULL ? NULL : response->peer_ids + count * PEER_ID_LEN,
    };
}

static void put_peer_dict(struct writer *w, const struct peers *peers, size_t number) {
    const struct endpoint peer =
        endpoint_from_wire(peers->family, peers->wire + number * endpoint_len(peers->family));
    char address[ENDPOINT_TEXT_LEN];
    endpoint_address_text(&peer, address);
    bencode_open_dict(w);
    bencode_put_text_entry(w, "ip", address);
    const uint8_t *id = peers->ids == NULL ? NULL : peers->ids + number * PEER_ID_LEN;
    if (id != NULL && !dht_peer_id_is(id))
        bencode_put_string_entry(w, "peer id", id, PEER_ID_LEN);
    bencode_put_number_entry(w, "port", endpoint_port(&peer));
    bencode_close(w);
}

static void put_peer_dicts(struct writer *w, const struct announce_response *response) {
    const struct peers families[] = { own_peers(response), other_peers(response) };
    bencode_put_text(w, "peers");
    bencode_open_list(w);
    for (int i = 0; i < 2; i++) {
        for (uint32_t j = 0; j < families[i].count; j++)
            put_peer_dict(w, &families[i], j);
    }
    bencode_close(w);
}

/* `peers` is always present: some clients reject a reply without it. `peers6` is for clients that
 * have IPv6. */
static void put_compact_peers(struct writer *w, const struct announce_response *response) {
    const bool own_v6 = response->family == FAMILY_V6;
    const struct peers own = own_peers(response);
    const struct peers other = other_peers(response);
    const struct peers *v4 = own_v6 ? &other : &own;
    const struct peers *v6 = own_v6 ? &own : &other;
    bencode_put_string_entry(w, "peers", v4->wire, v4->count * (size_t)ENDPOINT_V4_LEN);
    if (v6->family == FAMILY_V6)
        bencode_put_string_entry(w, "peers6", v6->wire, v6->count * (size_t)ENDPOINT_V6_LEN);
}

void http_write_announce(struct writer *w, const struct http_announce *announce,
                         const struct announce_response *response) {
    bencode_open_dict(w);
    bencode_put_number_entry(w, "complete", response->seeders);
    bencode_put_number_entry(w, "downloaded", response->downloaded);
    bencode_put_string_entry(w, "external ip", response->client.wire,
                             address_len(response->client.family));
    bencode_put_number_entry(w, "incomplete", response->leechers);
    bencode_put_number_entry(w, "interval", response->interval_s);
    bencode_put_number_entry(w, "min interval", response->min_interval_s);
    if (announce->compact)
        put_compact_peers(w, response);
    else
        put_peer_dicts(w, response);
    bencode_close(w);
}

void http_write_failure(struct writer *w, const char *reason, uint32_t interval_s,
                        uint32_t min_interval_s, uint32_t retry_in_min) {
    bencode_open_dict(w);
    bencode_put_text_entry(w, "failure reason", reason);
    if (interval_s > 0)
        bencode_put_number_entry(w, "interval", interval_s);
    if (min_interval_s > 0)
        bencode_put_number_entry(w, "min interval", min_interval_s);
    if (retry_in_min == UINT32_MAX)
        bencode_put_text_entry(w, "retry in", "never");
    else if (retry_in_min > 0)
        bencode_put_number_entry(w, "retry in", retry_in_min);
    bencode_close(w);
}

void http_write_scrape_open(struct writer *w) {
    bencode_open_dict(w);
    bencode_put_text(w, "files");
    bencode_open_dict(w);
}

void http_write_scrape_entry(struct writer *w, const uint8_t info_hash[static INFO_HASH_LEN],
                             const struct scrape_entry *entry) {
    bencode_put_string(w, info_hash, INFO_HASH_LEN);
    bencode_open_dict(w);
    bencode_put_number_entry(w, "complete", entry->seeders);
    bencode_put_number_entry(w, "downloaded", entry->downloaded);
    bencode_put_number_entry(w, "downloaders", entry->downloaders);
    bencode_put_number_entry(w, "incomplete", entry->leechers);
    bencode_close(w);
}

void http_write_scrape_close(struct writer *w, uint32_t min_request_interval_s) {
    bencode_close(w);
    bencode_put_text(w, "flags");
    bencode_open_dict(w);
    bencode_put_number_entry(w, "min_request_interval", min_request_interval_s);
    bencode_close(w);
    bencode_close(w);
}
