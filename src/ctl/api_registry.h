/* The registry of the running skepd through its API. The counterpart of store/registry_rows.h for
 * registry_client. Functions print their errors unless noted. */
#ifndef SKEP_CTL_API_REGISTRY_H
#define SKEP_CTL_API_REGISTRY_H

#include "ctl/api_client.h"
#include "store/registry_rows.h"

/* A torrent to register. A hybrid torrent (BEP 52) has two info_hashes. Borrows `name`, `file`. */
struct registry_torrent {
    size_t hash_count;
    uint8_t info_hashes[REGISTRY_HASHES_MAX][INFO_HASH_LEN];
    const char *name;
    uint64_t size;     /* of the content, in bytes; 0: unknown */
    struct bytes file; /* the .torrent file; empty: none */
};

/* A torrent that exists keeps its name if the new one is empty or comes from a .torrent file. */
enum status api_registry_add_torrent(struct api_client *client,
                                     const struct registry_torrent *torrent);

/* `key` is the passkey; empty: skepd makes one. `*response` has "passkey" and "urls"; the caller
 * releases it. */
enum status api_registry_add_passkey(struct api_client *client, const char *label, const char *key,
                                     json_t **response);

/* `for_s` 0: permanent. `*replaced`: there was a ban of this network. */
enum status api_registry_add_ban(struct api_client *client, const struct network *network,
                                 const char *reason, int64_t for_s, bool force, bool *replaced);

enum status api_registry_add_block(struct api_client *client,
                                   const uint8_t info_hash[static INFO_HASH_LEN],
                                   const char *reason);

enum status api_registry_add_machine(struct api_client *client, const struct endpoint *address,
                                     const char *name);

/* Removes the entry `name` of `kind`: "torrents", "passkeys", "bans", "blocks" or "machines". */
enum status api_registry_remove(struct api_client *client, const char *kind, const char *name,
                                bool *found);

/* Calls `visit` for every item of a list, such as "bans?", page by page. Skips invalid items. */
enum status api_registry_visit(struct api_client *client, const char *list, registry_visitor visit,
                               void *context);

/* The same for the torrents, registered or `all`, with `text` in their name or info_hash. Does not
 * print STATUS_UNREACHABLE. */
enum status api_registry_search(struct api_client *client, bool all, const char *text,
                                registry_visitor visit, void *context);

#endif
