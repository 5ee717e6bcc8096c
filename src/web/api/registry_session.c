/* The registry, as the calls that need it open it, and what they answer where it fails them. */
#include "store/registry.h"
#include "web/api/api_call.h"

struct registry *api_open_registry(const struct api_call *call, struct web_response *response) {
    char why[ERROR_LEN];
    if (call->api->parts.database == NULL) {
        api_fail(response, 503, "no_store",
                 "This tracker keeps no database (store.enabled), so nothing can be registered.");
        return NULL;
    }
    struct registry *registry = registry_open(call->api->parts.database, REGISTRY_SHORT_TIMEOUT_MS, why);
    if (registry == NULL)
        api_fail(response, 503, "store_failed", "The database cannot be used: %s", why);
    return registry;
}

void api_fail_registry(struct web_response *response, const struct registry *registry) {
    if (!registry_is_busy(registry)) {
        api_fail(response, 503, "store_failed", "The database refuses: %s",
                 registry_failure(registry));
        return;
    }
    api_fail(response, 503, "store_busy",
             "Something else is being written to the database. Try again in a second.");
    response->retry_after = "1";
}

bool api_registry_done(const struct api_call *call, struct web_response *response,
                       struct registry *registry, bool good) {
    if (!good)
        api_fail_registry(response, registry);
    registry_close(registry);
    torrent_list_invalidate(call->api->catalog);
    return good;
}
