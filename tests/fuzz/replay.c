/* Without a fuzzer: runs each target on each file of its corpus, truncated at each length and with
 * each bit flipped. Prints the number of files; a failed assertion aborts. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { INPUT_MAX = 4096, PATH_LEN = 1024 };

struct fuzz_target *fuzz_targets;

static void run_variants(const struct fuzz_target *target, uint8_t *data, size_t size) {
    target->run(data, size);
    for (size_t len = 0; len < size; len += target->stride)
        target->run(data, len);
    for (size_t at = 0; at < size; at += target->stride) {
        const uint8_t was = data[at];
        for (int bit = 0; bit < 8; bit++) {
            data[at] = (uint8_t)(was ^ 1U << bit);
            target->run(data, size);
        }
        data[at] = was;
    }
}

static int replay_file(const struct fuzz_target *target, const char *path) {
    uint8_t data[INPUT_MAX];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return 0;
    const size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    run_variants(target, data, size);
    return 1;
}

static int replay_directory(const struct fuzz_target *target, const char *directory) {
    DIR *entries = opendir(directory);
    if (entries == NULL)
        return 0;
    int count = 0;
    for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        char path[PATH_LEN];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        count += replay_file(target, path);
    }
    closedir(entries);
    return count;
}

int main(int argc, char **argv) {
    const char *corpus = argc > 1 ? argv[1] : "tests/fuzz/corpus";
    int passed = 0;
    int failed = 0;
    for (const struct fuzz_target *target = fuzz_targets; target != NULL; target = target->next) {
        char directory[PATH_LEN / 2];
        snprintf(directory, sizeof directory, "%s/%s", corpus, target->name);
        const int count = replay_directory(target, directory);
        printf("%s: %d files of the corpus and their variants\n", target->name, count);
        passed += count;
        failed += count == 0;
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
