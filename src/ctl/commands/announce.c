#include "ctl/command_line.h"
#include "ctl/commands/commands.h"
#include "ctl/output.h"
#include "ctl/tracker_client.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/random.h"
#include "ctl/format.h"
#include "ctl/torrent_argument.h"
#include "wire/client_name.h"

enum { PORT_DEFAULT = 6881, WORDS_LEN = 512 };

static const char *const events[] = {
    [EVENT_NONE] = "none",       [EVENT_COMPLETED] = "completed", [EVENT_STARTED] = "started",
    [EVENT_STOPPED] = "stopped", [EVENT_PAUSED] = "paused",
};

struct announcement {
    struct announce_request request;
    uint16_t port;
    struct tracker_client_options options;
};

/* "-SK0100-" and 12 random letters and digits. */
static bool random_peer_id(uint8_t peer_id[static PEER_ID_LEN]) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    struct random random;
    if (!random_secret(&random.state, sizeof random.state))
        return false;
    memcpy(peer_id, "-SK0100-", 8);
    for (size_t i = 8; i < PEER_ID_LEN; i++)
        peer_id[i] = (uint8_t)letters[random_below(&random, sizeof letters - 1)];
    return true;
}

static bool set_peer_id(const struct command_line *line, uint8_t peer_id[static PEER_ID_LEN]) {
    const char *text = line->values[OPTION_PEER_ID];
    if (text == NULL)
        return random_peer_id(peer_id);
    if (strlen(text) == PEER_ID_LEN) {
        memcpy(peer_id, text, PEER_ID_LEN);
        return true;
    }
    if (hex_decode(bytes_of(text), peer_id, PEER_ID_LEN))
        return true;
    output_fail(STATUS_FAULT, "--peer-id must be 20 characters or 40 hexadecimal digits", text);
    return false;
}

static bool set_key(const struct command_line *line, uint32_t *key) {
    const char *text = line->values[OPTION_KEY];
    char digits[] = "00000000";
    uint8_t raw[4];
    if (text == NULL)
        return random_secret(key, sizeof *key);
    const size_t len = strlen(text);
    if (len > 0 && len <= 8) {
        memcpy(digits + 8 - len, text, len);
        if (hex_decode(bytes_of(digits), raw, sizeof raw)) {
            *key = load_u32(raw);
            return true;
        }
    }
    output_fail(STATUS_FAULT, "--key must be up to 8 hexadecimal digits", text);
    return false;
}

static bool prepare(const struct command_line *line, const struct torrent_argument *argument,
                    struct announcement *it) {
    uint64_t port = PORT_DEFAULT;
    uint64_t numwant = UINT64_MAX;
    size_t event = EVENT_NONE;
    struct announce_request *request = &it->request;
    memcpy(request->info_hash, argument->info_hashes[0], INFO_HASH_LEN);
    request->left = argument->file.len > 0 ? argument->metainfo.size : 1;
    it->options.compact = !command_line_has(line, OPTION_NO_COMPACT);
    if (!tracker_client_options_read(line, &it->options) || !set_peer_id(line, request->peer_id) ||
        !set_key(line, &request->key) ||
        !command_line_number(line, OPTION_PORT, 0, UINT16_MAX, &port) ||
        !command_line_number(line, OPTION_LEFT, 0, INT64_MAX, &request->left) ||
        !command_line_number(line, OPTION_UPLOADED, 0, INT64_MAX, &request->uploaded) ||
        !command_line_number(line, OPTION_DOWNLOADED, 0, INT64_MAX, &request->downloaded) ||
        !command_line_number(line, OPTION_NUMWANT, 0, INT32_MAX, &numwant) ||
        !command_line_choice(line, OPTION_EVENT, events, sizeof events / sizeof *events, &event))
        return false;
    it->port = (uint16_t)port;
    request->numwant = numwant == UINT64_MAX ? NUMWANT_DEFAULT : (int32_t)numwant;
    request->event = (enum announce_event)event;
    return true;
}

