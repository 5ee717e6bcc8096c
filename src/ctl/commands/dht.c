#include "ctl/commands/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "ctl/api_client.h"
#include "ctl/format.h"
#include "ctl/list_view.h"
#include "ctl/torrent_argument.h"

enum { POLL_MS = 200, TEXT_LEN = 128, PATH_LEN = 128 };

/* clang-format off */
static const struct option_spec option_nodes = { "nodes", NULL, "list the nodes, too", 0, NULL };
static const struct option_spec option_stored = { "stored", NULL, "list the stored torrents, or the stored peers of TORRENT", 0, NULL };
/* clang-format on */

static bool is_true(const json_t *object, const char *key) {
    return json_is_true(json_object_get(object, key));
}

static void print_table(const json_t *table) {
    const char *external = api_client_text(table, "external_address", NULL);
    char address[TEXT_LEN] = "";
    if (external != NULL)
        format_clean(bytes_of(external), address, sizeof address);
    printf("%-11s%" PRIu64 " good, %" PRIu64 " questionable, %" PRIu64 " bad, %" PRIu64
           " replacements%s%s\n",
           api_client_number(table, "family") == 6 ? "IPv6 nodes" : "IPv4 nodes",
           api_client_number(table, "good"), api_client_number(table, "questionable"),
           api_client_number(table, "bad"), api_client_number(table, "replacements"),
           external == NULL ? "" : "; this one is ", address);
}

static void print_nodes(const json_t *nodes) {
    size_t i;
    const json_t *node;
    json_array_foreach(nodes, i, node) {
        char address[LIST_VIEW_ADDRESS_LEN];
        char id[TEXT_LEN];
        char state[TEXT_LEN];
        format_clean(bytes_of(api_client_text(node, "id", "?")), id, sizeof id);
        format_clean(bytes_of(api_client_text(node, "state", "?")), state, sizeof state);
        list_view_peer_address(node, address);
        printf("%-11s%s  %-13s%s\n", i == 0 ? "nodes" : "", id, state, address);
    }
}

static void print_lookups(const json_t *lookups) {
    size_t i;
    const json_t *lookup;
    json_array_foreach(lookups, i, lookup) {
        char hash[TEXT_LEN];
        char age[FORMAT_NUMBER_LEN];
        format_clean(bytes_of(api_client_text(lookup, "info_hash", "?")), hash, sizeof hash);
        format_duration(api_client_number(lookup, "age_ms") / 1000, age);
        printf("%-11s%s  %zu peers, started %s ago%s\n", i == 0 ? "lookups" : "", hash,
               json_array_size(json_object_get(lookup, "peers")), age,
               is_true(lookup, "ended") ? "" : ", running");
    }
}

static void print_traffic(const json_t *counts) {
    char received[FORMAT_NUMBER_LEN];
    char sent[FORMAT_NUMBER_LEN];
    format_size(api_client_number(counts, "received_bytes"), received);
    format_size(api_client_number(counts, "sent_bytes"), sent);
    printf("traffic    %s received, %s sent; %" PRIu64 " queries not answered: too many\n",
           received, sent, api_client_number(counts, "limited"));
    printf("queries    %" PRIu64 " ping, %" PRIu64 " find_node, %" PRIu64 " get_peers, %" PRIu64
           " announce_peer\n",
           api_client_number(counts, "pings"), api_client_number(counts, "find_node"),
           api_client_number(counts, "get_peers"), api_client_number(counts, "announce_peer"));
    printf("announced  %" PRIu64 " into swarms, %" PRIu64 " kept, %" PRIu64 " refused\n",
           api_client_number(counts, "announces_shared"),
           api_client_number(counts, "announces_stored"),
           api_client_number(counts, "announces_refused"));
}

static void print_dht(const json_t *dht, bool with_nodes) {
    size_t i;
    const json_t *table;
    char memory[FORMAT_NUMBER_LEN];
    format_size(api_client_number(dht, "memory"), memory);
    if (!is_true(dht, "running")) {
        output_labelled("error", api_client_text(dht, "error", "?"));
        return;
    }
    printf("port       %" PRIu64 " UDP\n", api_client_number(dht, "port"));
    json_array_foreach(json_object_get(dht, "tables"), i, table) {
        print_table(table);
    }
    printf("stored     %" PRIu64 " peers of %" PRIu64 " torrents outside of swarms, %s of memory\n",
           api_client_number(dht, "stored_peers"), api_client_number(dht, "stored_torrents"),
           memory);
    print_traffic(json_object_get(dht, "counts"));
    print_lookups(json_object_get(dht, "lookups"));
    if (with_nodes)
        print_nodes(json_object_get(dht, "nodes"));
}

static enum status show_dht(const struct command_line *line) {
    json_t *dht;
    const enum status result = api_client_fetch_once(line, "dht", &dht);
    if (result != STATUS_GOOD)
        return result;
    if (command_line_has(line, &option_json))
        return output_json(dht);
    if (is_true(dht, "enabled"))
        print_dht(dht, command_line_has(line, &option_nodes));
    else
        puts("the DHT is off (dht.enabled)");
    json_decref(dht);
    return STATUS_GOOD;
}

