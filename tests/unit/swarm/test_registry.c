#include "swarm/registry.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "registry_support.h"
#include "support.h"

enum { MANY = 20000, STEPS = 30000, NAMES = 300, READS = 20000, NOW_S = 1700000000 };

static struct registry *registry;
static char reason[ERROR_LEN];
static int notified;

static void create_registry(void) {
    registry = registry_create();
    ck_assert_ptr_nonnull(registry);
    notified = 0;
}

static void delete_registry(void) {
    registry_delete(registry);
}

static void count_notification(void *context) {
    (void)context;
    notified++;
}

static struct registry_row torrent(uint32_t number, const char *name) {
    uint8_t info_hash[INFO_HASH_LEN];
    numbered_id(info_hash, number);
    struct registry_row row = test_torrent_row(REGISTRY_TORRENT, info_hash);
    snprintf(row.text, sizeof row.text, "%s", name);
    return row;
}

static struct registry_row passkey(uint32_t number, const char *label) {
    uint8_t digest[SHA256_LEN];
    digest_sha256(&number, sizeof number, digest);
    return test_passkey_row(digest, label);
}

static bool has(const struct registry_row *row) {
    struct registry_row found = *row;
    return registry_find(registry, &found);
}

/* The text of the entry with the key of `row`; "-" if there is none. */
static const char *text_of(const struct registry_row *row) {
    static struct registry_row found;
    found = *row;
    return registry_find(registry, &found) ? found.text : "-";
}

/* Queues a change, without settling it. The caller releases the edit. */
static struct registry_edit *queue(const struct registry_row *row, bool remove) {
    struct registry_edit *edit = registry_edit_begin(registry);
    bool found;
    ck_assert_ptr_nonnull(edit);
    ck_assert(remove ? registry_edit_remove(edit, row, &found) : registry_edit_put(edit, row));
    registry_edit_submit(edit);
    return edit;
}

START_TEST(entry_is_found_at_once_and_by_its_kind_only) {
    struct registry_row row = torrent(1, "one");
    const struct registry_row block = test_torrent_row(REGISTRY_BLOCK, row.info_hash);
    char text[REFUSAL_DETAIL_LEN];
    registry_edit_release(queue(&row, false));
    ck_assert(registry_has_torrent(registry, row.info_hash));
    ck_assert(!registry_is_blocked(registry, row.info_hash, text));
    ck_assert(has(&row) && !has(&block));
    ck_assert_uint_eq(registry_count(registry, REGISTRY_TORRENT), 1);
    ck_assert_uint_eq(registry_count(registry, REGISTRY_BLOCK), 0);
}
END_TEST

START_TEST(version_changes_with_entries_of_its_kind_only) {
    const struct registry_row row = torrent(1, "");
    const uint64_t torrents = registry_version(registry, REGISTRY_TORRENT);
    const uint64_t bans = registry_version(registry, REGISTRY_BAN);
    test_put_row(registry, &row);
    ck_assert_uint_ne(registry_version(registry, REGISTRY_TORRENT), torrents);
    ck_assert_uint_eq(registry_version(registry, REGISTRY_BAN), bans);
}
END_TEST

START_TEST(aborted_edit_leaves_everything_as_it_was) {
    const struct registry_row kept = torrent(1, "kept");
    const struct registry_row changed = torrent(1, "changed");
    const struct registry_row added = torrent(2, "added");
    bool found;
    test_put_row(registry, &kept);
    struct registry_edit *edit = registry_edit_begin(registry);
    ck_assert_ptr_nonnull(edit);
    ck_assert(registry_edit_put(edit, &added));
    ck_assert(registry_edit_put(edit, &changed));
    ck_assert(registry_edit_remove(edit, &kept, &found));
    ck_assert(found);
    registry_edit_abort(edit);
    ck_assert_str_eq(text_of(&kept), "kept");
    ck_assert(!has(&added));
    ck_assert_uint_eq(registry_count(registry, REGISTRY_TORRENT), 1);
}
END_TEST

START_TEST(rollback_undoes_all_queued_edits_newest_first) {
    const struct registry_row row = torrent(1, "first");
    const struct registry_row second = torrent(1, "second");
    const struct registry_row third = torrent(1, "third");
    test_put_row(registry, &row);
    struct registry_edit *edits[] = { queue(&second, false), queue(&second, true),
                                      queue(&third, false) };
    ck_assert_str_eq(text_of(&row), "third");
    registry_edit_notify(edits[0], count_notification, NULL);
    registry_roll_back(registry, REGISTRY_FAILED, "disk full");
    ck_assert_str_eq(text_of(&row), "first");
    ck_assert_int_eq(notified, 1);
    ck_assert_ptr_null(registry_queued(registry));
    for (size_t i = 0; i < COUNT_OF(edits); i++) {
        ck_assert_int_eq(registry_edit_state(edits[i], reason), REGISTRY_FAILED);
        ck_assert_str_eq(reason, "disk full");
        registry_edit_release(edits[i]);
    }
}
END_TEST

