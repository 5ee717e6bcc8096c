/* The store on any file: it is refused unchanged, or replaced, or opened; and the store works
 * afterwards if it was opened. */
#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "store/store.h"
#include "swarm/registry.h"

static bool accept_change(void *context, const struct change *change) {
    (void)context;
    assert(change->peer.family == FAMILY_NONE || change->peer.family == FAMILY_V4 ||
           change->peer.family == FAMILY_V6);
    return true;
}

/* An edit is settled at once, since no other process locks the file: it is written and stays, or it
 * is rolled back. */
static void use_registry(struct store *store) {
    struct registry_row row = { .kind = REGISTRY_PASSKEY, .digest = { 1 }, .text = "fuzz" };
    struct registry *registry = registry_create();
    assert(registry != NULL);
    if (store_load_registry(store, registry)) {
        char reason[ERROR_LEN];
        bool found;
        struct registry_edit *edit = registry_edit_begin(registry);
        assert(edit != NULL && registry_edit_remove(edit, &row, &found) &&
               registry_edit_put(edit, &row));
        registry_edit_submit(edit);
        store_sync_registry(store, 1);
        const enum registry_state state = registry_edit_state(edit, reason);
        assert(state == REGISTRY_WRITTEN || state == REGISTRY_FAILED);
        assert(registry_queued(registry) == NULL);
        assert(state == REGISTRY_FAILED || registry_find(registry, &row));
        registry_edit_release(edit);
    }
    registry_delete(registry);
}

static void remove_directory(const char *path) {
    DIR *directory = opendir(path);
    assert(directory != NULL);
    for (const struct dirent *entry = readdir(directory); entry != NULL;
         entry = readdir(directory)) {
        if (entry->d_name[0] != '.')
            assert(unlinkat(dirfd(directory), entry->d_name, 0) == 0);
    }
    closedir(directory);
    assert(rmdir(path) == 0);
}

int fuzz_database(const uint8_t *data, size_t size) {
    /* Corrupt files are reported as errors, which would only slow the run down. */
    const int quiet = open("/dev/null", O_WRONLY);
    const int standard_error = dup(STDERR_FILENO);
    dup2(quiet, STDERR_FILENO);
    char directory[] = "/dev/shm/skep-fuzz-XXXXXX";
    char path[sizeof directory + 16];
    char error[ERROR_LEN];
    assert(mkdtemp(directory) != NULL);
    snprintf(path, sizeof path, "%s/skep.db", directory);
    const int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
    struct store *store = store_open(path, error);
    if (store != NULL && store_restore(store, accept_change, NULL)) {
        const struct change change = { .kind = CHANGE_PEER_JOINED, .peer.family = FAMILY_V4 };
        assert(store_apply(store, &change, 1));
        (void)store_commit(store);
        use_registry(store);
    }
    store_close(store);
    remove_directory(directory);
    dup2(standard_error, STDERR_FILENO);
    close(standard_error);
    close(quiet);
    return 0;
}
