#include "swarm/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/random.h"
#include "swarm/key_set.h"

enum {
    PREFIX_LENGTHS = 129,
    NETWORK_KEY_LEN = 18, /* family, prefix length, address */
};

struct access {
    struct access_rules rules;
    struct key_set torrents;
    struct key_set passkeys;
    struct key_set bans;             /* network -> index in `reasons` */
    bool v4_lengths[PREFIX_LENGTHS]; /* prefix lengths that occur among the bans */
    bool v6_lengths[PREFIX_LENGTHS];
    char (*reasons)[REFUSAL_DETAIL_LEN];
    uint32_t reason_count;
    size_t reason_capacity;
};

struct access *access_create(const struct access_rules *rules) {
    struct hash_key key;
    struct access *access = calloc(1, sizeof *access);
    if (access == NULL || !random_secret(&key, sizeof key)) {
        free(access);
        return NULL;
    }
    access->rules = *rules;
    key_set_init(&access->torrents, INFO_HASH_LEN, &key);
    key_set_init(&access->passkeys, SHA256_LEN, &key);
    key_set_init(&access->bans, NETWORK_KEY_LEN, &key);
    return access;
}

void access_delete(struct access *access) {
    if (access == NULL)
        return;
    key_set_free(&access->torrents);
    key_set_free(&access->passkeys);
    key_set_free(&access->bans);
    free(access->reasons);
    free(access);
}

bool access_add_torrent(struct access *access, const uint8_t info_hash[static INFO_HASH_LEN]) {
    return key_set_add(&access->torrents, info_hash, 0);
}

bool access_add_passkey(struct access *access, const uint8_t digest[static SHA256_LEN]) {
    return key_set_add(&access->passkeys, digest, 0);
}

static bool *ban_lengths(struct access *access, uint8_t family) {
    return family == FAMILY_V6 ? access->v6_lengths : access->v4_lengths;
}

static void make_network_key(uint8_t family, unsigned bits, const uint8_t *address,
                             uint8_t key[static NETWORK_KEY_LEN]) {
    memset(key, 0, NETWORK_KEY_LEN);
    key[0] = family;
    key[1] = (uint8_t)bits;
    memcpy(key + 2, address, bits / 8);
    if (bits % 8 != 0)
        key[2 + bits / 8] = (uint8_t)(address[bits / 8] & 0xff00 >> bits % 8);
}

bool access_add_ban(struct access *access, const struct ban *ban) {
    char(*reasons)[REFUSAL_DETAIL_LEN] = array_grow(access->reasons, &access->reason_capacity,
                                                    access->reason_count + 1, sizeof *reasons);
    if (reasons == NULL)
        return false;
    access->reasons = reasons;
    uint8_t key[NETWORK_KEY_LEN];
    make_network_key(ban->network.family, ban->network.bits, ban->network.address, key);
    if (!key_set_add(&access->bans, key, access->reason_count))
        return false;
    ban_lengths(access, ban->network.family)[ban->network.bits] = true;
    snprintf(reasons[access->reason_count++], REFUSAL_DETAIL_LEN, "%s", ban->reason);
    return true;
}

/* Index of the narrowest ban that contains the address, or KEY_SET_NONE. One lookup per prefix
 * length in use, however many bans there are. */
static uint32_t find_ban(const struct access *access, const struct endpoint *address) {
    if (access->bans.count == 0)
        return KEY_SET_NONE;
    const bool *lengths = address->family == FAMILY_V6 ? access->v6_lengths : access->v4_lengths;
    for (int bits = 8 * (int)address_len(address->family); bits >= 0; bits--) {
        uint8_t key[NETWORK_KEY_LEN];
        if (!lengths[bits])
            continue;
        make_network_key(address->family, (unsigned)bits, address->wire, key);
        const uint32_t found = key_set_find(&access->bans, key);
        if (found != KEY_SET_NONE)
            return found;
    }
    return KEY_SET_NONE;
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

static enum announce_result check_passkey(const struct access *access,
                                          const struct passkey *passkey) {
    if (access->rules.mode != ACCESS_PRIVATE)
        return ANNOUNCE_OK;
    if (!passkey->given)
        return ANNOUNCE_PASSKEY_MISSING;
    /* The lookup is by digest, so that its duration reveals nothing about a passkey. */
    if (key_set_find(&access->passkeys, passkey->digest) == KEY_SET_NONE)
        return ANNOUNCE_PASSKEY_UNKNOWN;
    return ANNOUNCE_OK;
}

enum announce_result access_check(const struct access *access, const struct requester *requester,
                                  char detail[static REFUSAL_DETAIL_LEN]) {
    const uint32_t ban = find_ban(access, requester->address);
    if (ban != KEY_SET_NONE) {
        memcpy(detail, access->reasons[ban], REFUSAL_DETAIL_LEN);
        return ANNOUNCE_BANNED;
    }
    if (address_denied(&access->rules, requester->address))
        return ANNOUNCE_ADDRESS_DENIED;
    if (requester->peer_id != NULL && client_denied(&access->rules, requester->peer_id))
        return ANNOUNCE_CLIENT_DENIED;
    return check_passkey(access, requester->passkey);
}

bool access_is_registered(const struct access *access,
                          const uint8_t info_hash[static INFO_HASH_LEN]) {
    return access->rules.mode != ACCESS_LISTED ||
           key_set_find(&access->torrents, info_hash) != KEY_SET_NONE;
}
