#include "swarm/peer_list.h"

#include <string.h>

#include "support.h"

enum { PLACES = 400, IDS = 300, STEPS = 12000, PHASE = 1500, CHECK_EVERY = 16, MANY = 80000 };

static const struct hash_key key = { .half = { 11, 22 } };

/* What is known of a peer without the list's help; the place is the number of its endpoint. */
struct model_peer {
    bool present;
    enum peer_zone zone;
    uint32_t deadline_s;
    struct peer_record record;
};

struct model {
    struct peer_list list;
    struct model_peer peers[PLACES];
    uint32_t count;
    struct random random;
};

static struct peer_record numbered_record(uint32_t number, uint32_t identity_key) {
    struct peer_record record = {
        .key = identity_key, .left = number, .joined_s = number, .uploaded_kib = number
    };
    numbered_id(record.peer_id, number);
    return record;
}

/* A quarter has no key; few distinct keys, so that some repeat. */
static struct peer_record random_record(struct random *random) {
    const uint32_t number = random_below(random, IDS);
    return numbered_record(number, number % 4);
}

static enum peer_zone random_zone(struct random *random) {
    return (enum peer_zone)random_below(random, PEER_ZONES);
}

static uint32_t position_of(const struct model *model, uint32_t place) {
    const struct endpoint endpoint = numbered_endpoint(model->list.family, place);
    return peer_list_find(&model->list, endpoint.wire);
}

static void assert_peer(const struct model *model, uint32_t place) {
    const struct model_peer *peer = &model->peers[place];
    const struct peer_list *list = &model->list;
    const uint32_t at = position_of(model, place);
    if (!peer->present) {
        REQUIRE(at == PEER_NOWHERE);
        return;
    }
    const struct endpoint endpoint = numbered_endpoint(list->family, place);
    REQUIRE(at < peer_list_count(list));
    REQUIRE(memcmp(peer_list_wire(list, at), endpoint.wire, endpoint_len(list->family)) == 0);
    REQUIRE(peer_list_zone(list, at) == peer->zone);
    REQUIRE(peer_list_deadline(list, at) == peer->deadline_s);
    REQUIRE(memcmp(peer_list_record(list, at)->peer_id, peer->record.peer_id, PEER_ID_LEN) == 0);
    REQUIRE(peer_list_record(list, at)->key == peer->record.key);
    REQUIRE(peer_list_record(list, at)->uploaded_kib == peer->record.uploaded_kib);
}

static void assert_zones(const struct model *model) {
    uint32_t in_zone[PEER_ZONES] = { 0 };
    for (uint32_t i = 0; i < PLACES; i++)
        in_zone[model->peers[i].zone] += model->peers[i].present;
    uint32_t end = 0;
    for (int zone = 0; zone < PEER_ZONES; zone++) {
        end += in_zone[zone];
        REQUIRE(model->list.zone_end[zone] == end);
    }
    REQUIRE(peer_list_count(&model->list) == model->count);
    REQUIRE(peer_list_seeders(&model->list) == in_zone[0] + in_zone[1]);
}

static bool model_has_identity(const struct model *model, const struct peer_record *wanted) {
    for (uint32_t i = 0; i < PLACES; i++) {
        const struct peer_record *record = &model->peers[i].record;
        if (model->peers[i].present && record->key == wanted->key && record->key != 0 &&
            memcmp(record->peer_id, wanted->peer_id, PEER_ID_LEN) == 0)
            return true;
    }
    return false;
}

static void assert_identities(const struct model *model) {
    for (uint32_t number = 0; number < IDS; number++) {
        const struct peer_record wanted = numbered_record(number, number % 4);
        const uint32_t at = peer_list_find_identity(&model->list, wanted.peer_id, wanted.key);
        REQUIRE((at != PEER_NOWHERE) == model_has_identity(model, &wanted));
        if (at == PEER_NOWHERE)
            continue;
        REQUIRE(peer_list_record(&model->list, at)->key == wanted.key);
        REQUIRE(memcmp(peer_list_record(&model->list, at)->peer_id, wanted.peer_id, PEER_ID_LEN) ==
                0);
    }
}

