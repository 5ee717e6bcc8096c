/* Which peers a client is given. Every shape of the filter is tried with the client in every zone
 * and in none. */
#include <math.h>
#include <string.h>

#include "swarm/peer_pick.h"

#include "support.h"

enum { PEERS = 32, PICKS = 20000, NOBODY = PEER_ZONES, SHAPES = 2 * 2 * 2 * (PEER_ZONES + 1) };

static const struct hash_key key = { .half = { 1, 2 } };
static const uint32_t zone_sizes[PEER_ZONES] = { 9, 5, 7, 11 };

struct scene {
    struct peer_list list;
    struct random random;
    struct peer_filter filter;
    uint32_t choice; /* peers that pass the filter */
};

static enum peer_zone zone_of(uint32_t number) {
    int zone = 0;
    while (number >= zone_sizes[zone])
        number -= zone_sizes[zone++];
    return (enum peer_zone)zone;
}

static bool on_lan(uint32_t number) {
    return zone_of(number) == ZONE_SEEDER_LAN || zone_of(number) == ZONE_LEECHER_LAN;
}

static bool is_leecher(uint32_t number) {
    return zone_of(number) >= ZONE_LEECHER_LAN;
}

static void add_peer(struct peer_list *list, uint32_t number) {
    const struct endpoint endpoint = numbered_endpoint(list->family, number);
    struct peer_record record = { .key = number + 1 };
    numbered_id(record.peer_id, number);
    peer_list_add(list, zone_of(number), endpoint.wire, &record, 1);
}

/* The number of the peer that stands at `position`. */
static uint32_t number_at(const struct peer_list *list, uint32_t position) {
    return peer_list_record(list, position)->key - 1;
}

static bool passes(const struct scene *scene, uint32_t number) {
    const struct peer_filter *filter = &scene->filter;
    return !(filter->leechers_only && !is_leecher(number)) &&
           !(filter->outside_only && on_lan(number)) &&
           !(filter->self != PEER_NOWHERE && number_at(&scene->list, filter->self) == number);
}

static struct scene scene_of(int shape) {
    struct scene scene = { .random = { .state = (uint64_t)shape } };
    peer_list_init(&scene.list, shape & 1 ? FAMILY_V6 : FAMILY_V4, &key);
    for (uint32_t i = 0; i < PEERS; i++)
        add_peer(&scene.list, i * 7 % PEERS);
    const int self_zone = shape / 8;
    scene.filter = (struct peer_filter){
        .leechers_only = shape & 2,
        .outside_only = shape & 4,
        .self = self_zone == NOBODY ? PEER_NOWHERE : scene.list.zone_end[self_zone] - 2,
    };
    for (uint32_t i = 0; i < PEERS; i++)
        scene.choice += passes(&scene, i);
    return scene;
}

struct picked {
    uint32_t count;
    uint8_t wire[PEERS * ENDPOINT_MAX_LEN];
    uint8_t ids[PEERS * PEER_ID_LEN];
    uint32_t numbers[PEERS];
};

static struct picked pick(struct scene *scene, uint32_t want, const uint8_t *substitute) {
    struct picked picked = { 0 };
    picked.count = peer_pick(&scene->list, &scene->random, &scene->filter, want, substitute,
                             picked.wire, picked.ids);
    for (uint32_t i = 0; i < picked.count; i++)
        picked.numbers[i] = load_u32(picked.ids + (i + 1) * PEER_ID_LEN - 4);
    return picked;
}

static void assert_right(const struct scene *scene, const struct picked *picked, uint32_t want) {
    bool seen[PEERS] = { false };
    const size_t len = endpoint_len(scene->list.family);
    REQUIRE(picked->count == (want < scene->choice ? want : scene->choice));
    for (uint32_t i = 0; i < picked->count; i++) {
        const uint32_t number = picked->numbers[i];
        const struct endpoint endpoint = numbered_endpoint(scene->list.family, number);
        REQUIRE(number < PEERS);
        REQUIRE(!seen[number]);
        REQUIRE(passes(scene, number));
        REQUIRE(memcmp(picked->wire + i * len, endpoint.wire, len) == 0);
        seen[number] = true;
    }
    for (size_t i = picked->count * len; i < sizeof picked->wire; i++)
        REQUIRE(picked->wire[i] == 0);
}

START_TEST(every_number_of_peers_is_right) {
    struct scene scene = scene_of(_i);
    for (uint32_t want = 0; want <= PEERS + 2; want++) {
        for (int n = 0; n < 20; n++) {
            const struct picked picked = pick(&scene, want, NULL);
            assert_right(&scene, &picked, want);
        }
    }
    peer_list_clear(&scene.list);
}
END_TEST

