/* The heap, compared with a plain sort. */
#include "store/top_torrents.h"

#include <string.h>

#include "support.h"

static struct torrent_stats figures(uint32_t number, uint32_t peers) {
    struct torrent_stats torrent = { .leechers_v4 = peers / 2, .seeders_v6 = peers - peers / 2 };
    numbered_id(torrent.info_hash, number);
    return torrent;
}

static uint32_t kept(const struct top_torrents *largest, uint32_t number) {
    size_t count;
    uint32_t found = 0;
    const struct torrent_stats *list = top_torrents_list(largest, &count);
    const struct torrent_stats wanted = figures(number, 1);
    for (size_t i = 0; i < count; i++)
        found += memcmp(list[i].info_hash, wanted.info_hash, INFO_HASH_LEN) == 0;
    return found;
}

static const uint32_t heap_sizes[] = { 1, 2, 3, 7, 50, 99, 100, 101, 200 };

START_TEST(largest_of_any_number_are_kept) {
    enum { OFFERED = 100 };
    const uint32_t max = heap_sizes[_i];
    struct top_torrents *largest = top_torrents_create(max);
    ck_assert_ptr_nonnull(largest);
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < OFFERED; i++) {
            const uint32_t number = i * 37 % OFFERED;
            const struct torrent_stats torrent = figures(number, number + 1);
            top_torrents_offer(largest, &torrent);
        }
        for (uint32_t number = 0; number < OFFERED; number++)
            ck_assert_uint_eq(kept(largest, number), number + max >= OFFERED);
        top_torrents_clear(largest);
    }
    top_torrents_delete(largest);
}
END_TEST

START_TEST(same_ones_of_equal_torrents_are_kept) {
    enum { OFFERED = 20, MAX = 5 };
    uint32_t first = 0;
    for (uint32_t step = 1; step < OFFERED; step += 2) {
        uint32_t chosen = 0;
        struct top_torrents *largest = top_torrents_create(MAX);
        ck_assert_ptr_nonnull(largest);
        for (uint32_t i = 0; i < OFFERED; i++) {
            const struct torrent_stats torrent = figures(i * step % OFFERED, 7);
            top_torrents_offer(largest, &torrent);
        }
        for (uint32_t number = 0; number < OFFERED; number++)
            chosen |= kept(largest, number) << number;
        top_torrents_delete(largest);
        if (step == 1)
            first = chosen;
        if (step % 5 != 0)
            ck_assert_uint_eq(chosen, first);
    }
}
END_TEST

UNIT_SUITE(top_torrents) {
    Suite *suite = suite_create("top_torrents");
    TCase *heap = tcase_create("largest");
    tcase_add_loop_test(heap, largest_of_any_number_are_kept, 0, LOOPS_OF(heap_sizes));
    tcase_add_test(heap, same_ones_of_equal_torrents_are_kept);
    suite_add_tcase(suite, heap);
    return suite;
}
