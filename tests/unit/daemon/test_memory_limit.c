#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/memory_limit.h"
#include "suites.h"

static char root[] = "/tmp/skep-cgroup-XXXXXX";

static void make_root(void) {
    memcpy(strrchr(root, '-'), "-XXXXXX", 7);
    ck_assert_ptr_nonnull(mkdtemp(root));
}

static void remove_root(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", root);
    ck_assert_int_eq(system(command), 0); // NOLINT(concurrency-mt-unsafe)
}

static void write_file(const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *slash = strchr(path + sizeof root, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static uint64_t limit_of(const char *membership) {
    char path[256];
    write_file("membership", membership);
    snprintf(path, sizeof path, "%s/membership", root);
    return memory_limit_read(path, root);
}

START_TEST(limit_of_version_2_is_read) {
    write_file("system.slice/skepd.service/memory.max", "268435456\n");
    ck_assert_uint_eq(limit_of("0::/system.slice/skepd.service\n"), 268435456);
}
END_TEST

START_TEST(least_limit_of_all_levels_counts) {
    write_file("a/memory.max", "1000000\n");
    write_file("a/b/memory.max", "max\n");
    write_file("a/b/c/memory.max", "2000000\n");
    ck_assert_uint_eq(limit_of("0::/a/b/c\n"), 1000000);
}
END_TEST

START_TEST(limit_of_version_1_is_read) {
    write_file("memory/docker/abc/memory.limit_in_bytes", "536870912\n");
    ck_assert_uint_eq(limit_of("4:memory:/docker/abc\n3:cpuset:/\n0::/\n"), 536870912);
}
END_TEST

START_TEST(directory_of_the_host_is_not_visible_in_a_container) {
    write_file("memory/memory.limit_in_bytes", "536870912\n");
    ck_assert_uint_eq(limit_of("4:memory:/docker/abc\n"), 536870912);
}
END_TEST

START_TEST(without_a_limit_there_is_none) {
    write_file("memory.max", "max\n");
    ck_assert_uint_eq(limit_of("0::/\nno line\n:\n"), UINT64_MAX);
    ck_assert_uint_eq(memory_limit_read("/nonexistent", root), UINT64_MAX);
}
END_TEST

START_TEST(default_is_half_of_the_limit) {
    ck_assert_uint_eq(memory_limit_default_mib(UINT64_MAX, 2048), 2048);
    ck_assert_uint_eq(memory_limit_default_mib(UINT64_C(8) << 30, 2048), 2048);
    ck_assert_uint_eq(memory_limit_default_mib(256 << 20, 2048), 128);
    ck_assert_uint_eq(memory_limit_default_mib(4096, 2048), 1);
}
END_TEST

UNIT_SUITE(memory_limit) {
    Suite *suite = suite_create("memory_limit");
    TCase *files = tcase_create("files");
    tcase_add_checked_fixture(files, make_root, remove_root);
    tcase_add_test(files, limit_of_version_2_is_read);
    tcase_add_test(files, least_limit_of_all_levels_counts);
    tcase_add_test(files, limit_of_version_1_is_read);
    tcase_add_test(files, directory_of_the_host_is_not_visible_in_a_container);
    tcase_add_test(files, without_a_limit_there_is_none);
    tcase_add_test(files, default_is_half_of_the_limit);
    suite_add_tcase(suite, files);
    return suite;
}