/* The counts of those that pass, side by side. */
static size_t counts_of_choice(const struct scene *scene, const uint32_t *by_number,
                               uint32_t *counts) {
    size_t cells = 0;
    for (uint32_t i = 0; i < PEERS; i++) {
        if (passes(scene, i))
            counts[cells++] = by_number[i];
    }
    return cells;
}

START_TEST(every_peer_has_the_same_chance) {
    struct scene scene = scene_of(_i);
    uint32_t by_number[PEERS] = { 0 };
    uint32_t counts[PEERS];
    for (int n = 0; n < PICKS; n++)
        by_number[pick(&scene, 1, NULL).numbers[0]]++;
    ck_assert(looks_uniform(counts, counts_of_choice(&scene, by_number, counts)));
    peer_list_clear(&scene.list);
}
END_TEST

/* In a choice of several, a peer is in with a chance of want / choice: six sigmas of that. */
START_TEST(every_peer_has_the_same_chance_among_several) {
    const uint32_t want = 5;
    struct scene scene = scene_of(_i);
    uint32_t by_number[PEERS] = { 0 };
    uint32_t counts[PEERS];
    for (int n = 0; n < PICKS; n++) {
        const struct picked picked = pick(&scene, want, NULL);
        for (uint32_t i = 0; i < picked.count; i++)
            by_number[picked.numbers[i]]++;
    }
    const size_t cells = counts_of_choice(&scene, by_number, counts);
    const double chance = (double)want / (double)cells;
    const double sigma = sqrt(PICKS * chance * (1 - chance));
    for (size_t i = 0; i < cells; i++)
        ck_assert_double_lt(fabs(counts[i] - PICKS * chance), 6 * sigma);
    peer_list_clear(&scene.list);
}
END_TEST

START_TEST(substitute_replaces_the_addresses_of_the_lan_alone) {
    struct scene scene = scene_of(_i);
    const size_t len = endpoint_len(scene.list.family);
    uint8_t substitute[16];
    memset(substitute, 0x77, sizeof substitute);
    for (uint32_t want = 0; want <= PEERS; want++) {
        const struct picked picked = pick(&scene, want, substitute);
        for (uint32_t i = 0; i < picked.count; i++) {
            struct endpoint expected = numbered_endpoint(scene.list.family, picked.numbers[i]);
            if (on_lan(picked.numbers[i]))
                memcpy(expected.wire, substitute, len - 2);
            REQUIRE(memcmp(picked.wire + i * len, expected.wire, len) == 0);
        }
    }
    peer_list_clear(&scene.list);
}
END_TEST

START_TEST(ids_may_be_left_out) {
    struct scene scene = scene_of(_i);
    uint8_t wire[PEERS * ENDPOINT_MAX_LEN];
    const uint32_t count =
        peer_pick(&scene.list, &scene.random, &scene.filter, PEERS, NULL, wire, NULL);
    ck_assert_uint_eq(count, scene.choice);
    peer_list_clear(&scene.list);
}
END_TEST

START_TEST(lone_client_gets_no_peers) {
    struct scene scene = { .random = { .state = 1 } };
    uint8_t wire[ENDPOINT_MAX_LEN];
    peer_list_init(&scene.list, FAMILY_V4, &key);
    const struct peer_filter anyone = { .self = PEER_NOWHERE };
    ck_assert_uint_eq(peer_pick(&scene.list, &scene.random, &anyone, 1, NULL, wire, NULL), 0);
    add_peer(&scene.list, 0);
    const struct peer_filter not_me = { .self = 0 };
    ck_assert_uint_eq(peer_pick(&scene.list, &scene.random, &not_me, 1, NULL, wire, NULL), 0);
    peer_list_clear(&scene.list);
}
END_TEST

UNIT_SUITE(peer_pick) {
    Suite *suite = suite_create("peer_pick");
    TCase *picks = tcase_create("picks");
    tcase_add_loop_test(picks, every_number_of_peers_is_right, 0, SHAPES);
    tcase_add_loop_test(picks, every_peer_has_the_same_chance, 0, SHAPES);
    tcase_add_loop_test(picks, every_peer_has_the_same_chance_among_several, 0, SHAPES);
    tcase_add_loop_test(picks, substitute_replaces_the_addresses_of_the_lan_alone, 0, SHAPES);
    tcase_add_loop_test(picks, ids_may_be_left_out, 0, SHAPES);
    tcase_add_test(picks, lone_client_gets_no_peers);
    suite_add_tcase(suite, picks);
    return suite;
}
