/* Without a fuzzer: runs each target on each file of its corpus, truncated at each length and with
 * each bit flipped (every `stride` bytes). Prints the number of files; a failed assertion aborts.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { INPUT_MAX = 4096, PATH_LEN = 1024 };

static const struct {
    const char *name;
    int (*run)(const uint8_t *data, size_t size);
    size_t stride; /* between two lengths or bytes */
} targets[] = {
    { "udp_tracker", fuzz_udp_tracker, 1 },
    { "http_tracker", fuzz_http_tracker, 1 },
    { "metainfo", fuzz_metainfo, 1 },
    { "magnet", fuzz_magnet, 1 },
    { "forwarded", fuzz_forwarded, 1 },
    { "config_file", fuzz_config_file, 1 },
    { "list_file", fuzz_list_file, 1 },
    { "session", fuzz_session, 1 },
    { "api", fuzz_api, 1 },
    { "tracker_reply", fuzz_tracker_reply, 1 },
    { "tracker_model", fuzz_tracker_model, 1 },
    { "database", fuzz_database, 61 },
    { "database_values", fuzz_database_values, 1 },
    { "torrent", fuzz_torrent, 1 },
    { "bencode", fuzz_bencode, 1 },
};

static void run_variants(int (*run)(const uint8_t *data, size_t size), size_t stride, uint8_t *data,
                         size_t size) {
    run(data, size);
    for (size_t len = 0; len < size; len += stride)
        run(data, len);
    for (size_t at = 0; at < size; at += stride) {
        const uint8_t was = data[at];
        for (int bit = 0; bit < 8; bit++) {
            data[at] = (uint8_t)(was ^ 1U << bit);
            run(data, size);
        }
        data[at] = was;
    }
}

static int replay_file(const char *path, int (*run)(const uint8_t *data, size_t size),
                       size_t stride) {
    uint8_t data[INPUT_MAX];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return 0;
    const size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    run_variants(run, stride, data, size);
    return 1;
}

static int replay_directory(const char *directory, int (*run)(const uint8_t *data, size_t size),
                            size_t stride) {
    DIR *entries = opendir(directory);
    if (entries == NULL)
        return 0;
    int count = 0;
    for (const struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        char path[PATH_LEN];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        count += replay_file(path, run, stride);
    }
    closedir(entries);
    return count;
}

int main(int argc, char **argv) {
    const char *corpus = argc > 1 ? argv[1] : "tests/fuzz/corpus";
    int passed = 0;
    int failed = 0;
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        char directory[PATH_LEN / 2];
        snprintf(directory, sizeof directory, "%s/%s", corpus, targets[i].name);
        const int count = replay_directory(directory, targets[i].run, targets[i].stride);
        printf("%s: %d files of the corpus and their variants\n", targets[i].name, count);
        passed += count;
        failed += count == 0;
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