/* Replaces `*lookup` by its state at the end. */
static enum status wait_for_lookup(struct api_client *client, json_t **lookup) {
    char path[PATH_LEN];
    snprintf(path, sizeof path, "dht/lookups/%" PRIu64, api_client_number(*lookup, "number"));
    while (!is_true(*lookup, "ended")) {
        const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
        nanosleep(&pause, NULL);
        json_decref(*lookup);
        *lookup = NULL;
        const enum status result = api_client_fetch(client, path, lookup);
        if (result != STATUS_GOOD)
            return result;
    }
    return STATUS_GOOD;
}

static void print_found(const json_t *lookup) {
    size_t i;
    const json_t *peer;
    const json_t *peers = json_object_get(lookup, "peers");
    json_array_foreach(peers, i, peer) {
        char address[LIST_VIEW_ADDRESS_LEN];
        list_view_peer_address(peer, address);
        puts(address);
    }
    if (json_array_size(peers) == 0)
        puts("no peers found in the DHT");
}

static enum status look_up(const struct command_line *line, const uint8_t *info_hash) {
    char hash[2 * INFO_HASH_LEN + 1];
    json_t *lookup = NULL;
    struct api_client *client = api_client_open(line);
    if (client == NULL)
        return STATUS_FAULT;
    hex_encode(info_hash, INFO_HASH_LEN, hash);
    enum status result = api_client_send_json(client, "POST", "dht/lookups",
                                              json_pack("{s:s}", "info_hash", hash), &lookup);
    if (result != STATUS_GOOD)
        (void)api_client_fail(client, result);
    else
        result = wait_for_lookup(client, &lookup);
    if (result == STATUS_GOOD && command_line_has(line, &option_json)) {
        result = output_json(lookup);
        lookup = NULL;
    } else if (result == STATUS_GOOD) {
        print_found(lookup);
    }
    json_decref(lookup);
    api_client_close(client);
    return result;
}

static void print_stored_torrents(const json_t *list) {
    size_t i;
    const json_t *torrent;
    puts("INFO_HASH                                 PEERS");
    json_array_foreach(json_object_get(list, "items"), i, torrent) {
        char hash[TEXT_LEN];
        format_clean(bytes_of(api_client_text(torrent, "info_hash", "?")), hash, sizeof hash);
        printf("%s  %5" PRIu64 "\n", hash, api_client_number(torrent, "peers"));
    }
    list_view_print_total(list, "stored torrents");
}

static void print_stored_peers(const json_t *list) {
    const double now = api_client_real(list, "now");
    size_t i;
    const json_t *peer;
    puts("ADDRESS                      SEEN AGO");
    json_array_foreach(json_object_get(list, "items"), i, peer) {
        char address[LIST_VIEW_ADDRESS_LEN];
        char seen[FORMAT_NUMBER_LEN];
        list_view_peer_address(peer, address);
        const double age = now - api_client_real(peer, "seen");
        format_duration(age > 0 && age < 1e9 ? (uint64_t)age : 0, seen);
        printf("%-24s %12s\n", address, seen);
    }
    list_view_print_total(list, "stored peers");
}

/* Lists the torrents, or the peers of one. */
static enum status show_stored(const struct command_line *line, const uint8_t *info_hash) {
    uint8_t path[PATH_LEN];
    char hash[2 * INFO_HASH_LEN + 1];
    struct writer w = writer_on(path, sizeof path);
    json_t *list;
    writer_put_text(&w, "dht/torrents");
    if (info_hash != NULL) {
        hex_encode(info_hash, INFO_HASH_LEN, hash);
        writer_put_text(&w, "/");
        writer_put_text(&w, hash);
    }
    if (!list_view_put_page(&w, line))
        return STATUS_FAULT;
    writer_put(&w, "", 1);
    const enum status result = api_client_fetch_once(line, (const char *)path, &list);
    if (result != STATUS_GOOD)
        return result;
    if (command_line_has(line, &option_json))
        return output_json(list);
    if (info_hash == NULL)
        print_stored_torrents(list);
    else
        print_stored_peers(list);
    json_decref(list);
    return STATUS_GOOD;
}

static enum status run_dht(const struct command_line *line) {
    struct torrent_argument torrent;
    const bool stored = command_line_has(line, &option_stored);
    if (line->count == 0)
        return stored ? show_stored(line, NULL) : show_dht(line);
    if (!torrent_argument_read(line->arguments[0], &torrent))
        return STATUS_FAULT;
    const enum status result =
        stored ? show_stored(line, torrent.info_hashes[0]) : look_up(line, torrent.info_hashes[0]);
    torrent_argument_free(&torrent);
    return result;
}

const struct command dht_command = {
    .section = SECTION_MONITORING,
    .name = "dht",
    .arguments = "[TORRENT]",
    .arguments_max = 1,
    .values = VALUES_TORRENTS,
    .summary = "Show the DHT node, or look a torrent up in the DHT",
    .example = "skepctl dht holidays.torrent",
    .run = run_dht,
    .options = { &option_nodes, &option_stored, &option_offset, &option_limit },
};