static void assert_as_modelled(const struct model *model) {
    assert_zones(model);
    for (uint32_t place = 0; place < PLACES; place++)
        assert_peer(model, place);
}

static void add(struct model *model, uint32_t place) {
    struct model_peer *peer = &model->peers[place];
    *peer = (struct model_peer){
        .present = true,
        .zone = random_zone(&model->random),
        .deadline_s = random_below(&model->random, 1000),
        .record = random_record(&model->random),
    };
    model->count++;
    const struct endpoint endpoint = numbered_endpoint(model->list.family, place);
    const uint32_t at =
        peer_list_add(&model->list, peer->zone, endpoint.wire, &peer->record, peer->deadline_s);
    REQUIRE(at != PEER_NOWHERE);
    REQUIRE(at == position_of(model, place));
}

static void update(struct model *model, uint32_t place) {
    struct model_peer *peer = &model->peers[place];
    peer->deadline_s = random_below(&model->random, 1000);
    if (random_below(&model->random, 2) == 0)
        peer->zone = random_zone(&model->random);
    if (random_below(&model->random, 2) == 0)
        peer->record = random_record(&model->random);
    const uint32_t at = peer_list_update(&model->list, position_of(model, place), peer->zone,
                                         &peer->record, peer->deadline_s);
    REQUIRE(at == position_of(model, place));
}

static void take(struct model *model, uint32_t place) {
    peer_list_remove(&model->list, position_of(model, place));
    model->peers[place].present = false;
    model->count--;
}

/* In turns the list mostly grows and mostly shrinks, and so crosses every bound between a scan, an
 * index, and a larger one. */
static void step(struct model *model, bool growing) {
    const uint32_t place = random_below(&model->random, PLACES);
    const bool against = random_below(&model->random, 4) == 0;
    if (!model->peers[place].present) {
        if (growing != against)
            add(model, place);
    } else if (growing == against) {
        take(model, place);
    } else {
        update(model, place);
    }
}

static void run_model(uint8_t family, uint64_t seed) {
    static struct model model;
    model = (struct model){ .random = { .state = seed } };
    peer_list_init(&model.list, family, &key);
    for (uint32_t i = 0; i < STEPS; i++) {
        step(&model, i / PHASE % 2 == 0);
        if (i % CHECK_EVERY == 0)
            assert_as_modelled(&model);
        if (i % (16 * CHECK_EVERY) == 0)
            assert_identities(&model);
    }
    for (uint32_t place = 0; place < PLACES; place++) {
        if (model.peers[place].present)
            take(&model, place);
    }
    assert_as_modelled(&model);
    ck_assert_uint_eq(peer_list_memory(&model.list), 0);
    peer_list_clear(&model.list);
}

START_TEST(v4_list_agrees_with_its_model) {
    run_model(FAMILY_V4, (uint64_t)_i);
}
END_TEST

START_TEST(v6_list_agrees_with_its_model) {
    run_model(FAMILY_V6, (uint64_t)_i);
}
END_TEST

static void add_peers(struct peer_list *list, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const struct endpoint endpoint = numbered_endpoint(list->family, i);
        const struct peer_record record = numbered_record(i, i + 1);
        const uint32_t at = peer_list_add(list, (enum peer_zone)(i % PEER_ZONES), endpoint.wire,
                                          &record, 100 + i % 10);
        REQUIRE(at != PEER_NOWHERE);
    }
}

