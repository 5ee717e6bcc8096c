#include "ctl/commands/commands.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/random.h"
#include "ctl/format.h"
#include "ctl/torrent_argument.h"
#include "ctl/tracker_client.h"
#include "wire/client_name.h"

enum { PORT_DEFAULT = 6881, TEXT_LEN = 512 };

static const char *const events[] = {
    [EVENT_NONE] = "none",       [EVENT_COMPLETED] = "completed", [EVENT_STARTED] = "started",
    [EVENT_STOPPED] = "stopped", [EVENT_PAUSED] = "paused",       NULL,
};

/* clang-format off */
static const struct option_spec option_event = { "event", "EVENT", "started, completed, stopped, paused or none (default: none)", 0, events };
static const struct option_spec option_port = { "port", "N", "port to announce (default: 6881)", 0, NULL };
static const struct option_spec option_left = { "left", "N", "bytes left (default: the size of FILE, or 1)", 0, NULL };
static const struct option_spec option_uploaded = { "uploaded", "N", "bytes uploaded (default: 0)", 0, NULL };
static const struct option_spec option_downloaded = { "downloaded", "N", "bytes downloaded (default: 0)", 0, NULL };
static const struct option_spec option_numwant = { "numwant", "N", "number of peers to request (default: tracker's choice)", 0, NULL };
static const struct option_spec option_peer_id = { "peer-id", "ID", "20 characters or 40 hexadecimal digits (default: random)", 0, NULL };
static const struct option_spec option_key = { "key", "HEX", "up to 8 hexadecimal digits (default: random)", 0, NULL };
static const struct option_spec option_no_compact = { "no-compact", NULL, "request peers with peer_ids (HTTP)", 0, NULL };
static const struct option_spec option_leave = { "leave", NULL, "send event=stopped afterwards", 0, NULL };
/* clang-format on */

struct announcement {
    struct announce_request request; /* without an endpoint, which the tracker sees itself */
    uint16_t port;
    struct tracker_client_options options;
};

/* "-SK0100-" and 12 random letters and digits. */
static bool make_peer_id(uint8_t peer_id[static PEER_ID_LEN]) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    struct random random;
    if (!random_secret(&random.state, sizeof random.state))
        return output_error("getrandom failed");
    memcpy(peer_id, "-SK0100-", 8);
    for (size_t i = 8; i < PEER_ID_LEN; i++)
        peer_id[i] = (uint8_t)letters[random_below(&random, sizeof letters - 1)];
    return true;
}

static bool choose_peer_id(const struct command_line *line, uint8_t peer_id[static PEER_ID_LEN]) {
    const char *text = command_line_value(line, &option_peer_id);
    if (text == NULL)
        return make_peer_id(peer_id);
    if (strlen(text) == PEER_ID_LEN) {
        memcpy(peer_id, text, PEER_ID_LEN);
        return true;
    }
    if (hex_decode(bytes_of(text), peer_id, PEER_ID_LEN))
        return true;
    return output_error("--peer-id must be 20 characters or 40 hexadecimal digits, not \"%s\"",
                        text);
}

static bool choose_key(const struct command_line *line, uint32_t *key) {
    const char *text = command_line_value(line, &option_key);
    char digits[] = "00000000";
    uint8_t raw[4];
    if (text == NULL)
        return random_secret(key, sizeof *key) || output_error("getrandom failed");
    const size_t len = strlen(text);
    if (len > 0 && len <= 8) {
        memcpy(digits + 8 - len, text, len);
        if (hex_decode(bytes_of(digits), raw, sizeof raw)) {
            *key = load_u32(raw);
            return true;
        }
    }
    return output_error("--key must be up to 8 hexadecimal digits, not \"%s\"", text);
}

static bool read_announcement(const struct command_line *line,
                              const struct torrent_argument *argument,
                              struct announcement *announcement) {
    uint64_t port = PORT_DEFAULT;
    uint64_t numwant = UINT64_MAX;
    size_t event = EVENT_NONE;
    struct announce_request *request = &announcement->request;
    memcpy(request->info_hash, argument->info_hashes[0], INFO_HASH_LEN);
    request->left = argument->metainfo.size > 0 ? argument->metainfo.size : 1;
    announcement->options.compact = !command_line_has(line, &option_no_compact);
    if (!tracker_client_options_read(line, &announcement->options) ||
        !choose_peer_id(line, request->peer_id) || !choose_key(line, &request->key) ||
        !command_line_number(line, &option_port, 0, UINT16_MAX, &port) ||
        !command_line_number(line, &option_left, 0, INT64_MAX, &request->left) ||
        !command_line_number(line, &option_uploaded, 0, INT64_MAX, &request->uploaded) ||
        !command_line_number(line, &option_downloaded, 0, INT64_MAX, &request->downloaded) ||
        !command_line_number(line, &option_numwant, 0, INT32_MAX, &numwant) ||
        !command_line_choice(line, &option_event, &event))
        return false;
    announcement->port = (uint16_t)port;
    request->numwant = numwant == UINT64_MAX ? NUMWANT_DEFAULT : (int32_t)numwant;
    request->event = (enum announce_event)event;
    return true;
}

