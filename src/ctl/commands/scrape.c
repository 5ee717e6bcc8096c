#include "ctl/commands/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "ctl/torrent_argument.h"
#include "ctl/tracker_client.h"

/* The requested torrents and their counts. */
struct scrape {
    uint8_t (*hashes)[INFO_HASH_LEN]; /* both arrays have `count` items */
    struct scrape_counts *counts;
    size_t count;
    size_t hash_capacity;
    size_t counts_capacity;
    bool all; /* no torrent was requested: take all that the tracker sends */
    bool out_of_memory;
};

static bool add_torrent(struct scrape *scrape, const struct scrape_counts *counts) {
    void *hashes = scrape->hashes;
    void *all_counts = scrape->counts;
    if (scrape->count == scrape->hash_capacity)
        hashes = array_grow(hashes, &scrape->hash_capacity, scrape->count + 1, INFO_HASH_LEN);
    if (hashes == NULL)
        return false;
    scrape->hashes = hashes;
    if (scrape->count == scrape->counts_capacity)
        all_counts = array_grow(all_counts, &scrape->counts_capacity, scrape->count + 1,
                                sizeof *scrape->counts);
    if (all_counts == NULL)
        return false;
    scrape->counts = all_counts;
    memcpy(scrape->hashes[scrape->count], counts->info_hash, INFO_HASH_LEN);
    scrape->counts[scrape->count++] = *counts;
    return true;
}

static void take_counts(void *context, const struct scrape_counts *counts) {
    struct scrape *scrape = context;
    if (scrape->all && !scrape->out_of_memory)
        scrape->out_of_memory = !add_torrent(scrape, counts);
    for (size_t i = 0; i < scrape->count && !scrape->all; i++) {
        if (memcmp(scrape->hashes[i], counts->info_hash, INFO_HASH_LEN) == 0)
            scrape->counts[i] = *counts;
    }
}

static bool read_arguments(const struct command_line *line, struct scrape *scrape) {
    for (int i = 1; i < line->count; i++) {
        struct torrent_argument argument;
        if (!torrent_argument_read(line->arguments[i], &argument))
            return false;
        bool good = true;
        for (size_t j = 0; j < argument.hash_count && good; j++) {
            struct scrape_counts counts = {
                .seeders = REPLY_UNKNOWN,
                .leechers = REPLY_UNKNOWN,
                .downloaded = REPLY_UNKNOWN,
            };
            memcpy(counts.info_hash, argument.info_hashes[j], INFO_HASH_LEN);
            good = add_torrent(scrape, &counts);
        }
        torrent_argument_free(&argument);
        if (!good) {
            output_out_of_memory();
            return false;
        }
    }
    scrape->all = line->count == 1;
    return true;
}

static void print_count(int64_t count) {
    if (count == REPLY_UNKNOWN)
        printf(" %9s", "?");
    else
        printf(" %9" PRId64, count);
}

static void print_counts(const struct scrape *scrape) {
    puts("INFO_HASH                                  SEEDERS  LEECHERS COMPLETED");
    for (size_t i = 0; i < scrape->count; i++) {
        char hash[2 * INFO_HASH_LEN + 1];
        hex_encode(scrape->hashes[i], INFO_HASH_LEN, hash);
        fputs(hash, stdout);
        print_count(scrape->counts[i].seeders);
        print_count(scrape->counts[i].leechers);
        print_count(scrape->counts[i].downloaded);
        puts("");
    }
}

static json_t *counts_json(const struct scrape *scrape, const struct tracker_client *client) {
    json_t *items = json_array();
    for (size_t i = 0; i < scrape->count; i++) {
        const struct scrape_counts *counts = &scrape->counts[i];
        json_array_append_new(
            items, json_pack("{s:o, s:o, s:o, s:o}", "info_hash",
                             output_json_hex(scrape->hashes[i], INFO_HASH_LEN), "seeders",
                             tracker_client_count_json(counts->seeders), "leechers",
                             tracker_client_count_json(counts->leechers), "downloaded",
                             tracker_client_count_json(counts->downloaded)));
    }
    return json_pack("{s:s, s:f, s:o}", "address", tracker_client_address(client), "took_ms",
                     (double)tracker_client_took_us(client) / 1000, "items", items);
}

static enum status send_scrape(const struct command_line *line, struct scrape *scrape) {
    struct tracker_client_options options = { .compact = true };
    if (!tracker_client_options_read(line, &options))
        return STATUS_FAULT;
    struct tracker_client *client = tracker_client_open(line->arguments[0], &options);
    if (client == NULL)
        return STATUS_FAULT;
    const size_t count = scrape->count;
    enum status status = tracker_client_scrape(
        client, (const uint8_t(*)[INFO_HASH_LEN])scrape->hashes, count, take_counts, scrape);
    if (status == STATUS_REFUSED)
        output_fail(status, "rejected by the tracker: %s", tracker_client_failure(client));
    else if (status != STATUS_GOOD)
        output_fail(status, "%s: %s", line->arguments[0], tracker_client_failure(client));
    else if (scrape->out_of_memory)
        status = output_out_of_memory();
    else if (command_line_has(line, &option_json))
        status = output_json(counts_json(scrape, client));
    else
        print_counts(scrape);
    tracker_client_close(client);
    return status;
}

static enum status run_scrape(const struct command_line *line) {
    struct scrape scrape = { 0 };
    const enum status status =
        read_arguments(line, &scrape) ? send_scrape(line, &scrape) : STATUS_FAULT;
    free(scrape.counts);
    free(scrape.hashes);
    return status;
}

const struct command scrape_command = {
    .section = SECTION_TOOLS,
    .name = "scrape",
    .arguments = "URL [HASH | MAGNET | FILE.torrent]...",
    .arguments_min = 1,
    .arguments_max = COMMAND_ARGUMENTS_ANY,
    .summary = "Send a scrape and print the counts",
    .example = "skepctl scrape http://192.168.1.10:6969/announce film.torrent",
    .run = run_scrape,
    .options = { &option_ipv4, &option_ipv6, &option_timeout },
};
