/* The file that keeps the nodes of the DHT. */
#include "server/dht_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support.h"

static char path[64];
static struct dht_saved state;
static struct dht_saved loaded;
static char error[ERROR_LEN];

static void create_file(void) {
    snprintf(path, sizeof path, "/tmp/skep-dht-file-XXXXXX");
    const int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void remove_file(void) {
    unlink(path);
}

static void write_text(const char *text) {
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(nodes_are_read_as_they_were_written) {
    memset(&state, 0, sizeof state);
    memset(state.id, 4, sizeof state.id);
    memset(state.id6, 6, sizeof state.id6);
    for (state.count = 0; state.count < DHT_SAVED_NODES_MAX; state.count++) {
        struct node_contact *node = &state.nodes[state.count];
        memset(node->id, (int)state.count, sizeof node->id);
        ck_assert(
            endpoint_parse_address(state.count < 9 ? "192.0.2.1" : "2001:db8::1", &node->endpoint));
        endpoint_set_port(&node->endpoint, (uint16_t)(state.count + 1));
    }
    ck_assert_msg(dht_file_save(path, &state, error), "%s", error);
    ck_assert_msg(dht_file_load(path, &loaded, error), "%s", error);
    ck_assert_mem_eq(loaded.id, state.id, sizeof state.id);
    ck_assert_mem_eq(loaded.id6, state.id6, sizeof state.id6);
    ck_assert_uint_eq(loaded.count, state.count);
    for (size_t i = 0; i < state.count; i++) {
        ck_assert_mem_eq(loaded.nodes[i].id, state.nodes[i].id, NODE_ID_LEN);
        ck_assert(endpoint_equal(&loaded.nodes[i].endpoint, &state.nodes[i].endpoint));
    }
}
END_TEST

START_TEST(missing_file_is_an_empty_state) {
    unlink(path);
    ck_assert(dht_file_load(path, &loaded, error));
    ck_assert_uint_eq(loaded.count, 0);
}
END_TEST

START_TEST(invalid_file_is_an_empty_state_with_an_error) {
    static const char *const texts[] = { "", "d", "le", "d2:id20:abce" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_text(texts[i]);
        ck_assert_msg(!dht_file_load(path, &loaded, error), "%s", texts[i]);
        ck_assert_ptr_nonnull(strstr(error, "invalid content"));
        ck_assert_uint_eq(loaded.count, 0);
    }
    write_text("d2:id3:abc5:nodes5:abcde6:nodes6i7ee");
    ck_assert(dht_file_load(path, &loaded, error));
    ck_assert_uint_eq(loaded.count + loaded.id[0], 0);
}
END_TEST

START_TEST(file_that_cannot_be_written_stays) {
    memset(&state, 0, sizeof state);
    ck_assert(!dht_file_save("/nowhere/dht", &state, error));
    ck_assert_ptr_nonnull(strstr(error, "cannot write /nowhere/dht: "));
}
END_TEST

UNIT_SUITE(dht_file) {
    Suite *suite = suite_create("dht_file");
    TCase *tcase = tcase_create("file");
    tcase_add_checked_fixture(tcase, create_file, remove_file);
    tcase_add_test(tcase, nodes_are_read_as_they_were_written);
    tcase_add_test(tcase, missing_file_is_an_empty_state);
    tcase_add_test(tcase, invalid_file_is_an_empty_state_with_an_error);
    tcase_add_test(tcase, file_that_cannot_be_written_stays);
    suite_add_tcase(suite, tcase);
    return suite;
}
