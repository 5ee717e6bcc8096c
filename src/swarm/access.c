#include "swarm/access.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "swarm/key_set.h"

struct access {
    struct access_rules rules;
    struct key_set lists[ACCESS_LISTS];
};

struct access *access_create(const struct access_rules *rules) {
    struct hash_key key;
    struct access *access = calloc(1, sizeof *access);
    if (access == NULL || !random_secret(&key, sizeof key)) {
        free(access);
        return NULL;
    }
    access->rules = *rules;
    for (int i = 0; i < ACCESS_LISTS; i++)
        key_set_init(&access->lists[i], INFO_HASH_LEN, &key);
    return access;
}

void access_delete(struct access *access) {
    if (access == NULL)
        return;
    for (int i = 0; i < ACCESS_LISTS; i++)
        key_set_free(&access->lists[i]);
    free(access);
}

bool access_add_torrent(struct access *access, enum access_list list,
                        const uint8_t info_hash[static INFO_HASH_LEN]) {
    return key_set_add(&access->lists[list], info_hash);
}

static bool client_matches(const uint8_t *peer_id, const struct client_prefixes *prefixes) {
    for (size_t i = 0; i < prefixes->count; i++) {
        if (memcmp(peer_id, prefixes->list[i].text, prefixes->list[i].len) == 0)
            return true;
    }
    return false;
}

static bool address_denied(const struct access_rules *rules, const struct endpoint *address) {
    return (rules->allow.count > 0 && !networks_contain(&rules->allow, address)) ||
           (rules->deny.count > 0 && networks_contain(&rules->deny, address));
}

static bool client_denied(const struct access_rules *rules, const uint8_t *peer_id) {
    return (rules->clients_allow.count > 0 && !client_matches(peer_id, &rules->clients_allow)) ||
           client_matches(peer_id, &rules->clients_deny);
}

/* The time is read only if there are bans. */
static bool is_banned(struct registry *registry, const struct endpoint *address,
                      char reason[static REFUSAL_DETAIL_LEN]) {
    return registry_count(registry, REGISTRY_BAN) > 0 &&
           registry_is_banned(registry, address, clock_unix_s(), reason);
}

static enum announce_result check_passkey(const struct access *access, struct registry *registry,
                                          const struct passkey *passkey) {
    if (!access_needs_passkey(access))
        return ANNOUNCE_OK;
    if (!passkey->given)
        return ANNOUNCE_PASSKEY_MISSING;
    /* The lookup is by digest, so that its duration reveals nothing about a passkey. */
    return registry_has_passkey(registry, passkey->digest) ? ANNOUNCE_OK : ANNOUNCE_PASSKEY_UNKNOWN;
}

enum announce_result access_check(const struct access *access, struct registry *registry,
                                  const struct requester *requester,
                                  char detail[static REFUSAL_DETAIL_LEN]) {
    if (is_banned(registry, requester->address, detail))
        return ANNOUNCE_BANNED;
    if (address_denied(&access->rules, requester->address))
        return ANNOUNCE_ADDRESS_DENIED;
    if (requester->peer_id != NULL && client_denied(&access->rules, requester->peer_id))
        return ANNOUNCE_CLIENT_DENIED;
    return check_passkey(access, registry, requester->passkey);
}

enum announce_result access_check_torrent(const struct access *access, struct registry *registry,
                                          const uint8_t info_hash[static INFO_HASH_LEN],
                                          char detail[static REFUSAL_DETAIL_LEN]) {
    if (key_set_contains(&access->lists[ACCESS_BLOCKLIST], info_hash) ||
        registry_is_blocked(registry, info_hash, detail))
        return ANNOUNCE_TORRENT_BLOCKED;
    if (access->rules.mode != ACCESS_LISTED ||
        key_set_contains(&access->lists[ACCESS_WHITELIST], info_hash) ||
        registry_has_torrent(registry, info_hash))
        return ANNOUNCE_OK;
    return ANNOUNCE_TORRENT_NOT_LISTED;
}

bool access_allows_peer(const struct access *access, struct registry *registry,
                        const struct endpoint *address, const uint8_t peer_id[static PEER_ID_LEN],
                        uint64_t passkey_tag) {
    char reason[REFUSAL_DETAIL_LEN];
    if (is_banned(registry, address, reason) || address_denied(&access->rules, address) ||
        client_denied(&access->rules, peer_id))
        return false;
    return !access_needs_passkey(access) || passkey_tag == 0 ||
           registry_has_passkey_tag(registry, passkey_tag);
}

bool access_needs_passkey(const struct access *access) {
    return access->rules.mode == ACCESS_PRIVATE;
}