START_TEST(settled_edit_survives_the_rollback_of_a_later_one) {
    const struct registry_row first = torrent(1, "");
    const struct registry_row second = torrent(2, "");
    struct registry_edit *edit = queue(&first, false);
    struct registry_edit *later = queue(&second, false);
    registry_settle(registry, edit);
    registry_roll_back(registry, REGISTRY_LOCKED, "");
    ck_assert(has(&first) && !has(&second));
    ck_assert_int_eq(registry_edit_state(edit, reason), REGISTRY_WRITTEN);
    registry_edit_notify(edit, count_notification, NULL);
    ck_assert_int_eq(notified, 1);
    registry_edit_release(edit);
    registry_edit_release(later);
}
END_TEST

START_TEST(queued_edits_are_listed_oldest_first_with_their_changes) {
    const struct registry_row first = torrent(1, "");
    const struct registry_row second = torrent(2, "");
    registry_edit_release(queue(&first, false));
    registry_edit_release(queue(&second, false));
    registry_edit_release(queue(&first, true));
    const struct registry_edit *edit = registry_queued(registry);
    size_t count;
    const struct registry_change *changes = registry_edit_changes(edit, &count);
    ck_assert_uint_eq(count, 1);
    ck_assert(!changes->existed && !changes->removed);
    edit = registry_edit_next(registry_edit_next(edit));
    changes = registry_edit_changes(edit, &count);
    ck_assert(changes->existed && changes->removed);
    ck_assert_ptr_null(registry_edit_next(edit));
    registry_settle(registry, edit);
}
END_TEST

START_TEST(passkey_is_found_by_label_digest_and_tag) {
    const struct registry_row row = passkey(1, "alice");
    struct registry_row found;
    uint8_t other[SHA256_LEN];
    test_put_row(registry, &row);
    ck_assert(registry_find_label(registry, "alice", &found));
    ck_assert_mem_eq(found.digest, row.digest, SHA256_LEN);
    ck_assert(!registry_find_label(registry, "alic", &found));
    ck_assert(registry_has_passkey(registry, row.digest));
    ck_assert(registry_has_passkey_tag(registry, registry_passkey_tag(row.digest)));
    memcpy(other, row.digest, SHA256_LEN);
    other[SHA256_LEN - 1] ^= 1;
    ck_assert(!registry_has_passkey(registry, other));
    ck_assert(test_remove_row(registry, &row));
    ck_assert(!registry_find_label(registry, "alice", &found));
    ck_assert(!registry_has_passkey_tag(registry, registry_passkey_tag(row.digest)));
}
END_TEST

START_TEST(torrents_that_share_a_file_find_each_other) {
    struct registry_row one = torrent(1, "");
    struct registry_row other = torrent(2, "");
    struct registry_row alone = torrent(3, "");
    struct registry_row found;
    one.file_id = other.file_id = 7;
    alone.file_id = 8;
    test_put_row(registry, &one);
    test_put_row(registry, &other);
    test_put_row(registry, &alone);
    ck_assert(registry_find_sibling(registry, &one, &found));
    ck_assert_mem_eq(found.info_hash, other.info_hash, INFO_HASH_LEN);
    ck_assert(registry_find_sibling(registry, &other, &found));
    ck_assert_mem_eq(found.info_hash, one.info_hash, INFO_HASH_LEN);
    ck_assert(!registry_find_sibling(registry, &alone, &found));
    ck_assert(test_remove_row(registry, &other));
    ck_assert(!registry_find_sibling(registry, &one, &found));
}
END_TEST

START_TEST(ended_ban_does_not_count_and_is_removed_on_request) {
    const struct endpoint address = endpoint_at("192.0.2.7", 1);
    struct registry_row ban = test_ban_row("192.0.2.0/24", "a while");
    struct registry_row wide = test_ban_row("192.0.0.0/16", "permanent");
    char text[REFUSAL_DETAIL_LEN];
    ban.until_s = NOW_S;
    test_put_row(registry, &ban);
    test_put_row(registry, &wide);
    ck_assert(registry_is_banned(registry, &address, NOW_S - 1, text));
    ck_assert_str_eq(text, "a while");
    ck_assert(registry_is_banned(registry, &address, NOW_S, text));
    ck_assert_str_eq(text, "permanent");
    ck_assert_uint_eq(registry_remove_ended(registry, NOW_S - 1), 0);
    ck_assert_uint_eq(registry_remove_ended(registry, NOW_S), 1);
    ck_assert(!has(&ban) && has(&wide));
}
END_TEST

