#include "wire/refusal.h"

#include <stdio.h>

static const struct {
    const char *name;
    const char *text;
    bool permanent;
} refusals[ANNOUNCE_RESULTS] = {
    [ANNOUNCE_OK] = { "ok", "success", false },
    [ANNOUNCE_TORRENTS_FULL] = { "torrents_full", "tracker full: too many torrents", false },
    [ANNOUNCE_SWARM_FULL] = { "swarm_full", "swarm full: too many peers in this torrent", false },
    [ANNOUNCE_PEERS_FULL] = { "peers_full", "tracker full: too many peers", false },
    [ANNOUNCE_MEMORY_FULL] = { "memory_full", "tracker full: memory limit reached", false },
    [ANNOUNCE_NO_MEMORY] = { "no_memory", "tracker out of memory", false },
    [ANNOUNCE_BANNED] = { "banned", "your address is banned", true },
    [ANNOUNCE_ADDRESS_DENIED] = { "address_denied", "access denied: your network is not allowed",
                                  true },
    [ANNOUNCE_CLIENT_DENIED] = { "client_denied", "access denied: your client is not allowed",
                                 true },
    [ANNOUNCE_PASSKEY_MISSING] = { "passkey_missing",
                                   "private tracker: passkey required in the announce URL", true },
    [ANNOUNCE_PASSKEY_UNKNOWN] = { "passkey_unknown", "invalid passkey in the announce URL", true },
    [ANNOUNCE_TORRENT_NOT_LISTED] = { "torrent_not_listed", "torrent not registered", false },
    [ANNOUNCE_TORRENT_BLOCKED] = { "torrent_blocked", "torrent blocked by this tracker", false },
    [ANNOUNCE_TOO_FAST] = { "too_fast", "rate limit exceeded for your address", false },
    [ANNOUNCE_ADDRESS_FULL] = { "address_full", "too many peers from your address", false },
    [ANNOUNCE_ADDRESS_SWARM_FULL] = { "address_swarm_full",
                                      "too many peers from your address in this torrent", false },
    [ANNOUNCE_NETWORK_FULL] = { "network_full", "too many peers from your network", false },
};

void refusal_text(enum announce_result result, const char *detail,
                  char text[static REFUSAL_TEXT_LEN]) {
    const char *between = detail[0] == '\0' ? "" : ": ";
    snprintf(text, REFUSAL_TEXT_LEN, "%s%s%s", refusals[result].text, between, detail);
}

uint32_t refusal_retry_min(enum announce_result result, uint32_t interval_s) {
    return refusals[result].permanent ? RETRY_NEVER : interval_s / 60 + 1;
}

const char *refusal_name(enum announce_result result) {
    return refusals[result].name;
}
