#include "swarm/registry_cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "registry_support.h"
#include "support.h"
#include "swarm/stamp.h"

enum { NODES = 3, RUNS = 60, EDITS = 60, SENT_MAX = 4 * EDITS, KEYS = 5 };

struct sent {
    struct registry_row row;
    struct registry_mark mark;
};

/* Nodes, and the changes that each has sent to the others. */
static struct registry *nodes[NODES];
static struct sent sent[NODES][SENT_MAX];
static size_t sent_count[NODES];

static void note_sent(void *context, const struct registry_change *changes, size_t count) {
    const size_t node = (size_t)(uintptr_t)context;
    for (size_t i = 0; i < count; i++) {
        if (!changes[i].merged) {
            ck_assert_uint_ne(changes[i].mark.stamp, 0);
            sent[node][sent_count[node]++] = (struct sent){ changes[i].row, changes[i].mark };
        }
    }
}

static void create_node(size_t node) {
    nodes[node] = registry_create();
    sent_count[node] = 0;
    ck_assert_ptr_nonnull(nodes[node]);
    registry_share(nodes[node]);
    registry_set_node(nodes[node], node + 1, 1000);
    registry_follow(nodes[node], note_sent, (void *)node);
}

static void create_nodes(void) {
    for (size_t i = 0; i < NODES; i++)
        create_node(i);
}

static void delete_nodes(void) {
    for (size_t i = 0; i < NODES; i++)
        registry_delete(nodes[i]);
}

static struct registry_row passkey(uint8_t number, const char *label) {
    const uint8_t digest[SHA256_LEN] = { number, number };
    return test_passkey_row(digest, label);
}

static struct registry_row torrent(uint8_t number, const char *name) {
    const uint8_t info_hash[INFO_HASH_LEN] = { number };
    struct registry_row row = test_torrent_row(REGISTRY_TORRENT, info_hash);
    snprintf(row.text, sizeof row.text, "%s", name);
    return row;
}

static const char *text_at(size_t node, const struct registry_row *row) {
    static struct registry_row found;
    found = *row;
    return registry_find(nodes[node], &found) ? found.text : "-";
}

static bool merge_sent(size_t to, const struct sent *change) {
    const bool merged = registry_merge(nodes[to], &change->row, &change->mark);
    registry_settle_queued(nodes[to]);
    return merged;
}

/* Passes everything on to the other nodes. */
static void exchange(void) {
    for (size_t from = 0; from < NODES; from++) {
        for (size_t i = 0; i < sent_count[from]; i++) {
            for (size_t to = 0; to < NODES; to++)
                (void)merge_sent(to, &sent[from][i]);
        }
        sent_count[from] = 0;
    }
}

START_TEST(change_is_merged_once_and_not_sent_again) {
    const struct registry_row row = torrent(1, "one");
    test_put_row(nodes[0], &row);
    ck_assert_uint_eq(sent_count[0], 1);
    ck_assert(merge_sent(1, &sent[0][0]));
    ck_assert(!merge_sent(1, &sent[0][0]));
    ck_assert_uint_eq(sent_count[1], 0);
    ck_assert_str_eq(text_at(1, &row), "one");
    ck_assert(test_remove_row(nodes[1], &row));
    ck_assert(merge_sent(0, &sent[1][0]));
    ck_assert(!merge_sent(2, &sent[1][0]) || !merge_sent(2, &sent[0][0]));
    ck_assert_str_eq(text_at(0, &row), "-");
    ck_assert_str_eq(text_at(2, &row), "-");
}
END_TEST

START_TEST(restriction_beats_a_permit_that_did_not_know_it) {
    const struct registry_row key = passkey(1, "alice");
    test_put_row(nodes[0], &key);
    exchange();
    ck_assert(test_remove_row(nodes[0], &key)); /* revoked here, and made again there */
    test_put_row(nodes[1], &key);
    exchange();
    for (size_t i = 0; i < NODES; i++)
        ck_assert_str_eq(text_at(i, &key), "-");
    test_put_row(nodes[2], &key); /* which knows of it */
    exchange();
    for (size_t i = 0; i < NODES; i++)
        ck_assert_str_eq(text_at(i, &key), "alice");
}
END_TEST

