/* Lets SQLite's n-th write, sync, truncation or open fail, for every n. After a restart the
 * database must hold the state after a whole number of batches, at least the committed ones. */
#include <stdio.h>
#include <string.h>

#include "store/fault_vfs.h"
#include "store/store.h"
#include "support.h"

enum { BATCHES = 8, BATCH_CHANGES = 30, PLACES = 40, OPERATIONS_MAX = 2000 };

/* Parts of the log that are merged with each batch, so that a part of its rows is up to date. */
enum { MERGED = STORE_RANGES / 3 };

/* By place: number of completions, and whether the peer is present. */
struct state {
    bool present[PLACES];
    uint32_t downloaded[PLACES];
};

static struct directory directory;
static struct state states[BATCHES + 1]; /* after each batch; the first is empty */
static struct change batches[BATCHES][BATCH_CHANGES];

static struct change change_at(uint32_t place, enum change_kind kind, uint32_t downloaded) {
    struct change change = {
        .kind = kind,
        .peer = numbered_endpoint(place % 2 == 0 ? FAMILY_V4 : FAMILY_V6, place),
        .key = place + 1,
        .left = kind == CHANGE_PEER_COMPLETED ? 0 : 1000,
        .downloaded = downloaded,
    };
    numbered_id(change.info_hash, place);
    numbered_id(change.peer_id, place);
    return change;
}

/* Each place is a torrent with one peer, which joins, completes and leaves in turn. */
static void make_batches(void) {
    uint32_t number = 12345;
    for (int batch = 0; batch < BATCHES; batch++) {
        struct state *state = &states[batch + 1];
        *state = states[batch];
        for (int i = 0; i < BATCH_CHANGES; i++) {
            number = number * 1664525 + 1013904223;
            const uint32_t place = (number >> 16) % PLACES;
            enum change_kind kind = CHANGE_PEER_JOINED;
            if (state->present[place])
                kind = number >> 28 < 8 ? CHANGE_PEER_COMPLETED : CHANGE_PEER_LEFT;
            state->present[place] = kind != CHANGE_PEER_LEFT;
            state->downloaded[place] += kind == CHANGE_PEER_COMPLETED;
            batches[batch][i] = change_at(place, kind, state->downloaded[place]);
        }
    }
}

static void create_directory(void) {
    fault_vfs_install();
    fault_vfs_arm(0, false);
    make_batches();
    directory = directory_create();
}

static void remove_directory(void) {
    fault_vfs_arm(0, false);
    directory_remove(&directory);
}

static void remove_files(void) {
    static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        char file[sizeof directory.database + 16];
        snprintf(file, sizeof file, "%s%s", directory.database, ends[i]);
        (void)remove(file);
    }
}

static void read_change(struct state *state, const struct change *change) {
    for (uint32_t place = 0; place < PLACES; place++) {
        const struct change here = change_at(place, CHANGE_PEER_JOINED, 0);
        if (memcmp(here.info_hash, change->info_hash, INFO_HASH_LEN) != 0)
            continue;
        if (change->peer.family == FAMILY_NONE)
            state->downloaded[place] = change->downloaded;
        else
            state->present[place] = endpoint_equal(&here.peer, &change->peer);
        return;
    }
    ck_abort_msg("a torrent that never was");
}

static bool read_changes(void *context, const struct change *changes, size_t count) {
    for (size_t i = 0; i < count; i++)
        read_change(context, &changes[i]);
    return true;
}

static struct state restore_state(void) {
    char error[ERROR_LEN];
    struct state state = { 0 };
    struct store *store = store_open(directory.database, error);
    ck_assert_msg(store != NULL, "%s", error);
    ck_assert(store_restore(store, 1, read_changes, &state));
    store_close(store);
    return state;
}

/* Returns the number of batches that were committed before the first failure. */
static int write_until_failure(struct store *store) {
    for (int batch = 0; batch < BATCHES; batch++) {
        if (!store_apply(store, batches[batch], BATCH_CHANGES) || !store_merge_log(store, MERGED) ||
            !store_commit(store))
            return batch;
    }
    return BATCHES;
}

static bool state_equal(const struct state *a, const struct state *b) {
    return memcmp(a->present, b->present, sizeof a->present) == 0 &&
           memcmp(a->downloaded, b->downloaded, sizeof a->downloaded) == 0;
}

/* The batch after the last committed one may be present, too: its commit can fail after the data is
 * written. */
static void require_prefix(int committed, uint32_t nth) {
    const struct state found = restore_state();
    for (int batch = committed; batch <= BATCHES && batch <= committed + 1; batch++) {
        if (state_equal(&found, &states[batch]))
            return;
    }
    ck_abort_msg("after a fault at operation %u the file is not what %d batches left", nth,
                 committed);
}

START_TEST(what_was_committed_is_there_after_a_fault_at_every_operation) {
    uint32_t nth = 1;
    for (bool reached = true; reached; nth++) {
        char error[ERROR_LEN];
        remove_files();
        REQUIRE(nth < OPERATIONS_MAX);
        fault_vfs_arm(0, false);
        store_close(store_open(directory.database, error));
        fault_vfs_arm(nth, _i == 1);
        struct store *store = store_open(directory.database, error);
        const int committed = store == NULL ? 0 : write_until_failure(store);
        reached = fault_vfs_failed();
        REQUIRE(reached || committed == BATCHES);
        store_close(store);
        fault_vfs_arm(0, false);
        require_prefix(committed, nth);
    }
    ck_assert_uint_gt(nth, BATCHES);
}
END_TEST

/* Rewrites everything after a failure, as change_writer does. */
static void write_all_with_retries(struct store *store) {
    int done = 0;
    for (int tries = 0; done < BATCHES && tries < 3 * BATCHES; tries++) {
        if (!store_refresh(store))
            continue;
        bool good = true;
        if (store_is_stale(store)) {
            const struct state *state = &states[done];
            good = store_clear(store);
            for (uint32_t place = 0; place < PLACES && good; place++) {
                struct change torrent = change_at(place, CHANGE_TORRENT, state->downloaded[place]);
                const struct change peer = change_at(place, CHANGE_PEER_JOINED, torrent.downloaded);
                torrent.peer.family = FAMILY_NONE;
                good = store_apply(store, &torrent, 1) &&
                       (!state->present[place] || store_apply(store, &peer, 1));
            }
        }
        if (good && store_apply(store, batches[done], BATCH_CHANGES) &&
            store_merge_log(store, MERGED) && store_commit(store))
            done++;
    }
    ck_assert_int_eq(done, BATCHES);
}

START_TEST(store_catches_up_after_one_fault_at_every_operation) {
    uint32_t nth = 1;
    for (bool reached = true; reached; nth++) {
        char error[ERROR_LEN];
        remove_files();
        REQUIRE(nth < OPERATIONS_MAX);
        struct store *store = store_open(directory.database, error);
        ck_assert_msg(store != NULL, "%s", error);
        fault_vfs_arm(nth, false);
        write_all_with_retries(store);
        reached = fault_vfs_failed();
        store_close(store);
        fault_vfs_arm(0, false);
        require_prefix(BATCHES, nth);
    }
}
END_TEST

UNIT_SUITE(store_faults) {
    Suite *suite = suite_create("store_faults");
    TCase *tcase = tcase_create("faults");
    tcase_add_checked_fixture(tcase, create_directory, remove_directory);
    tcase_add_loop_test(tcase, what_was_committed_is_there_after_a_fault_at_every_operation, 0, 2);
    tcase_add_test(tcase, store_catches_up_after_one_fault_at_every_operation);
    suite_add_tcase(suite, tcase);
    return suite;
}
