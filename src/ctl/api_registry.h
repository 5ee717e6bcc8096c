/* What the tracker allows, through the API of the skepd that runs. The same as registry.h, but that
 * each says what failed. */
#ifndef SKEP_CTL_API_REGISTRY_H
#define SKEP_CTL_API_REGISTRY_H

#include "ctl/api_client.h"
#include "store/registry.h"

/* One that is there already keeps its name if the new one is empty, or if its file is there, too.
 */
enum status api_registry_add_torrent(struct api_client *client,
                                     const struct registry_torrent *torrent);

/* `*answer` has "passkey" and "urls", and is the caller's. */
enum status api_registry_add_passkey(struct api_client *client, const char *label, json_t **answer);

/* `for_s` 0: for good. */
enum status api_registry_add_ban(struct api_client *client, const struct network *network,
                                 const char *reason, int64_t for_s);

/* Removes what `kind` ("torrents", "passkeys" or "bans") has under `name`. */
enum status api_registry_remove(struct api_client *client, const char *kind, const char *name,
                                bool *found);

/* Calls `visit` for every item of a list, such as "bans?", page by page. Items that make no sense
 * are passed over. */
enum status api_registry_visit(struct api_client *client, const char *list, registry_visitor visit,
                               void *context);

/* The same for the registered torrents, or for `all`, whose name or info_hash has `word` in it.
 * Where no skepd answers (STATUS_UNREACHABLE), api_client_failure has yet to be said. */
enum status api_registry_search(struct api_client *client, bool all, const char *word,
                                registry_visitor visit, void *context);

#endif