START_TEST(load_replaces_what_is_settled_and_keeps_what_is_queued) {
    const struct registry_row gone = torrent(1, "gone");
    const struct registry_row renamed = torrent(2, "old");
    const struct registry_row loaded = torrent(2, "new");
    const struct registry_row removed = torrent(3, "removed");
    const struct registry_row added = torrent(4, "added");
    const struct registry_row foreign = torrent(5, "foreign");
    test_put_row(registry, &gone);
    test_put_row(registry, &renamed);
    test_put_row(registry, &removed);
    registry_edit_release(queue(&removed, true));
    registry_edit_release(queue(&added, false));
    registry_load_begin(registry, REGISTRY_DATABASE);
    ck_assert(registry_load_put(registry, &loaded));
    ck_assert(registry_load_put(registry, &removed));
    ck_assert(registry_load_put(registry, &foreign));
    registry_load_end(registry, REGISTRY_DATABASE);
    ck_assert(!has(&gone) && !has(&removed));
    ck_assert_str_eq(text_of(&renamed), "new");
    ck_assert(has(&added) && has(&foreign));
}
END_TEST

static void load_directory(const struct registry_row *row) {
    registry_load_begin(registry, REGISTRY_DIRECTORY);
    ck_assert(row == NULL || registry_load_put(registry, row));
    registry_load_end(registry, REGISTRY_DIRECTORY);
}

START_TEST(torrent_is_registered_by_hand_by_a_file_or_by_both) {
    struct registry_purge purge;
    const struct registry_row by_hand = torrent(1, "by hand");
    const struct registry_row by_file = test_torrent_row(REGISTRY_TORRENT_FILE, by_hand.info_hash);
    load_directory(&by_file);
    ck_assert(registry_has_torrent(registry, by_hand.info_hash));
    ck_assert(!has(&by_hand));
    test_put_row(registry, &by_hand);
    load_directory(NULL);
    ck_assert(registry_has_torrent(registry, by_hand.info_hash));
    load_directory(&by_file);
    registry_load_begin(registry, REGISTRY_DATABASE);
    registry_load_end(registry, REGISTRY_DATABASE);
    ck_assert(!has(&by_hand) && has(&by_file));
    ck_assert(registry_take_purge(registry, &purge));
    load_directory(NULL);
    ck_assert(!registry_has_torrent(registry, by_hand.info_hash));
    ck_assert(registry_take_purge(registry, &purge));
    ck_assert_mem_eq(purge.torrents[0], by_hand.info_hash, INFO_HASH_LEN);
}
END_TEST

START_TEST(purge_names_what_has_lost_its_access) {
    struct registry_purge purge;
    const struct registry_row row = torrent(1, "");
    const struct registry_row block = test_torrent_row(REGISTRY_BLOCK, torrent(2, "").info_hash);
    const struct registry_row key = passkey(1, "label");
    const struct registry_row ban = test_ban_row("192.0.2.0/24", "");
    test_put_row(registry, &row);
    test_put_row(registry, &key);
    ck_assert(!registry_take_purge(registry, &purge));
    ck_assert(test_remove_row(registry, &row));
    test_put_row(registry, &block);
    ck_assert(registry_take_purge(registry, &purge));
    ck_assert(!purge.everything);
    ck_assert_uint_eq(purge.torrent_count, 2);
    ck_assert_mem_eq(purge.torrents[1], block.info_hash, INFO_HASH_LEN);
    ck_assert(test_remove_row(registry, &key));
    ck_assert(registry_take_purge(registry, &purge) && purge.everything);
    test_put_row(registry, &ban);
    ck_assert(registry_take_purge(registry, &purge) && purge.everything);
    ck_assert(test_remove_row(registry, &ban));
    ck_assert(test_remove_row(registry, &block));
    ck_assert(!registry_take_purge(registry, &purge));
}
END_TEST

static void count_row(void *context, const struct registry_row *row) {
    ck_assert_int_eq(row->kind, REGISTRY_TORRENT);
    ++*(size_t *)context;
}

START_TEST(many_entries_come_and_go) {
    size_t visited = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        const struct registry_row row = torrent(i, "name");
        test_put_row(registry, &row);
    }
    for (uint32_t i = 0; i < MANY; i += 2) {
        const struct registry_row row = torrent(i, "");
        REQUIRE(test_remove_row(registry, &row));
    }
    for (uint32_t i = 0; i < MANY; i++) {
        const struct registry_row row = torrent(i, "");
        REQUIRE(registry_has_torrent(registry, row.info_hash) == (i % 2 == 1));
    }
    registry_visit(registry, REGISTRY_TORRENT, count_row, &visited);
    ck_assert_uint_eq(visited, MANY / 2);
}
END_TEST