/* Formats an external IP of 4 or 16 bytes; "" for any other length. */
static void format_external_ip(struct bytes external_ip, char text[static ENDPOINT_TEXT_LEN]) {
    uint8_t wire[ENDPOINT_MAX_LEN] = { 0 };
    text[0] = '\0';
    if (external_ip.len != 4 && external_ip.len != 16)
        return;
    memcpy(wire, external_ip.data, external_ip.len);
    const struct endpoint endpoint =
        endpoint_from_wire(external_ip.len == 4 ? FAMILY_V4 : FAMILY_V6, wire);
    endpoint_address_text(&endpoint, text);
}

static void print_count(const char *label, int64_t number, const char *separator) {
    if (number != REPLY_UNKNOWN)
        printf("%s %" PRId64 "%s", label, number, separator);
}

static void print_labelled(const char *label, struct bytes raw) {
    char text[TEXT_LEN];
    if (raw.len == 0)
        return;
    format_clean(raw, text, sizeof text);
    printf("%s %s\n", label, text);
}

/* BEP 31: a number of minutes, or "never". */
static void print_retry(struct bytes retry_in) {
    char text[TEXT_LEN];
    const bool never = bytes_equal(retry_in, bytes_of("never"));
    if (retry_in.len == 0)
        return;
    format_clean(retry_in, text, sizeof text);
    printf(never ? "retry: never\n" : "retry in %s min\n", text);
}

static void print_intervals(const struct announce_reply *reply) {
    char interval[FORMAT_NUMBER_LEN];
    if (reply->interval_s == REPLY_UNKNOWN)
        return;
    format_duration((uint64_t)reply->interval_s, interval);
    printf("interval %s", interval);
    if (reply->min_interval_s != REPLY_UNKNOWN) {
        format_duration((uint64_t)reply->min_interval_s, interval);
        printf(", minimum %s", interval);
    }
    puts("");
}

static void format_peer_address(const struct reply_peer *peer, char text[static TEXT_LEN]) {
    if (peer->endpoint.family != FAMILY_NONE)
        endpoint_address_text(&peer->endpoint, text);
    else
        format_clean(peer->host, text, TEXT_LEN);
}

static void print_peers(struct announce_reply reply) {
    struct reply_peer peer;
    size_t count = 0;
    for (; reply_next_peer(&reply, &peer); count++) {
        char address[TEXT_LEN];
        char client[CLIENT_NAME_LEN] = "";
        format_peer_address(&peer, address);
        const bool v6 = peer.endpoint.family == FAMILY_V6;
        if (peer.peer_id.len > 0)
            client_name(peer.peer_id.data, client);
        printf("  %s%s%s:%u%s%s\n", v6 ? "[" : "", address, v6 ? "]" : "", peer.port,
               client[0] == '\0' ? "" : "  ", client);
    }
    printf("%zu peer%s\n", count, count == 1 ? "" : "s");
}

static void print_reply(const struct tracker_client *client, const char *url,
                        const struct announce_reply *reply) {
    char text[TEXT_LEN];
    char external[ENDPOINT_TEXT_LEN];
    format_clean(bytes_of(url), text, sizeof text);
    format_external_ip(reply->external_ip, external);
    printf("%s at %s replied in %.1f ms\n", text, tracker_client_address(client),
           (double)tracker_client_took_us(client) / 1000);
    print_labelled("warning", reply->warning);
    print_retry(reply->retry_in);
    print_labelled("external address", bytes_of(external));
    print_intervals(reply);
    print_count("seeders", reply->seeders, reply->leechers == REPLY_UNKNOWN ? "\n" : ", ");
    print_count("leechers", reply->leechers, reply->downloaded == REPLY_UNKNOWN ? "\n" : ", ");
    print_count("completed", reply->downloaded, "\n");
    if (!reply->refused)
        print_peers(*reply);
}

static json_t *text_json(struct bytes text) {
    return text.len == 0 ? json_null() : output_json_text(text);
}

