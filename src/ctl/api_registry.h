/* Registry functions through the API of a running skepd, as in store/registry.h. Each prints its
 * failure. */
#ifndef SKEP_CTL_API_REGISTRY_H
#define SKEP_CTL_API_REGISTRY_H

#include "ctl/api_client.h"
#include "store/registry.h"

/* An existing torrent keeps its name if the new one is empty, or if a file is given that exists,
 * too. */
enum status api_registry_add_torrent(struct api_client *client,
                                     const struct registry_torrent *torrent);

/* `*answer` has "passkey" and "urls"; the caller owns it. */
enum status api_registry_add_passkey(struct api_client *client, const char *label, json_t **answer);

/* `for_s` 0: permanent. */
enum status api_registry_add_ban(struct api_client *client, const struct network *network,
                                 const char *reason, int64_t for_s);

/* Removes the entry `name` of `kind` ("torrents", "passkeys" or "bans"). */
enum status api_registry_remove(struct api_client *client, const char *kind, const char *name,
                                bool *found);

/* Calls `visit` for every item of a list, such as "bans?", page by page. Invalid items are skipped.
 */
enum status api_registry_visit(struct api_client *client, const char *list, registry_visitor visit,
                               void *context);

/* The same for the registered torrents, or for `all`, whose name or info_hash contains `word`. If
 * no skepd answers (STATUS_UNREACHABLE), the caller prints api_client_failure. */
enum status api_registry_search(struct api_client *client, bool all, const char *word,
                                registry_visitor visit, void *context);

#endif