/* Text of an address of 4 or 16 bytes; empty otherwise. */
static void external_text(struct bytes external_ip, char text[static ENDPOINT_TEXT_LEN]) {
    uint8_t wire[ENDPOINT_MAX_LEN] = { 0 };
    text[0] = '\0';
    if (external_ip.len != 4 && external_ip.len != 16)
        return;
    memcpy(wire, external_ip.data, external_ip.len);
    const struct endpoint endpoint =
        endpoint_from_wire(external_ip.len == 4 ? FAMILY_V4 : FAMILY_V6, wire);
    endpoint_address_text(&endpoint, text);
}

static void print_known(const char *label, int64_t number, const char *separator) {
    if (number != REPLY_UNKNOWN)
        printf("%s %" PRId64 "%s", label, number, separator);
}

static void print_words(const char *label, struct bytes words) {
    char text[WORDS_LEN];
    if (words.len == 0)
        return;
    format_clean(words, text, sizeof text);
    printf("%s %s\n", label, text);
}

static void print_intervals(const struct announce_reply *reply) {
    char interval[FORMAT_NUMBER_LEN];
    if (reply->interval_s == REPLY_UNKNOWN)
        return;
    format_duration((uint64_t)reply->interval_s, interval);
    printf("interval %s", interval);
    if (reply->min_interval_s != REPLY_UNKNOWN) {
        format_duration((uint64_t)reply->min_interval_s, interval);
        printf(", at least %s", interval);
    }
    puts("");
}

static void peer_address(const struct reply_peer *peer, char text[static WORDS_LEN]) {
    if (peer->endpoint.family != FAMILY_NONE)
        endpoint_address_text(&peer->endpoint, text);
    else
        format_clean(peer->host, text, WORDS_LEN);
}