START_TEST(ban_beats_an_unban_that_did_not_know_it) {
    test_add_ban(nodes[0], "192.0.2.0/24", "flooding");
    exchange();
    const struct registry_row ban = test_ban_row("192.0.2.0/24", "again");
    ck_assert(test_remove_row(nodes[0], &ban));
    test_put_row(nodes[1], &ban);
    exchange();
    for (size_t i = 0; i < NODES; i++)
        ck_assert_str_eq(text_at(i, &ban), "192.0.2.0/24");
    ck_assert(test_remove_row(nodes[0], &ban));
    exchange();
    for (size_t i = 0; i < NODES; i++)
        ck_assert_str_eq(text_at(i, &ban), "-");
}
END_TEST

START_TEST(later_passkey_with_a_label_gets_another_one_at_each_node) {
    const struct registry_row first = passkey(0x1a, "bob");
    const struct registry_row second = passkey(0x2b, "bob");
    test_put_row(nodes[0], &first);
    registry_set_node(nodes[1], 2, 5000);
    test_put_row(nodes[1], &second);
    ck_assert(merge_sent(2, &sent[1][0]));
    exchange();
    for (size_t i = 0; i < NODES; i++) {
        ck_assert_str_eq(text_at(i, &first), "bob");
        ck_assert_str_eq(text_at(i, &second), "bob-2b2b");
    }
}
END_TEST

START_TEST(label_of_the_cluster_stays_although_a_database_has_it) {
    const struct registry_row own = passkey(0x1a, "bob");
    const struct registry_row known = passkey(0x2b, "bob");
    ck_assert(registry_load_put(nodes[0], &own));
    test_put_row(nodes[1], &known);
    exchange();
    ck_assert_str_eq(text_at(0, &own), "bob-1a1a");
    ck_assert_str_eq(text_at(0, &known), "bob");
    ck_assert_uint_eq(sent_count[0], 0);
}
END_TEST

static struct registry_row random_row(struct random *random, enum registry_kind kind) {
    static const char *const labels[] = { "a", "b", "c" };
    const uint8_t number = (uint8_t)random_below(random, KEYS);
    char network[32];
    struct registry_row row = { .kind = kind };
    switch (kind) {
    case REGISTRY_PASSKEY:
        return passkey(number, labels[random_below(random, COUNT_OF(labels))]);
    case REGISTRY_BAN:
    case REGISTRY_MACHINE:
        snprintf(network, sizeof network, "192.0.2.%d/32", number);
        ck_assert(network_parse(network, &row.network));
        break;
    default:
        row.info_hash[0] = number;
    }
    snprintf(row.text, sizeof row.text, "%u", random_below(random, 1000));
    return row;
}

static void edit_at_random(struct random *random, size_t node) {
    const enum registry_kind kind = random_below(random, REGISTRY_STORED_KINDS);
    const struct registry_row row = random_row(random, kind);
    struct registry_row present;
    registry_set_node(nodes[node], node + 1, 1000 + random_below(random, 10));
    if (random_below(random, 3) == 0)
        (void)test_remove_row(nodes[node], &row);
    else if (kind != REGISTRY_PASSKEY || !registry_find_label(nodes[node], row.text, &present))
        test_put_row(nodes[node], &row);
}

/* Some changes arrive early, twice, and in any order. */
static void send_at_random(struct random *random) {
    const size_t from = random_below(random, NODES);
    if (sent_count[from] > 0)
        (void)merge_sent(random_below(random, NODES),
                         &sent[from][random_below(random, (uint32_t)sent_count[from])]);
}

static void assert_equal(enum registry_kind kind) {
    struct random random = { 1 };
    for (int i = 0; i < 50; i++) {
        const struct registry_row row = random_row(&random, kind);
        char text[REGISTRY_TEXT_LEN];
        snprintf(text, sizeof text, "%s", text_at(0, &row));
        for (size_t node = 1; node < NODES; node++)
            ck_assert_str_eq(text_at(node, &row), text);
    }
}

START_TEST(nodes_agree_after_any_changes_in_any_order) {
    for (uint64_t run = 0; run < RUNS; run++) {
        struct random random = { run + 1 };
        create_nodes();
        for (int i = 0; i < EDITS; i++) {
            edit_at_random(&random, random_below(&random, NODES));
            send_at_random(&random);
        }
        exchange();
        exchange();
        for (int kind = 0; kind < REGISTRY_STORED_KINDS; kind++)
            assert_equal((enum registry_kind)kind);
        delete_nodes();
    }
}
END_TEST

