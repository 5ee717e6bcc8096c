#include "ctl/torrent_lookup.h"

#include <stdio.h>

#include "base/case_fold.h"
#include "ctl/api_registry.h"
#include "ctl/format.h"
#include "ctl/torrent_argument.h"

enum { LINE_LEN = 2 * INFO_HASH_LEN + 2 + 4 * REGISTRY_TEXT_LEN };

void torrent_lookup_begin(struct torrent_lookup *choice, const char *word) {
    *choice = (struct torrent_lookup){ .word = word, .letters = case_fold_letters() };
    case_fold_text(choice->letters, word, choice->folded, sizeof choice->folded);
}

static bool starts_hash(const char *folded, const uint8_t info_hash[static INFO_HASH_LEN]) {
    char hash[2 * INFO_HASH_LEN + 1];
    const size_t len = strlen(folded);
    hex_encode(info_hash, INFO_HASH_LEN, hash);
    return len >= TORRENT_LOOKUP_DIGITS_MIN && strncmp(hash, folded, len) == 0;
}

void torrent_lookup_add(void *context, const struct registry_row *row) {
    struct torrent_lookup *choice = context;
    char name[TORRENT_LOOKUP_FOLDED_LEN];
    case_fold_text(choice->letters, row->text, name, sizeof name);
    const bool exact = strcmp(name, choice->folded) == 0;
    const bool similar =
        strstr(name, choice->folded) != NULL || starts_hash(choice->folded, row->info_hash);
    if (choice->folded[0] == '\0' || !(exact || (similar && !choice->exact)))
        return;
    if (exact && !choice->exact)
        choice->count = 0;
    choice->exact = exact;
    if (choice->count < TORRENT_LOOKUP_SHOWN)
        choice->found[choice->count] = *row;
    choice->count++;
}

static enum status say_several(const struct torrent_lookup *choice) {
    output_fail(STATUS_FAULT, "several torrents could be meant; say more of one of these",
                choice->word);
    for (size_t i = 0; i < choice->count && i < TORRENT_LOOKUP_SHOWN; i++) {
        char hash[2 * INFO_HASH_LEN + 1];
        hex_encode(choice->found[i].info_hash, INFO_HASH_LEN, hash);
        output_note("  %s  %s", hash, choice->found[i].text);
    }
    if (choice->count > TORRENT_LOOKUP_SHOWN)
        output_note("  and %zu more", choice->count - TORRENT_LOOKUP_SHOWN);
    return STATUS_FAULT;
}

enum status torrent_lookup_end(struct torrent_lookup *choice, enum status status,
                               struct registry_row *row) {
    if (choice->letters != (locale_t)0)
        freelocale(choice->letters);
    choice->letters = (locale_t)0;
    if (status != STATUS_GOOD)
        return status;
    if (choice->count == 0)
        return output_fail(STATUS_FAULT,
                           "no torrent has this in its name, and no info_hash starts with it",
                           choice->word);
    if (choice->count > 1)
        return say_several(choice);
    *row = choice->found[0];
    return STATUS_GOOD;
}

static enum status search(struct api_client *remote, const char *word, struct registry_row *row) {
    struct torrent_lookup choice;
    torrent_lookup_begin(&choice, word);
    const enum status status = api_registry_search(remote, true, word, torrent_lookup_add, &choice);
    return torrent_lookup_end(&choice, status, row);
}

enum status torrent_lookup_send(struct api_client *remote, const char *word,
                                uint8_t info_hash[static INFO_HASH_LEN]) {
    struct registry_row row;
    struct torrent_argument input;
    if (!torrent_argument_is_one(word)) {
        const enum status status = search(remote, word, &row);
        if (status == STATUS_GOOD)
            memcpy(info_hash, row.info_hash, INFO_HASH_LEN);
        return status;
    }
    if (!torrent_argument_read(word, &input))
        return STATUS_FAULT;
    memcpy(info_hash, input.info_hashes[0], INFO_HASH_LEN);
    torrent_argument_free(&input);
    return STATUS_GOOD;
}
