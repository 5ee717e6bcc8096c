#include "wire/refusal.h"

#include <stdio.h>

static const struct {
    const char *name;
    const char *text;
    bool for_good;
} refusals[ANNOUNCE_RESULTS] = {
    [ANNOUNCE_OK] = { "ok", "all is well", false },
    [ANNOUNCE_TORRENTS_FULL] = { "torrents_full",
                                 "this tracker has as many torrents as it can keep", false },
    [ANNOUNCE_SWARM_FULL] = { "swarm_full",
                              "this torrent has as many peers as this tracker keeps for one",
                              false },
    [ANNOUNCE_PEERS_FULL] = { "peers_full", "this tracker has as many peers as it can keep",
                              false },
    [ANNOUNCE_MEMORY_FULL] = { "memory_full", "this tracker has no room for more peers", false },
    [ANNOUNCE_NO_MEMORY] = { "no_memory", "this tracker is out of memory", false },
    [ANNOUNCE_BANNED] = { "banned", "your address is banned from this tracker", true },
    [ANNOUNCE_ADDRESS_DENIED] = { "address_denied", "this tracker does not serve your network",
                                  true },
    [ANNOUNCE_CLIENT_DENIED] = { "client_denied", "this tracker does not allow your client", true },
    [ANNOUNCE_PASSKEY_MISSING] = { "passkey_missing",
                                   "this tracker is private: the announce URL needs a passkey",
                                   true },
    [ANNOUNCE_PASSKEY_UNKNOWN] = { "passkey_unknown",
                                   "the passkey in the announce URL is not valid", true },
    [ANNOUNCE_TORRENT_NOT_LISTED] = { "torrent_not_listed",
                                      "this torrent is not registered with this tracker", false },
    [ANNOUNCE_TOO_FAST] = { "too_fast", "too many requests from your address, please slow down",
                            false },
    [ANNOUNCE_ADDRESS_FULL] = { "address_full", "your address has as many peers as one may have",
                                false },
    [ANNOUNCE_ADDRESS_SWARM_FULL] = { "address_swarm_full",
                                      "your address has as many peers in this torrent as one may "
                                      "have",
                                      false },
};

void refusal_text(enum announce_result result, const char *detail,
                  char text[static REFUSAL_TEXT_LEN]) {
    const char *between = detail[0] == '\0' ? "" : ": ";
    snprintf(text, REFUSAL_TEXT_LEN, "%s%s%s", refusals[result].text, between, detail);
}

uint32_t refusal_retry_min(enum announce_result result, uint32_t interval_s) {
    return refusals[result].for_good ? RETRY_NEVER : interval_s / 60 + 1;
}

const char *refusal_name(enum announce_result result) {
    return refusals[result].name;
}