/* A plain array of what is settled, and one of what is seen. */
START_TEST(random_edits_agree_with_a_plain_array) {
    static char settled[NAMES][4];
    static char seen[NAMES][4];
    struct random random = { .state = 5 };
    for (int step = 0; step < STEPS; step++) {
        const uint32_t number = random_below(&random, NAMES);
        char name[4];
        snprintf(name, sizeof name, "%u", random_below(&random, 999) + 1);
        const struct registry_row row = torrent(number, name);
        switch (random_below(&random, 6)) {
        case 0:
            registry_edit_release(queue(&row, true));
            seen[number][0] = '\0';
            break;
        case 1:
            for (const struct registry_edit *edit = registry_queued(registry), *next; edit != NULL;
                 edit = next) {
                next = registry_edit_next(edit);
                if (next == NULL)
                    registry_settle(registry, edit);
            }
            memcpy(settled, seen, sizeof seen);
            break;
        case 2:
            registry_roll_back(registry, REGISTRY_LOCKED, "");
            memcpy(seen, settled, sizeof seen);
            break;
        default:
            registry_edit_release(queue(&row, false));
            snprintf(seen[number], sizeof seen[number], "%s", name);
        }
        const struct registry_row other = torrent(random_below(&random, NAMES), "");
        REQUIRE(strcmp(text_of(&row), seen[number][0] == '\0' ? "-" : seen[number]) == 0);
        (void)has(&other);
    }
    for (uint32_t i = 0; i < NAMES; i++) {
        const struct registry_row row = torrent(i, "");
        REQUIRE(strcmp(text_of(&row), seen[i][0] == '\0' ? "-" : seen[i]) == 0);
    }
}
END_TEST

static void *read_registry(void *context) {
    const struct endpoint address = endpoint_at("192.0.2.7", 1);
    char text[REFUSAL_DETAIL_LEN];
    (void)context;
    for (uint32_t i = 0; i < READS; i++) {
        const struct registry_row row = torrent(i % 64, "");
        (void)registry_has_torrent(registry, row.info_hash);
        (void)registry_is_banned(registry, &address, NOW_S, text);
        (void)registry_has_passkey(registry, row.digest);
    }
    return NULL;
}

START_TEST(readers_and_editors_do_not_disturb_each_other) {
    pthread_t readers[2];
    const struct registry_row ban = test_ban_row("192.0.2.0/24", "why");
    for (size_t i = 0; i < COUNT_OF(readers); i++)
        ck_assert_int_eq(pthread_create(&readers[i], NULL, read_registry, NULL), 0);
    for (uint32_t i = 0; i < READS / 10; i++) {
        const struct registry_row row = torrent(i % 64, "name");
        test_put_row(registry, i % 3 == 0 ? &ban : &row);
        (void)test_remove_row(registry, i % 5 == 0 ? &ban : &row);
    }
    for (size_t i = 0; i < COUNT_OF(readers); i++)
        pthread_join(readers[i], NULL);
}
END_TEST

UNIT_SUITE(registry) {
    Suite *suite = suite_create("registry");
    TCase *entries = tcase_create("entries");
    tcase_add_checked_fixture(entries, create_registry, delete_registry);
    tcase_add_test(entries, entry_is_found_at_once_and_by_its_kind_only);
    tcase_add_test(entries, version_changes_with_entries_of_its_kind_only);
    tcase_add_test(entries, passkey_is_found_by_label_digest_and_tag);
    tcase_add_test(entries, torrents_that_share_a_file_find_each_other);
    tcase_add_test(entries, ended_ban_does_not_count_and_is_removed_on_request);
    tcase_add_test(entries, many_entries_come_and_go);
    suite_add_tcase(suite, entries);
    TCase *edits = tcase_create("edits");
    tcase_add_checked_fixture(edits, create_registry, delete_registry);
    tcase_add_test(edits, aborted_edit_leaves_everything_as_it_was);
    tcase_add_test(edits, rollback_undoes_all_queued_edits_newest_first);
    tcase_add_test(edits, settled_edit_survives_the_rollback_of_a_later_one);
    tcase_add_test(edits, queued_edits_are_listed_oldest_first_with_their_changes);
    tcase_add_test(edits, load_replaces_what_is_settled_and_keeps_what_is_queued);
    tcase_add_test(edits, torrent_is_registered_by_hand_by_a_file_or_by_both);
    tcase_add_test(edits, purge_names_what_has_lost_its_access);
    tcase_add_test(edits, random_edits_agree_with_a_plain_array);
    tcase_add_test(edits, readers_and_editors_do_not_disturb_each_other);
    suite_add_tcase(suite, edits);
    return suite;
}