START_TEST(rolled_back_change_has_its_earlier_mark_and_merged_ones_stay) {
    const struct registry_row row = torrent(1, "one");
    struct registry_mark before, after;
    bool found;
    test_put_row(nodes[0], &row);
    ck_assert(registry_find_mark(nodes[0], &row, &before));
    struct registry_edit *edit = registry_edit_begin(nodes[0]);
    ck_assert_ptr_nonnull(edit);
    ck_assert(registry_edit_remove(edit, &row, &found) && found);
    registry_edit_submit(edit);
    registry_edit_release(edit);
    registry_roll_back(nodes[0], REGISTRY_FAILED, "full");
    ck_assert(registry_find_mark(nodes[0], &row, &after));
    ck_assert_uint_eq(after.stamp, before.stamp);
    ck_assert_str_eq(text_at(0, &row), "one");
    ck_assert(registry_merge(nodes[1], &sent[0][0].row, &sent[0][0].mark));
    registry_roll_back(nodes[1], REGISTRY_FAILED, "full");
    ck_assert_str_eq(text_at(1, &row), "one");
    ck_assert_uint_eq(registry_count_queued(nodes[1]), 1);
    registry_load_begin(nodes[1], REGISTRY_DATABASE);
    registry_load_end(nodes[1], REGISTRY_DATABASE);
    ck_assert_str_eq(text_at(1, &row), "one");
}
END_TEST

static struct registry_edit *queue(size_t node, const struct registry_row *row) {
    struct registry_edit *edit = registry_edit_begin(nodes[node]);
    ck_assert_ptr_nonnull(edit);
    ck_assert(registry_edit_put(edit, row));
    registry_edit_submit(edit);
    return edit;
}

START_TEST(rollback_leaves_what_was_merged_over_an_own_change) {
    const struct registry_row own = torrent(1, "own");
    const struct registry_row later = torrent(1, "later");
    const struct registry_row last = torrent(1, "last");
    char reason[ERROR_LEN];
    struct registry_edit *first = queue(0, &own);
    const struct sent merged = { later, { .stamp = stamp_next(10000000000, 0, 2) } };
    ck_assert(registry_merge(nodes[0], &merged.row, &merged.mark));
    struct registry_edit *second = queue(0, &last);
    ck_assert(registry_has_own_edits(nodes[0]));
    registry_roll_back(nodes[0], REGISTRY_FAILED, "full");
    ck_assert_int_eq(registry_edit_state(first, reason), REGISTRY_FAILED);
    ck_assert_int_eq(registry_edit_state(second, reason), REGISTRY_FAILED);
    ck_assert_str_eq(text_at(0, &own), "later");
    ck_assert(!registry_has_own_edits(nodes[0]));
    ck_assert_uint_eq(registry_count_queued(nodes[0]), 1);
    registry_settle_queued(nodes[0]);
    ck_assert_uint_eq(sent_count[0], 0);
    registry_edit_release(first);
    registry_edit_release(second);
}
END_TEST

START_TEST(more_merged_changes_than_may_be_kept_stay_in_memory_only) {
    enum { KEPT_MAX = 1024 };
    struct registry_row row = torrent(1, "one");
    for (uint32_t i = 0; i <= KEPT_MAX; i++) {
        const struct registry_mark mark = { .stamp = stamp_next(1000 + i, 0, 2) };
        memcpy(row.info_hash, &i, sizeof i);
        ck_assert(registry_merge(nodes[0], &row, &mark));
        if (i + 1 == KEPT_MAX)
            registry_roll_back(nodes[0], REGISTRY_FAILED, "full");
    }
    ck_assert_uint_eq(registry_count_queued(nodes[0]), KEPT_MAX + 1);
    registry_roll_back(nodes[0], REGISTRY_FAILED, "full");
    ck_assert_uint_eq(registry_count_queued(nodes[0]), 0);
    ck_assert_uint_eq(registry_count(nodes[0], REGISTRY_TORRENT), KEPT_MAX + 1);
}
END_TEST

static size_t adopt_all(size_t node, enum registry_adoption adoption) {
    size_t parts = 0;
    for (int kind = 0; kind < REGISTRY_STORED_KINDS; kind++) {
        for (int part = 0; part < REGISTRY_PARTS; part++) {
            bool any;
            ck_assert(registry_adopt(nodes[node], (enum registry_kind)kind, part, adoption, &any));
            parts += any;
            registry_settle_queued(nodes[node]);
        }
    }
    return parts;
}

static void load_row(size_t node, const struct registry_row *row) {
    ck_assert(registry_load_put(nodes[node], row));
}