START_TEST(empty_list_finds_no_peer) {
    struct peer_list list;
    peer_list_init(&list, FAMILY_V4, &key);
    const struct peer_record record = numbered_record(1, 1);
    const struct endpoint endpoint = numbered_endpoint(FAMILY_V4, 1);
    ck_assert_uint_eq(peer_list_count(&list), 0);
    ck_assert_uint_eq(peer_list_find(&list, endpoint.wire), PEER_NOWHERE);
    ck_assert_uint_eq(peer_list_find_identity(&list, record.peer_id, 1), PEER_NOWHERE);
    ck_assert_uint_eq(peer_list_next_expired(&list, 0, UINT32_MAX), PEER_NOWHERE);
    peer_list_clear(&list);
}
END_TEST

START_TEST(loopback_and_unreachable_peers_are_counted) {
    static const char *const addresses[] = { "127.0.0.1", "192.0.2.1", "127.9.9.9" };
    struct peer_list list;
    peer_list_init(&list, FAMILY_V4, &key);
    for (uint32_t i = 0; i < COUNT_OF(addresses); i++) {
        const struct endpoint endpoint = endpoint_at(addresses[i], i == 0 ? 6881 : 1);
        const struct peer_record record = numbered_record(i, i + 1);
        peer_list_add(&list, ZONE_LEECHER_LAN, endpoint.wire, &record, 1);
        ck_assert_uint_eq(list.loopback, i < 2 ? 1 : 2);
        ck_assert_uint_eq(list.unreachable, i);
    }
    const struct peer_record record = numbered_record(0, 1);
    peer_list_update(&list, 0, ZONE_SEEDER_LAN, &record, 1);
    ck_assert_uint_eq(list.loopback, 2);
    ck_assert_uint_eq(list.unreachable, 2);
    while (peer_list_count(&list) > 0)
        peer_list_remove(&list, 0);
    ck_assert_uint_eq(list.loopback, 0);
    ck_assert_uint_eq(list.unreachable, 0);
    peer_list_clear(&list);
}
END_TEST

START_TEST(peer_without_key_has_no_identity) {
    for (uint32_t count = 1; count <= 100; count += 99) {
        struct peer_list list;
        peer_list_init(&list, FAMILY_V4, &key);
        add_peers(&list, count);
        const struct endpoint endpoint = numbered_endpoint(FAMILY_V4, count);
        const struct peer_record keyless = numbered_record(count, 0);
        peer_list_add(&list, ZONE_LEECHER_LAN, endpoint.wire, &keyless, 1);
        ck_assert_uint_eq(peer_list_find_identity(&list, keyless.peer_id, 0), PEER_NOWHERE);
        peer_list_clear(&list);
    }
}
END_TEST

/* Walks over all that have expired, as a sweep does. */
static uint32_t count_expired(const struct peer_list *list, uint32_t now_s) {
    uint32_t expired = 0;
    uint32_t at = 0;
    while ((at = peer_list_next_expired(list, at, now_s)) != PEER_NOWHERE) {
        ck_assert_uint_le(peer_list_deadline(list, at), now_s);
        expired++;
        at++;
    }
    return expired;
}

START_TEST(deadlines_pass_one_after_another) {
    struct peer_list list;
    peer_list_init(&list, FAMILY_V4, &key);
    add_peers(&list, 200);
    for (uint32_t s = 0; s < 10; s++)
        ck_assert_uint_eq(count_expired(&list, 99 + s), 20 * s);
    ck_assert_uint_eq(count_expired(&list, 109), 200);
    for (uint32_t i = 0; i < peer_list_count(&list); i++)
        peer_list_extend_deadline(&list, i, 500, 30000);
    ck_assert_uint_eq(count_expired(&list, 500 + 30000), 0);
    ck_assert_uint_eq(count_expired(&list, 500 + 30000 + 3000 + 1), 200);
    peer_list_clear(&list);
}
END_TEST

