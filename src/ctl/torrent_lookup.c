#include "ctl/torrent_lookup.h"

#include <stdio.h>

#include "base/case_fold.h"
#include "ctl/api_registry.h"
#include "ctl/format.h"
#include "ctl/torrent_argument.h"

enum { LINE_LEN = 2 * INFO_HASH_LEN + 2 + 4 * REGISTRY_TEXT_LEN };

void torrent_lookup_begin(struct torrent_lookup *lookup, const char *text) {
    *lookup = (struct torrent_lookup){ .text = text, .letters = case_fold_letters() };
    case_fold_text(lookup->letters, text, lookup->folded, sizeof lookup->folded);
}

static bool is_hash_prefix(const char *folded, const uint8_t info_hash[static INFO_HASH_LEN]) {
    char hash[2 * INFO_HASH_LEN + 1];
    const size_t len = strlen(folded);
    hex_encode(info_hash, INFO_HASH_LEN, hash);
    return len >= TORRENT_LOOKUP_DIGITS_MIN && strncmp(hash, folded, len) == 0;
}

void torrent_lookup_add(void *context, const struct registry_row *row) {
    struct torrent_lookup *lookup = context;
    char name[TORRENT_LOOKUP_FOLDED_LEN];
    case_fold_text(lookup->letters, row->text, name, sizeof name);
    const bool exact = strcmp(name, lookup->folded) == 0;
    const bool similar =
        strstr(name, lookup->folded) != NULL || is_hash_prefix(lookup->folded, row->info_hash);
    if (lookup->folded[0] == '\0' || !(exact || (similar && !lookup->exact)))
        return;
    if (exact && !lookup->exact)
        lookup->count = 0;
    lookup->exact = exact;
    if (lookup->count < TORRENT_LOOKUP_SHOWN)
        lookup->found[lookup->count] = *row;
    lookup->count++;
}

static enum status report_matches(const struct torrent_lookup *lookup) {
    output_fail(STATUS_FAULT, "\"%s\" matches %zu torrents:", lookup->text, lookup->count);
    for (size_t i = 0; i < lookup->count && i < TORRENT_LOOKUP_SHOWN; i++) {
        char hash[2 * INFO_HASH_LEN + 1];
        hex_encode(lookup->found[i].info_hash, INFO_HASH_LEN, hash);
        output_note("  %s  %s", hash, lookup->found[i].text);
    }
    if (lookup->count > TORRENT_LOOKUP_SHOWN)
        output_note("  and %zu more", lookup->count - TORRENT_LOOKUP_SHOWN);
    return STATUS_FAULT;
}

enum status torrent_lookup_end(struct torrent_lookup *lookup, enum status status,
                               struct registry_row *row) {
    if (lookup->letters != (locale_t)0)
        freelocale(lookup->letters);
    lookup->letters = (locale_t)0;
    if (status != STATUS_GOOD)
        return status;
    if (lookup->count == 0)
        return output_fail(STATUS_FAULT, "no torrent matches \"%s\"", lookup->text);
    if (lookup->count > 1)
        return report_matches(lookup);
    *row = lookup->found[0];
    return STATUS_GOOD;
}

static enum status search_skepd(struct api_client *client, const char *text,
                                struct registry_row *row) {
    struct torrent_lookup lookup;
    torrent_lookup_begin(&lookup, text);
    const enum status status = api_registry_search(client, true, text, torrent_lookup_add, &lookup);
    return torrent_lookup_end(&lookup, status, row);
}

enum status torrent_lookup_find(struct api_client *client, const char *text,
                                uint8_t info_hash[static INFO_HASH_LEN]) {
    struct registry_row row;
    struct torrent_argument argument;
    if (!torrent_argument_is_exact(text)) {
        const enum status status = search_skepd(client, text, &row);
        if (status == STATUS_GOOD)
            memcpy(info_hash, row.info_hash, INFO_HASH_LEN);
        return status;
    }
    if (!torrent_argument_read(text, &argument))
        return STATUS_FAULT;
    memcpy(info_hash, argument.info_hashes[0], INFO_HASH_LEN);
    torrent_argument_free(&argument);
    return STATUS_GOOD;
}