START_TEST(entries_of_an_own_database_become_changes) {
    const struct registry_row row = torrent(1, "one");
    const struct registry_row ban = test_ban_row("192.0.2.0/24", "flooding");
    const struct registry_row gone = passkey(1, "alice");
    registry_load_begin(nodes[0], REGISTRY_DATABASE);
    ck_assert(registry_load_mark(nodes[0], &gone, &(struct registry_mark){ .stamp = 0 }));
    load_row(0, &row);
    load_row(0, &ban);
    ck_assert_uint_eq(adopt_all(0, ADOPT_RESTRICTIONS), 1);
    ck_assert_uint_eq(sent_count[0], 1);
    ck_assert(sent[0][0].mark.restricts);
    ck_assert_uint_eq(adopt_all(0, ADOPT_ALL), 1);
    ck_assert(registry_adopt_removals(nodes[0]));
    registry_settle_queued(nodes[0]);
    ck_assert_uint_eq(sent_count[0], 3);
    ck_assert(sent[0][2].mark.removed && sent[0][2].mark.restricts);
    ck_assert_uint_eq(adopt_all(0, ADOPT_ALL), 0);
    ck_assert(registry_adopt_removals(nodes[0]));
    registry_settle_queued(nodes[0]);
    ck_assert_uint_eq(sent_count[0], 3);
    exchange();
    ck_assert_str_eq(text_at(2, &row), "one");
}
END_TEST

START_TEST(entries_that_the_cluster_does_not_know_are_set_aside) {
    const struct registry_row known = torrent(1, "one");
    const struct registry_row unknown = torrent(2, "two");
    const struct registry_row ban = test_ban_row("192.0.2.0/24", "flooding");
    test_put_row(nodes[1], &known);
    load_row(0, &known);
    load_row(0, &unknown);
    load_row(0, &ban);
    ck_assert_uint_eq(adopt_all(0, ADOPT_RESTRICTIONS), 1);
    exchange();
    ck_assert_uint_eq(adopt_all(0, SET_ASIDE), 1);
    ck_assert_str_eq(text_at(0, &known), "one");
    ck_assert_str_eq(text_at(0, &unknown), "-");
    ck_assert(registry_is_aside(nodes[0], &unknown) && !registry_is_aside(nodes[0], &known));
    ck_assert_uint_eq(registry_count_aside(nodes[0], REGISTRY_TORRENT), 1);
    ck_assert_str_eq(text_at(2, &ban), "192.0.2.0/24");
    registry_forget_marks(nodes[0]);
    ck_assert_uint_eq(registry_count_aside(nodes[0], REGISTRY_TORRENT), 1);
    test_put_row(nodes[0], &unknown);
    ck_assert_uint_eq(registry_count_aside(nodes[0], REGISTRY_TORRENT), 0);
    exchange();
    ck_assert_str_eq(text_at(2, &unknown), "two");
}
END_TEST

START_TEST(own_restriction_from_outside_stays_until_it_is_adopted) {
    const struct registry_row ban = test_ban_row("192.0.2.0/24", "flooding");
    load_row(0, &ban);
    const struct registry_mark unban = { .stamp = stamp_at(1, 2), .removed = true };
    ck_assert(!registry_merge(nodes[0], &ban, &unban));
    ck_assert_str_eq(text_at(0, &ban), "192.0.2.0/24");
    const struct registry_row revoked = passkey(1, "alice");
    const struct registry_mark created = { .stamp = stamp_at(1, 2) };
    ck_assert(registry_load_mark(nodes[0], &revoked, &(struct registry_mark){ .stamp = 0 }));
    ck_assert(!registry_merge(nodes[0], &revoked, &created));
    ck_assert_str_eq(text_at(0, &revoked), "-");
}
END_TEST

/* An unban, and a name that was removed or changed, while the node was stopped. */
START_TEST(permit_from_outside_stays_if_it_knew_the_restriction) {
    const struct registry_row ban = test_ban_row("192.0.2.0/24", "flooding");
    const uint64_t known = stamp_at(5, 2), later = stamp_at(6, 2);
    const struct registry_mark outside = { .restriction = known };
    struct registry_mark restriction = { .stamp = known, .restricts = true };
    ck_assert(registry_load_mark(nodes[0], &ban, &outside));
    ck_assert(!registry_merge(nodes[0], &ban, &restriction));
    ck_assert_str_eq(text_at(0, &ban), "-");
    restriction.stamp = later;
    ck_assert(registry_merge(nodes[0], &ban, &restriction));
    ck_assert_str_eq(text_at(0, &ban), "192.0.2.0/24");
}
END_TEST