static json_t *peers_json(struct announce_reply reply) {
    struct reply_peer peer;
    json_t *peers = json_array();
    while (reply_next_peer(&reply, &peer)) {
        char address[TEXT_LEN];
        char client[CLIENT_NAME_LEN] = "";
        const bool known = peer.peer_id.len > 0;
        format_peer_address(&peer, address);
        if (known)
            client_name(peer.peer_id.data, client);
        json_array_append_new(
            peers, json_pack("{s:o, s:i, s:o, s:o}", "address", output_json_string(address), "port",
                             (int)peer.port, "peer_id",
                             known ? output_json_hex(peer.peer_id.data, PEER_ID_LEN) : json_null(),
                             "client", text_json(bytes_of(client))));
    }
    return peers;
}

static json_t *reply_json(const struct tracker_client *client, const char *url,
                          const struct announce_reply *reply) {
    char external[ENDPOINT_TEXT_LEN];
    format_external_ip(reply->external_ip, external);
    return json_pack(
        "{s:o, s:s, s:f, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "url",
        output_json_string(url), "address", tracker_client_address(client), "took_ms",
        (double)tracker_client_took_us(client) / 1000, "rejected", reply->refused, "failure",
        reply->refused ? output_json_text(reply->failure) : json_null(), "warning",
        text_json(reply->warning), "retry_in", text_json(reply->retry_in), "interval",
        tracker_client_count_json(reply->interval_s), "min_interval",
        tracker_client_count_json(reply->min_interval_s), "seeders",
        tracker_client_count_json(reply->seeders), "leechers",
        tracker_client_count_json(reply->leechers), "downloaded",
        tracker_client_count_json(reply->downloaded), "external_ip", text_json(bytes_of(external)),
        "tracker_id", text_json(reply->tracker_id), "peers", peers_json(*reply));
}

static enum status print_result(const struct command_line *line,
                                const struct tracker_client *client,
                                const struct announce_reply *reply) {
    const char *url = line->arguments[0];
    enum status status = STATUS_GOOD;
    if (command_line_has(line, &option_json))
        status = output_json(reply_json(client, url, reply));
    else
        print_reply(client, url, reply);
    if (status != STATUS_GOOD || !reply->refused)
        return status;
    char why[TEXT_LEN];
    format_clean(reply->failure, why, sizeof why);
    return output_fail(STATUS_REFUSED, "rejected by the tracker: %s", why);
}

/* Removes the announced peer, so that other clients do not try to connect to it. */
static enum status send_stopped(struct tracker_client *client, struct announcement *announcement) {
    struct announce_reply reply;
    announcement->request.event = EVENT_STOPPED;
    announcement->request.numwant = 0;
    const enum status status =
        tracker_client_announce(client, &announcement->request, announcement->port, &reply);
    if (status != STATUS_GOOD)
        return output_fail(status, "cannot send event=stopped: %s", tracker_client_failure(client));
    return STATUS_GOOD;
}

static enum status send_announce(const struct command_line *line,
                                 struct announcement *announcement) {
    struct tracker_client *client = tracker_client_open(line->arguments[0], &announcement->options);
    struct announce_reply reply;
    if (client == NULL)
        return STATUS_FAULT;
    enum status status =
        tracker_client_announce(client, &announcement->request, announcement->port, &reply);
    if (status != STATUS_GOOD)
        output_fail(status, "%s: %s", line->arguments[0], tracker_client_failure(client));
    else
        status = print_result(line, client, &reply);
    if (status == STATUS_GOOD && command_line_has(line, &option_leave))
        status = send_stopped(client, announcement);
    tracker_client_close(client);
    return status;
}

static enum status run_announce(const struct command_line *line) {
    struct announcement announcement = { 0 };
    struct torrent_argument argument;
    if (!torrent_argument_read(line->arguments[1], &argument))
        return STATUS_FAULT;
    const bool good = read_announcement(line, &argument, &announcement);
    torrent_argument_free(&argument);
    return good ? send_announce(line, &announcement) : STATUS_FAULT;
}

const struct command announce_command = {
    .section = SECTION_TOOLS,
    .name = "announce",
    .arguments = "URL HASH | URL MAGNET | URL FILE.torrent",
    .arguments_min = 2,
    .arguments_max = 2,
    .summary = "Send an announce and print the response",
    .example = "skepctl announce udp://192.168.1.10:6969 film.torrent --leave",
    .run = run_announce,
    .options = { &option_ipv4, &option_ipv6, &option_timeout, &option_event, &option_port,
                 &option_left, &option_uploaded, &option_downloaded, &option_numwant,
                 &option_peer_id, &option_key, &option_no_compact, &option_leave },
};
