#include "store/registry.h"
#include "web/api/api_request.h"

struct registry *api_open_registry(const struct api_request *request,
                                   struct web_response *response) {
    const char *database = request->api->database;
    char error[ERROR_LEN];
    struct registry *registry =
        database == NULL ? NULL : registry_open(database, REGISTRY_SHORT_TIMEOUT_MS, error);
    if (registry != NULL || response == NULL)
        return registry;
    if (database == NULL)
        api_send_error(response, 503, "store_disabled",
                       "No database: persistence is disabled (store.enabled = false).");
    else
        api_send_error(response, 503, "store_failed", "Database error: %s", error);
    return NULL;
}

void api_send_registry_error(struct web_response *response, const struct registry *registry) {
    if (!registry_is_busy(registry)) {
        api_send_error(response, 503, "store_failed", "Database error: %s",
                       registry_failure(registry));
        return;
    }
    api_send_error(response, 503, "store_busy", "The database is busy. Try again in a second.");
    response->retry_after = "1";
}

bool api_end_write(const struct api_request *request, struct web_response *response,
                   struct registry *registry, bool good) {
    if (!good)
        api_send_registry_error(response, registry);
    registry_close(registry);
    torrent_list_invalidate(request->api->torrents);
    return good;
}
