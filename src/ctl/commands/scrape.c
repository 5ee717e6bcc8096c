#include "ctl/command_line.h"
#include "ctl/commands/commands.h"
#include "ctl/output.h"
#include "ctl/tracker_client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/torrent_argument.h"

/* The requested torrents and their counts. */
struct scrape {
    struct scrape_counts *counts; /* requested; room for `capacity` */
    uint8_t (*hashes)[INFO_HASH_LEN];
    size_t count;
    size_t capacity;
    bool all; /* accept all torrents of the response */
    bool no_memory;
};

static bool grow(struct scrape *scrape) {
    const size_t capacity = 2 * scrape->capacity + 16;
    struct scrape_counts *counts = realloc(scrape->counts, capacity * sizeof *counts);
    if (counts == NULL)
        return false;
    scrape->counts = counts;
    uint8_t(*hashes)[INFO_HASH_LEN] = realloc(scrape->hashes, capacity * sizeof *hashes);
    if (hashes == NULL)
        return false;
    scrape->hashes = hashes;
    scrape->capacity = capacity;
    return true;
}

static bool add(struct scrape *scrape, const struct scrape_counts *counts) {
    if (scrape->count == scrape->capacity && !grow(scrape))
        return false;
    memcpy(scrape->hashes[scrape->count], counts->info_hash, INFO_HASH_LEN);
    scrape->counts[scrape->count++] = *counts;
    return true;
}

static void take(void *context, const struct scrape_counts *counts) {
    struct scrape *scrape = context;
    if (scrape->all && !scrape->no_memory)
        scrape->no_memory = !add(scrape, counts);
    for (size_t i = 0; i < scrape->count && !scrape->all; i++) {
        if (memcmp(scrape->hashes[i], counts->info_hash, INFO_HASH_LEN) == 0)
            scrape->counts[i] = *counts;
    }
}

static bool read_words(const struct command_line *line, struct scrape *scrape) {
    for (int i = 1; i < line->count; i++) {
        struct torrent_argument argument;
        if (!torrent_argument_read(line->words[i], &argument))
            return false;
        bool good = true;
        for (size_t j = 0; j < argument.hash_count && good; j++) {
            struct scrape_counts counts = {
                .seeders = REPLY_UNKNOWN,
                .leechers = REPLY_UNKNOWN,
                .downloaded = REPLY_UNKNOWN,
            };
            memcpy(counts.info_hash, argument.info_hashes[j], INFO_HASH_LEN);
            good = add(scrape, &counts);
        }
        torrent_argument_free(&argument);
        if (!good)
            return false;
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

static json_t *known_json(int64_t number) {
    return number == REPLY_UNKNOWN ? json_null() : json_integer(number);
}

static json_t *counts_json(const struct scrape *scrape, const struct tracker_client *client) {
    json_t *items = json_array();
    for (size_t i = 0; i < scrape->count; i++) {
        const struct scrape_counts *counts = &scrape->counts[i];
        json_array_append_new(items, json_pack("{s:o, s:o, s:o, s:o}", "info_hash",
                                               output_json_hex(scrape->hashes[i], INFO_HASH_LEN),
                                               "seeders", known_json(counts->seeders), "leechers",
                                               known_json(counts->leechers), "downloaded",
                                               known_json(counts->downloaded)));
    }
    return json_pack("{s:s, s:f, s:o}", "address", tracker_client_address(client), "took_ms",
                     (double)tracker_client_took_us(client) / 1000, "items", items);
}

static enum status ask(const struct command_line *line, struct scrape *scrape) {
    struct tracker_client_options options = { .compact = true };
    if (!tracker_client_options_read(line, &options))
        return STATUS_FAULT;
    struct tracker_client *client = tracker_client_open(line->words[0], &options);
    if (client == NULL)
        return STATUS_FAULT;
    const size_t count = scrape->count;
    enum status status = tracker_client_scrape(
        client, (const uint8_t(*)[INFO_HASH_LEN])scrape->hashes, count, take, scrape);
    if (status == STATUS_REFUSED)
        output_fail(status, "refused by tracker", tracker_client_failure(client));
    else if (status != STATUS_GOOD)
        output_fail(status, line->words[0], tracker_client_failure(client));
    else if (scrape->no_memory)
        status = output_fail(STATUS_FAULT, "out of memory", NULL);
    else if (command_line_has(line, OPTION_JSON))
        status = output_json(counts_json(scrape, client));
    else
        print_counts(scrape);
    tracker_client_close(client);
    return status;
}

static enum status run_scrape(const struct command_line *line) {
    struct scrape scrape = { 0 };
    const enum status status = read_words(line, &scrape) ? ask(line, &scrape) : STATUS_FAULT;
    free(scrape.counts);
    free(scrape.hashes);
    return status;
}

const struct command scrape_command = {
    .section = SECTION_TOOLS,
    .name = "scrape",
    .arguments = "URL [HASH | FILE.torrent]...",
    .least = 1,
    .most = COMMAND_WORDS_ANY,
    .summary = "Send a scrape and print the counts",
    .run = run_scrape,
    .options = COMMAND_TRANSPORT_OPTIONS,
};
