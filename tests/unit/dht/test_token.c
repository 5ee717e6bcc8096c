#include "dht/token.h"

#include "support.h"

#define WINDOW_MS (1000ULL * TOKEN_WINDOW_S)

static const struct hash_key key = { .half = { 1, 2 } };

static bool valid_at(const uint8_t *token, size_t len, const char *address, uint64_t now_ms) {
    const struct endpoint sender = endpoint_at(address, 7000);
    return token_valid((struct bytes){ token, len }, &key, &sender, now_ms);
}

static const char *const addresses[] = { "192.0.2.1", "2001:db8::1" };

START_TEST(token_is_valid_in_its_window_and_the_next) {
    const struct endpoint sender = endpoint_at(addresses[_i], 6881);
    for (uint64_t made_ms = 0; made_ms < WINDOW_MS; made_ms += WINDOW_MS / 7) {
        uint8_t token[TOKEN_LEN];
        token_make(token, &key, &sender, made_ms);
        ck_assert(valid_at(token, TOKEN_LEN, addresses[_i], made_ms));
        ck_assert(valid_at(token, TOKEN_LEN, addresses[_i], made_ms + WINDOW_MS));
        ck_assert(!valid_at(token, TOKEN_LEN, addresses[_i], made_ms + 2 * WINDOW_MS));
    }
}
END_TEST

START_TEST(token_is_invalid_for_another_address_key_or_length) {
    const struct endpoint sender = endpoint_at("192.0.2.1", 6881);
    const struct hash_key other_key = { .half = { 1, 3 } };
    uint8_t token[TOKEN_LEN + 1] = { 0 };
    token_make(token, &key, &sender, WINDOW_MS);
    ck_assert(!valid_at(token, TOKEN_LEN, "192.0.2.2", WINDOW_MS));
    ck_assert(!valid_at(token, TOKEN_LEN, "2001:db8::1", WINDOW_MS));
    ck_assert(!valid_at(token, TOKEN_LEN + 1, "192.0.2.1", WINDOW_MS));
    ck_assert(!valid_at(token, TOKEN_LEN - 1, "192.0.2.1", WINDOW_MS));
    ck_assert(!valid_at(token, 0, "192.0.2.1", WINDOW_MS));
    ck_assert(!token_valid((struct bytes){ token, TOKEN_LEN }, &other_key, &sender, WINDOW_MS));
}
END_TEST

START_TEST(token_with_any_bit_changed_is_invalid) {
    const struct endpoint sender = endpoint_at("192.0.2.1", 6881);
    uint8_t token[TOKEN_LEN];
    token_make(token, &key, &sender, WINDOW_MS);
    for (unsigned bit = 0; bit < 8 * TOKEN_LEN; bit++) {
        token[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert(!valid_at(token, TOKEN_LEN, "192.0.2.1", WINDOW_MS));
        token[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}
END_TEST

UNIT_SUITE(token) {
    Suite *suite = suite_create("token");
    TCase *token = tcase_create("token");
    tcase_add_loop_test(token, token_is_valid_in_its_window_and_the_next, 0, LOOPS_OF(addresses));
    tcase_add_test(token, token_is_invalid_for_another_address_key_or_length);
    tcase_add_test(token, token_with_any_bit_changed_is_invalid);
    suite_add_tcase(suite, token);
    return suite;
}