static void require_numbered(const struct peer_list *list, uint32_t number, uint64_t tag) {
    const struct endpoint endpoint = numbered_endpoint(list->family, number);
    const struct peer_record record = numbered_record(number, number + 1);
    const uint32_t at = peer_list_find(list, endpoint.wire);
    REQUIRE(at != PEER_NOWHERE);
    REQUIRE(peer_list_find_identity(list, record.peer_id, record.key) == at);
    REQUIRE(peer_list_record(list, at)->left == number);
    REQUIRE(peer_list_deadline(list, at) == 100 + number % 10);
    REQUIRE(peer_list_word(list, WORD_TAG, at) == tag);
    REQUIRE(peer_list_word(list, WORD_STAMP, at) == 7 * tag);
}

static void set_words(struct peer_list *list, enum peer_word word) {
    REQUIRE(peer_list_make_words(list, word));
    for (uint32_t i = 0; i < MANY; i++) {
        const uint32_t at = peer_list_find(list, numbered_endpoint(list->family, i).wire);
        REQUIRE(peer_list_word(list, word, at) == 0);
        peer_list_set_word(list, word, at, word == WORD_TAG ? i + 1 : 7 * (i + 1));
    }
}

/* Its block is mapped, and resized without a copy. */
START_TEST(large_list_keeps_its_peers_while_it_grows_and_shrinks) {
    struct peer_list list;
    peer_list_init(&list, _i % 2 == 0 ? FAMILY_V4 : FAMILY_V6, &key);
    add_peers(&list, MANY);
    set_words(&list, _i < 2 ? WORD_TAG : WORD_STAMP);
    set_words(&list, _i < 2 ? WORD_STAMP : WORD_TAG);
    for (uint32_t i = 0; i < MANY; i++)
        require_numbered(&list, i, i + 1);
    for (uint32_t i = MANY; i > MANY / 16; i--) {
        peer_list_remove(&list, peer_list_find(&list, numbered_endpoint(list.family, i - 1).wire));
        require_numbered(&list, (i - 1) / 2, (i - 1) / 2 + 1);
    }
    for (uint32_t i = 0; i < MANY / 16; i++)
        require_numbered(&list, i, i + 1);
    ck_assert_uint_lt(peer_list_memory(&list), MANY / 16 * 4 * 150);
    peer_list_clear(&list);
    ck_assert_uint_eq(peer_list_memory(&list), 0);
}
END_TEST

START_TEST(memory_grows_with_the_list_and_comes_back) {
    struct peer_list list;
    peer_list_init(&list, FAMILY_V4, &key);
    add_peers(&list, 10000);
    const size_t full = peer_list_memory(&list);
    ck_assert_uint_lt(full, 10000 * 120);
    while (peer_list_count(&list) > 10)
        peer_list_remove(&list, peer_list_count(&list) / 2);
    ck_assert_uint_lt(peer_list_memory(&list), full / 100);
    peer_list_clear(&list);
    ck_assert_uint_eq(peer_list_memory(&list), 0);
    ck_assert_uint_eq(peer_list_count(&list), 0);
    add_peers(&list, 20);
    ck_assert_uint_eq(peer_list_count(&list), 20);
    peer_list_clear(&list);
}
END_TEST

UNIT_SUITE(peer_list) {
    Suite *suite = suite_create("peer_list");
    TCase *models = tcase_create("models");
    tcase_add_loop_test(models, v4_list_agrees_with_its_model, 1, 4);
    tcase_add_loop_test(models, v6_list_agrees_with_its_model, 1, 3);
    suite_add_tcase(suite, models);

    TCase *list = tcase_create("list");
    tcase_set_timeout(list, 60);
    tcase_add_test(list, empty_list_finds_no_peer);
    tcase_add_test(list, loopback_and_unreachable_peers_are_counted);
    tcase_add_test(list, peer_without_key_has_no_identity);
    tcase_add_test(list, deadlines_pass_one_after_another);
    tcase_add_loop_test(list, large_list_keeps_its_peers_while_it_grows_and_shrinks, 0, 4);
    tcase_add_test(list, memory_grows_with_the_list_and_comes_back);
    suite_add_tcase(suite, list);
    return suite;
}
