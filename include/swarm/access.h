/* Access rules: which clients may use the tracker, and for which torrents.
 * A `struct access` is built from the configuration and its list files and is read-only afterwards;
 * a reload builds a new one. What changes at runtime is in the registry. Checks allocate nothing.
 */
#ifndef SKEP_SWARM_ACCESS_H
#define SKEP_SWARM_ACCESS_H

#include <stdbool.h>

#include "base/digest.h"
#include "swarm/announce.h"
#include "swarm/registry.h"

/* Open: all clients, all torrents. Listed: registered torrents only. Private: a passkey is
 * required. */
enum access_mode { ACCESS_OPEN, ACCESS_LISTED, ACCESS_PRIVATE };

enum { CLIENT_PREFIXES_MAX = 32 };

/* Prefixes of peer_ids: "-qB45" matches every qBittorrent 4.5. */
struct client_prefixes {
    size_t count;
    struct client_prefix {
        uint8_t len;
        uint8_t text[PEER_ID_LEN];
    } list[CLIENT_PREFIXES_MAX];
};

struct access_rules {
    enum access_mode mode;
    struct networks allow; /* if not empty, all other addresses are denied */
    struct networks deny;
    struct client_prefixes clients_allow; /* if not empty, all other clients are denied */
    struct client_prefixes clients_deny;
};

struct access;

/* Copies `rules`; starts with empty lists. NULL if out of memory or randomness. */
struct access *access_create(const struct access_rules *rules);
void access_delete(struct access *access);

/* Lists of torrents from files. */
enum access_list { ACCESS_WHITELIST, ACCESS_BLOCKLIST, ACCESS_LISTS };

/* Adds a torrent to a list. False if out of memory. */
bool access_add_torrent(struct access *access, enum access_list list,
                        const uint8_t info_hash[static INFO_HASH_LEN]);

/* The client of a request, as access_check needs it. Borrows all pointers. */
struct requester {
    const struct endpoint *address;
    const uint8_t *peer_id; /* 20 bytes; NULL in a scrape */
    const struct passkey *passkey;
};

/* Returns ANNOUNCE_OK or the reason for a denial; copies a ban's reason to `detail`. */
enum announce_result access_check(const struct access *access, struct registry *registry,
                                  const struct requester *requester,
                                  char detail[static REFUSAL_DETAIL_LEN]);

/* The same for a torrent; copies the reason of a block to `detail`. */
enum announce_result access_check_torrent(const struct access *access, struct registry *registry,
                                          const uint8_t info_hash[static INFO_HASH_LEN],
                                          char detail[static REFUSAL_DETAIL_LEN]);

/* Whether a peer may stay in its swarm. `passkey_tag` is registry_passkey_tag() of its passkey, or
 * 0 if it is unknown; then the passkey is not checked. */
bool access_allows_peer(const struct access *access, struct registry *registry,
                        const struct endpoint *address, const uint8_t peer_id[static PEER_ID_LEN],
                        uint64_t passkey_tag);

/* Whether announces need a passkey. */
bool access_needs_passkey(const struct access *access);

#endif
