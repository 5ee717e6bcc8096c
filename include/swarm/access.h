/* Access rules: which clients may use the tracker, and for which torrents.
 * A `struct access` is built from the configuration and the registry and is read-only afterwards; a
 * change builds a new one. Checks take no lock and allocate nothing. */
#ifndef SKEP_SWARM_ACCESS_H
#define SKEP_SWARM_ACCESS_H

#include <stdbool.h>

#include "base/digest.h"
#include "swarm/announce.h"

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

struct ban {
    struct network network;
    char reason[REFUSAL_DETAIL_LEN]; /* shown to the client; may be empty */
};

struct access;

/* Copies `rules`; starts without torrents, passkeys and bans. NULL if out of memory or randomness.
 */
struct access *access_create(const struct access_rules *rules);
void access_delete(struct access *access);

/* Adds an entry of the registry. False if out of memory. */
bool access_add_torrent(struct access *access, const uint8_t info_hash[static INFO_HASH_LEN]);
bool access_add_passkey(struct access *access, const uint8_t digest[static SHA256_LEN]);
bool access_add_ban(struct access *access, const struct ban *ban);

/* The client of a request, as access_check needs it. Borrows all pointers. */
struct requester {
    const struct endpoint *address;
    const uint8_t *peer_id; /* 20 bytes; NULL in a scrape */
    const struct passkey *passkey;
};

/* Returns ANNOUNCE_OK or the reason for a denial; copies a ban's reason to `detail`. */
enum announce_result access_check(const struct access *access, const struct requester *requester,
                                  char detail[static REFUSAL_DETAIL_LEN]);

/* Whether the access mode allows this torrent. */
bool access_is_registered(const struct access *access,
                          const uint8_t info_hash[static INFO_HASH_LEN]);

#endif
