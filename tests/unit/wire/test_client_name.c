#include "wire/client_name.h"

#include <string.h>

#include "base/random.h"
#include "support.h"

static const struct {
    const char *peer_id;
    const char *name;
} names[] = {
    { "-qB4520-qpOwUc7STmaC", "qBittorrent 4.5.2" },
    { "-TR3000-f2gnkzm6zzwb", "Transmission 3.00" },
    { "-TR2940-f2gnkzm6zzwb", "Transmission 2.94" },
    { "-TR4060-f2gnkzm6zzwb", "Transmission 4.0.6" },
    { "-LT2080-KYmCQ0owv7*i", "libtorrent 2.0.8" },
    { "-lt0D80-\xab@\xc0\xaa\x18\xc6"
      "c(\xfe*\xba\x87",
      "rTorrent 0.13.8" },
    { "-WW0102-1befcbc2c707", "WebTorrent 1.2" },
    { "-UT3550-abcdefghijkl", "uTorrent 3.5.5" },
    { "-qB4A00-abcdefghijkl", "qBittorrent 4.10.0" },
    { "-qB452*-abcdefghijkl", "qBittorrent 4.5.2" },
    { "-XY1234-abcdefghijkl", "unknown (XY)" },
    { "-7T1230-abcdefghijkl", "aTorrent 1.2.3" },
    { "-SK0100-abcdefghijkl", "skepctl 0.1.0" },
    { "A2-1-36-0-<\xf9\xb5\xf4\x17\xfd\x9c\x8e\x9f\xc8", "aria2 1.36.0" },
    { "M7-10-5--abcdefghijk", "BitTorrent 7.10.5" },
    { "M4-3-6--abcdefghijkl", "BitTorrent 4.3.6" },
    { "12345678901234567890", "unknown client" },
    { "-qB*520-abcdefghijkl", "unknown client" },
    { "-q\xff"
      "4520-abcdefghijkl",
      "unknown client" },
    { "--4520--abcdefghijkl", "unknown client" },
    { "A2------------------", "unknown client" },
    { "Mainline------------", "unknown client" },
};

START_TEST(clients_are_known_by_their_ids) {
    char name[CLIENT_NAME_LEN];
    ck_assert_uint_eq(strlen(names[_i].peer_id), PEER_ID_LEN);
    client_name((const uint8_t *)names[_i].peer_id, name);
    ck_assert_str_eq(name, names[_i].name);
}
END_TEST

START_TEST(zeros_are_an_unknown_client) {
    const uint8_t peer_id[PEER_ID_LEN] = { 0 };
    char name[CLIENT_NAME_LEN];
    client_name(peer_id, name);
    ck_assert_str_eq(name, "unknown client");
}
END_TEST

START_TEST(peer_of_the_dht_is_called_so) {
    const struct endpoint peer = { .family = FAMILY_V4 };
    uint8_t peer_id[PEER_ID_LEN];
    char name[CLIENT_NAME_LEN];
    dht_peer_id(peer_id, &peer);
    client_name(peer_id, name);
    ck_assert_str_eq(name, "found by DHT");
}
END_TEST

/* That the name is there, ends in time, is printable, and nothing behind it was touched. */
static void assert_printable(const uint8_t *peer_id) {
    char name[CLIENT_NAME_LEN + 8];
    memset(name, '\x7f', sizeof name);
    client_name(peer_id, name);
    const char *end = memchr(name, '\0', CLIENT_NAME_LEN);
    REQUIRE(end != NULL && end > name);
    for (const char *c = name; c < end; c++)
        REQUIRE(*c >= ' ' && *c <= '~');
    for (size_t i = CLIENT_NAME_LEN; i < sizeof name; i++)
        REQUIRE(name[i] == '\x7f');
}

static void fill(struct random *random, uint8_t *peer_id) {
    for (int i = 0; i < PEER_ID_LEN; i++)
        peer_id[i] = (uint8_t)random_next(random);
}

START_TEST(random_ids_have_printable_names) {
    struct random random = { .state = 1 };
    uint8_t peer_id[PEER_ID_LEN];
    for (int n = 0; n < 100000; n++) {
        fill(&random, peer_id);
        assert_printable(peer_id);
    }
}
END_TEST

START_TEST(nearly_right_ids_have_printable_names) {
    struct random random = { .state = 2 };
    uint8_t peer_id[PEER_ID_LEN];
    for (int n = 0; n < 200000; n++) {
        memcpy(peer_id, names[random_below(&random, COUNT_OF(names))].peer_id, PEER_ID_LEN);
        for (int changes = 0; changes < 3; changes++)
            peer_id[random_below(&random, 10)] = (uint8_t)random_next(&random);
        assert_printable(peer_id);
    }
}
END_TEST

START_TEST(every_two_letters_have_a_printable_name) {
    uint8_t peer_id[PEER_ID_LEN];
    memcpy(peer_id, "-??zzzz-abcdefghijkl", PEER_ID_LEN);
    for (int a = 0; a < 256; a++) {
        for (int b = 0; b < 256; b++) {
            peer_id[1] = (uint8_t)a;
            peer_id[2] = (uint8_t)b;
            assert_printable(peer_id);
        }
    }
}
END_TEST

UNIT_SUITE(client_name) {
    Suite *suite = suite_create("client_name");
    TCase *name = tcase_create("names");
    tcase_add_loop_test(name, clients_are_known_by_their_ids, 0, LOOPS_OF(names));
    tcase_add_test(name, zeros_are_an_unknown_client);
    tcase_add_test(name, peer_of_the_dht_is_called_so);
    tcase_add_test(name, random_ids_have_printable_names);
    tcase_add_test(name, nearly_right_ids_have_printable_names);
    tcase_add_test(name, every_two_letters_have_a_printable_name);
    suite_add_tcase(suite, name);
    return suite;
}
