/* The store on any file: it is refused unchanged, or replaced, or opened; and the store works
 * afterwards if it was opened. */
#include "database_directory.h"
#include "fuzz.h"
#include "store/store.h"
#include "swarm/registry.h"

static bool accept_changes(void *context, const struct change *changes, size_t count) {
    (void)context;
    assert(count > 0);
    for (size_t i = 0; i < count; i++)
        assert(changes[i].peer.family == FAMILY_NONE || changes[i].peer.family == FAMILY_V4 ||
               changes[i].peer.family == FAMILY_V6);
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

FUZZ_TARGET(database, 61) {
    char error[ERROR_LEN];
    struct database_directory directory = database_directory_create(data, size);
    struct store *store = store_open(directory.file, error);
    if (store != NULL && store_restore(store, 1, accept_changes, NULL)) {
        const struct change change = { .kind = CHANGE_PEER_JOINED, .peer.family = FAMILY_V4 };
        assert(store_apply(store, &change, 1));
        (void)store_commit(store);
        use_registry(store);
    }
    store_close(store);
    database_directory_remove(&directory);
}
