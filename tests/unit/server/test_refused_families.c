#include "server/refused_families.h"

#include <stdio.h>
#include <string.h>

#include "support.h"

static struct refused_families families;

static void refuse(const char *peer_id, uint32_t times) {
    struct refused_client client = { .count = times };
    memcpy(client.peer_id, peer_id, PEER_ID_LEN);
    refused_families_add(&families, &client, 1);
}

START_TEST(announces_are_counted_by_client_and_major_version) {
    refused_families_init(&families);
    refuse("-qB4520-abcdefghijkl", 3);
    refuse("-qB4630-abcdefghijkl", 2);
    refuse("-qB5000-abcdefghijkl", 1);
    refuse("-??5000-abcdefghijkl", 4);
    refused_families_count(&families, (const uint8_t *)"-qB4630-abcdefghijkl");
    const struct refused_family_counts counts = refused_families_read(&families);
    ck_assert_uint_eq(counts.count, 2);
    ck_assert_str_eq(counts.list[0].family.name, "qBittorrent");
    ck_assert_str_eq(counts.list[0].family.version, "4");
    ck_assert_uint_eq(counts.list[0].announces, 6);
    ck_assert_str_eq(counts.list[1].family.version, "5");
    ck_assert_uint_eq(counts.other, 4);
}
END_TEST

START_TEST(late_clients_are_other) {
    static const char majors[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char *const codes[] = { "qB", "DE", "UT" };
    refused_families_init(&families);
    for (size_t i = 0; i < COUNT_OF(codes) * (sizeof majors - 1); i++) {
        char peer_id[PEER_ID_LEN + 1];
        snprintf(peer_id, sizeof peer_id, "-%s%c000-abcdefghijkl", codes[i % COUNT_OF(codes)],
                 majors[i / COUNT_OF(codes)]);
        refuse(peer_id, 1);
    }
    const struct refused_family_counts counts = refused_families_read(&families);
    ck_assert_uint_eq(counts.count, REFUSED_FAMILIES_MAX);
    ck_assert_uint_eq(counts.other, COUNT_OF(codes) * (sizeof majors - 1) - REFUSED_FAMILIES_MAX);
}
END_TEST

UNIT_SUITE(refused_families) {
    Suite *suite = suite_create("refused_families");
    TCase *tcase = tcase_create("refused_families");
    tcase_add_test(tcase, announces_are_counted_by_client_and_major_version);
    tcase_add_test(tcase, late_clients_are_other);
    suite_add_tcase(suite, tcase);
    return suite;
}