START_TEST(change_from_outside_stays_until_it_is_adopted) {
    const struct registry_row past = torrent(1, "one"), renamed = torrent(1, "two");
    const struct registry_mark mark = { .stamp = stamp_at(5, 2) };
    registry_load_begin(nodes[0], REGISTRY_DATABASE);
    ck_assert(registry_load_mark(nodes[0], &renamed, &(struct registry_mark){ .stamp = 0 }));
    load_row(0, &renamed);
    ck_assert(!registry_merge(nodes[0], &past, &mark));
    ck_assert_str_eq(text_at(0, &renamed), "two");
    ck_assert_uint_eq(adopt_all(0, ADOPT_ALL), 1);
    ck_assert(!registry_merge(nodes[0], &past, &mark));
    registry_load_begin(nodes[1], REGISTRY_DATABASE);
    ck_assert(registry_load_mark(nodes[1], &renamed, &(struct registry_mark){ .stamp = 0 }));
    load_row(1, &renamed);
    registry_set_adopts(nodes[1], false);
    ck_assert(registry_merge(nodes[1], &past, &mark));
    ck_assert_str_eq(text_at(1, &renamed), "one");
}
END_TEST

struct visit {
    size_t marks;
    size_t removed;
};

static void count_mark(void *context, const struct registry_row *row,
                       const struct registry_mark *mark, bool confirmed) {
    struct visit *visit = context;
    ck_assert(confirmed);
    ck_assert_int_eq(row->text[0] == '\0', mark->removed);
    visit->marks++;
    visit->removed += mark->removed;
}

START_TEST(marks_are_visited_in_steps_and_old_removals_are_forgotten) {
    struct registry_cursor cursor = { 0 };
    struct visit visit = { 0 };
    for (uint8_t i = 0; i < 10; i++) {
        const struct registry_row row = torrent(i, "name");
        test_put_row(nodes[0], &row);
        if (i % 2 == 0)
            ck_assert(test_remove_row(nodes[0], &row));
    }
    while (registry_visit_marks(nodes[0], &cursor, 3, count_mark, &visit))
        continue;
    ck_assert_uint_eq(visit.marks, 10);
    ck_assert_uint_eq(visit.removed, 5);
    registry_forget_removed(nodes[0], 1);
    ck_assert_uint_eq(registry_forgotten(nodes[0]), 0);
    registry_forget_removed(nodes[0], UINT64_MAX - 1);
    ck_assert_uint_eq(registry_forgotten(nodes[0]), UINT64_MAX - 1);
    registry_settle_forgotten(nodes[0], 1);
    ck_assert_uint_eq(registry_forgotten(nodes[0]), UINT64_MAX - 1);
    registry_settle_forgotten(nodes[0], UINT64_MAX - 1);
    ck_assert_uint_eq(registry_forgotten(nodes[0]), 0);
    visit = (struct visit){ 0 };
    cursor.position = 9;
    while (registry_visit_marks(nodes[0], &cursor, 3, count_mark, &visit))
        continue;
    ck_assert_uint_eq(visit.marks, 5);
    ck_assert_uint_eq(visit.removed, 0);
}
END_TEST

UNIT_SUITE(registry_cluster) {
    Suite *suite = suite_create("registry_cluster");
    TCase *merging = tcase_create("merging");
    tcase_add_checked_fixture(merging, create_nodes, delete_nodes);
    tcase_add_test(merging, change_is_merged_once_and_not_sent_again);
    tcase_add_test(merging, restriction_beats_a_permit_that_did_not_know_it);
    tcase_add_test(merging, ban_beats_an_unban_that_did_not_know_it);
    tcase_add_test(merging, later_passkey_with_a_label_gets_another_one_at_each_node);
    tcase_add_test(merging, label_of_the_cluster_stays_although_a_database_has_it);
    tcase_add_test(merging, rolled_back_change_has_its_earlier_mark_and_merged_ones_stay);
    tcase_add_test(merging, rollback_leaves_what_was_merged_over_an_own_change);
    tcase_add_test(merging, more_merged_changes_than_may_be_kept_stay_in_memory_only);
    tcase_add_test(merging, entries_of_an_own_database_become_changes);
    tcase_add_test(merging, entries_that_the_cluster_does_not_know_are_set_aside);
    tcase_add_test(merging, own_restriction_from_outside_stays_until_it_is_adopted);
    tcase_add_test(merging, permit_from_outside_stays_if_it_knew_the_restriction);
    tcase_add_test(merging, change_from_outside_stays_until_it_is_adopted);
    tcase_add_test(merging, marks_are_visited_in_steps_and_old_removals_are_forgotten);
    suite_add_tcase(suite, merging);
    TCase *random = tcase_create("random");
    tcase_add_test(random, nodes_agree_after_any_changes_in_any_order);
    suite_add_tcase(suite, random);
    return suite;
}
