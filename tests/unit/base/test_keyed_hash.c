#include "base/keyed_hash.h"

#include "support.h"

/* SipHash-2-4 with the key 00 01 ... 0f of the inputs "", 00, 00 01, 00 01 02 and so on; the one of
 * 15 bytes is the paper's own example. */
static const uint64_t hashes[] = {
    0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d,
    0xcf2794e0277187b7, 0x18765564cd99a68d, 0xcbc9466e58fee3ce, 0xab0200f58b01d137,
    0x93f5f5799a932462, 0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
    0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee, 0xa129ca6149be45e5,
    0x3f2acc7f57c29bdb, 0x699ae9f52cbe4794, 0x4bc1b3f0968dd39c, 0xbb6dc91da77961bd,
    0xbed65cf21aa2ee98, 0xd0f2cbb02e3b67c7, 0x93536795e3a33e88, 0xa80c038ccd5ccec8,
    0xb8ad50c6f649af94, 0xbce192de8a85b8ea, 0x17d835b85bbb15f3, 0x2f2e6163076bcfad,
    0xde4daaaca71dc9a5, 0xa6a2506687956571, 0xad87a3535c49ef28, 0x32d892fad841c342,
    0x7127512f72f27cce, 0xa7f32346f95978e3, 0x12e0b01abb051238, 0x15e034d40fa197ae,
    0x314dffbe0815a3b4, 0x027990f029623981, 0xcadcd4e59ef40c4d, 0x9abfd8766a33735c,
    0x0e3ea96b5304a7d0, 0xad0c42d6fc585992, 0x187306c89bc215a9, 0xd4a60abcf3792b95,
    0xf935451de4f21df2, 0xa9538f0419755787, 0xdb9acddff56ca510, 0xd06c98cd5c0975eb,
    0xe612a3cb9ecba951, 0xc766e62cfcadaf96, 0xee64435a9752fe72, 0xa192d576b245165a,
    0x0a8787bf8ecb74b2, 0x81b3e73d20b49b6f, 0x7fa8220ba3b2ecea, 0x245731c13ca42499,
    0xb78dbfaf3a8d83bd, 0xea1ad565322a1a0b, 0x60e61c23a3795013, 0x6606d7e446282b93,
    0x6ca4ecb15c5f91e1, 0x9f626da15c9625f3, 0xe51b38608ef25f57, 0x958a324ceb064572,
};

static const struct hash_key key = { .half = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 } };

static void count_up(uint8_t *data, size_t len) {
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)i;
}

START_TEST(hash_of_every_length_is_siphash) {
    uint8_t input[COUNT_OF(hashes)];
    count_up(input, sizeof input);
    for (size_t len = 0; len < COUNT_OF(hashes); len++)
        ck_assert_uint_eq(keyed_signature(&key, input, len), hashes[len]);
}
END_TEST

START_TEST(input_needs_no_alignment) {
    uint8_t space[8 + 21];
    for (size_t shift = 0; shift < 8; shift++) {
        count_up(space + shift, 21);
        ck_assert_uint_eq(keyed_signature(&key, space + shift, 21), hashes[21]);
    }
}
END_TEST

START_TEST(every_bit_of_the_key_counts) {
    for (int bit = 0; bit < 128; bit++) {
        struct hash_key other = key;
        other.half[bit / 64] ^= 1ULL << bit % 64;
        ck_assert_uint_ne(keyed_signature(&other, "", 0), hashes[0]);
    }
}
END_TEST

START_TEST(every_bit_of_the_input_counts) {
    uint8_t input[20];
    count_up(input, sizeof input);
    for (size_t bit = 0; bit < 8 * sizeof input; bit++) {
        input[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ck_assert_uint_ne(keyed_signature(&key, input, sizeof input), hashes[20]);
        input[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}
END_TEST

START_TEST(hashes_spread_over_their_top_and_bottom) {
    uint32_t top[256] = { 0 };
    uint32_t bottom[256] = { 0 };
    for (uint32_t i = 0; i < 100000; i++) {
        const uint64_t hash = keyed_signature(&key, &i, sizeof i);
        top[hash >> 56]++;
        bottom[hash & 255]++;
    }
    ck_assert(looks_uniform(top, COUNT_OF(top)));
    ck_assert(looks_uniform(bottom, COUNT_OF(bottom)));
}
END_TEST

/* SipHash-1-3 with the same key, by another implementation than ours. */
static const struct {
    size_t len;
    uint64_t hash;
} table_hashes[] = { { 0, 0xabac0158050fc4dc },  { 1, 0xc9f49bf37d57ca93 },
                     { 6, 0xc50d2b50c59f22a7 },  { 7, 0xd3927d989bb11140 },
                     { 8, 0x369095118d299a8e },  { 9, 0x25a48eb36c063de4 },
                     { 16, 0xcc4fdd1a7d908b66 }, { 18, 0x8ffc389cb473e63e },
                     { 20, 0xc0dc2f46a6cce040 }, { 24, 0xf464aeb267349c8c },
                     { 63, 0x9d199062b7bbb3a8 } };

START_TEST(table_hash_is_siphash_1_3) {
    uint8_t input[64];
    count_up(input, sizeof input);
    ck_assert_uint_eq(keyed_hash(&key, input, table_hashes[_i].len), table_hashes[_i].hash);
}
END_TEST

UNIT_SUITE(keyed_hash) {
    Suite *suite = suite_create("keyed_hash");
    TCase *hash = tcase_create("siphash");
    tcase_add_test(hash, hash_of_every_length_is_siphash);
    tcase_add_test(hash, input_needs_no_alignment);
    tcase_add_test(hash, every_bit_of_the_key_counts);
    tcase_add_test(hash, every_bit_of_the_input_counts);
    tcase_add_test(hash, hashes_spread_over_their_top_and_bottom);
    tcase_add_loop_test(hash, table_hash_is_siphash_1_3, 0, LOOPS_OF(table_hashes));
    suite_add_tcase(suite, hash);
    return suite;
}