static void print_peers(struct announce_reply reply) {
    struct reply_peer peer;
    size_t count = 0;
    for (; reply_next_peer(&reply, &peer); count++) {
        char address[WORDS_LEN];
        char client[CLIENT_NAME_LEN] = "";
        peer_address(&peer, address);
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
    char text[WORDS_LEN];
    char external[ENDPOINT_TEXT_LEN];
    format_clean(bytes_of(url), text, sizeof text);
    external_text(reply->external_ip, external);
    printf("%s at %s replied in %.1f ms\n", text, tracker_client_address(client),
           (double)tracker_client_took_us(client) / 1000);
    print_words("warning", reply->warning);
    print_words("retry in", reply->retry_in);
    print_words("our address", bytes_of(external));
    print_intervals(reply);
    print_known("seeders", reply->seeders, reply->leechers == REPLY_UNKNOWN ? "\n" : ", ");
    print_known("leechers", reply->leechers, reply->downloaded == REPLY_UNKNOWN ? "\n" : ", ");
    print_known("completed", reply->downloaded, "\n");
    if (!reply->refused)
        print_peers(*reply);
}

static json_t *known_json(int64_t number) {
    return number == REPLY_UNKNOWN ? json_null() : json_integer(number);
}

static json_t *words_json(struct bytes words) {
    return words.len == 0 ? json_null() : output_json_text(words);
}

static json_t *peers_json(struct announce_reply reply) {
    struct reply_peer peer;
    json_t *peers = json_array();
    while (reply_next_peer(&reply, &peer)) {
        char address[WORDS_LEN];
        char client[CLIENT_NAME_LEN] = "";
        const bool known = peer.peer_id.len > 0;
        peer_address(&peer, address);
        if (known)
            client_name(peer.peer_id.data, client);
        json_array_append_new(
            peers, json_pack("{s:o, s:i, s:o, s:o}", "address", output_json_text(bytes_of(address)),
                             "port", (int)peer.port, "peer_id",
                             known ? output_json_hex(peer.peer_id.data, PEER_ID_LEN) : json_null(),
                             "client", words_json(bytes_of(client))));
    }
    return peers;
}

static json_t *reply_json(const struct tracker_client *client, const char *url,
                          const struct announce_reply *reply) {
    char external[ENDPOINT_TEXT_LEN];
    external_text(reply->external_ip, external);
    return json_pack(
        "{s:o, s:s, s:f, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "url",
        output_json_text(bytes_of(url)), "address", tracker_client_address(client), "took_ms",
        (double)tracker_client_took_us(client) / 1000, "refused", reply->refused, "failure",
        reply->refused ? output_json_text(reply->failure) : json_null(), "warning",
        words_json(reply->warning), "retry_in", words_json(reply->retry_in), "interval",
        known_json(reply->interval_s), "min_interval", known_json(reply->min_interval_s), "seeders",
        known_json(reply->seeders), "leechers", known_json(reply->leechers), "downloaded",
        known_json(reply->downloaded), "external_ip", words_json(bytes_of(external)), "tracker_id",
        words_json(reply->tracker_id), "peers", peers_json(*reply));
}

static enum status show(const struct command_line *line, const struct tracker_client *client,
                        const struct announce_reply *reply) {
    const char *url = line->words[0];
    enum status status = STATUS_GOOD;
    if (command_line_has(line, OPTION_JSON))
        status = output_json(reply_json(client, url, reply));
    else
        print_reply(client, url, reply);
    if (status != STATUS_GOOD || !reply->refused)
        return status;
    char why[WORDS_LEN];
    format_clean(reply->failure, why, sizeof why);
    return output_fail(STATUS_REFUSED, "refused by tracker", why);
}

/* Other clients should not try to connect to a peer that does not exist. */
static enum status leave(struct tracker_client *client, struct announcement *it) {
    struct announce_reply reply;
    it->request.event = EVENT_STOPPED;
    it->request.numwant = 0;
    const enum status status = tracker_client_announce(client, &it->request, it->port, &reply);
    if (status != STATUS_GOOD)
        return output_fail(status, "cannot send event=stopped", tracker_client_failure(client));
    return STATUS_GOOD;
}

static enum status announce(const struct command_line *line, struct announcement *it) {
    struct tracker_client *client = tracker_client_open(line->words[0], &it->options);
    struct announce_reply reply;
    if (client == NULL)
        return STATUS_FAULT;
    enum status status = tracker_client_announce(client, &it->request, it->port, &reply);
    if (status != STATUS_GOOD)
        output_fail(status, line->words[0], tracker_client_failure(client));
    else
        status = show(line, client, &reply);
    if (status == STATUS_GOOD && command_line_has(line, OPTION_LEAVE))
        status = leave(client, it);
    tracker_client_close(client);
    return status;
}

static enum status run_announce(const struct command_line *line) {
    struct announcement it = { 0 };
    struct torrent_argument argument;
    if (!torrent_argument_read(line->words[1], &argument))
        return STATUS_FAULT;
    const bool good = prepare(line, &argument, &it);
    torrent_argument_free(&argument);
    return good ? announce(line, &it) : STATUS_FAULT;
}

const struct command announce_command = {
    .section = SECTION_TOOLS,
    .name = "announce",
    .arguments = "URL HASH | URL FILE.torrent",
    .least = 2,
    .most = 2,
    .summary = "Send an announce and print the response",
    .run = run_announce,
    .options = COMMAND_TRANSPORT_OPTIONS | OPTION_BIT(OPTION_EVENT) | OPTION_BIT(OPTION_PORT) |
               OPTION_BIT(OPTION_LEFT) | OPTION_BIT(OPTION_UPLOADED) |
               OPTION_BIT(OPTION_DOWNLOADED) | OPTION_BIT(OPTION_NUMWANT) |
               OPTION_BIT(OPTION_PEER_ID) | OPTION_BIT(OPTION_KEY) | OPTION_BIT(OPTION_NO_COMPACT) |
               OPTION_BIT(OPTION_LEAVE),
};
