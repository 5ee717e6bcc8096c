/* Who may use the tracker, and for which torrents.
 *
 * A `struct access` is built once, from the configuration and from what the registry holds, and is
 * read-only from then on; a change makes a new one. Judging asks for no lock and allocates nothing.
 */
#ifndef SKEP_SWARM_ACCESS_H
#define SKEP_SWARM_ACCESS_H

#include <stdbool.h>

#include "base/digest.h"
#include "swarm/announce.h"

/* Anyone and any torrent; registered torrents only; or only who has a passkey. */
enum access_mode { ACCESS_OPEN, ACCESS_LISTED, ACCESS_PRIVATE };

enum { CLIENT_PREFIXES_MAX = 32 };

/* How peer_ids may begin: "-qB45" is every qBittorrent 4.5. */
struct client_prefixes {
    size_t count;
    struct client_prefix {
        uint8_t len;
        uint8_t text[PEER_ID_LEN];
    } list[CLIENT_PREFIXES_MAX];
};

struct access_rules {
    enum access_mode mode;
    struct networks allow; /* where any are named, nobody else may come */
    struct networks deny;
    struct client_prefixes clients_allow; /* the same for clients */
    struct client_prefixes clients_deny;
};

struct ban {
    struct network network;
    char reason[REFUSAL_DETAIL_LEN]; /* may be empty */
};

struct access;

/* Copies `rules`; nothing is registered yet. NULL without memory or randomness. */
struct access *access_create(const struct access_rules *rules);
void access_delete(struct access *access);

/* What the registry holds. False without memory. */
bool access_add_torrent(struct access *access, const uint8_t info_hash[static INFO_HASH_LEN]);
bool access_add_passkey(struct access *access, const uint8_t digest[static SHA256_LEN]);
bool access_add_ban(struct access *access, const struct ban *ban);

/* Who asks. */
struct asker {
    const struct endpoint *address;
    const uint8_t *peer_id; /* 20 bytes; NULL in a scrape */
    const struct passkey *passkey;
};

/* ANNOUNCE_OK, or why the asker is turned away; a ban's reason is copied to `detail`. */
enum announce_result access_check(const struct access *access, const struct asker *asker,
                                  char detail[static REFUSAL_DETAIL_LEN]);

/* Whether the mode lets this torrent be tracked. */
bool access_is_registered(const struct access *access,
                          const uint8_t info_hash[static INFO_HASH_LEN]);

#endif
